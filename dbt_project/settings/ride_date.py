"""The day that a build is for."""

import datetime
import re

from dbt_project.errors import UserError

EXAMPLE = "dbt build --vars 'date: 20230501'"


def parse_ride_date(value: object) -> datetime.date:
    """Parse the variable ``date`` of a build.

    Parameters
    ----------
    value
        ``20230501`` as text or number, or the ISO form ``2023-05-01`` as text or date.

    Raises
    ------
    UserError
        One line, if there is no value or it is not a day.

    Examples
    --------
    >>> parse_ride_date(20230501), parse_ride_date("2023-05-01")
    (datetime.date(2023, 5, 1), datetime.date(2023, 5, 1))
    """
    text = str(value).strip()
    if text in ("", "None"):
        raise UserError(f"no date given: say which day to build, for example {EXAMPLE}")
    if re.fullmatch(r"\d{8}|\d{4}-\d{2}-\d{2}", text, flags=re.ASCII):
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            pass
    raise UserError(f"date must be a day as YYYYMMDD, not {text[:40]!r}: for example {EXAMPLE}")

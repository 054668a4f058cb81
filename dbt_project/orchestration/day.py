"""The day or the month that a run of a DAG builds."""

import calendar
import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dbt_project.orchestration.mistakes import fail_at_once
from dbt_project.settings.ride_date import parse_ride_date


def day_of_run(dag_run: Any, params: Any, time_zone: str) -> str:
    """Return the day that a run is for, as ``YYYYMMDD``.

    The parameter ``date`` takes precedence. Without it, it is the day before the run's date by the
    city's clocks, for scheduled, backfill and manual runs alike. A manual run may have no logical
    date; then the time from which it was to run counts.

    Raises
    ------
    AirflowFailException
        One line, if the parameter is not a day.
    """
    if params.get("date"):
        try:
            return f"{parse_ride_date(params['date']):%Y%m%d}"
        except ValueError as error:
            fail_at_once(str(error))
    moment = dag_run.logical_date or dag_run.run_after
    local_date = moment.astimezone(ZoneInfo(time_zone)).date()
    return f"{local_date - datetime.timedelta(days=1):%Y%m%d}"


def days_of_month(dag_run: Any, params: Any, time_zone: str) -> str:
    """Return the first and the last day of the month that a run is for: ``20230501 20230531``.

    The parameter ``month`` takes precedence. Without it, it is the month in which the run's data
    interval starts, or for a manual run without one the month before. If the month is not over by
    the city's clocks, its last day is yesterday.

    Raises
    ------
    AirflowFailException
        One line, if the parameter is not a month, or if no day of the month is over yet.
    """
    one_day = datetime.timedelta(days=1)
    if params.get("month"):
        first = _first_of_month(params["month"])
    elif dag_run.data_interval_start:
        first = dag_run.data_interval_start.date().replace(day=1)
    else:
        last_of_month_before = dag_run.run_after.date().replace(day=1) - one_day
        first = last_of_month_before.replace(day=1)
    yesterday = datetime.datetime.now(ZoneInfo(time_zone)).date() - one_day
    last = min(first.replace(day=calendar.monthrange(first.year, first.month)[1]), yesterday)
    if last < first:
        fail_at_once(f"no day of {first:%Y-%m} is over in {time_zone}")
    return f"{first:%Y%m%d} {last:%Y%m%d}"


def _first_of_month(text: str) -> datetime.date:
    try:
        return datetime.datetime.strptime(text.replace("-", ""), "%Y%m").date()
    except ValueError:
        fail_at_once(f"month must be a month as YYYY-MM, not {text[:40]!r}")

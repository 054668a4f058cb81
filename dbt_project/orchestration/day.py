"""The day, or the month, that a run of a DAG builds."""

import calendar
import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dbt_project.orchestration.mistakes import fail_at_once
from dbt_project.settings.ride_date import parse_ride_date


def day_of_run(dag_run: Any, params: Any, time_zone: str) -> str:
    """Return the day that a run is for, as ``YYYYMMDD``.

    The parameter ``date`` stands before all else. Otherwise it is the day before the run's date by
    the city's own clocks, the same for scheduled, backfill and manual runs. A run that is triggered
    by hand may have no logical date; then the moment from which it was to run counts.

    Raises
    ------
    AirflowFailException
        In one line, if the parameter names no day.
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

    The parameter ``month`` stands before all else. Otherwise it is the month in which the run's
    data interval starts, and for a run by hand without one the month before. Of a month that is not
    over by the city's clocks, yesterday is the last day.

    Raises
    ------
    AirflowFailException
        In one line, if the parameter names no month, or the month has no day yet.
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

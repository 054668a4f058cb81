"""The day that a run of the DAG builds."""

import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dbt_project.run_date import parse_run_date


def day_of_run(dag_run: Any, params: Any, time_zone: str) -> str:
    """Return the day that a run is for, as ``YYYYMMDD``.

    The parameter ``date`` stands before all else. Otherwise it is the day before the run's date by
    the city's own clocks, the same for scheduled, backfill and manual runs. A run that is triggered
    by hand may have no logical date; then the moment from which it was to run counts.

    Raises
    ------
    ValueError
        In one line, if the parameter names no day.
    """
    if params.get("date"):
        return f"{parse_run_date(params['date']):%Y%m%d}"
    moment = dag_run.logical_date or dag_run.run_after
    local_date = moment.astimezone(ZoneInfo(time_zone)).date()
    return f"{local_date - datetime.timedelta(days=1):%Y%m%d}"

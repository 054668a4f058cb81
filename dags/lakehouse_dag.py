"""The lakehouse: every morning the rides of the day before, of all cities side by side.

There are these DAGs where `LAKEHOUSE_CATALOG` is set; `etml_dag` is there where it is not.

| DAG | when | does |
|---|---|---|
| `etml_lakehouse` | 06:00 | builds the day before; a DAG for each time zone of `CITIES` |
| `etml_lakehouse_months` | the 2nd of a month | builds what is missing of the month before |
| `etml_lakehouse_upkeep` | Sundays at noon | merges small files, removes those of old snapshots |

**A morning** is mapped over the cities of `CITIES`: each waits for its own rides, and is built as
soon as they are there, on whichever worker is free. One that fails holds no other up. The day is
the day before the run's date by the city's clocks, for scheduled, manual and backfill runs alike.
A run by hand takes three parameters:

- `date`: the day to build, `20230501` or `2023-05-01`, whatever the run's date is
- `cities`: those to build, if not all
- `full_refresh`: passed on to dbt as `--full-refresh`; other days stay either way

**A month** is a task for each city that builds its days one after the other. Days that are there,
and whose files in the lake are what they were, are left as they are; so a task that was stopped,
or has failed, goes on where it was when it is cleared. Years are a backfill of this DAG; by hand,
`month` is the month to build, `2023-05`.

**Red?** The last line of the task's log says what is wrong. When that is mended, clear the task. A
rerun replaces the city's day and nothing else.
"""

import datetime
import json
import os
import re
import shlex
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, NoReturn

from airflow.sdk import (
    DAG,
    AssetAlias,
    CronDataIntervalTimetable,
    CronTriggerTimetable,
    Param,
    task,
    task_group,
)

sys.path.append(str(Path(__file__).resolve().parents[1]))
from dbt_project.orchestration.city import City, read_cities
from dbt_project.orchestration.dag_settings import (
    BUILD_LIMIT,
    DAY_PARAMETER,
    FIRST_RUN,
    FULL_REFRESH_PARAMETER,
    MAIL_LIMIT,
    POKE_SECONDS,
    PROJECT,
    START,
    VARS,
    WAIT_LIMIT,
    asset_uri,
    deadline,
    task_defaults,
    warn_of_deadline,
)
from dbt_project.orchestration.day import day_of_run, days_of_month
from dbt_project.orchestration.mistakes import fail_at_once
from dbt_project.orchestration.operators import Command, SendReport
from dbt_project.orchestration.wait import wait_for_rides
from dbt_project.settings.environment import (
    BuildSettings,
    LakehouseSettings,
    MailSettings,
    WebhookSettings,
)

DAG_ID = "etml_lakehouse"
MONTH_LIMIT = datetime.timedelta(days=1)
UPKEEP_LIMIT = datetime.timedelta(hours=6)
# For another build of the city, and for upkeep; then the task fails, and is tried again.
WAIT_SECONDS = str(BuildSettings.read().warehouse_wait_seconds or 900)


class CitiesByName(dict[str, City]):
    """The cities, for a task whose run is older than the last change of `CITIES`."""

    def __missing__(self, name: str) -> NoReturn:
        fail_at_once(f"{name!r} is no city of CITIES: {', '.join(self)}")


CITIES = CitiesByName(
    (city.variables.get("city", VARS["city"]), city)
    for city in read_cities(os.environ, PROJECT, VARS["time_zone"])
)
"""By their names. A task knows the name of its city, and finds the rest here when it runs: where
the city's warehouse is, is a matter of the worker."""

IN_LAKE_OF_CITY = "{{ cities[task.city].lake_url }}"
PLACES_OF_CITY = {
    name: f"{{{{ cities[task.city].places['{name}'] }}}}"
    for name in ("LAKE_URL", "LAKE_OUTPUT_URL", "WAREHOUSE_DIR")
} | {"WAREHOUSE_WAIT_SECONDS": WAIT_SECONDS}
ASSET = "{{{{ asset_uri(cities[task.city].lake_output_url, '{}') }}}}"
CITY_OF_TASK: dict[str, Any] = {"map_index_template": "{{ task.city }}"}


def as_variables(city: str, **more: str) -> str:
    """The value of ``--vars`` for a city, quoted for a command line."""
    return shlex.quote(json.dumps({**CITIES[city].variables, **more}))


def day_of_city(dag_run: Any, params: Any, city: str) -> str:
    """The day that a run builds of a city."""
    return day_of_run(dag_run, params, CITIES[city].time_zone)


def month_of_city(dag_run: Any, params: Any, city: str) -> str:
    """First and last day of the month that a run builds of a city."""
    return days_of_month(dag_run, params, CITIES[city].time_zone)


MACROS = {
    "cities": CITIES,
    "asset_uri": asset_uri,
    "quoted": shlex.quote,
    "as_variables": as_variables,
    "day": day_of_city,
    "month": month_of_city,
}
DAY = "day(dag_run, params, task.city)"


def cities_parameter(names: list[str]) -> Param:
    """The cities that a run builds."""
    return Param(
        [],
        type="array",
        items={"type": "string", "enum": names},
        examples=names,
        title="Cities",
        description="Empty for all of them",
    )


def names_of_run(names: list[str]) -> Any:
    """A task that says which cities its run is mapped over.

    A task, because what it has said stays with the run: when a run is cleared after another city
    has come, its third task is still that of the same city.
    """

    @task(task_id="cities", doc_md="Says which cities the run is mapped over.")
    def cities(params: dict[str, Any] | None = None) -> list[str]:
        chosen = (params or {}).get("cities") or names
        return [name for name in names if name in chosen]

    return cities()


def make_daily_dag(dag_id: str, names: list[str]) -> DAG:
    """The DAG of every morning, for the cities of one time zone."""
    with DAG(
        dag_id=dag_id,
        description="Every morning: the day before's rides of all cities, into the lakehouse",
        doc_md=__doc__,
        schedule=CronTriggerTimetable(START, timezone=CITIES[names[0]].time_zone),
        start_date=FIRST_RUN,
        catchup=False,
        max_active_runs=1,
        max_active_tasks=max(16, len(names)),  # it is the workers that say how many builds at once
        tags=["taxi", "dbt", "lakehouse"],
        params={
            "date": DAY_PARAMETER,
            "cities": cities_parameter(names),
            "full_refresh": FULL_REFRESH_PARAMETER,
        },
        user_defined_macros=MACROS,
        deadline=deadline(f"{__name__}.{warn_of_deadline.__name__}"),
        default_args=task_defaults(),
    ) as dag:

        @task_group(group_id="city", tooltip="A city's day")
        def build_city(city: Any) -> None:
            wait = wait_for_rides(
                IN_LAKE_OF_CITY,
                f"{{{{ {DAY} }}}}",
                is_s3=CITIES[names[0]].lake_url.startswith("s3://"),
                city=city,
                task_id="wait_for_rides",
                timeout=WAIT_LIMIT.total_seconds(),
                poke_interval=POKE_SECONDS,
                doc_md="Waits for the first file of the day's rides.",
                **CITY_OF_TASK,
            )
            build = Command(
                city=city,
                task_id="build",
                command=f"dbt build --vars {{{{ as_variables(task.city, date={DAY}) }}}}"
                " {{ '--full-refresh' if params.full_refresh }}",
                project=str(PROJECT),
                places=PLACES_OF_CITY,
                outlets=[AssetAlias(dag_id)],
                assets=[ASSET.format(name) for name in ("clustered_data", "clustered_summarized")],
                execution_timeout=BUILD_LIMIT,
                doc_md="`dbt build` of the city's day, at the root of the repository.",
                **CITY_OF_TASK,
            )
            wait >> build
            if MailSettings.is_wanted() or WebhookSettings.is_wanted():
                build >> SendReport(
                    city=city,
                    task_id="send_report",
                    command=f"python -m dbt_project.send_report {{{{ {DAY} }}}}"
                    " --city {{ quoted(task.city) }}",
                    project=str(PROJECT),
                    places=PLACES_OF_CITY,
                    execution_timeout=MAIL_LIMIT,
                    doc_md="E-mails the report, its page attached.",
                    **CITY_OF_TASK,
                )

        build_city.expand(city=names_of_run(names))
    return dag


def make_monthly_dag() -> DAG:
    """The DAG of whole months, for what the mornings have left out and for years of history."""
    with DAG(
        dag_id=f"{DAG_ID}_months",
        description="Every month: its days that are missing, or whose files have changed",
        doc_md=__doc__,
        # the month in which the interval starts; on the 2nd, its last day is over everywhere
        schedule=CronDataIntervalTimetable("0 18 2 * *", timezone="UTC"),
        start_date=FIRST_RUN,
        catchup=False,
        max_active_runs=1,
        max_active_tasks=max(16, len(CITIES)),
        tags=["taxi", "dbt", "lakehouse"],
        params={
            "month": Param(
                None,
                type=["null", "string"],
                pattern=r"^\d{4}-?(0[1-9]|1[0-2])$",
                title="Month to build",
                description="YYYY-MM; empty for that of the run's data interval",
            ),
            "cities": cities_parameter(list(CITIES)),
        },
        user_defined_macros=MACROS,
        default_args=task_defaults(),
    ) as dag:

        @task_group(group_id="city", tooltip="A city's month")
        def build_city(city: Any) -> None:
            Command(
                city=city,
                task_id="build_month",
                command="python -m dbt_project.backfill {{ month(dag_run, params, task.city) }}"
                " --vars {{ as_variables(task.city) }}",
                project=str(PROJECT),
                places=PLACES_OF_CITY,
                execution_timeout=MONTH_LIMIT,
                doc_md="Builds the days of the month that are not there yet, one after the other.",
                **CITY_OF_TASK,
            )

        build_city.expand(city=names_of_run(list(CITIES)))
    return dag


def make_upkeep_dag() -> DAG:
    """The DAG that looks after the lakehouse's files."""
    with DAG(
        dag_id=f"{DAG_ID}_upkeep",
        description="Every week: merge the lakehouse's small files, remove those of old snapshots",
        doc_md=__doc__,
        schedule=CronTriggerTimetable("0 12 * * 0", timezone="UTC"),
        start_date=FIRST_RUN,
        catchup=False,
        max_active_runs=1,
        tags=["taxi", "lakehouse"],
        default_args=task_defaults(),
    ) as dag:
        Command(
            task_id="upkeep",
            command=f"python -m dbt_project.lakehouse.upkeep --wait {WAIT_SECONDS}",
            project=str(PROJECT),
            places={},
            execution_timeout=UPKEEP_LIMIT,
            doc_md="Waits until no build is at work, and keeps builds waiting while it is.",
        )
    return dag


def daily_dags() -> dict[str, list[str]]:
    """The cities of each daily DAG: one for each time zone.

    That of the first city keeps the plain name, so that a city of another time zone renames no DAG
    that is at work.
    """
    names: dict[str, list[str]] = defaultdict(list)
    for name, city in CITIES.items():
        names[city.time_zone].append(name)
    first, *others = names
    return {DAG_ID: names[first]} | {f"{DAG_ID}_{slug(zone)}": names[zone] for zone in others}


def slug(zone: str) -> str:
    """A time zone as a part of a DAG's id; `Etc/GMT+5` and `Etc/GMT-5` differ in the sign alone."""
    signed = re.sub(r"([+-])(?=\d)", lambda sign: "_plus_" if sign[1] == "+" else "_minus_", zone)
    return re.sub(r"[^a-z0-9]+", "_", signed.lower())


if LakehouseSettings.is_wanted():
    for dag in (
        *(make_daily_dag(dag_id, names) for dag_id, names in daily_dags().items()),
        make_monthly_dag(),
        make_upkeep_dag(),
    ):
        globals()[dag.dag_id] = dag

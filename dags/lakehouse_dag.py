"""The lakehouse: every morning the rides of the day before, for all cities in parallel.

These DAGs exist if `LAKEHOUSE_CATALOG` is set. If it is not set, `etml_dag` exists instead.

| DAG | when | does |
|---|---|---|
| `etml_lakehouse` | 06:00 | builds the day before; a DAG for each time zone of `CITIES` |
| `etml_lakehouse_months` | the 2nd of a month | builds the missing days of the month before |
| `etml_lakehouse_upkeep` | Sundays at noon | merges small files, removes files of old snapshots |

**A morning** is mapped over the cities of `CITIES`. Each city waits for its own rides, and is built
as soon as they are there, on whichever worker is free. A city that fails does not delay the others.
The day is the day before the run's date by the city's clocks, for scheduled, manual and backfill
runs alike. A run by hand takes three parameters:

- `date`: the day to build, `20230501` or `2023-05-01`, whatever the run's date is
- `cities`: the cities to build, if not all
- `full_refresh`: passes `--full-refresh` to dbt; other days stay as they are

**A month** has one task for each city, which builds its days one after the other. It skips days
that are published and whose files in the lake have not changed. So if a task was stopped or has
failed, clear it, and it continues with the missing days. Years are a backfill of this DAG. For a
run by hand, `month` is the month to build, such as `2023-05`.

**Red?** The last line of the task's log says what is wrong. When you have fixed it, clear the task.
A rerun replaces the city's day and nothing else.
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
# How long to wait for another build of the city, or for upkeep. Then the task fails and is retried.
WAIT_SECONDS = str(BuildSettings.read().warehouse_wait_seconds or 900)


class CitiesByName(dict[str, City]):
    """Cities by name. A run that is older than the last change of `CITIES` may ask for others."""

    def __missing__(self, name: str) -> NoReturn:
        fail_at_once(f"{name!r} is no city of CITIES: {', '.join(self)}")


CITIES = CitiesByName(
    (city.variables.get("city", VARS["city"]), city)
    for city in read_cities(os.environ, PROJECT, VARS["time_zone"])
)
"""The cities by their names. A task knows only its city's name, and looks up the rest here when it
runs, because the warehouse's folder depends on the worker."""

IN_LAKE_OF_CITY = "{{ cities[task.city].lake_url }}"
PLACES_OF_CITY = {
    name: f"{{{{ cities[task.city].places['{name}'] }}}}"
    for name in ("LAKE_URL", "LAKE_OUTPUT_URL", "WAREHOUSE_DIR")
} | {"WAREHOUSE_WAIT_SECONDS": WAIT_SECONDS}
ASSET = "{{{{ asset_uri(cities[task.city].lake_output_url, '{}') }}}}"
CITY_OF_TASK: dict[str, Any] = {"map_index_template": "{{ task.city }}"}


def as_variables(city: str, **more: str) -> str:
    """Return the value of ``--vars`` for a city, quoted for a command line."""
    return shlex.quote(json.dumps({**CITIES[city].variables, **more}))


def day_of_city(dag_run: Any, params: Any, city: str) -> str:
    """Return the day that a run builds for a city."""
    return day_of_run(dag_run, params, CITIES[city].time_zone)


def month_of_city(dag_run: Any, params: Any, city: str) -> str:
    """Return the first and the last day of the month that a run builds for a city."""
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
    """Return the parameter for the cities that a run builds."""
    return Param(
        [],
        type="array",
        items={"type": "string", "enum": names},
        examples=names,
        title="Cities",
        description="Empty for all of them",
    )


def names_of_run(names: list[str]) -> Any:
    """Return a task that says which cities its run is mapped over.

    It is a task, because Airflow keeps its result with the run. So when a run is cleared after
    a city was added, its third mapped task still belongs to the same city.
    """

    @task(task_id="cities", doc_md="Says which cities the run is mapped over.")
    def cities(params: dict[str, Any] | None = None) -> list[str]:
        chosen = (params or {}).get("cities") or names
        return [name for name in names if name in chosen]

    return cities()


def make_daily_dag(dag_id: str, names: list[str]) -> DAG:
    """Return the DAG of every morning, for the cities of one time zone."""
    with DAG(
        dag_id=dag_id,
        description="Every morning: the day before's rides of all cities, into the lakehouse",
        doc_md=__doc__,
        schedule=CronTriggerTimetable(START, timezone=CITIES[names[0]].time_zone),
        start_date=FIRST_RUN,
        catchup=False,
        max_active_runs=1,
        max_active_tasks=max(16, len(names)),  # the workers limit the parallel builds
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
    """Return the DAG of whole months, for days that the mornings missed and for history."""
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
    """Return the DAG that maintains the lakehouse's files."""
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
    """Return the cities of each daily DAG. There is one DAG for each time zone.

    The DAG of the first city's zone keeps the plain name. So adding a city of another zone renames
    no existing DAG.
    """
    names: dict[str, list[str]] = defaultdict(list)
    for name, city in CITIES.items():
        names[city.time_zone].append(name)
    first, *others = names
    return {DAG_ID: names[first]} | {f"{DAG_ID}_{slug(zone)}": names[zone] for zone in others}


def slug(zone: str) -> str:
    """Return a zone as a part of a DAG's id. `Etc/GMT+5` and `Etc/GMT-5` must stay different."""
    signed = re.sub(r"([+-])(?=\d)", lambda sign: "_plus_" if sign[1] == "+" else "_minus_", zone)
    return re.sub(r"[^a-z0-9]+", "_", signed.lower())


if LakehouseSettings.is_wanted():
    for dag in (
        *(make_daily_dag(dag_id, names) for dag_id, names in daily_dags().items()),
        make_monthly_dag(),
        make_upkeep_dag(),
    ):
        globals()[dag.dag_id] = dag

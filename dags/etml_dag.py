"""Every morning, the rides of the day before.

| task | does | leaves |
|---|---|---|
| `wait_for_rides` | waits for the day's rides, two hours at most | |
| `extract_cluster_save` | reads, cleans and clusters them | `clustered_data_D.json` |
| `extract_summarize` | summarises, tests and publishes | everything else |
| `send_report` | sends the report, if `SMTP_HOST` or `REPORT_WEBHOOK_URL` is set | |

Each of the two in the middle is one `dbt build` of a part of the graph, so that a failure of the
second does not repeat the first.

**The day** is the day before the run's date by the city's clocks, for scheduled, manual and
backfill runs alike: the run of 2 May builds 1 May. A run by hand takes two parameters:

- `date`: the day to build, `20230501` or `2023-05-01`, whatever the run's date is
- `full_refresh`: passes `--full-refresh` to dbt. You seldom need it: every run makes its day anew.
  It does not touch other days, and it does not ask for summaries again

**Red?** The last line of the task's log says what is wrong. When you have fixed it, clear the task
that failed: the run continues from there. A rerun replaces the day and nothing else.
"""

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Asset, CronTriggerTimetable

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
from dbt_project.orchestration.day import day_of_run
from dbt_project.orchestration.operators import DbtBuild, SendReport
from dbt_project.orchestration.wait import wait_for_rides
from dbt_project.settings.environment import LakehouseSettings, MailSettings, WebhookSettings

DAY = "{{ day(dag_run, params) }}"
FIRST_PART = "+clustered_data"


def make_dag(city: City) -> DAG:
    """Return the DAG of one city."""
    with DAG(
        dag_id=city.dag_id,
        description="Every morning: the day before's rides, clustered and summarised",
        doc_md=__doc__,
        schedule=CronTriggerTimetable(START, timezone=city.time_zone),
        start_date=FIRST_RUN,
        catchup=False,
        max_active_runs=1,
        tags=["taxi", "dbt", *([city.variables["city"]] if city.variables else [])],
        params={"date": DAY_PARAMETER, "full_refresh": FULL_REFRESH_PARAMETER},
        user_defined_macros={
            "day": lambda dag_run, params: day_of_run(dag_run, params, city.time_zone)
        },
        deadline=deadline(f"{__name__}.{warn_of_deadline.__name__}"),
        default_args=task_defaults(**({"queue": city.queue} if city.queue else {})),
    ) as dag:
        wait = wait_for_rides(
            city.lake_url,
            DAY,
            is_s3=city.lake_url.startswith("s3://"),
            task_id="wait_for_rides",
            timeout=WAIT_LIMIT.total_seconds(),
            poke_interval=POKE_SECONDS,
            doc_md="Waits for the first file of the day's rides, whole or in parts, plain or gzip.",
        )
        cluster = dbt_build(
            city,
            "extract_cluster_save",
            f"--select {FIRST_PART}",
            outlets=[Asset(asset_uri(city.lake_output_url, "clustered_data"))],
        )
        summarise = dbt_build(
            city,
            "extract_summarize",
            f"--exclude {FIRST_PART}",
            outlets=[
                Asset(asset_uri(city.lake_output_url, "clustered_summarized")),
                Asset(asset_uri(city.warehouse_dir, "taxi.duckdb")),
            ],
        )
        wait >> cluster >> summarise
        if MailSettings.is_wanted() or WebhookSettings.is_wanted():
            of_city = f" --city {shlex.quote(city.variables['city'])}" if city.variables else ""
            summarise >> SendReport(
                task_id="send_report",
                command=f"python -m dbt_project.send_report {DAY}{of_city}",
                project=str(PROJECT),
                places=city.places,
                execution_timeout=MAIL_LIMIT,
                doc_md="Sends the report by e-mail, its page attached, or as a card to a channel.",
            )
    return dag


def dbt_build(city: City, task_id: str, selection: str, **options: Any) -> DbtBuild:
    """Return a `dbt build` of the day, over a part of the graph.

    Test selection is cautious: a test of tables from both parts runs in the second.
    """
    variables = shlex.quote(json.dumps({"date": DAY, **city.variables}))
    whole = f"dbt build --vars {variables} {{{{ '--full-refresh' if params.full_refresh }}}}"
    return DbtBuild(
        task_id=task_id,
        command=f"{whole} --indirect-selection cautious {selection}",
        whole_command=whole,
        project=str(PROJECT),
        places=city.places,
        execution_timeout=BUILD_LIMIT,
        doc_md=f"`dbt build {selection}`, at the root of the repository.",
        **options,
    )


# With a lakehouse, lakehouse_dag.py builds the days. Its builds cannot be cut into two parts.
if not LakehouseSettings.is_wanted():
    for city in read_cities(os.environ, PROJECT, VARS["time_zone"]):
        globals()[city.dag_id] = make_dag(city)

if __name__ == "__main__":  # python dags/etml_dag.py [YYYYMMDD], in Airflow's environment
    if LakehouseSettings.is_wanted():
        sys.exit("Error: LAKEHOUSE_CATALOG is set: its days are built by lakehouse_dag.py")
    states = []
    for dag in [found for found in globals().values() if isinstance(found, DAG)]:
        dag.deadline = None  # dag.test() does not support it
        finished = dag.test(run_conf={"date": sys.argv[1]} if sys.argv[1:] else None)
        states.append(finished.state)
    sys.exit(set(states) != {"success"})

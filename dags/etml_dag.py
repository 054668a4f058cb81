"""Every morning, the rides of the day before.

Waits for them, clusters them and summarises the circumstances of the anomalous ones. The unit of
work is `dbt build` for a day. It is run in two parts, so that a failure of the second does not
repeat the first: `extract_cluster_save` leaves `clustered_data_D.json` in the lake,
`extract_summarize` all the rest, the published warehouse last.
"""

import datetime
import os
import sys
from pathlib import Path

import yaml
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, CronTriggerTimetable, task

PROJECT = Path(__file__).resolve().parents[1]
SETTINGS = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
DBT = Path(sys.executable).with_name("dbt")

# The day before the run's date. A run that is triggered by hand may have no logical date.
RUN_DATE = (
    "{{ ((dag_run.logical_date or dag_run.run_after) - macros.timedelta(days=1))"
    ".strftime('%Y%m%d') }}"
)


def dbt_build(task_id: str, selection: str) -> BashOperator:
    """A `dbt build` of the day, over a part of the graph.

    A test of tables from both parts is cautious: it waits for the second.
    """
    return BashOperator(
        task_id=task_id,
        bash_command=(
            f"'{DBT}' build --vars 'date: {RUN_DATE}' --indirect-selection cautious {selection}"
        ),
        cwd=str(PROJECT),
        execution_timeout=datetime.timedelta(hours=1),
    )


with DAG(
    dag_id="etml_dag",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("0 6 * * *", timezone=SETTINGS["time_zone"]),
    start_date=datetime.datetime(2023, 5, 1, tzinfo=datetime.UTC),
    catchup=False,
    max_active_runs=1,
    tags=["taxi", "dbt"],
    default_args={
        "retries": 3,
        "retry_delay": datetime.timedelta(minutes=1),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": datetime.timedelta(minutes=15),
    },
) as dag:

    @task.sensor(poke_interval=60, timeout=2 * 60 * 60, mode="reschedule", retries=0)
    def wait_for_rides(run_date: str) -> bool:
        """Whether the day's rides are in the lake; fails after two hours."""
        sys.path.append(str(PROJECT))
        import duckdb

        from dbt_project.lake import connect_lake, find_rides
        from dbt_project.run_date import parse_run_date

        lake_url = os.environ.get("LAKE_URL") or str(PROJECT / "lake")
        with duckdb.connect() as connection:
            connect_lake(connection, ["httpfs", "aws"] if "://" in lake_url else [])
            try:
                return bool(find_rides(connection, lake_url, parse_run_date(run_date)))
            except FileNotFoundError as error:
                print(error)
                return False

    (
        wait_for_rides(RUN_DATE)
        >> dbt_build("extract_cluster_save", "--select +clustered_data")
        >> dbt_build("extract_summarize", "--exclude +clustered_data")
    )

if __name__ == "__main__":
    dag.test()

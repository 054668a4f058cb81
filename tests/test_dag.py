"""The DAG in a real Airflow: its shape, the day that each kind of run builds, and a whole run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, SETTINGS, Workplace

PRELUDE = f"""
import datetime, json, pathlib
from airflow.dag_processing.dagbag import BundleDagBag
folder = pathlib.Path({str(ROOT / "dags")!r})
bag = BundleDagBag(dag_folder=str(folder), bundle_path=folder, bundle_name="dags-folder")
assert not bag.import_errors, bag.import_errors
dag = bag.dags["etml_dag"]
"""


@pytest.fixture(scope="module")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("airflow")
    completed = subprocess.run(
        [Path(sys.executable).with_name("airflow"), "db", "migrate"],
        env=environment(home),
        capture_output=True,
        text=True,
    )
    assert completed.returncode == 0, completed.stderr
    return home


def environment(home: Path, **more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return {
        **inherited,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        **more,
    }


def run_in_airflow(home: Path, code: str, **more: str) -> str:
    """Run code in an interpreter of its own, so that Airflow takes its settings from here alone."""
    completed = subprocess.run(
        [sys.executable, "-c", PRELUDE + code],
        env=environment(home, **more),
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert completed.returncode == 0, completed.stdout[-4000:] + completed.stderr[-4000:]
    return completed.stdout


def test_the_dag_waits_clusters_and_summarises_one_run_at_a_time(airflow_home: Path) -> None:
    code = """
order = {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}
retries = dag.task_dict["extract_summarize"].retries
print(json.dumps([order, dag.max_active_runs, dag.catchup, retries]))
"""
    assert run_in_airflow(airflow_home, code).splitlines()[-1] == (
        '[{"wait_for_rides": ["extract_cluster_save"], '
        '"extract_cluster_save": ["extract_summarize"], "extract_summarize": []}, 1, false, 3]'
    )


@pytest.mark.parametrize(
    ("logical_date", "run_after", "day"),
    [
        ("datetime.datetime(2023, 5, 2, 5, tzinfo=datetime.UTC)", "None", "20230501"),
        ("None", "datetime.datetime(2023, 5, 2, 14, tzinfo=datetime.UTC)", "20230501"),
        ("datetime.datetime(2024, 3, 1, 6, tzinfo=datetime.UTC)", "None", "20240229"),
    ],
    ids=["scheduled or backfill", "manual without a logical date", "after a leap day"],
)
def test_a_run_builds_the_day_before_its_date(
    airflow_home: Path, logical_date: str, run_after: str, day: str
) -> None:
    code = f"""
from types import SimpleNamespace
from airflow.sdk.execution_time import macros
run = SimpleNamespace(logical_date={logical_date}, run_after={run_after})
task = dag.task_dict["extract_cluster_save"]
print(task.render_template(task.bash_command, {{"dag_run": run, "macros": macros}}))
"""
    command = run_in_airflow(airflow_home, code).splitlines()[-1]
    assert f"build --vars 'date: {day}' " in command
    assert command.endswith("--select +clustered_data")


def test_the_two_parts_together_build_and_test_everything_once(workplace: Workplace) -> None:
    def listed(*options: str) -> list[str]:
        completed = subprocess.run(
            [
                Path(sys.executable).with_name("dbt"),
                *("--quiet", "ls", "--vars", "date: 20230501", *options),
                *("--target-path", workplace.folder, "--log-path", workplace.folder),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return completed.stdout.split()

    cautious = ("--indirect-selection", "cautious")
    first = listed(*cautious, "--select", "+clustered_data")
    second = listed(*cautious, "--exclude", "+clustered_data")
    assert sorted(first + second) == sorted(listed())


def test_a_run_ends_in_the_exports_and_the_published_warehouse(
    airflow_home: Path, workplace: Workplace
) -> None:
    workplace.fill_with_embedded_day()
    code = """
run = dag.test(logical_date=datetime.datetime(2023, 5, 2, 5, tzinfo=datetime.UTC))
print(run.state)
"""
    output = run_in_airflow(
        airflow_home,
        code,
        LAKE_URL=str(workplace.lake),
        WAREHOUSE_DIR=str(workplace.warehouse),
        DBT_TARGET_PATH=str(workplace.folder / "target"),
        DBT_LOG_PATH=str(workplace.folder / "logs"),
    )
    assert output.splitlines()[-1] == "success"
    assert (workplace.lake / "clustered_data_20230501.json").exists()
    assert (workplace.lake / "clustered_summarized_20230501.json").exists()
    assert (workplace.warehouse / "taxi.duckdb").exists()

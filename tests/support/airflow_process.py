"""Airflow in interpreters of its own, so that it takes its settings from a test alone."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.workplace import ROOT, environment_without_settings

PRELUDE = f"""
import datetime, json, pathlib
from airflow.dag_processing.dagbag import BundleDagBag
folder = pathlib.Path({str(ROOT / "dags")!r})
bag = BundleDagBag(dag_folder=str(folder), bundle_path=folder, bundle_name="dags-folder")
assert not bag.import_errors, bag.import_errors
dag = bag.dags.get("etml_dag")

def run(day, dag=dag, tasks=None):
    '''A whole run in this process; Airflow's dag.test() takes no DAG with a deadline.'''
    dag = dag.partial_subset(tasks) if tasks else dag
    dag.deadline = None
    moment = datetime.datetime.strptime(day, "%Y%m%d").replace(hour=5, tzinfo=datetime.UTC)
    return dag.test(logical_date=moment + datetime.timedelta(days=1))

def tell(value):
    print("RESULT " + json.dumps(value))
"""


def environment(home: Path, **more: str) -> dict[str, str]:
    """Environment variables of an Airflow that knows this DAG and nothing else."""
    return {
        **environment_without_settings(),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        **more,
    }


def migrate(home: Path) -> Path:
    """Make an empty database, which takes a while."""
    completed = subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=environment(home),
        capture_output=True,
        text=True,
    )
    assert completed.returncode == 0, completed.stderr
    return home


class Airflow:
    """An Airflow that starts with a copy of an empty database."""

    def __init__(self, home: Path, empty: Path) -> None:
        self.home = home
        # its airflow.cfg would lead back to the database that was copied
        shutil.copytree(empty, home, ignore=shutil.ignore_patterns("airflow.cfg"))

    def run(self, code: str, **more: str) -> tuple[Any, str]:
        """Run code that ends in ``tell(...)``; return what it told, and all of the output."""
        completed = subprocess.run(
            [sys.executable, "-c", PRELUDE + code],
            env=environment(self.home, **more),
            capture_output=True,
            text=True,
            timeout=400,
        )
        output = completed.stdout + completed.stderr
        assert completed.returncode == 0, output[-6000:]
        results = [line for line in completed.stdout.splitlines() if line.startswith("RESULT ")]
        return json.loads(results[-1].removeprefix("RESULT ")), output

"""The real command on real files, as the tests run it."""

import fcntl
import hashlib
import json
import os
import pickle
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import NEEDED, chromium
from playwright.sync_api import Browser
from postgres_server import PostgresServer, postgres_server
from warm_python import run_script

if TYPE_CHECKING:
    from airflow_process import Airflow

from dbt_project.lakehouse.place import Lakehouse
from dbt_project.published import CityOfLakehouse, Published, WarehouseFile

ROOT = Path(__file__).resolve().parents[1]
EMBEDDED_LAKE = ROOT / "lake"
EMBEDDED_DAY = sorted(EMBEDDED_LAKE.glob("*-20230501.json"))
DBT = Path(sys.executable).with_name("dbt")
# What a developer may have set must not reach the builds that tests run.
SETTINGS = (
    "LAKE_",
    "LAKEHOUSE_",
    "PG",
    "WAREHOUSE_",
    "OPENAI_",
    "AWS_",
    "CITIES",
    "DBT_EXECUTABLE",
    "ALERT_WEBHOOK_URL",
    "LLM_CONNECTION",
)
# Minutes each; a worker that came to one of them last would end long after the other.
SLOW_FILES = (
    "test_lakehouse.py",
    "test_lakehouse_days.py",
    "test_faults_s3.py",
    "test_faults_files.py",
    "test_dag_runs.py",
    "test_dag_lakehouse.py",
    "test_faults_killed.py",
    "test_build.py",
    "test_dag.py",
    "test_summaries_build.py",
    "test_faults_publishing.py",
    "test_faults_processes.py",
    "test_backfill.py",
    "test_faults_limits.py",
    "test_any_ride_record.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow files."""
    places = {name: place for place, name in enumerate(SLOW_FILES)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--lakehouse",
        action="store_true",
        help="let every build bring its day into a lakehouse, and look at its tables there",
    )


def pytest_configure(config: pytest.Config) -> None:
    Workplace.has_lakehouse = config.getoption("lakehouse")
    if Workplace.has_lakehouse:
        config.option.markexpr += " and not of_the_file"


@dataclass
class Build:
    """One run of ``dbt build``, and where its results are."""

    completed: subprocess.CompletedProcess[str]
    lake: Path
    warehouse: Path
    published: Published

    @property
    def output(self) -> str:
        return self.completed.stdout + self.completed.stderr

    @property
    def last_line(self) -> str:
        return self.output.rstrip().splitlines()[-1]

    def export(self, name: str, date: str) -> list[dict[str, Any]]:
        return read_strict_json(self.lake / f"{name}_{date}.json")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with self.published.connect() as connection:
            return connection.execute(sql).fetchall()


def read_strict_json(path: Path) -> Any:
    """Parse JSON as the standard has it: Python's reader takes NaN too unless told otherwise."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def hashes(folder: Path) -> dict[str, str]:
    """Hash every file of a folder."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
        if file.is_file()
    }


def copy_embedded_day(lake: Path) -> None:
    """Make a lake with the embedded day, and with nothing that somebody has added to its folder."""
    lake.mkdir(parents=True)
    for file in EMBEDDED_DAY:
        shutil.copy(file, lake)


def environment_without_settings() -> dict[str, str]:
    """The environment that the tests inherited, without what a developer may have set."""
    return {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}


class Workplace:
    """A lake and a warehouse of a test's own."""

    has_lakehouse = False  # --lakehouse

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lake = folder / "lake"
        self.warehouse = folder / "warehouse"
        self.project = ROOT

    def fill_with_embedded_day(self) -> "Workplace":
        copy_embedded_day(self.lake)
        return self

    def fill_with_copy_of(self, build: Build) -> "Workplace":
        """Take over the lake and the warehouse that a build has left."""
        shutil.copytree(build.lake, self.lake)
        shutil.copytree(build.warehouse, self.warehouse)
        if self.has_lakehouse:
            shutil.copytree(build.lake.parent / "lakehouse", self.folder / "lakehouse")
            with sqlite3.connect(self.folder / "lakehouse" / "catalog.sqlite") as catalog:
                catalog.execute(  # it holds its own path
                    "UPDATE ducklake_metadata SET value = ? WHERE key = 'data_path'",
                    [f"{self.folder}/lakehouse/"],
                )
        return self

    def write(self, name: str, records: list[Any]) -> None:
        self.lake.mkdir(exist_ok=True)
        (self.lake / name).write_text(json.dumps(records), encoding="utf-8")

    def simulate(self, date: str, *options: str) -> None:
        command = [sys.executable, "-m", "dbt_project.simulate", "--date", date]
        places = ["--lake", str(self.lake), "--truth", str(self.folder / "truth")]
        subprocess.run([*command, *places, *options], cwd=ROOT, check=True, capture_output=True)

    def build(self, variables: str, *options: str, **environment: str) -> Build:
        """Run ``dbt build --vars VARIABLES`` at the root of the repository, or of a copy of it."""
        completed = run_script(
            DBT,
            *self.arguments(variables, *options),
            cwd=self.project,
            env=self.environment(**environment),
        )
        return Build(completed, self.lake, self.warehouse, self.published())

    def published(self) -> Published:
        """Where builds of this workplace bring their days."""
        if self.has_lakehouse:
            return CityOfLakehouse(Lakehouse.of_environment(self._lakehouse()), "glasgow")
        return WarehouseFile(self.warehouse / "taxi.duckdb")

    def _lakehouse(self) -> dict[str, str]:
        if not self.has_lakehouse:
            return {}
        return {
            "LAKEHOUSE_CATALOG": f"sqlite:{self.folder}/lakehouse/catalog.sqlite",
            "LAKEHOUSE_DATA_URL": f"{self.folder}/lakehouse",
        }

    def arguments(self, variables: str, *options: str) -> list[str | Path]:
        """The arguments of dbt for a build of this workplace."""
        return [
            *("build", "--vars", variables, *options),
            *("--target-path", self.folder / "target", "--log-path", self.folder / "logs"),
        ]

    def environment(self, **environment: str) -> dict[str, str]:
        """The environment of a build: what the tests inherited, without settings, and these."""
        places = {"LAKE_URL": str(self.lake), "WAREHOUSE_DIR": str(self.warehouse)}
        return {**environment_without_settings(), **places, **self._lakehouse(), **environment}

    def build_day(self, date: str, *options: str, **environment: str) -> Build:
        """Build a day that is expected to succeed."""
        build = self.build(f"date: {date}", *options, **environment)
        assert build.completed.returncode == 0, build.output
        return build


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture(scope="session")
def embedded_day(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The embedded day with all unit tests, built once for all tests that only look at it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base  # by all workers
    result = shared / "embedded.pickle"
    with (shared / "embedded.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not result.exists():
            (shared / "embedded").mkdir()
            workplace = Workplace(shared / "embedded").fill_with_embedded_day()
            build = workplace.build_day("20230501", RUN_UNIT_TESTS="1")
            result.write_bytes(pickle.dumps(build))
    found = pickle.loads(result.read_bytes())
    assert isinstance(found, Build)
    return found


@pytest.fixture(scope="session")
def empty_airflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of an Airflow that knows no run yet; making its database takes a while."""
    from airflow_process import migrate  # which itself needs this module

    return migrate(tmp_path_factory.mktemp("airflow"))


@pytest.fixture
def airflow(tmp_path: Path, empty_airflow: Path) -> "Airflow":
    """An Airflow of a test's own."""
    from airflow_process import Airflow

    return Airflow(tmp_path / "airflow", empty_airflow)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium that a worker's tests share."""
    with chromium() as found:
        if found is None:
            pytest.fail(NEEDED, pytrace=False)
        yield found[1]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL server process, with nothing in it."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[dict[str, str]]:
    """A real S3 server process; yields the AWS settings that reach it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{url}/moto-api/", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        yield {
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": "eu-west-2",
            "AWS_ACCESS_KEY_ID": "key-of-the-test",
            "AWS_SECRET_ACCESS_KEY": "secret-of-the-test",
        }
    finally:
        server.terminate()
        server.wait()

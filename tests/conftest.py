"""What all tests share: a place to build in, servers, a browser."""

import fcntl
import os
import pickle
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser
from support.browser import NEEDED, chromium
from support.postgres_server import PostgresServer, postgres_server
from support.workplace import Build, Workplace

if TYPE_CHECKING:
    from support.airflow_process import Airflow


TESTS = Path(__file__).parent
# Minutes each; a worker that came to one of them last would end long after the other.
SLOW_FILES = (
    "lakehouse/test_lakehouse.py",
    "lakehouse/test_days.py",
    "lake/test_s3.py",
    "lakehouse/test_writes.py",
    "lake/test_s3_settings.py",
    "warehouse/test_unusable_files.py",
    "plugin/test_working_day.py",
    "lake/test_faulty_files.py",
    "orchestration/test_runs.py",
    "orchestration/test_lakehouse_dag.py",
    "warehouse/test_killed.py",
    "models/test_build.py",
    "orchestration/test_dag.py",
    "summaries/test_build_with_model.py",
    "warehouse/test_publishing_faults.py",
    "warehouse/test_processes.py",
    "test_backfill.py",
    "warehouse/test_limits.py",
    "models/test_any_ride_record.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow files."""
    places = {name: place for place, name in enumerate(SLOW_FILES)}
    items.sort(key=lambda item: places.get(str(item.path.relative_to(TESTS)), len(places)))


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
    from support.airflow_process import migrate  # which itself needs this module

    return migrate(tmp_path_factory.mktemp("airflow"))


@pytest.fixture
def airflow(tmp_path: Path, empty_airflow: Path) -> "Airflow":
    """An Airflow of a test's own."""
    from support.airflow_process import Airflow

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

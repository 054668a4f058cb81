"""`make airflow` as a newcomer uses it: a browser, a run by hand, a backfill, Ctrl-C."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Browser, expect
from support.workplace import ROOT, Workplace

pytestmark = pytest.mark.on_request
PATIENCE_SECONDS = 600


class LocalAirflow:
    """The command, with its temporary files in a folder of the test's own."""

    def __init__(self, workplace: Workplace) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        self.temporary = workplace.folder / "tmp"
        self.temporary.mkdir()
        self.output = workplace.folder / "output"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dbt_project.demo.local_airflow", str(self.port)],
            cwd=ROOT,
            env=workplace.environment(TMPDIR=str(self.temporary)),
            stdout=self.output.open("w"),
            stderr=subprocess.STDOUT,
        )

    def ask(self, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}/api/v2{path}",
            data=json.dumps(body).encode() if body else None,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def runs(self) -> list[tuple[str, str]]:
        runs = self.ask("/dags/etml_dag/dagRuns")["dag_runs"]
        return sorted((run["run_type"], run["state"]) for run in runs)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < until, self.output.read_text()
            time.sleep(2)


@pytest.fixture
def local_airflow(workplace: Workplace) -> Iterator[LocalAirflow]:
    for day in ("20230501", "20230502", "20230503"):
        workplace.simulate(day)
    airflow = LocalAirflow(workplace)
    airflow.wait_for(lambda: "Stop      Ctrl-C" in airflow.output.read_text())
    yield airflow
    airflow.process.terminate()
    airflow.process.wait()


def days(warehouse: Path) -> list[tuple[str, int]]:
    with duckdb.connect(str(warehouse / "taxi.duckdb"), read_only=True) as connection:
        return connection.execute(
            "select ride_date::varchar, rides from daily_reports order by ride_date"
        ).fetchall()


def processes_that_name(text: str) -> list[str]:
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            content = environ.read_bytes()
        except OSError:
            continue
        if text.encode() in content and environ.parent.name != str(os.getpid()):
            found.append((environ.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def test_a_run_by_hand_and_a_backfill_of_three_days_through_the_scheduler(
    local_airflow: LocalAirflow, workplace: Workplace, browser: Browser
) -> None:
    assert [dag["dag_id"] for dag in local_airflow.ask("/dags")["dags"]] == ["etml_dag"]

    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{local_airflow.url}/dags/etml_dag")
    page.get_by_role("button", name="Trigger").first.click()
    page.locator("input[name=element_date]").fill("20230501")
    page.get_by_role("button", name="Trigger").last.click()
    local_airflow.wait_for(lambda: local_airflow.runs() == [("manual", "success")])
    assert days(workplace.warehouse) == [("2023-05-01", 400)]

    backfill = {"dag_id": "etml_dag", "from_date": "2023-05-02T00:00:00Z"}
    backfill |= {"to_date": "2023-05-05T00:00:00Z", "max_active_runs": 1}
    local_airflow.ask("/backfills", backfill)
    local_airflow.wait_for(
        lambda: local_airflow.runs() == [("backfill", "success")] * 3 + [("manual", "success")]
    )
    assert days(workplace.warehouse) == [
        ("2023-05-01", 400),
        ("2023-05-02", 400),
        ("2023-05-03", 400),
    ]

    page.goto(f"{local_airflow.url}/dags/etml_dag/runs")
    expect(page.get_by_text("4 Dag Runs")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Success", exact=True)).to_have_count(4, timeout=60_000)
    page.screenshot(path=workplace.folder / "airflow.png")
    page.get_by_role("button", name="Dag Docs").click()
    expect(page.get_by_text("the rides of the day before").first).to_be_visible(timeout=60_000)

    folder = re.search(r"Logs +(\S+),", local_airflow.output.read_text())
    assert folder is not None
    assert Path(folder[1]).is_dir()
    local_airflow.process.send_signal(signal.SIGINT)
    assert local_airflow.process.wait(timeout=PATIENCE_SECONDS) == 0
    assert list(local_airflow.temporary.iterdir()) == []
    assert processes_that_name(folder[1]) == []


def test_a_port_that_is_taken_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        completed = subprocess.run(
            [sys.executable, "-m", "dbt_project.demo.local_airflow", str(port)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert completed.returncode == 1
    assert completed.stderr == f"port {port} is taken: make airflow PORT={port + 10}\n"

"""Several processes at once: builds one after the other, readers never disturbed."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.workplace import DBT, ROOT, Build, Workplace, read_strict_json

DATE = "20230501"

# Opens the published warehouse again and again, and looks for a day whose tables do not agree.
READER = """
import sys, time, duckdb, pathlib
file, stop, reads = sys.argv[1], pathlib.Path(sys.argv[2]), 0
while not stop.exists():
    with duckdb.connect(file, read_only=True) as connection:
        halves = connection.execute('''
            select * from daily_reports
            where rides != (select count(*) from rides)
                or rejected_rides != (select count(*) from rejected_rides)
                or anomalous_rides != (select count(*) from anomalous_rides)
        ''').fetchall()
        days = connection.execute("select count(*) from daily_reports").fetchall()
    if halves or days != [(1,)]:
        sys.exit(f"half a day: {halves} {days}")
    reads += 1
    time.sleep(0.5)  # the builds want the processors, too
print(reads)
"""


def start_build(workplace: Workplace, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [DBT, *workplace.arguments(f"date: {DATE}")],
        cwd=ROOT,
        env=workplace.environment(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(condition: Path, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not (condition.exists() and condition.read_text()):
        assert time.monotonic() < deadline, f"{condition} did not appear"
        time.sleep(0.02)


def start_readers(workplace: Workplace, number: int) -> list["subprocess.Popen[str]"]:
    published, stop = workplace.warehouse / "taxi.duckdb", workplace.folder / "stop"
    return [
        subprocess.Popen(
            [sys.executable, "-c", READER, published, stop],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(number)
    ]


def stop_readers(workplace: Workplace, readers: list["subprocess.Popen[str]"]) -> list[int]:
    """How often each of them has read; an error of one is an error here."""
    (workplace.folder / "stop").touch()
    said = [reader.communicate(timeout=120)[0] for reader in readers]
    assert [reader.returncode for reader in readers] == [0] * len(readers), said
    return [int(text) for text in said]


def write_rides(workplace: Workplace, left_out: int) -> None:
    rides = read_strict_json(ROOT / "lake" / f"taxi-rides-{DATE}.json")
    text = json.dumps(rides[: len(rides) - left_out])
    (workplace.lake / f"taxi-rides-{DATE}.json").write_text(text)


def test_a_second_build_says_who_is_at_work_or_waits_and_readers_see_whole_days_throughout(
    workplace: Workplace, embedded_day: Build
) -> None:
    workplace.fill_with_copy_of(embedded_day)
    lock = workplace.warehouse / "build.lock"
    readers = start_readers(workplace, 3)
    write_rides(workplace, left_out=50)
    lock.write_text("")
    with start_build(workplace) as first:
        wait_for(lock)
        first.send_signal(signal.SIGSTOP)  # so that it is at work for as long as it takes
        with start_build(workplace, WAREHOUSE_WAIT_SECONDS="250") as waiting:
            refused = workplace.build(f"date: {DATE}")
            assert refused.completed.returncode != 0
            at_work = f"process {first.pid} on {socket.gethostname()} has been building 2023-05-01"
            assert refused.last_line.startswith(
                f"Error: {at_work} in {workplace.warehouse} since 20"
            )
            assert refused.last_line.endswith(": try again when it has ended")
            assert "Traceback" not in refused.output
            assert waiting.stdout is not None
            assert any(line.startswith(f"Waiting: {at_work}") for line in waiting.stdout)
            first.send_signal(signal.SIGCONT)
            first.communicate(timeout=250)
            assert first.returncode == 0
            output, _ = waiting.communicate(timeout=250)
            assert waiting.returncode == 0, output
    assert min(stop_readers(workplace, readers)) > 1
    assert refused.query("select records_read from daily_reports") == [(408 - 50,)]


@pytest.mark.on_request
def test_twenty_readers_see_whole_days_throughout_ten_builds(workplace: Workplace) -> None:
    workplace.fill_with_embedded_day().build_day(DATE)
    readers = start_readers(workplace, 20)
    for number in range(10):
        write_rides(workplace, left_out=10 * number)
        workplace.build_day(DATE)
    reads = stop_readers(workplace, readers)
    (workplace.folder / "reads.txt").write_text(f"{sum(reads)} reads by {len(reads)} readers\n")
    assert min(reads) > 10

"""Many days with one command: the same as one by one, resumable, and one bad day stops no other."""

import datetime
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import duckdb
import psutil
import pytest
from support.workplace import ROOT, Build, Workplace

from dbt_project.backfill import days_between, is_up_to_date
from dbt_project.settings.environment import LakeSettings
from dbt_project.warehouse.days import published_inputs

FIRST, SECOND, THIRD = "20230501", "20230502", "20230503"


def test_days_go_from_the_first_to_the_last_whichever_is_earlier() -> None:
    first, last = datetime.date(2024, 2, 28), datetime.date(2024, 3, 1)
    forwards = [first, datetime.date(2024, 2, 29), last]
    assert list(days_between(first, last)) == forwards
    assert list(days_between(last, first)) == forwards[::-1]
    assert list(days_between(first, first)) == [first]


def started(workplace: Workplace, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "dbt_project.backfill", *arguments],
        cwd=ROOT,
        env=workplace.environment(DBT_TARGET_PATH=str(workplace.folder / "target")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def backfill(workplace: Workplace, *arguments: str) -> "subprocess.CompletedProcess[str]":
    process = started(workplace, *arguments)
    stdout, stderr = process.communicate(timeout=600)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([FIRST, "20230231"], "date must be a day as YYYYMMDD, not '20230231'"),
        ([FIRST, SECOND, "--vars", "1"], "--vars must be a mapping"),
        ([FIRST], "the following arguments are required: last"),
    ],
)
def test_what_cannot_be_a_backfill_is_refused_in_words(
    workplace: Workplace, arguments: list[str], message: str
) -> None:
    refused = backfill(workplace, *arguments)
    assert refused.returncode == 2
    assert message in refused.stderr.splitlines()[-1]
    assert "Traceback" not in refused.stderr


def test_a_backfill_is_the_single_builds_goes_on_where_it_was_and_counts_what_failed(
    workplace: Workplace, embedded_day: Build
) -> None:
    workplace.fill_with_embedded_day().simulate(THIRD, "--rides", "120")
    first = backfill(workplace, SECOND, FIRST)
    *lines, _, summary, error = first.stdout.splitlines()
    assert first.returncode == 1
    assert [line[:22] for line in lines] == ["2023-05-02  failed    ", "2023-05-01  built     "]
    assert "taxi-rides-20230502.json is not in the lake" in lines[0]
    assert "400 rides, 8 rejected" in lines[1]
    assert summary.startswith("2 days: 1 built, 0 unchanged, 1 failed; ")
    assert error == "Error: failed: 2023-05-02"

    built = Build(first, workplace.lake, workplace.warehouse, workplace.published())
    day = "from {} where ride_date = '2023-05-01' order by all"
    for table in ("rides", "anomalous_rides", "rejected_rides", "daily_reports"):
        assert built.query(day.format(table)) == embedded_day.query(day.format(table))
    for name in (f"clustered_data_{FIRST}.json", f"clustered_summarized_{FIRST}.json"):
        assert (built.lake / name).read_bytes() == (embedded_day.lake / name).read_bytes()

    workplace.simulate(SECOND, "--rides", "100")
    before = (workplace.lake / f"clustered_data_{FIRST}.json").stat().st_mtime_ns
    second = backfill(workplace, FIRST, THIRD)
    assert second.returncode == 0
    assert [line.split()[1] for line in second.stdout.splitlines()[:3]] == [
        "unchanged",
        "built",
        "built",
    ]
    assert (workplace.lake / f"clustered_data_{FIRST}.json").stat().st_mtime_ns == before
    assert built.query("select rides from daily_reports order by ride_date") == [
        (400,),
        (100,),
        (120,),
    ]
    third = backfill(workplace, FIRST, THIRD)
    assert third.stdout.splitlines()[-1].startswith("3 days: 0 built, 3 unchanged, 0 failed; ")

    places = LakeSettings.read({"LAKE_URL": str(workplace.lake)})
    day = datetime.date(2023, 5, 3)
    inputs = published_inputs(workplace.warehouse)[day]
    with duckdb.connect() as connection:
        assert is_up_to_date(connection, places, day, inputs)
        (workplace.lake / f"clustered_data_{THIRD}.json").unlink()
        assert not is_up_to_date(connection, places, day, inputs)


def builder_below(process: psutil.Process) -> psutil.Process:
    """Wait for a process to start the one that starts builds, or that one to start a build."""
    for _ in range(3000):
        for child in process.children():
            if "dbt_project.forked_builds" in child.cmdline():
                return child
        time.sleep(0.02)
    raise AssertionError(f"{process} has started no build")


@pytest.mark.parametrize(
    ("killed", "said"),
    [
        (builder_below, "killed by signal 9"),
        (lambda starter: starter, "the process that starts the builds was killed: start again"),
    ],
    ids=["a build", "what starts the builds"],
)
def test_a_day_that_is_killed_takes_no_other_with_it(
    workplace: Workplace, killed: Callable[[psutil.Process], psutil.Process], said: str
) -> None:
    for day in (FIRST, SECOND):
        workplace.simulate(day, "--rides", "60")
    process = started(workplace, FIRST, SECOND)
    starter = builder_below(psutil.Process(process.pid))
    build = builder_below(starter)
    killed(starter).send_signal(signal.SIGKILL)
    stdout, stderr = process.communicate(timeout=300)
    lines = stdout.splitlines()
    assert lines[0].startswith(f"2023-05-01  failed     {said}"), stderr
    assert lines[1].startswith("2023-05-02  built      ")
    assert not build.is_running()

"""What `make build` shows: a line for each step, and the closing lines of `dbt build`."""

import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from support.workplace import ROOT, Workplace

from dbt_project.build import STEPS, Steps

DATE = "20230501"


def build(workplace: Workplace, date: str) -> tuple[int, list[str]]:
    """The command's status and its lines."""
    folders = {"DBT_TARGET_PATH": workplace.folder / "target", "DBT_LOG_PATH": workplace.folder}
    completed = subprocess.run(
        [sys.executable, "-m", "dbt_project.build", date],
        cwd=ROOT,
        env=workplace.environment(**{name: str(path) for name, path in folders.items()}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    return completed.returncode, completed.stdout.splitlines()


def steps(lines: list[str]) -> list[str]:
    return [found[1] for line in lines if (found := re.fullmatch(r" *\d+\.\d s  (.*)", line))]


def test_a_screen_shows_every_step_and_the_log_has_all_that_dbt_says(workplace: Workplace) -> None:
    workplace.fill_with_embedded_day()
    status, lines = build(workplace, DATE)
    assert status == 0
    assert len(lines) <= 24
    assert not [line for line in lines if line.startswith("Warning ")]
    *begun, tests = steps(lines)
    assert begun == list(STEPS.values())
    assert re.fullmatch(r"([1-9]\d*) of \1 tests passed", tests)
    day, *places, _ = lines[lines.index("") + 1 :]
    assert day.startswith("2023-05-01: 408 records read, 400 rides, 8 rejected; ")
    assert [line.split()[0] for line in places] == ["Export", "Export", "Report", "Warehouse"]
    assert "is_key_rides_ride_id" in (workplace.folder / "dbt.log").read_text()


def test_a_build_that_stops_shows_how_far_it_came_and_ends_with_one_line(
    workplace: Workplace,
) -> None:
    workplace.write(f"taxi-rides-{DATE}.json", [{"ride_id": 1, "distance": 2, "ride_time": 1}])
    status, lines = build(workplace, DATE)
    assert status == 1
    assert steps(lines)[0] == STEPS["stg_lake__ride_records"]
    assert lines[-2] == ""
    assert lines[-1].startswith("Error: ")
    assert "ride_dist missing" in lines[-1]


def test_a_build_that_cannot_begin_is_one_line(workplace: Workplace) -> None:
    workplace.lake.mkdir()
    status, lines = build(workplace, "2023-02-30")
    assert status == 2
    assert lines == [
        "",
        "Error: date must be a day as YYYYMMDD, not '2023-02-30': "
        "for example dbt build --vars 'date: 20230501'",
    ]


def test_a_warning_of_dbts_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    info = SimpleNamespace(
        name="NoNodeForYamlKey", level="warn", msg="[WARNING]: a patch of nothing"
    )
    Steps().on_event(SimpleNamespace(info=info))
    assert capsys.readouterr().out == "Warning    a patch of nothing\n"

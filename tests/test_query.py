"""`make query`: the published warehouse from the command line, for reading only."""

import os
import subprocess
import sys

from support.workplace import ROOT, Build


def query(build: Build, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dbt_project.query", *arguments],
        cwd=ROOT,
        env={**os.environ, "WAREHOUSE_DIR": str(build.warehouse)},
        input=typed,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_one_query_is_answered(embedded_day: Build) -> None:
    answer = query(embedded_day, "select rides, anomalous_rides from daily_reports")
    assert answer.returncode == 0
    assert "400" in answer.stdout


def test_an_analysis_is_asked_for_by_its_name(embedded_day: Build) -> None:
    asked = query(embedded_day, "worst_rides")
    assert asked.returncode == 0
    heading, _, *lines = [line for line in asked.stdout.splitlines() if line.startswith("│")]
    columns = [name.strip() for name in heading.strip("│").split("│")]
    assert columns[2:7] == [
        "miles",
        "minutes",
        "usual_minutes",
        "miles_per_hour",
        "standard_deviations",
    ]
    assert columns[-1] == "summary"
    assert sum(line.startswith("│ 2023-05-01 │") for line in lines) == 8
    assert query(embedded_day, "days_against_usual").returncode == 0  # asks for a variable


def test_an_unknown_analysis_is_refused_with_the_names_of_those_that_there_are(
    embedded_day: Build,
) -> None:
    asked = query(embedded_day, "worst")
    assert asked.returncode == 1
    assert asked.stderr.startswith("Error: there is no analysis 'worst': there are anomalies_")
    assert "worst_rides" in asked.stderr


def test_a_mistake_is_told_without_a_traceback(embedded_day: Build) -> None:
    answer = query(embedded_day, "select nothing from nowhere")
    assert answer.returncode == 1
    assert "nowhere does not exist" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_without_a_query_duckdb_s_command_line_opens_for_reading_only(embedded_day: Build) -> None:
    answer = query(embedded_day, typed="select count(*) as n from rides;\ndelete from rides;\n")
    assert "400" in answer.stdout
    assert "read-only mode" in answer.stderr
    assert embedded_day.query("select count(*) from rides") == [(400,)]

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

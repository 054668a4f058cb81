"""`dbt source freshness`: how old the day's files are."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, SETTINGS, Workplace


@pytest.mark.parametrize(("hours", "status"), [(1, "pass"), (30, "warn")])
def test_rides_of_more_than_a_day_ago_are_old(
    hours: int, status: str, workplace: Workplace
) -> None:
    workplace.write("taxi-rides-20230501.json", [])
    then = time.time() - hours * 3600
    os.utime(workplace.lake / "taxi-rides-20230501.json", (then, then))
    inherited = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    target = workplace.folder / "target"
    subprocess.run(
        [
            Path(sys.executable).with_name("dbt"),
            *("source", "freshness", "--vars", "date: 20230501"),
            *("--target-path", target, "--log-path", target),
        ],
        cwd=ROOT,
        env={
            **inherited,
            "LAKE_URL": str(workplace.lake),
            "WAREHOUSE_DIR": str(workplace.warehouse),
        },
        capture_output=True,
        check=True,
        timeout=300,
    )
    (result,) = json.loads((target / "sources.json").read_text())["results"]
    assert result["status"] == status
    assert result["max_loaded_at_time_ago_in_s"] == pytest.approx(hours * 3600, abs=600)

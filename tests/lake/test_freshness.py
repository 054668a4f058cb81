"""`dbt source freshness`: how old the day's files are."""

import json
import os
import time

import pytest
from support.warm_python import run_script
from support.workplace import DBT, ROOT, Workplace


@pytest.mark.parametrize(("hours", "status"), [(1, "pass"), (30, "warn")])
def test_rides_of_more_than_a_day_ago_are_old(
    hours: int, status: str, workplace: Workplace
) -> None:
    workplace.write("taxi-rides-20230501.json", [])
    then = time.time() - hours * 3600
    os.utime(workplace.lake / "taxi-rides-20230501.json", (then, then))
    target = workplace.folder / "target"
    asked = run_script(
        DBT,
        *("source", "freshness", "--vars", "date: 20230501"),
        *("--target-path", target, "--log-path", target),
        cwd=ROOT,
        env=workplace.environment(),
    )
    assert asked.returncode == 0, asked.stdout
    (result,) = json.loads((target / "sources.json").read_text())["results"]
    assert result["status"] == status
    assert result["max_loaded_at_time_ago_in_s"] == pytest.approx(hours * 3600, abs=600)

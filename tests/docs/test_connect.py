"""What `docs/connect.md` tells an analyst to install is enough for what it shows."""

import json
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from support.warm_python import run_script
from support.workplace import DBT, ROOT, Build, Workplace, environment_without_settings

PAGE = (ROOT / "docs" / "connect.md").read_text(encoding="utf-8")
(PYTHON,) = re.findall(r"## Python\n(.*?)\n## ", PAGE, re.S)
(TIMES,) = re.findall(r"## Times\n(.*?)\n## ", PAGE, re.S)


def with_what_they_need(names: list[str]) -> set[str]:
    """These packages and all that come with them."""
    found: set[str] = set()
    while names:
        name = names.pop()
        if name not in found:
            found.add(name)
            needed = map(Requirement, distribution(name).requires or ())
            names += [
                one.name for one in needed if not one.marker or one.marker.evaluate({"extra": ""})
            ]
    return found


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder with the packages that the page names, and no others."""
    (names,) = re.findall(r"^    pip install (.*)$", PYTHON, re.M)
    for name in with_what_they_need(names.split()):
        for file in distribution(name).files or ():
            top = tmp_path / file.parts[0]
            if file.parts[0] != ".." and not top.exists():
                top.symlink_to(distribution(name).locate_file(file.parts[0]))
    return tmp_path


def test_the_packages_that_are_named_are_enough(packages: Path, embedded_day: Build) -> None:
    code = re.findall(r"^    (?!pip )(.*)$", PYTHON, re.M)
    check = "print(len(rides), len(taxi.sql('from rides').fetchall()))"
    head = f"import sys; sys.path.insert(0, {str(packages)!r})"
    analyst = subprocess.run(
        [sys.executable, "-I", "-S", "-c", "\n".join([head, *code, check])],
        cwd=embedded_day.warehouse.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert analyst.returncode == 0, analyst.stderr
    assert analyst.stdout == "400 400\n"


def test_hours_are_the_citys_as_the_page_says(embedded_day: Build) -> None:
    shifted = "select count(*) from rides where hour(pickup_at) != hour(pickup_local)"
    rides = "select count(*) from rides where pickup_at is not null"
    set_zone, by_hour = re.findall(r"^    (.*;)$", TIMES, re.M)
    with embedded_day.published.connect() as connection:
        ((n_rides,),) = connection.execute(rides).fetchall()
        connection.execute("set timezone = 'Asia/Tokyo'")
        assert connection.execute(shifted).fetchall() == [(n_rides,)]
        hours = connection.execute(by_hour).fetchall()
        connection.execute(set_zone)
        assert connection.execute(shifted).fetchall() == [(0,)]
        assert sorted(connection.execute(by_hour).fetchall()) == sorted(hours)


def test_a_question_that_is_already_asked_is_answered_with_its_summaries_whole(
    embedded_day: Build, tmp_path: Path
) -> None:
    (command,) = re.findall(r"^    \.venv/bin/dbt (show .*)$", PAGE, re.M)
    whole = run_script(
        DBT,
        *command.split(),
        *Workplace(tmp_path).places_of_dbt(),
        cwd=ROOT,
        env={**environment_without_settings(), "WAREHOUSE_DIR": str(embedded_day.warehouse)},
    ).stdout
    rows = json.loads(whole[whole.index("{") :])["show"]
    told = "select ride_id, summary from anomalous_rides"
    assert {(row["ride_id"], row["summary"]) for row in rows} == set(embedded_day.query(told))

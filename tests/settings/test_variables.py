"""A variable that cannot be used is refused in one line that names it; nothing is written."""

import re
from pathlib import Path
from typing import Any

import pytest
from support.workplace import ROOT, Workplace

from dbt_project.settings.reference import reference
from dbt_project.settings.variables import load_variables

PROJECT_FILE = ROOT / "dbt_project.yml"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"eps": "wide"}, "eps in --vars: .* number.* found 'wide'"),
        ({"eps": "0.3"}, "eps in --vars: .* number, found '0.3'"),
        ({"min_samples": True}, "min_samples in --vars: .* integer, found True"),
        ({"clustering_features": "ride_dist"}, "clustering_features in --vars: .* list"),
        ({"city": "Leith\nSubject: x"}, "city in --vars: expected a text on one line"),
        ({"city": 5}, "city in --vars: .* string, found 5"),
        ({"eps": 0}, "eps in --vars: .* greater than 0, found 0"),
        ({"min_samples": 2.5}, "min_samples in --vars: .* integer.* found 2.5"),
        ({"max_ride_miles": "1; drop table rides"}, "max_ride_miles in --vars: .* number"),
        ({"city": "  "}, "city in --vars: .* at least 1 character"),
        ({"time_zone": "Mars/Olympus"}, "time_zone in --vars: expected a time zone such as"),
        ({"time_zone": "../etc"}, "time_zone in --vars: expected a time zone such as"),
        ({"context_minutes": None}, "context_minutes in --vars: .* integer"),
        ({"clustering_features": ["speed"]}, "clustering_features .*'ride_time', found 'speed'"),
        ({"clustering_scale": "square"}, "clustering_scale .*'standard' or 'log', found 'square'"),
        ({"min_sample": 10}, "there is no variable min_sample: docs/configuration.md"),
        ({"min_effect_days": 57}, "min_effect_days not to be above effect_days"),
        ({"severity_clear": 9}, "severity_clear not to be above severity_extreme"),
        ({"impossible_mph": 1}, "hardly_moving_mph not to be above impossible_mph"),
        ({"warn_rejected_share": 0.9}, "warn_rejected_share not to be above max_rejected_share"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        load_variables(given, PROJECT_FILE)
    assert "\n" not in str(refused.value)


def test_what_is_given_for_a_build_stands_before_the_file() -> None:
    assert load_variables({"city": "Leith"}, PROJECT_FILE).city == "Leith"
    assert load_variables({}, PROJECT_FILE).city == "Glasgow"


def test_a_mistake_in_the_file_names_the_file(tmp_path: Path) -> None:
    broken = tmp_path / "dbt_project.yml"
    broken.write_text(re.sub("eps: .*", "eps: none", PROJECT_FILE.read_text()))
    with pytest.raises(ValueError, match=re.escape(f"eps in {broken}: ")):
        load_variables({}, broken)


def test_a_build_refuses_it_and_writes_nothing(workplace: Workplace) -> None:
    build = workplace.build("{date: 20230501, min_sample: 5}")
    assert build.completed.returncode != 0
    assert build.last_line.startswith("Error: there is no variable min_sample")
    assert not workplace.warehouse.exists()


def test_the_reference_of_settings_is_what_the_definitions_say() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page == reference(), (
        "run python -m dbt_project.settings.reference > docs/configuration.md"
    )

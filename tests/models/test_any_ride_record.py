"""Any JSON at all in the rides file ends in clean or rejected; what is clean is exported whole.

The models' own SQL, as a build has compiled it, runs over files that hypothesis makes up: a build
for each would take hours.
"""

import datetime
import json
import math
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.workplace import Workplace

from dbt_project.lake.check import check_files
from dbt_project.lake.files import list_day
from dbt_project.settings.lake_url import LakeUrl

DATE = "20230501"
GOOD = {"ride_id": "good", "ride_dist": 1, "ride_time": 1}
# in the order in which a build makes them
MODELS = {
    "staging": ["stg_lake__ride_records", "stg_lake__rides"],
    "intermediate": [
        "int_rides_checked",
        "int_rides_repeated",
        "int_rides_cleaned",
        "int_rides_rejected",
    ],
}

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=8,
)
usable = {
    "ride_id": st.sampled_from(["a", "b", 1, 2**70]) | st.text(min_size=1) | st.integers(),
    "ride_dist": st.floats(0, 1000) | st.integers(0, 1000),
    "ride_time": st.floats(0.01, 72) | st.integers(1, 72),
}
others = {
    "pickup_at": st.datetimes().map(str) | st.text(string.digits + "-:TZ+. ") | any_json,
    **dict.fromkeys(["area", "news", "weather", "traffic", "label", "inf", "tip"], any_json),
}
numbers = st.floats() | st.integers() | any_json
rides = st.fixed_dictionaries(usable, optional=others) | st.fixed_dictionaries(
    {}, optional={"ride_id": any_json, "ride_dist": numbers, "ride_time": numbers, **others}
)
records = st.lists(rides | any_json, max_size=8)


class Lake:
    """A rides file, and the product's SQL over it."""

    def __init__(self, file: Path, compiled: Path) -> None:
        self.file = file
        self.connection = duckdb.connect()
        self.connection.execute("ATTACH ':memory:' AS staging")
        self.connection.execute("ATTACH ':memory:' AS build")
        self.models = {}
        for schema, names in MODELS.items():
            self.connection.execute(f"CREATE SCHEMA staging.{schema}")
            for name in names:
                self.models[f"staging.{schema}.{name}"] = (
                    compiled / schema / f"{name}.sql"
                ).read_text()
        self.export = (compiled / "exports" / "clustered_data.sql").read_text()

    def read(self, content: str) -> None:
        """Write the file, and make of it what a build makes."""
        self.file.write_text(content, encoding="utf-8")
        lake = LakeUrl.parse(str(self.file.parent))
        day = list_day(self.connection, lake, datetime.date(2023, 5, 1))
        formats = check_files(self.connection, day)
        read = f"format = '{formats.get(str(self.file), 'auto')}'"
        for name, sql in self.models.items():
            sql = sql.replace("format = 'array'", read)
            self.connection.execute(f"CREATE OR REPLACE TABLE {name} AS {sql}")
        self.connection.execute(
            "CREATE OR REPLACE TABLE build.main.rides AS SELECT *, 7 AS label, "
            "date '2023-05-01' AS ride_date FROM staging.intermediate.int_rides_cleaned"
        )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    workplace = Workplace(tmp_path_factory.mktemp("any"))
    workplace.write(f"taxi-rides-{DATE}.json", [GOOD])
    part = ("--indirect-selection", "cautious", "--select", "+clustered_data", "int_rides_rejected")
    workplace.build_day(DATE, *part)
    compiled = workplace.folder / "target" / "compiled" / "etml" / "models"
    return Lake(workplace.lake / f"taxi-rides-{DATE}.json", compiled)


def strict(value: Any) -> Any:
    """What an export makes of a value: JSON has no NaN and no infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [strict(item) for item in value]
    if isinstance(value, dict):
        return {key: strict(item) for key, item in value.items()}
    return value


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def assert_nothing_is_lost(lake: Lake, expected: int) -> tuple[set[int], set[int]]:
    clean = lake.query("select record_number from staging.intermediate.int_rides_cleaned")
    rejected = lake.query(
        "select record_number from staging.intermediate.int_rides_rejected where reason != ''"
    )
    numbers = [number for (number,) in clean + rejected]
    assert sorted(numbers) == list(range(1, expected + 1))
    return {number for (number,) in clean}, {number for (number,) in rejected}


@pytest.mark.parametrize("write", [json.dumps, lambda rides: json.dumps(rides, indent=1)])
@settings(max_examples=60, deadline=None)
@given(records=records)
def test_any_json_is_clean_or_rejected_and_kept_as_it_came(
    lake: Lake, write: Callable[[list[Any]], str], records: list[Any]
) -> None:
    lake.read(write(records))
    clean, _ = assert_nothing_is_lost(lake, len(records))
    rejected = lake.query(
        "select record_number, record from staging.intermediate.int_rides_rejected"
    )
    for number, text in rejected:
        assert json.dumps(json.loads(text)) == json.dumps(records[number - 1])
    usable = lake.query(
        "select ride_id, ride_dist, ride_time from staging.intermediate.int_rides_cleaned"
    )
    assert len({name for name, _, _ in usable}) == len(usable)
    assert all(0 <= miles <= 1000 and 0 < hours <= 72 for _, miles, hours in usable)
    exported = [json.loads(text, parse_constant=refuse) for (text,) in lake.query(lake.export)]
    assert exported == [strict(records[number - 1]) | {"label": 7} for number in sorted(clean)]


lines = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\n"))
    | (rides | any_json).map(json.dumps),
    max_size=8,
)


@settings(max_examples=100, deadline=None)
@given(lines=lines)
@example(lines=['{"ride_id": 1,}', "{}{}", "\x00", "\ufeff{}", "[", '"\\ud800"', "'", "//"])
def test_any_line_is_clean_or_rejected(lake: Lake, lines: list[str]) -> None:
    lines = [json.dumps(GOOD), *lines]
    lake.read("\n".join(lines))
    assert_nothing_is_lost(lake, sum(line.strip(" \t\r") != "" for line in lines))

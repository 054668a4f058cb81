"""Every analysis runs as it is on the published warehouse, and says what it promises."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.warm_python import run_script
from support.workplace import DBT, ROOT, Build, environment_without_settings

ANALYSES = sorted(path.stem for path in (ROOT / "analyses").glob("*.sql"))
# Of the embedded day nothing is to be doubted, and no two anomalies share their circumstances.
WITHOUT_AN_ANSWER = {"days_to_doubt", "shared_circumstances"}
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def month(embedded_day: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse of 28 days, each the embedded day with another date."""
    folder = tmp_path_factory.mktemp("month")
    shutil.copy(embedded_day.warehouse / "taxi.duckdb", folder)
    with duckdb.connect(str(folder / "taxi.duckdb")) as warehouse:
        tables = warehouse.execute("select table_name from duckdb_tables()").fetchall()
        for (table,) in tables:
            times = ", ".join(
                f"{column} + interval (n) days as {column}"
                for column in ("pickup_at", "pickup_local")
                if (column,)
                in warehouse.execute(
                    "select column_name from duckdb_columns() where table_name = ?", [table]
                ).fetchall()
            )
            replaced = ", ".join(filter(None, ["(ride_date + n::int)::date as ride_date", times]))
            warehouse.execute(
                f"insert into {table} select * exclude (n) replace ({replaced}) "
                f"from {table} cross join range(1, 28) as later(n)"
            )
    return folder


@pytest.fixture(scope="module")
def ask(month: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Rows]:
    """Compile all analyses with dbt, and run one by its name."""
    target = tmp_path_factory.mktemp("target")
    compiled = run_script(
        DBT,
        *("compile", "--target", "published", "--select", "path:analyses"),
        *("--target-path", target, "--log-path", target),
        cwd=ROOT,
        env={**environment_without_settings(), "WAREHOUSE_DIR": str(month)},
    )
    assert compiled.returncode == 0, compiled.stdout

    def run(name: str) -> Rows:
        sql = (target / "compiled" / "etml" / "analyses" / f"{name}.sql").read_text()
        with duckdb.connect(str(month / "taxi.duckdb"), read_only=True) as warehouse:
            answer = warehouse.sql(sql)
            return [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]

    return run


@pytest.mark.parametrize("name", ANALYSES)
def test_an_analysis_runs_and_answers(name: str, ask: Callable[[str], Rows]) -> None:
    assert bool(ask(name)) != (name in WITHOUT_AN_ANSWER)


def test_the_week_s_anomalies_are_those_of_seven_days(ask: Callable[[str], Rows]) -> None:
    assert sum(row["rides"] for row in ask("anomalies_this_week")) == 7 * 8


def test_days_like_all_others_are_as_usual(ask: Callable[[str], Rows]) -> None:
    first, *later = ask("days_against_usual")
    assert first["percent_above_usual_rides"] is None
    assert {row["percent_above_usual_rides"] for row in later} == {0}
    assert {row["anomalous_percent"] for row in later} == {2}


def test_normal_ranges_are_of_the_normal_rides(ask: Callable[[str], Rows]) -> None:
    hours = ask("normal_range_by_hour")
    assert sum(row["normal_rides"] for row in hours) == 28 * (400 - 8)
    assert all(row["miles_from"] <= row["miles_median"] <= row["miles_to"] for row in hours)


@pytest.mark.parametrize(
    "name", ["anomalies_and_rain", "anomalies_and_traffic", "anomalies_by_area"]
)
def test_every_ride_is_on_one_side(name: str, ask: Callable[[str], Rows]) -> None:
    assert sum(row["rides"] for row in ask(name)) == 28 * 400


def test_the_worst_rides_come_first(ask: Callable[[str], Rows]) -> None:
    distances = [row["standard_deviations"] for row in ask("worst_rides")]
    assert len(distances) == 20
    assert distances == sorted(distances, reverse=True)


def test_rejected_records_are_counted_by_their_reason(ask: Callable[[str], Rows]) -> None:
    rows = ask("rejected_by_reason")
    assert sum(row["records"] for row in rows) == 28 * 8


def test_nothing_is_spent_without_a_model(ask: Callable[[str], Rows]) -> None:
    (may,) = ask("cost_of_summaries_by_month")
    assert (may["days_built"], may["llm_calls"], may["usd"]) == (28, 0, 0)

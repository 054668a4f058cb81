"""What the closing lines say, and that nothing keeps them from saying it."""

import datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from dbt_project.plugin.closing_lines import ClosingLines, first_rows
from dbt_project.warehouse.file import WarehouseFile


def tell(closing_lines: ClosingLines, name: str, **data: object) -> None:
    """An event of dbt."""
    closing_lines.on_event(
        SimpleNamespace(info=SimpleNamespace(name=name), data=SimpleNamespace(**data))
    )


def finished(name: str, kind: str, status: str) -> dict[str, object]:
    node = SimpleNamespace(node_name=name, resource_type=kind, materialized="table")
    result = SimpleNamespace(status=status, num_failures=2, message="2 rows")
    return {"node_info": node, "run_result": result}


def test_the_first_rows_that_break_a_rule_are_told_rides_by_their_id() -> None:
    sql = (
        "select date '2023-05-01' as ride_date, -1.0 as ride_dist, range as record_number, "
        "'r' || range as ride_id from range(5) order by record_number;\n"
    )
    assert first_rows(duckdb.connect(), sql) == (
        "ride_id r0, record_number 0, ride_dist -1.0; "
        "ride_id r1, record_number 1, ride_dist -1.0; "
        "ride_id r2, record_number 2, ride_dist -1.0; ..."
    )


def test_a_test_that_only_warns_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    closing_lines = ClosingLines()
    warned = finished("rule", "test", "warn")
    tell(closing_lines, "NodeFinished", **warned)
    tell(closing_lines, "SQLCompiledPath", node_info=warned["node_info"], path="target/rule.sql")
    tell(closing_lines, "CommandCompleted", success=True)
    assert capsys.readouterr().out == ""


def test_the_first_failure_is_told_even_if_its_rows_cannot_be(
    capsys: pytest.CaptureFixture[str],
) -> None:
    closing_lines = ClosingLines()
    closing_lines.warehouse = duckdb.connect()
    first, second = finished("rule", "test", "fail"), finished("rides", "model", "error")
    tell(closing_lines, "NodeFinished", **first)
    tell(closing_lines, "SQLCompiledPath", node_info=first["node_info"], path="nowhere/rule.sql")
    tell(closing_lines, "NodeFinished", **second)
    tell(closing_lines, "CommandCompleted", success=False)
    assert capsys.readouterr().out == "\nError: rule: 2 rows break this rule\n"


def test_a_published_day_that_cannot_be_read_back_is_told_as_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taxi.duckdb").write_text("lost a moment after it was published")
    closing_lines = ClosingLines()
    closing_lines.expect_day(
        datetime.date(2023, 5, 1), str(tmp_path), "lake", WarehouseFile(tmp_path / "taxi.duckdb")
    )
    tell(closing_lines, "NodeFinished", **finished("published_warehouse", "model", "success"))
    tell(closing_lines, "CommandCompleted", success=True)
    said = capsys.readouterr().out
    assert "2023-05-01: published, but cannot be read back: " in said
    assert f"Warehouse  {tmp_path / 'taxi.duckdb'}" in said

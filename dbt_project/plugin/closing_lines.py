"""The last lines of a build: what it did, or in one line what went wrong."""

import datetime
import os
import sys
from pathlib import Path
from typing import Any

import duckdb
from dbt_common.events.base_types import EventMsg

from dbt_project.errors import caused_by_users, line_of, one_line
from dbt_project.plugin.listeners import listener_of_this_command
from dbt_project.published import Published
from dbt_project.report import report_name
from dbt_project.settings.environment import PROJECT


class ClosingLines:
    """Listens to dbt's events and prints the closing lines when the command is complete.

    dbt prints its own summary after the last hook of a run. Only an event comes later, because dbt
    fires one for everything that it logs.
    """

    def __init__(self) -> None:
        self.ride_date: datetime.date | None = None
        self.exports: list[str] = []
        self.has_report = self.is_published = False
        self.failures: list[str] = []
        self.refusal = ""
        """The errors that kept the warehouse from being opened."""
        self.warehouse: duckdb.DuckDBPyConnection | None = None
        self.broken_rule: Path | None = None

    @classmethod
    def of_this_command(cls) -> "ClosingLines":
        """The closing lines of the current command."""
        return listener_of_this_command(cls)

    def expect_day(
        self,
        ride_date: datetime.date,
        warehouse_dir: str,
        lake_output_url: str,
        published: Published,
    ) -> None:
        """Say which day is built, and where its results go."""
        self.ride_date = ride_date
        self.warehouse_dir = warehouse_dir
        self.lake_output_url = lake_output_url
        self.published = published

    def on_event(self, event: EventMsg) -> None:
        """Handle an event of dbt. Print after the last one."""
        match event.info.name:
            case "NodeFinished":
                self._note_result(event)
            case "SQLCompiledPath":
                self._note_broken_rule(event)
            case "MainEncounteredError":
                self.failures.append(one_line(event.data.exc))
            case "CommandCompleted":
                self._print(event.data.success)

    def _note_result(self, event: EventMsg) -> None:
        node, result = event.data.node_info, event.data.run_result
        if result.status == "fail" and node.resource_type == "test":
            self.failures.append(f"{node.node_name}: {result.num_failures} rows break this rule")
        elif result.status in ("error", "fail", "runtime error"):
            self.failures.append(f"{node.node_name}: {one_line(result.message)}")
        elif result.status == "success" and node.materialized == "lake_json":
            self.exports.append(node.node_name)
        elif result.status == "success" and node.node_name == "report":
            self.has_report = True
        elif result.status == "success" and node.node_name == "published_warehouse":
            self.is_published = True

    def _note_broken_rule(self, event: EventMsg) -> None:
        node = event.data.node_info
        first = self.failures[0] if self.failures else ""  # a test that only warns has a path too
        if node.resource_type == "test" and first.startswith(f"{node.node_name}: "):
            self.broken_rule = PROJECT / event.data.path

    def _print(self, is_success: bool) -> None:
        if self.failures:
            print(f"\nError: {self.failures[0]}{self._offenders()}", flush=True)
        elif is_success and self.ride_date:
            print("\n" + "\n".join(self._what_was_done(self.ride_date)), flush=True)

    def _offenders(self) -> str:
        if not (self.broken_rule and self.warehouse):
            return ""
        try:
            return f": {first_rows(self.warehouse, self.broken_rule.read_text())}"
        except caused_by_users():  # the message is about the rule, not about this error
            return ""

    def _what_was_done(self, ride_date: datetime.date) -> list[str]:
        folder = self.lake_output_url.rstrip("/")
        lines = [f"Export     {folder}/{name}_{ride_date:%Y%m%d}.json" for name in self.exports]
        if self.has_report:
            lines.append(f"Report     {Path(self.warehouse_dir) / report_name(ride_date)}")
        if self.is_published:
            warehouse = f"Warehouse  {self.published.name}"
            lines = [*self._day_in_words(ride_date), *lines, warehouse]
            if Path.cwd() == PROJECT:  # only there the command of the next line works
                query = f"select * from anomalous_rides where ride_date = '{ride_date}'"
                python = os.path.relpath(sys.executable)
                lines.append(f'Look       {python} -m dbt_project.query "{query}"')
        else:
            lines.append("Published  nothing: this command builds a part of the day")
        return lines

    def _day_in_words(self, ride_date: datetime.date) -> list[str]:
        try:
            return describe_day(self.published, ride_date)
        except caused_by_users() as error:
            return [f"{ride_date}: published, but cannot be read back: {line_of(error)}"]


def describe_day(published: Published, ride_date: datetime.date) -> list[str]:
    """Describe a published day in one line, and add a line for each of its warnings."""
    with published.connect() as connection:
        report = connection.execute(
            "SELECT records_read, rides, rejected_rides, anomalous_rides, anomalous_share, "
            "warnings FROM daily_reports WHERE ride_date = ?",
            [ride_date],
        ).fetchone()
    assert report is not None, "the day was published a moment ago"
    read, rides, rejected, anomalous, share, warnings = report
    counts = f"{read:,} records read, {rides:,} rides, {rejected:,} rejected"
    anomalies = f"{anomalous:,} anomalous" + (f" ({share:.1%})" if rides else "")
    return [f"{ride_date}: {counts}; {anomalies}."] + [f"Warning    {text}" for text in warnings]


def first_rows(connection: duckdb.DuckDBPyConnection, sql: str, limit: int = 3) -> str:
    """Describe the first rows of a query. A ride is named by its id and record, if it has them.

    Parameters
    ----------
    connection
        The connection of dbt to its warehouse.
    sql
        Query of a data test: the rows that break its rule.
    limit
        The number of rows to describe.
    """
    rows = connection.sql(f"SELECT * FROM ({sql.rstrip().rstrip(';')}) LIMIT {limit + 1}")
    names, found = rows.columns, rows.fetchall()
    told = [_row_in_words(dict(zip(names, row, strict=True))) for row in found[:limit]]
    return "; ".join(told + ["..."] * (len(found) > limit))


def _row_in_words(row: dict[str, Any]) -> str:
    who = [name for name in ("ride_id", "record_number") if name in row]
    others = [name for name in row if name not in who and name != "ride_date"]
    return ", ".join(f"{name} {row[name]}" for name in who + others[:4])

"""The day in the working tables, and which of its models are built and tested.

A build delivers only what is made from a whole, tested day, to the lake and to the published
warehouse. Several commands may build a day, each a part of the graph. So a table beside the working
tables records what each command has built and tested. A record is removed as soon as something
before it is built again.
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Collection
from dataclasses import dataclass

import duckdb
from dbt_common.events.base_types import EventMsg

from dbt_project.errors import UserError
from dbt_project.plugin.graph import Graph
from dbt_project.plugin.listeners import listener_of_this_command

RECORDS = "stg_lake__ride_records"
"""The first model of a day."""

BUILD_ALL = "build all of it"
"""A part of the message of every command that lacks what others should have built."""

_TABLE = "staging.staging.working_day"
_TOKEN = "build.working_day.token"
_MAKE_TABLES = f"""
CREATE SCHEMA IF NOT EXISTS staging.staging;
CREATE TABLE IF NOT EXISTS {_TABLE} (
    ride_date DATE,
    inputs VARCHAR,      -- the files that the ride records were read from
    variables VARCHAR,   -- what dbt_project.yml and --vars say
    finished VARCHAR[],  -- models that are built and tests that have passed
    token VARCHAR        -- the same in both files, unless one of them was put there since
);
CREATE SCHEMA IF NOT EXISTS build.working_day;
CREATE TABLE IF NOT EXISTS {_TOKEN} (token VARCHAR);
"""


@dataclass(frozen=True)
class Day:
    """A day as it is built: its date, the files in the lake and the variables."""

    ride_date: datetime.date
    inputs: str
    variables: str


class WorkingDay:
    """Records what is built and tested. Each command has one.

    While a command is at work, the table says that nothing is built. So a killed command leaves no
    false record.
    """

    def __init__(self) -> None:
        self.connection: duckdb.DuckDBPyConnection | None = None
        """dbt's connection, for the end of the command."""
        self.day: Day | None = None
        self._given: Day | None = None
        self._option = ""
        self._graph: Graph | None = None
        self._finished: set[str] = set()

    @classmethod
    def of_this_command(cls) -> WorkingDay:
        """The record of the current command."""
        return listener_of_this_command(cls)

    def begin(
        self,
        connection: duckdb.DuckDBPyConnection,
        graph: Graph,
        given: Day,
        selected: Collection[str],
        option: str,
    ) -> None:
        """Check that a command can continue from the working tables, and may do what it is asked.

        Parameters
        ----------
        connection
            A connection to the working files.
        given
            The day that the command is for.
        selected
            The nodes that it runs. Empty if dbt does not say, which happens in a retry.
        option
            An option with which it reads only some of the rows, such as ``--empty``; else empty.

        Raises
        ------
        UserError
            One line, if the working tables hold another day, or if an export would be made from a
            day that is not whole. Nothing is written.
        """
        connection.execute(_MAKE_TABLES)
        day, finished = _read(connection)
        records = graph.id_of(RECORDS)
        if records in selected:
            finished = finished if day == given else set()
            day = given
        elif day is None or (selected and records not in finished):
            raise _another_day("no day", given)
        elif day.ride_date != given.ride_date:
            raise _another_day(str(day.ride_date), given)
        elif day.variables != given.variables:
            raise _another_day(f"{day.ride_date} with other variables", given)
        left = finished - graph.after(selected)
        for export in graph.in_order(graph.exports & set(selected)):
            missing = graph.before(export) - left - set(selected)
            if why := _why_not_whole(graph.in_order(missing), option):
                raise UserError(f"{_name(export)}: {_refusal(why, given)}")
        self.day, self._given, self._option = day, given, option
        self._graph, self._finished = graph, finished
        _write(connection, day, [])

    def forget(self, models: Collection[str]) -> None:
        """Remove the records of models that have changed, and of everything made from them."""
        assert self._graph is not None, "the command has begun"
        names = [self._graph.id_of(model) for model in models]
        self._finished -= self._graph.after(names)

    def whole(self, export: str) -> Day:
        """Return the day, for an export that is about to be written.

        Raises
        ------
        UserError
            One line, if something before the export is not built and tested.
        """
        assert self._graph is not None, "the command has begun"
        assert self.day is not None, "the command has begun"
        missing = self._graph.before(self._graph.id_of(export)) - self._finished
        if why := _why_not_whole(self._graph.in_order(missing), self._option):
            raise UserError(_refusal(why, self.day))
        return self.day

    def on_event(self, event: EventMsg) -> None:
        """Handle an event of dbt."""
        if self._graph is None:
            return
        match event.info.name:
            case "NodeStart":
                self._note_start(event.data.node_info.unique_id, self._graph)
            case "NodeFinished":
                self._note_end(event.data.node_info.unique_id, event.data.run_result.status)
            case "CommandCompleted":
                self._keep()

    def _note_start(self, node: str, graph: Graph) -> None:
        self._finished -= graph.after([node])
        if node == graph.id_of(RECORDS):
            self.day = self._given

    def _note_end(self, node: str, status: str) -> None:
        if status in ("success", "pass", "warn") and not self._option:
            self._finished.add(node)

    def _keep(self) -> None:
        if self.connection is None or self.day is None:
            return
        try:
            _write(self.connection.cursor(), self.day, sorted(self._finished))
        except duckdb.Error as error:  # the table then still says that nothing is built
            print(f"\nWarning: {_TABLE} could not be written: {error}", flush=True)


def ride_date() -> datetime.date:
    """Return the day that the command is for, while models are built.

    A model takes the day from here and not from its YAML. So it is the same for every day to dbt,
    and many days can be built after the project was read once.
    """
    day = WorkingDay.of_this_command().day
    assert day is not None, "the command has begun"
    return day.ride_date


def whole_day(export: str) -> Day:
    """Return the day, for an export that is about to be written; see `WorkingDay.whole`."""
    return WorkingDay.of_this_command().whole(export)


def _read(connection: duckdb.DuckDBPyConnection) -> tuple[Day | None, set[str]]:
    query = "SELECT ride_date, inputs, variables, finished FROM {} SEMI JOIN {} USING (token)"
    row = connection.execute(query.format(_TABLE, _TOKEN)).fetchone()
    return (Day(*row[:3]), set(row[3])) if row else (None, set())


def _write(connection: duckdb.DuckDBPyConnection, day: Day, finished: list[str]) -> None:
    token = secrets.token_hex(8)
    row = [day.ride_date, day.inputs, day.variables, finished, token]
    connection.execute(_MAKE_TABLES)  # publishing removes everything but marts from build.duckdb
    for table, values in ((_TOKEN, [token]), (_TABLE, row)):
        connection.execute("BEGIN")
        connection.execute(f"DELETE FROM {table}")
        connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' for _ in values)})", values)
        connection.execute("COMMIT")


def _why_not_whole(missing: list[str], option: str) -> str:
    if option:
        return f"with {option}"
    if not missing:
        return ""
    first, *others = missing
    return f"without {_name(first)}{f' and {len(others)} more' if others else ''}"


def _refusal(why: str, day: Day) -> str:
    return (
        f"not replaced, because {why} the day is not whole and tested. To export and publish, "
        f"{BUILD_ALL}: {_command(day)}. To build without exports: --exclude config.schema:exports"
    )


def _another_day(held: str, day: Day) -> UserError:
    return UserError(
        f"the working tables hold {held}, not {day.ride_date}: {BUILD_ALL}, {_command(day)}"
    )


def _command(day: Day) -> str:
    return f"dbt build --vars 'date: {day.ride_date:%Y%m%d}'"


def _name(node: str) -> str:
    return node.split(".")[2]

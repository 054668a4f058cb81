"""Publish a day to the lakehouse, and fetch the history that a build needs from it."""

from __future__ import annotations

import contextlib
import datetime
import random
import time
from collections.abc import Iterator

import duckdb
import pandas as pd

from dbt_project.errors import one_line
from dbt_project.lakehouse.locks import alone, check_held
from dbt_project.lakehouse.place import ALIAS, Lakehouse, LakehouseError
from dbt_project.lakehouse.tables import content, make_like, table_names
from dbt_project.sql import Schema, sql_text
from dbt_project.warehouse.file import LEDGER

DAY_BUILDS = "day_builds"
"""The table beside a city's marts. It says when each day was published, and from which files."""

HISTORY = ("daily_reports", LEDGER)
"""The marts of which a build reads other days. They are fetched whole."""

HISTORY_BESIDE_THE_DAY = ("area_days", "circumstance_counts", "ride_verdicts")
"""Those that it reads together with the day's own rows, which stay."""

_MAKE_DAY_BUILDS = (
    "CREATE TABLE {table} (ride_date DATE NOT NULL, inputs VARCHAR, published_at TIMESTAMPTZ)",
    "COMMENT ON TABLE {table} IS 'When each day was published, and from which files of the lake.'",
    "COMMENT ON COLUMN {table}.ride_date IS 'The day.'",
    "COMMENT ON COLUMN {table}.inputs IS 'The files: path, size in bytes, time of change; JSON.'",
    "COMMENT ON COLUMN {table}.published_at IS 'When its latest build was published.'",
)

_ATTEMPTS = 5


def fetch_history(
    connection: duckdb.DuckDBPyConnection,
    lakehouse: Lakehouse,
    schema: str,
    marts: Schema,
    ride_date: datetime.date,
) -> None:
    """Copy what a build reads about other days into its own database. Remove everything else.

    Parameters
    ----------
    schema
        The city's schema in the lakehouse. It need not exist yet.
    marts
        Where the build makes its marts. Earlier builds on this machine may have left some.
    ride_date
        The day that is built. Its rows stay, because a build of a part of the graph needs them.

    Raises
    ------
    LakehouseError
        If the lakehouse cannot be reached.
    """
    source = Schema(ALIAS, schema)
    of_other_days = f"ride_date != DATE '{ride_date}'"
    make_catalog(connection, lakehouse)
    with lakehouse.attached(connection):
        for name in table_names(connection, marts):
            gone = "true" if name in HISTORY else of_other_days
            connection.execute(f"DELETE FROM {marts.table(name)} WHERE {gone}")
        present = table_names(connection, source)
        for name in (*HISTORY, *HISTORY_BESIDE_THE_DAY):
            if name in present:
                make_like(connection, name, source, marts)
                rows = "true" if name in HISTORY else of_other_days
                connection.execute(
                    f"INSERT INTO {marts.table(name)} BY NAME FROM {source.table(name)} "
                    f"WHERE {rows}"
                )


def make_catalog(connection: duckdb.DuckDBPyConnection, lakehouse: Lakehouse) -> None:
    """Make the tables of the catalog if there are none. One process does it, others wait."""
    with alone(lakehouse), lakehouse.attached(connection):
        pass


def publish_day(
    connection: duckdb.DuckDBPyConnection,
    lakehouse: Lakehouse,
    schema: str,
    marts: Schema,
    ride_date: datetime.date,
    inputs: str | None,
) -> pd.DataFrame:
    """Replace a day in the lakehouse, in all marts, in one transaction.

    The transaction is retried if it conflicts with other cities' transactions, or if the connection
    is lost. It is idempotent, because it replaces the day.

    Parameters
    ----------
    connection
        A separate connection to dbt's database, so that it sees what is committed.
    lakehouse, schema
        The lakehouse and the city's schema in it, locked by this process.
    marts
        Where dbt has built the marts.
    ride_date
        The day that is built.
    inputs
        The files that it was built from, in the form of `inputs_text`.

    Returns
    -------
    pandas.DataFrame
        ``table_name`` and number of ``rows`` of the day, one row for each table.

    Raises
    ------
    LakehouseError
        If the lakehouse cannot be written to. The day is then as it was before.
    """
    for attempt in range(_ATTEMPTS):
        check_held(lakehouse)
        try:
            with lakehouse.attached(connection):
                return _replace_day(connection, Schema(ALIAS, schema), marts, ride_date, inputs)
        except (duckdb.TransactionException, duckdb.IOException) as error:
            if attempt == _ATTEMPTS - 1:
                raise LakehouseError(f"the day was not published: {one_line(str(error))}") from None
            time.sleep(random.uniform(0.5, 2) * 2**attempt)
        except duckdb.Error as error:
            raise LakehouseError(f"the day was not published: {one_line(str(error))}") from None
    raise AssertionError("the last attempt has returned or raised")


def _replace_day(
    connection: duckdb.DuckDBPyConnection,
    target: Schema,
    marts: Schema,
    ride_date: datetime.date,
    inputs: str | None,
) -> pd.DataFrame:
    day = f"DATE '{ride_date}'"
    counts = {}
    with transaction(connection, f"{target.name} {ride_date}"):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {target}")
        for name in table_names(connection, marts):
            make_like(connection, name, marts, target)
            of_day = f"FROM {marts.table(name)} WHERE ride_date = {day}"
            # a row of the ledger belongs to the prompt: another day's build may have renewed it
            replaced = (
                f"prompt_hash IN (SELECT prompt_hash {of_day})"
                if name == LEDGER
                else f"ride_date = {day}"
            )
            connection.execute(f"DELETE FROM {target.table(name)} WHERE {replaced}")
            counted = connection.execute(f"INSERT INTO {target.table(name)} BY NAME {of_day}")
            counts[name] = counted.fetchall()[0][0]
            _look_at_what_was_written(connection, name, target, marts, ride_date)
        note_build(connection, target, ride_date, inputs)
    return pd.DataFrame({"table_name": list(counts), "rows": list(counts.values())})


def _look_at_what_was_written(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    target: Schema,
    marts: Schema,
    ride_date: datetime.date,
) -> None:
    """Read a day back from its objects before it is committed.

    A server may report that it has stored an object although it has not.

    Raises
    ------
    LakehouseError
        If the rows differ from those that were written.
    """
    written, read = (
        content(
            connection, table, marts, f"{schema.table(table)} WHERE ride_date = DATE '{ride_date}'"
        )
        for schema in (marts, target)
    )
    if read != written:
        raise LakehouseError(
            f"the day was not published: {table} reads back otherwise than it was written"
        )


def note_build(
    connection: duckdb.DuckDBPyConnection,
    target: Schema,
    ride_date: datetime.date,
    inputs: str | None,
) -> None:
    """Record in `DAY_BUILDS` when a day was published, and from which files."""
    table = target.table(DAY_BUILDS)
    if DAY_BUILDS not in table_names(connection, target):
        for statement in _MAKE_DAY_BUILDS:
            connection.execute(statement.format(table=table))
    connection.execute(f"DELETE FROM {table} WHERE ride_date = ?", [ride_date])
    connection.execute(f"INSERT INTO {table} VALUES (?, ?, now())", [ride_date, inputs])


@contextlib.contextmanager
def transaction(connection: duckdb.DuckDBPyConnection, message: str) -> Iterator[None]:
    """Make one snapshot of the lakehouse, with a message for people who look back; or none."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute(f"CALL {ALIAS}.set_commit_message('etml', {sql_text(message)})")
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(duckdb.Error):  # a failed COMMIT has already rolled back
            connection.execute("ROLLBACK")
        raise


def published_inputs(lakehouse: Lakehouse, schema: str) -> dict[datetime.date, str | None]:
    """Return the files of each day of a city, in the form of `inputs_text`."""
    source = Schema(ALIAS, schema)
    with duckdb.connect() as connection:
        make_catalog(connection, lakehouse)
        lakehouse.attach(connection)
        if DAY_BUILDS not in table_names(connection, source):
            return {}
        query = f"SELECT ride_date, inputs FROM {source.table(DAY_BUILDS)}"
        return dict(connection.execute(query).fetchall())

"""Give tables in two databases the same columns, not-null rules and comments."""

from __future__ import annotations

from typing import Any

import duckdb

from dbt_project.sql import Schema, quoted, sql_text


def table_names(connection: duckdb.DuckDBPyConnection, schema: Schema) -> list[str]:
    """Return the tables of a schema, ordered by name."""
    query = (
        "SELECT table_name FROM duckdb_tables() "
        "WHERE database_name = ? AND schema_name = ? ORDER BY table_name"
    )
    return [
        name for (name,) in connection.execute(query, [schema.database, schema.name]).fetchall()
    ]


def make_like(
    connection: duckdb.DuckDBPyConnection, name: str, source: Schema, target: Schema
) -> None:
    """Make a table in `target` like the one in `source`, without its rows.

    A table that already exists gets the comments, and the columns that it lacks. They are NULL in
    its rows.
    """
    wanted, present = _columns(connection, name, source), _columns(connection, name, target)
    if not present:
        definitions = ", ".join(
            f"{quoted(column)} {kind}{'' if is_nullable else ' NOT NULL'}"
            for column, (kind, is_nullable, _) in wanted.items()
        )
        connection.execute(f"CREATE TABLE {target.table(name)} ({definitions})")
    for column, (kind, _, _) in wanted.items():
        if present and column not in present:
            connection.execute(
                f"ALTER TABLE {target.table(name)} ADD COLUMN {quoted(column)} {kind}"
            )
    _comment(connection, name, source, target)


def content(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Schema, rows: str
) -> list[tuple[Any, ...]]:
    """Return a fingerprint of the rows of each day, in any order, to compare two tables.

    Parameters
    ----------
    table, columns
        Name of the table, and the schema whose columns are compared. The other schema may have
        more columns.
    rows
        SQL after FROM: the table, and a condition.

    Returns
    -------
    list of tuple
        Day, number of rows and a sum of their hashes, in the order of the days.
    """
    names = ", ".join(quoted(name) for name in _columns(connection, table, columns))
    # a sum, because two equal rows would cancel out in an exclusive or
    query = f"SELECT ride_date, count(*), sum(hash(row({names}))::HUGEINT) FROM {rows}"
    return connection.execute(f"{query} GROUP BY ride_date ORDER BY ride_date").fetchall()


def _columns(
    connection: duckdb.DuckDBPyConnection, table: str, schema: Schema
) -> dict[str, tuple[str, bool, str | None]]:
    """Return type, nullability and comment of each column."""
    rows = connection.execute(
        "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index",
        [schema.database, schema.name, table],
    ).fetchall()
    return {name: (kind, is_nullable, comment) for name, kind, is_nullable, comment in rows}


def _comment(
    connection: duckdb.DuckDBPyConnection, name: str, source: Schema, target: Schema
) -> None:
    present = _columns(connection, name, target)
    for column, (_, _, comment) in _columns(connection, name, source).items():
        if comment and comment != present[column][2]:
            place = f"{target.table(name)}.{quoted(column)}"
            connection.execute(f"COMMENT ON COLUMN {place} IS {sql_text(comment)}")
    comment = _comment_of_table(connection, name, source)
    if comment and comment != _comment_of_table(connection, name, target):
        connection.execute(f"COMMENT ON TABLE {target.table(name)} IS {sql_text(comment)}")


def _comment_of_table(
    connection: duckdb.DuckDBPyConnection, name: str, schema: Schema
) -> str | None:
    query = (
        "SELECT comment FROM duckdb_tables() "
        "WHERE database_name = ? AND schema_name = ? AND table_name = ?"
    )
    found = connection.execute(query, [schema.database, schema.name, name]).fetchone()
    return found[0] if found else None

"""The published warehouse: the copy of the marts that analysts open."""

import os
from pathlib import Path

import duckdb
import pandas as pd

from dbt_project.sql_text import sql_text

PUBLISHED_FILE = "taxi.duckdb"


def publish(connection: duckdb.DuckDBPyConnection, schema: str, warehouse_dir: str) -> pd.DataFrame:
    """Copy every table of a schema, with its comments, and swap the copy in by one atomic rename.

    Whoever has the earlier copy open goes on reading it; whoever opens it afterwards reads this.

    Parameters
    ----------
    connection
        A connection of its own to the database that dbt works in: it sees what is committed.
    schema
        Schema of the marts.
    warehouse_dir
        Folder of the published file.

    Returns
    -------
    pandas.DataFrame
        ``table_name`` and number of ``rows``, one row a table.
    """
    file = Path(warehouse_dir) / PUBLISHED_FILE
    unfinished = file.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    tables = connection.execute(
        "SELECT table_name, comment FROM duckdb_tables() "
        "WHERE database_name = current_database() AND schema_name = ? ORDER BY table_name",
        [schema],
    ).fetchall()
    connection.execute(f"ATTACH {sql_text(str(unfinished))} AS published")
    rows = [_copy_table(connection, schema, name, comment) for name, comment in tables]
    connection.execute("DETACH published")
    os.replace(unfinished, file)
    return pd.DataFrame({"table_name": [name for name, _ in tables], "rows": rows})


def _copy_table(
    connection: duckdb.DuckDBPyConnection, schema: str, name: str, comment: str | None
) -> int:
    connection.execute(f'CREATE TABLE published.main."{name}" AS FROM "{schema}"."{name}"')
    connection.execute(f'COMMENT ON TABLE published.main."{name}" IS {sql_text(comment)}')
    columns = connection.execute(
        "SELECT column_name, comment FROM duckdb_columns() "
        "WHERE database_name = current_database() AND schema_name = ? AND table_name = ?",
        [schema, name],
    ).fetchall()
    for column, column_comment in columns:
        connection.execute(
            f'COMMENT ON COLUMN published.main."{name}"."{column}" IS {sql_text(column_comment)}'
        )
    (count,) = connection.execute(f'SELECT count(*) FROM published.main."{name}"').fetchall()[0]
    return int(count)

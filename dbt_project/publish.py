"""The published warehouse: the copy of the marts that analysts open."""

import os
import subprocess
from pathlib import Path

import duckdb
import pandas as pd

PUBLISHED_FILE = "taxi.duckdb"


def publish(connection: duckdb.DuckDBPyConnection, database: str, schema: str) -> pd.DataFrame:
    """Copy the marts' database file, and swap the copy in by one atomic rename.

    Whoever has the earlier copy open goes on reading it; whoever opens it afterwards reads this.

    Parameters
    ----------
    connection
        A connection of its own to the database that dbt works in: it sees what is committed.
    database, schema
        Where the marts are. The database holds nothing else that is of use: other schemas, which
        dbt makes while it replaces a day, are dropped.

    Returns
    -------
    pandas.DataFrame
        ``table_name`` and number of ``rows``, one row a table.
    """
    others = connection.execute(
        "SELECT schema_name FROM duckdb_schemas() "
        "WHERE database_name = ? AND schema_name != ? AND NOT internal AND schema_name != 'main'",
        [database, schema],
    ).fetchall()
    for (other,) in others:
        connection.execute(f'DROP SCHEMA "{database}"."{other}" CASCADE')
    connection.execute(f'CHECKPOINT "{database}"')
    _copy_whole(_file_of(connection, database))
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables() "
        "WHERE database_name = ? AND schema_name = ? ORDER BY table_name",
        [database, schema],
    ).fetchall()
    rows = [
        connection.execute(f'SELECT count(*) FROM "{database}"."{schema}"."{name}"').fetchall()[0]
        for (name,) in tables
    ]
    return pd.DataFrame({"table_name": [name for (name,) in tables], "rows": [n for (n,) in rows]})


def _file_of(connection: duckdb.DuckDBPyConnection, database: str) -> Path:
    (path,) = connection.execute(
        "SELECT path FROM duckdb_databases() WHERE database_name = ?", [database]
    ).fetchall()[0]
    return Path(path)


def _copy_whole(database_file: Path) -> None:
    file = database_file.with_name(PUBLISHED_FILE)
    unfinished = file.with_suffix(".unfinished")
    # A process of its own: if this one opened the file and closed it, the system would take
    # DuckDB's lock on it for released.
    subprocess.run(["cp", "--", database_file, unfinished], check=True)
    with unfinished.open("rb") as copied:
        os.fsync(copied.fileno())
    os.replace(unfinished, file)

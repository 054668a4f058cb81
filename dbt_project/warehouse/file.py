"""The published warehouse as a file: the copy of the marts that analysts open."""

import datetime
import os
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from dbt_project.errors import UserError, errors_of
from dbt_project.lake.delivery import upload
from dbt_project.settings.environment import WarehouseSettings
from dbt_project.settings.lake_url import LakeUrl
from dbt_project.sql import Schema, sql_text
from dbt_project.warehouse.days import close_day, open_day, open_days, published_inputs
from dbt_project.warehouse.lock import hold_folder

PUBLISHED_FILE = "taxi.duckdb"
WAYS_OUT = {
    "build.duckdb": "put a copy of taxi.duckdb in its place, install -m 644 taxi.duckdb "
    "build.duckdb; without one, delete it and build the days again",
    "staging.duckdb": "delete it, a build of the whole day makes it anew",
    PUBLISHED_FILE: "build any day, which makes it anew",
}
"""What a person can do if a file is damaged."""
LEDGER = "context_summaries"
"""The mart that belongs to no single day: days share its rows."""

_READ_ONLY = 0o444


@dataclass(frozen=True)
class WarehouseFile:
    """The published warehouse as a file, in the folder of the files that dbt works in."""

    path: Path

    @property
    def name(self) -> str:
        """Its name in messages."""
        return str(self.path)

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open it read-only."""
        if not self.path.exists():
            raise UserError(f"{self.path} is not there yet: build a day first, with make build")
        with errors_of(self.path, WAYS_OUT[PUBLISHED_FILE]):
            return duckdb.connect(str(self.path), read_only=True)

    def hold(self, doing: str, wait_seconds: float) -> None:
        """Lock its folder; see `dbt_project.warehouse.lock.hold_folder`."""
        hold_folder(self.path.parent, doing, wait_seconds)

    def begin_day(
        self, connection: duckdb.DuckDBPyConnection, marts: Schema, ride_date: datetime.date
    ) -> Collection[str]:
        """Open the day; see `dbt_project.warehouse.days.open_day`."""
        open_day(self.path.parent, ride_date)
        return ()

    def publish(
        self,
        connection: duckdb.DuckDBPyConnection,
        marts: Schema,
        ride_date: datetime.date,
        inputs: str | None,
    ) -> pd.DataFrame:
        """Copy the marts; see `dbt_project.warehouse.file.publish`."""
        url = WarehouseSettings.read().publish_url
        return publish(connection, marts.database, marts.name, ride_date, inputs, url)

    def inputs_of_days(self) -> dict[datetime.date, str | None]:
        """Return the files of each published day, in the form of `inputs_text`."""
        return published_inputs(self.path.parent)

    def page(self, name: str) -> bytes:
        """A page of the report, in the same folder."""
        page = self.path.with_name(name)
        if not page.exists():
            raise UserError(f"{page} is not there: build the day first")
        return page.read_bytes()

    @property
    def arguments(self) -> list[str]:
        """The arguments with which DuckDB's command line opens it."""
        return ["-readonly", str(self.path)]

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables for it."""
        return {}


def publish(
    connection: duckdb.DuckDBPyConnection,
    database: str,
    schema: str,
    ride_date: datetime.date,
    inputs: str | None = None,
    publish_url: LakeUrl | None = None,
) -> pd.DataFrame:
    """Copy the marts' database file, and swap the copy in with one atomic rename.

    Readers that have the earlier copy open go on reading it. Readers that open the file afterwards
    read the new copy. For other days whose latest build was not published, the new copy keeps the
    rows of the earlier copy.

    Parameters
    ----------
    connection
        A separate connection to dbt's database, so that it sees what is committed.
    database, schema
        Where the marts are. The database holds nothing else of use. Other schemas, which dbt makes
        while it replaces a day, are dropped.
    ride_date
        The day that is built.
    inputs
        The files that it was built from, in the form of `inputs_text`.
    publish_url
        A bucket to which the copy is also uploaded, for analysts elsewhere.

    Returns
    -------
    pandas.DataFrame
        ``table_name`` and number of ``rows``, one row for each table.

    Raises
    ------
    DeliveryError
        If the copy cannot be uploaded to `publish_url`. On this machine it is already published.
    """
    others = connection.execute(
        "SELECT schema_name FROM duckdb_schemas() "
        "WHERE database_name = ? AND schema_name != ? AND NOT internal AND schema_name != 'main'",
        [database, schema],
    ).fetchall()
    for (other,) in others:
        connection.execute(f'DROP SCHEMA "{database}"."{other}" CASCADE')
    connection.execute(f'CHECKPOINT "{database}"')
    built = _file_of(connection, database)
    file, unfinished = built.with_name(PUBLISHED_FILE), built.with_name("taxi.unfinished")
    _remove_with_log(unfinished)
    try:
        _copy_whole(built, unfinished)
        unaudited = [day for day in open_days(built.parent) if day != ride_date]
        rows = _keep_earlier(unfinished, schema, file, unaudited)
        unfinished.chmod(
            _READ_ONLY
        )  # a reader that opened it for writing would lock out all others
        _log_of(file).unlink(
            missing_ok=True
        )  # left by such a reader as root; it belongs to the old copy
        os.replace(unfinished, file)
    finally:
        _remove_with_log(unfinished)
    if publish_url:
        upload(file, f"{publish_url.text}/{PUBLISHED_FILE}")
    close_day(built.parent, ride_date, inputs)
    return rows


def _file_of(connection: duckdb.DuckDBPyConnection, database: str) -> Path:
    (path,) = connection.execute(
        "SELECT path FROM duckdb_databases() WHERE database_name = ?", [database]
    ).fetchall()[0]
    return Path(path)


def _copy_whole(built: Path, unfinished: Path) -> None:
    # In a separate process: if this process opened and closed the file, the system would release
    # DuckDB's lock on it.
    copying = subprocess.run(["cp", "--", built, unfinished], capture_output=True, text=True)
    if copying.returncode != 0:
        raise OSError(" ".join(copying.stderr.split()))
    with unfinished.open("rb") as copied:
        os.fsync(copied.fileno())


def _keep_earlier(
    copy: Path, schema: str, earlier: Path, unaudited: list[datetime.date]
) -> pd.DataFrame:
    """Give some days in the new copy the rows of the earlier copy. Count all rows."""
    with duckdb.connect(str(copy), read_only=not unaudited) as connection:
        if unaudited and earlier.exists():
            connection.execute(f"ATTACH {sql_text(str(earlier))} AS earlier (READ_ONLY)")
        tables = _columns_by_table(connection, "current_database()", schema)
        published = _columns_by_table(connection, "'earlier'", schema)
        days = ", ".join(f"DATE '{day}'" for day in unaudited)
        for name, columns in tables.items() if unaudited else ():
            if name == LEDGER:
                continue
            table = f'"{schema}"."{name}"'
            connection.execute(f"DELETE FROM {table} WHERE ride_date IN ({days})")
            shared = ", ".join(f'"{c}"' for c in columns if c in published.get(name, []))
            if shared:
                connection.execute(
                    f"INSERT INTO {table} ({shared}) "
                    f"SELECT {shared} FROM earlier.{table} WHERE ride_date IN ({days})"
                )
        rows = [
            connection.execute(f'SELECT count(*) FROM "{schema}"."{name}"').fetchall()[0][0]
            for name in tables
        ]
    return pd.DataFrame({"table_name": list(tables), "rows": rows})


def _columns_by_table(
    connection: duckdb.DuckDBPyConnection, database: str, schema: str
) -> dict[str, list[str]]:
    tables = connection.execute(
        "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() "
        f"WHERE database_name = {database} AND schema_name = ? AND NOT internal "
        "GROUP BY table_name ORDER BY table_name",
        [schema],
    ).fetchall()
    return dict(tables)


def _log_of(file: Path) -> Path:
    return file.with_name(file.name + ".wal")


def _remove_with_log(file: Path) -> None:
    file.unlink(missing_ok=True)
    _log_of(file).unlink(missing_ok=True)

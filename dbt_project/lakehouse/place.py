"""Where a lakehouse is, and how to connect to it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dbt_project.errors import UserError, one_line
from dbt_project.lake.connection import connect_lake
from dbt_project.settings.environment import LakehouseSettings
from dbt_project.settings.lake_url import LakeUrl
from dbt_project.sql import sql_text

ALIAS = "lakehouse"
"""The name under which it is attached."""

# Every row goes to a Parquet file. Then only S3 and the catalog's tables decide what an analyst may
# read, and a backup of the catalog is small.
_OPTIONS = {"data_inlining_row_limit": "0", "parquet_compression": "zstd"}


class LakehouseError(UserError):
    """The lakehouse cannot be reached or written to. The message is one line."""


@dataclass(frozen=True)
class Lakehouse:
    """Where a lakehouse is, parsed.

    Attributes
    ----------
    catalog
        ``postgres:host=... dbname=...`` or ``sqlite:FILE``.
    data
        Folder or bucket of the Parquet files.
    """

    catalog: str
    data: LakeUrl

    @classmethod
    def parse(cls, catalog: str, data_url: str) -> Lakehouse:
        """Return the lakehouse with this catalog and this folder or bucket for its data.

        Raises
        ------
        UserError
            One line that names the variable, if one cannot be used.
        """
        return cls.of_environment({"LAKEHOUSE_CATALOG": catalog, "LAKEHOUSE_DATA_URL": data_url})

    @classmethod
    def of_environment(cls, environ: Mapping[str, str] = os.environ) -> Lakehouse:
        """Return the lakehouse that the environment variables name.

        Raises
        ------
        UserError
            One line that names the variable, if one cannot be used.
        """
        settings = LakehouseSettings.read(environ)
        return cls(settings.lakehouse_catalog, settings.lakehouse_data_url)

    @property
    def is_postgres(self) -> bool:
        """Whether several machines may write to it."""
        return self.catalog.startswith("postgres:")

    @property
    def catalog_place(self) -> str:
        """The connection string of libpq, or the path of SQLite's file."""
        return self.catalog.partition(":")[2]

    @property
    def extensions(self) -> list[str]:
        """The DuckDB extensions that it needs."""
        scanner = "postgres_scanner" if self.is_postgres else "sqlite_scanner"
        return [*(["httpfs", "aws"] if self.data.is_s3 else []), "ducklake", scanner]

    def attach(self, connection: duckdb.DuckDBPyConnection, is_read_only: bool = True) -> None:
        """Attach it to the database of a connection, as `ALIAS`.

        If the lakehouse does not exist, it is made, unless the connection is read-only.

        Raises
        ------
        LakehouseError
            If it cannot be reached.
        """
        connect_lake(connection, self.extensions)
        # more retries than its own ten, because other cities commit in the same minutes
        connection.execute("SET GLOBAL ducklake_max_retry_count = 100")
        if not is_read_only:
            self._make_folders()
        try:
            connection.execute(self.attach_sql(is_read_only))
        except duckdb.Error as error:
            raise LakehouseError(f"the lakehouse's catalog: {one_line(str(error))}") from None
        if not is_read_only:
            _set_options(connection)

    def attach_sql(self, is_read_only: bool) -> str:
        """Return SQL that attaches it to a database that has its extensions."""
        access = ", READ_ONLY" if is_read_only else ""
        return (
            f"ATTACH {sql_text(f'ducklake:{self.catalog}')} AS {ALIAS} "
            f"(DATA_PATH {sql_text(f'{self.data.text}/')}{access})"
        )

    @contextmanager
    def attached(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Attach it for a `with` block, to read and write; see `attach`."""
        self.attach(connection, is_read_only=False)
        try:
            yield
        finally:
            connection.execute(f"DETACH {ALIAS}")

    def open(self, schema: str) -> duckdb.DuckDBPyConnection:
        """Connect read-only, with the marts of a city's schema by their plain names."""
        connection = duckdb.connect()
        self.attach(connection)
        connection.execute(search_sql(schema))
        return connection

    def _make_folders(self) -> None:
        if not self.data.is_s3:
            Path(self.data.text).mkdir(parents=True, exist_ok=True)
        if not self.is_postgres:
            Path(self.catalog_place).parent.mkdir(parents=True, exist_ok=True)


def _set_options(connection: duckdb.DuckDBPyConnection) -> None:
    """Set its options once. The catalog keeps them."""
    query = f"SELECT option_name, value FROM {ALIAS}.options() WHERE scope = 'GLOBAL'"
    present = dict(connection.execute(query).fetchall())
    for name, value in _OPTIONS.items():
        if present.get(name) != value:
            connection.execute(f"CALL {ALIAS}.set_option({sql_text(name)}, {sql_text(value)})")


def search_sql(schema: str) -> str:
    """Return SQL after which the marts of a city's schema have their plain names."""
    return f"SET search_path = {sql_text(f'{ALIAS}.{schema}')}"


def schema_of(city: str) -> str:
    """Return the schema of a city: its name in lower case, with ``_`` for other characters.

    Raises
    ------
    UserError
        One line, if nothing is left of the name.
    """
    schema = re.sub(r"[\W_]+", "_", city.lower()).strip("_")
    if not schema:
        raise UserError(f"city: expected a name with a letter, found {city!r}")
    return schema

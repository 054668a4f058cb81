"""The published warehouse as a city's schema of the lakehouse."""

import datetime
from collections.abc import Collection
from dataclasses import dataclass

import duckdb
import pandas as pd

from dbt_project.errors import UserError
from dbt_project.lake.connection import connect_lake, load_sql
from dbt_project.lake.s3 import S3
from dbt_project.lakehouse.days import HISTORY, fetch_history, publish_day, published_inputs
from dbt_project.lakehouse.locks import hold_city
from dbt_project.lakehouse.place import Lakehouse, search_sql
from dbt_project.settings.environment import LakeSettings, S3Settings
from dbt_project.settings.lake_url import glob_text
from dbt_project.sql import Schema


@dataclass(frozen=True)
class CityOfLakehouse:
    """The published warehouse as a city's schema of the lakehouse."""

    lakehouse: Lakehouse
    schema: str

    @property
    def name(self) -> str:
        """Its name in messages."""
        return f"schema {self.schema} of {self.lakehouse.catalog}"

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open it read-only, with the city's marts by their plain names."""
        return self.lakehouse.open(self.schema)

    def hold(self, doing: str, wait_seconds: float) -> None:
        """Lock the city; see `dbt_project.lakehouse.locks.hold_city`."""
        hold_city(self.lakehouse, self.schema, doing, wait_seconds)

    def begin_day(
        self, connection: duckdb.DuckDBPyConnection, marts: Schema, ride_date: datetime.date
    ) -> Collection[str]:
        """Fetch what the build reads about other days; see `fetch_history`."""
        fetch_history(connection, self.lakehouse, self.schema, marts, ride_date)
        return HISTORY

    def publish(
        self,
        connection: duckdb.DuckDBPyConnection,
        marts: Schema,
        ride_date: datetime.date,
        inputs: str | None,
    ) -> pd.DataFrame:
        """Replace the day; see `dbt_project.lakehouse.days.publish_day`."""
        return publish_day(connection, self.lakehouse, self.schema, marts, ride_date, inputs)

    def inputs_of_days(self) -> dict[datetime.date, str | None]:
        """Return the files of each published day, in the form of `inputs_text`."""
        return published_inputs(self.lakehouse, self.schema)

    def page(self, name: str) -> bytes:
        """Return a page of the report. It is in the lake: another machine may have built it."""
        lake = LakeSettings.read().lake_output_url
        page = f"{lake.text}/{name}"
        with duckdb.connect() as connection:
            connect_lake(connection, ["httpfs", "aws"] if lake.is_s3 else [])
            read = "SELECT content FROM read_blob(?)"
            found = connection.execute(read, [glob_text(page)]).fetchall()
        if not found:
            raise UserError(f"{page} is not there: build the day first")
        return bytes(found[0][0])

    @property
    def arguments(self) -> list[str]:
        """The arguments with which DuckDB's command line opens it."""
        statements = [
            *(load_sql(name) for name in self.lakehouse.extensions),
            *([s3.http_settings_sql(), s3.secret_sql()] if (s3 := self._s3()) else []),
            self.lakehouse.attach_sql(is_read_only=True),
            search_sql(self.schema),
        ]
        return [argument for sql in statements for argument in ("-cmd", sql)]

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables for it: other users of this machine could see arguments."""
        s3 = self._s3()
        return s3.environment() if s3 else {}

    def _s3(self) -> S3 | None:
        data = self.lakehouse.data
        return S3(S3Settings.read(), [data.bucket]) if data.is_s3 else None

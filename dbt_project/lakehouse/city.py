"""The published warehouse as a city's schema of the lakehouse."""

import datetime
from dataclasses import dataclass

import duckdb
import pandas as pd

from dbt_project.lake.connection import http_settings_sql, load_sql, s3_secret_sql
from dbt_project.lakehouse.days import publish_day
from dbt_project.lakehouse.place import Lakehouse, search_sql
from dbt_project.settings.environment import S3Settings
from dbt_project.sql import Schema


@dataclass(frozen=True)
class CityOfLakehouse:
    """The published warehouse as a city's schema of the lakehouse."""

    lakehouse: Lakehouse
    city: str

    @property
    def name(self) -> str:
        """What a person calls it."""
        return f"schema {self.city} of {self.lakehouse.catalog}"

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open it read-only, with the city's marts by their plain names."""
        return self.lakehouse.open(self.city)

    def publish(
        self,
        connection: duckdb.DuckDBPyConnection,
        marts: Schema,
        run_date: datetime.date,
        inputs: str | None,
    ) -> pd.DataFrame:
        """Replace the day; see `dbt_project.lakehouse.days.publish_day`."""
        return publish_day(connection, self.lakehouse, self.city, marts, run_date, inputs)

    @property
    def arguments(self) -> list[str]:
        """With which DuckDB's command line opens it."""
        s3 = S3Settings.read()
        statements = [
            *(load_sql(name) for name in self.lakehouse.extensions),
            *([http_settings_sql(s3), s3_secret_sql(s3)] if self.lakehouse.data.is_s3 else []),
            self.lakehouse.attach_sql(is_read_only=True),
            search_sql(self.city),
        ]
        return [argument for sql in statements for argument in ("-cmd", sql)]

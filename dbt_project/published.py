"""The published warehouse that analysts open: a file, or a city's schema of the lakehouse."""

import datetime
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from dbt_project.environment import LakehouseSettings, S3Settings, WarehouseSettings
from dbt_project.lake import http_settings_sql, load_sql, s3_secret_sql
from dbt_project.lakehouse.days import publish_day
from dbt_project.lakehouse.place import Lakehouse, schema_of, search_sql
from dbt_project.lakehouse.tables import Schema
from dbt_project.publish import PUBLISHED_FILE, publish
from dbt_project.variables import load_variables


@dataclass(frozen=True)
class WarehouseFile:
    """The published warehouse as a file."""

    path: Path

    @property
    def name(self) -> str:
        """What a person calls it."""
        return str(self.path)

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open it read-only."""
        if not self.path.exists():
            raise FileNotFoundError(
                f"{self.path} is not there yet: build a day first, with make build"
            )
        return duckdb.connect(str(self.path), read_only=True)

    def publish(
        self,
        connection: duckdb.DuckDBPyConnection,
        marts: Schema,
        run_date: datetime.date,
        inputs: str | None,
    ) -> pd.DataFrame:
        """Copy the marts; see `dbt_project.publish.publish`."""
        url = WarehouseSettings.read().publish_url
        return publish(connection, marts.database, marts.name, run_date, inputs, url)

    @property
    def arguments(self) -> list[str]:
        """With which DuckDB's command line opens it."""
        return ["-readonly", str(self.path)]


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


Published = WarehouseFile | CityOfLakehouse


def published_warehouse(city: str | None = None, is_lakehouse: bool | None = None) -> Published:
    """What the environment names.

    Parameters
    ----------
    city
        Whose schema of a lakehouse it is; by default that of dbt_project.yml.
    is_lakehouse
        Whether it is a lakehouse; by default, if the environment names one.
    """
    if LakehouseSettings.is_wanted() if is_lakehouse is None else is_lakehouse:
        schema = schema_of(city or load_variables({}).city)
        return CityOfLakehouse(Lakehouse.of_environment(), schema)
    return WarehouseFile(Path(WarehouseSettings.read().warehouse_dir) / PUBLISHED_FILE)

"""The published warehouse that analysts open: a file, or a city's schema of the lakehouse."""

import datetime
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

import duckdb
import pandas as pd

from dbt_project.errors import UserError
from dbt_project.lakehouse.city import CityOfLakehouse
from dbt_project.lakehouse.place import Lakehouse, schema_of
from dbt_project.settings.environment import LakehouseSettings, WarehouseSettings
from dbt_project.settings.variables import load_variables
from dbt_project.sql import Schema
from dbt_project.warehouse.file import PUBLISHED_FILE, WarehouseFile


class Published(Protocol):
    """What a build, a backfill, an analyst and the e-mail ask of a published warehouse.

    What a user can cause is a `UserError`, in one line.
    """

    @property
    def name(self) -> str:
        """What a person calls it."""

    @property
    def arguments(self) -> list[str]:
        """With which DuckDB's command line opens it."""

    @property
    def environment(self) -> dict[str, str]:
        """What its environment needs beside: secrets, which arguments would show to others."""

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open it read-only, with the marts by their plain names."""

    def hold(self, doing: str, wait_seconds: float) -> None:
        """Keep all others from writing to it, for the rest of this process.

        Parameters
        ----------
        doing
            What is done, for those who find it held: ``building 2023-05-01``.
        wait_seconds
            How long to wait for another process.
        """

    def begin_day(
        self, connection: duckdb.DuckDBPyConnection, marts: Schema, ride_date: datetime.date
    ) -> Collection[str]:
        """Get ready for a build of a day.

        Parameters
        ----------
        connection
            A connection to the database that dbt works in.
        marts
            Where that build makes its marts.

        Returns
        -------
        collection of str
            The marts whose rows of the day are gone.
        """

    def publish(
        self,
        connection: duckdb.DuckDBPyConnection,
        marts: Schema,
        ride_date: datetime.date,
        inputs: str | None,
    ) -> pd.DataFrame:
        """Replace the day, in all marts at once.

        Parameters
        ----------
        connection
            A connection of its own to the database that dbt works in: it sees what is committed.
        marts
            Where dbt has built the marts.
        inputs
            The files that the day was built from, as `inputs_text` has them.

        Returns
        -------
        pandas.DataFrame
            ``table_name`` and number of ``rows``, one row a table.
        """

    def inputs_of_days(self) -> dict[datetime.date, str | None]:
        """The files from which each published day was built, as `inputs_text` has them."""

    def page(self, name: str) -> bytes:
        """A page of the report, by its name."""


def published_warehouse(city: str | None = None, is_lakehouse: bool | None = None) -> Published:
    """The one that the environment names.

    Parameters
    ----------
    city
        Whose schema of a lakehouse it is; by default that of dbt_project.yml.
    is_lakehouse
        Whether it is a lakehouse; by default, if the environment names one.

    Raises
    ------
    UserError
        In one line, if a setting cannot be used.
    """
    warehouse = WarehouseSettings.read()
    if not (LakehouseSettings.is_wanted() if is_lakehouse is None else is_lakehouse):
        return WarehouseFile(Path(warehouse.warehouse_dir) / PUBLISHED_FILE)
    if warehouse.publish_url:
        raise UserError(
            "PUBLISH_URL is where the published file goes, and a lakehouse has none: "
            "unset PUBLISH_URL or LAKEHOUSE_CATALOG"
        )
    return CityOfLakehouse(Lakehouse.of_environment(), schema_of(city or load_variables({}).city))

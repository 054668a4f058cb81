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
    """What a build, a backfill, an analyst and the e-mail need from a published warehouse.

    Errors that a user can cause are `UserError`, in one line.
    """

    @property
    def name(self) -> str:
        """Its name in messages."""

    @property
    def arguments(self) -> list[str]:
        """The arguments with which DuckDB's command line opens it."""

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables for it: secrets, which arguments would show to other users."""

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open it read-only, with the marts by their plain names."""

    def hold(self, doing: str, wait_seconds: float) -> None:
        """Lock it for writing, for the rest of this process.

        Parameters
        ----------
        doing
            What this process does, for the message of others: ``building 2023-05-01``.
        wait_seconds
            How long to wait for another process.
        """

    def begin_day(
        self, connection: duckdb.DuckDBPyConnection, marts: Schema, ride_date: datetime.date
    ) -> Collection[str]:
        """Prepare a build of a day.

        Parameters
        ----------
        connection
            A connection to dbt's database.
        marts
            Where the build makes its marts.

        Returns
        -------
        collection of str
            The marts whose rows of the day were removed.
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
            A separate connection to dbt's database, so that it sees what is committed.
        marts
            Where dbt has built the marts.
        inputs
            The files that the day was built from, in the form of `inputs_text`.

        Returns
        -------
        pandas.DataFrame
            ``table_name`` and number of ``rows``, one row for each table.
        """

    def inputs_of_days(self) -> dict[datetime.date, str | None]:
        """Return the files of each published day, in the form of `inputs_text`."""

    def page(self, name: str) -> bytes:
        """Return a page of the report, by its name."""


def published_warehouse(city: str | None = None, is_lakehouse: bool | None = None) -> Published:
    """Return the published warehouse that the environment names.

    Parameters
    ----------
    city
        The city whose schema of a lakehouse it is. By default the city of dbt_project.yml.
    is_lakehouse
        Whether it is a lakehouse. By default it is one if the environment names one.

    Raises
    ------
    UserError
        One line, if a setting cannot be used.
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

"""dbt-duckdb plugin: what a build checks before it opens the warehouse."""

import gc
import os
import re
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.duckdb.utils import TargetConfig
from dbt.flags import get_flags
from dbt_common.exceptions import DbtRuntimeError

from dbt_project.lake.check import check_files
from dbt_project.lake.connection import connect_lake
from dbt_project.lake.delivery import DeliveryError, deliver
from dbt_project.lake.files import LakeFile, inputs_text, list_day
from dbt_project.lakehouse.city import CityOfLakehouse
from dbt_project.lakehouse.days import fetch_history
from dbt_project.lakehouse.locks import hold_city
from dbt_project.lakehouse.place import LakehouseError
from dbt_project.plugin.closing_lines import ClosingLines, one_line
from dbt_project.published import published_warehouse
from dbt_project.settings.environment import BuildSettings, LakeSettings, WarehouseSettings
from dbt_project.settings.lake_url import LakeUrl
from dbt_project.settings.run_date import parse_run_date
from dbt_project.settings.summaries import load_settings
from dbt_project.settings.variables import load_variables
from dbt_project.sql import Schema, sql_text
from dbt_project.summaries.journal import Journal
from dbt_project.warehouse.days import open_day
from dbt_project.warehouse.file import PUBLISHED_FILE
from dbt_project.warehouse.lock import WarehouseInUseError, hold_warehouse

MARTS = Schema("build", "main")
READS_THE_LAKE = ("build", "run")


class Plugin(BasePlugin):
    """Checks a build's date and lake, gives DuckDB the way to S3, and prints the closing lines."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Check everything that can be checked while nothing has been written."""
        gc.freeze()  # the manifest stays to the end: looking through it for garbage takes a second
        self.is_build = get_flags().WHICH in READS_THE_LAKE
        self.extensions = str(plugin_config.get("extensions", "")).split()
        self.files: list[LakeFile] = []
        self.formats: dict[str, str] = {}
        closing_lines = ClosingLines.of_this_command()
        try:
            variables = load_variables(get_flags().VARS)
            has_lakehouse = bool(plugin_config.get("lakehouse"))
            self.published = published_warehouse(variables.city, has_lakehouse)
            self.run_date = parse_run_date(plugin_config["date"])
            lake, warehouse = LakeSettings.read(), WarehouseSettings.read()
            if isinstance(self.published, CityOfLakehouse) and warehouse.publish_url:
                raise ValueError(
                    "PUBLISH_URL is where the published file goes, and a lakehouse has none: "
                    "unset PUBLISH_URL or LAKEHOUSE_CATALOG"
                )
            self.output = lake.lake_output_url
            self.warehouse_dir = warehouse.warehouse_dir
            self.wait_seconds = BuildSettings.read().warehouse_wait_seconds
            if self.is_build:
                self._look_at_lake(lake.lake_url)
                load_settings(plugin_config["summaries_file"])
                Journal.check(warehouse.journal_file)
                closing_lines.expect_day(
                    self.run_date, self.warehouse_dir, self.output.text, self.published
                )
        except (ValueError, FileNotFoundError) as error:
            raise DbtRuntimeError(str(error)) from error
        except duckdb.Error as error:
            raise DbtRuntimeError(one_line(str(error))) from None
        self.folders = [self.warehouse_dir] + ([] if self.output.is_s3 else [self.output.text])

    def _look_at_lake(self, lake: LakeUrl) -> None:
        with duckdb.connect() as connection:
            connect_lake(connection, self.extensions)
            day = list_day(connection, lake, self.run_date)
            self.files = list(chain.from_iterable(day.values()))
            self.formats = check_files(connection, day)

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Make the folders that the build writes to, and see that no other build is at work."""
        try:
            for folder in self.folders:
                os.makedirs(folder, exist_ok=True)
            hold_warehouse(self.warehouse_dir, self.run_date, self.wait_seconds)
            if isinstance(self.published, CityOfLakehouse) and self.is_build:
                place, doing = self.published, f"building {self.run_date}"
                hold_city(place.lakehouse, place.city, doing, self.wait_seconds)
            duckdb.connect(creds.path).close()
        except (OSError, WarehouseInUseError, LakehouseError) as error:
            raise DbtRuntimeError(str(error)) from error
        except duckdb.IOException as error:
            holder = re.search(r"Conflicting lock is held in .*\(PID (\d+)\)", str(error))
            if not holder:
                raise
            raise DbtRuntimeError(
                f"process {holder[1]} is using {creds.path}: try again when it has ended; "
                f"{PUBLISHED_FILE} is the file for queries"
            ) from error

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Give the warehouse's own connection the way to the lake, and open the day.

        The closing lines may ask it, too.
        """
        connect_lake(conn, self.extensions)
        ClosingLines.of_this_command().warehouse = conn
        if self.is_build and isinstance(self.published, CityOfLakehouse):
            self._fetch_history(conn, self.published)
        elif self.is_build:
            open_day(self.warehouse_dir, self.run_date)

    def _fetch_history(self, conn: duckdb.DuckDBPyConnection, place: CityOfLakehouse) -> None:
        try:
            fetch_history(conn, place.lakehouse, place.city, MARTS, self.run_date)
        except LakehouseError as error:
            raise DbtRuntimeError(str(error)) from None
        except duckdb.Error as error:
            raise DbtRuntimeError(one_line(str(error))) from None

    def configure_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Tell the models in which format to read files, what to note of them, where to write."""
        if self.formats:
            pairs = [f"{sql_text(file)}: {sql_text(name)}" for file, name in self.formats.items()]
            cursor.execute(f"SET VARIABLE lake_formats = MAP {{{', '.join(pairs)}}}")
        if self.is_build:
            cursor.execute(f"SET VARIABLE inputs = {sql_text(inputs_text(self.files))}")
            cursor.execute(f"SET VARIABLE lake_output_url = {sql_text(self.output.text)}")

    def store(self, target_config: TargetConfig) -> None:
        """Bring an export to the lake from the file that `target_config.config` names."""
        assert target_config.location is not None, "an export has a place"
        try:
            deliver(Path(target_config.config["file"]), target_config.location.path)
        except DeliveryError as error:
            raise DbtRuntimeError(str(error)) from None

"""dbt-duckdb plugin: what a build checks before it opens the warehouse."""

import os
import re
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.flags import get_flags
from dbt_common.exceptions import DbtRuntimeError

from dbt_project.closing_lines import ClosingLines
from dbt_project.journal import Journal
from dbt_project.lake import connect_lake, find_rides
from dbt_project.lake_files import check_files
from dbt_project.publish import PUBLISHED_FILE
from dbt_project.run_date import parse_run_date
from dbt_project.sql_text import sql_text
from dbt_project.summary_settings import load_settings
from dbt_project.variables import load_variables

READS_THE_LAKE = ("build", "run")


class Plugin(BasePlugin):
    """Checks a build's date and lake, gives DuckDB the way to S3, and prints the closing lines."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Check everything that can be checked while nothing has been written."""
        command = get_flags().WHICH
        self.extensions = plugin_config.get("extensions", [])
        self.formats: dict[str, str] = {}
        closing_lines = ClosingLines.of_this_command()
        try:
            load_variables(get_flags().VARS)
            run_date = parse_run_date(plugin_config["date"])
            if command in READS_THE_LAKE:
                with duckdb.connect() as connection:
                    connect_lake(connection, self.extensions)
                    find_rides(connection, plugin_config["lake_url"], run_date)
                    self.formats = check_files(connection, plugin_config["lake_url"], run_date)
                load_settings(plugin_config["summaries_file"])
                Journal.check(plugin_config["journal_file"])
                warehouse_file = Path(plugin_config["warehouse_dir"]) / PUBLISHED_FILE
                closing_lines.expect_day(run_date, warehouse_file, plugin_config["lake_output_url"])
        except (ValueError, FileNotFoundError) as error:
            raise DbtRuntimeError(str(error)) from error
        except duckdb.Error as error:
            what_failed, *_ = str(error).partition("\n\nLINE ")
            raise DbtRuntimeError(" ".join(what_failed.split())) from error
        self.folders = [plugin_config["warehouse_dir"]]
        if "://" not in plugin_config["lake_output_url"]:
            self.folders.append(plugin_config["lake_output_url"])

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Make the folders that the build writes to, and see that no other build is at work."""
        for folder in self.folders:
            os.makedirs(folder, exist_ok=True)
        try:
            duckdb.connect(creds.path).close()
        except duckdb.IOException as error:
            holder = re.search(r"Conflicting lock is held in .*\(PID (\d+)\)", str(error))
            if not holder:
                raise
            raise DbtRuntimeError(
                f"process {holder[1]} is using {creds.path}, most likely another build: "
                "try again when it has ended"
            ) from error

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Give the warehouse's own connection the way to the lake, and the closing lines to it."""
        connect_lake(conn, self.extensions)
        ClosingLines.of_this_command().warehouse = conn

    def configure_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Tell the models in which format to read files."""
        if self.formats:
            pairs = [f"{sql_text(file)}: {sql_text(name)}" for file, name in self.formats.items()]
            cursor.execute(f"SET VARIABLE lake_formats = MAP {{{', '.join(pairs)}}}")

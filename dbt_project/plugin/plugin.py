"""dbt-duckdb plugin: the checks of a build before it opens the warehouse."""

import contextlib
import gc
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
from dbt import selected_resources
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.duckdb.utils import TargetConfig
from dbt.adapters.factory import get_adapter_by_type
from dbt.contracts.graph.manifest import Manifest
from dbt.flags import get_flags
from dbt_common.events.base_types import EventMsg

from dbt_project.errors import UserError, errors_of
from dbt_project.folders import make_folder
from dbt_project.lake.check import check_files
from dbt_project.lake.connection import connect_lake
from dbt_project.lake.delivery import deliver
from dbt_project.lake.files import FileToRead, files_sql, inputs_text, list_day
from dbt_project.plugin.closing_lines import ClosingLines
from dbt_project.plugin.door import before_it_is_open, told_by_dbt
from dbt_project.plugin.graph import Graph
from dbt_project.plugin.listeners import listener_of_this_command
from dbt_project.plugin.working_day import Day, WorkingDay, whole_day
from dbt_project.published import published_warehouse
from dbt_project.settings.environment import BuildSettings, LakeSettings, WarehouseSettings
from dbt_project.settings.lake_url import LakeUrl
from dbt_project.settings.ride_date import parse_ride_date
from dbt_project.settings.summaries import load_settings
from dbt_project.settings.variables import load_variables
from dbt_project.sql import Schema, sql_text
from dbt_project.summaries.journal import Journal
from dbt_project.warehouse.file import WAYS_OUT
from dbt_project.warehouse.lock import hold_warehouse

MARTS = Schema("build", "main")
BUILDS = ("build", "run")
READS_THE_LAKE = (*BUILDS, "freshness")
MAY_READ_THE_LAKE = ("compile", "show")  # or ask for something else, of a day without files
# With these options a command reads only some of the rows, or other tables than it builds.
OF_A_PART = ("EMPTY", "SAMPLE", "EVENT_TIME_START", "EVENT_TIME_END", "DEFER")


class End:
    """Closes the warehouse at the end of a command.

    Otherwise dbt-duckdb keeps it open, and nothing checks the next command of the same process.
    """

    def on_event(self, event: EventMsg) -> None:
        """Handle an event of dbt."""
        if event.info.name == "CommandCompleted":
            DuckDBConnectionManager.close_all_connections()


class Plugin(BasePlugin):
    """Checks a build's date and lake, gives DuckDB access to S3, and prints the closing lines."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Check everything that can be checked before something is written."""
        gc.freeze()  # the manifest stays to the end, and collecting garbage in it takes a second
        self.is_build = get_flags().WHICH in BUILDS
        self.extensions = str(plugin_config.get("extensions", "")).split()
        self.files_to_read: list[FileToRead] = []
        closing_lines = ClosingLines.of_this_command()
        WorkingDay.of_this_command()
        listener_of_this_command(End)  # the last listener, because it closes the connection
        with before_it_is_open():
            variables = load_variables(get_flags().VARS)
            has_lakehouse = bool(plugin_config.get("lakehouse"))
            self.published = published_warehouse(variables.city, has_lakehouse)
            self.ride_date = parse_ride_date(plugin_config["date"])
            self.places, warehouse = LakeSettings.read(), WarehouseSettings.read()
            output = self.places.lake_output_url
            self.warehouse_dir = warehouse.warehouse_dir
            self.wait_seconds = BuildSettings.read().warehouse_wait_seconds
            inputs = ""
            if get_flags().WHICH in READS_THE_LAKE:
                inputs = self._look_at_lake(self.places.lake_url)
            elif get_flags().WHICH in MAY_READ_THE_LAKE:
                with contextlib.suppress(UserError):
                    self._look_at_lake(self.places.lake_url)
            if self.is_build:
                self.day = Day(self.ride_date, inputs, variables.model_dump_json())
                load_settings(plugin_config["summaries_file"])
                Journal.check(warehouse.journal_file)
                closing_lines.expect_day(
                    self.ride_date, self.warehouse_dir, output.text, self.published
                )
        self.folders = {"WAREHOUSE_DIR": self.warehouse_dir}
        if not output.is_s3:
            self.folders["LAKE_OUTPUT_URL"] = output.text

    def _look_at_lake(self, lake: LakeUrl) -> str:
        """Check the day's files and record their formats. Return their `inputs_text`."""
        with duckdb.connect() as connection:
            connect_lake(connection, self.extensions)
            day = list_day(connection, lake, self.ride_date)
            self.files_to_read = check_files(connection, day)
        return inputs_text(list(chain.from_iterable(day.values())))

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Make the folders that the build writes to, take the lock, and begin the day."""
        with before_it_is_open():
            for variable, folder in self.folders.items():
                make_folder(folder, variable)
            hold_warehouse(self.warehouse_dir, self.ride_date, self.wait_seconds)
            if self.is_build:
                self.published.hold(f"building {self.ride_date}", self.wait_seconds)
            with errors_of(creds.path, WAYS_OUT["build.duckdb"]):
                connection = duckdb.connect(creds.path, config=config)
            with connection:
                for attachment in creds.attach or []:
                    with errors_of(attachment.path, WAYS_OUT["staging.duckdb"]):
                        connection.execute(attachment.to_sql())
                if self.is_build:
                    self._begin_day(connection)

    def _begin_day(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Check that the command may do what it is asked to, and prepare the marts."""
        manifest = get_adapter_by_type("duckdb").get_macro_resolver()
        assert isinstance(manifest, Manifest), "dbt has handed it to the adapter"
        options = [name for name in OF_A_PART if getattr(get_flags(), name, None)]
        working_day = WorkingDay.of_this_command()
        working_day.begin(
            connection,
            Graph(manifest),
            self.day,
            selected=selected_resources.SELECTED_RESOURCES,
            option=f"--{options[0].lower().replace('_', '-')}" if options else "",
        )
        working_day.forget(self.published.begin_day(connection, MARTS, self.ride_date))

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Give dbt's connection access to the lake. The listeners may use it too."""
        with before_it_is_open():
            self.s3 = connect_lake(conn, self.extensions)
            self.key = self.s3.key() if self.s3 else None
        ClosingLines.of_this_command().warehouse = conn
        WorkingDay.of_this_command().connection = conn

    def configure_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Tell the models where the lake is, in which format to read files, and where to write.

        A long build outlives a role's credentials, so each model starts with current ones.
        """
        if self.s3 and (key := self.s3.key()) != self.key:
            cursor.execute(self.s3.secret_sql(key))
            self.key = key
        cursor.execute(f"SET VARIABLE lake_files = {files_sql(self.files_to_read)}")
        for name, place in self.places:
            cursor.execute(f"SET VARIABLE {name} = {sql_text(place.text)}")

    def store(self, target_config: TargetConfig) -> None:
        """Deliver an export to the lake from the file that `target_config.config` names."""
        assert target_config.location is not None, "an export has a place"
        with told_by_dbt():
            whole_day(target_config.config["model"])
            deliver(Path(target_config.config["file"]), target_config.location.path)

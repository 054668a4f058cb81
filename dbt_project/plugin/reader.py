"""dbt-duckdb plugin of the target `published`. It says in one line why it cannot be read."""

from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin

from dbt_project.plugin.door import before_it_is_open
from dbt_project.warehouse.file import WarehouseFile


class Plugin(BasePlugin):
    """Opens the published file before dbt does."""

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Check that it can be opened."""
        with before_it_is_open():
            WarehouseFile(Path(creds.path)).connect().close()

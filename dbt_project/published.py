"""The published warehouse that analysts open: a file, or a city's schema of the lakehouse."""

from pathlib import Path

from dbt_project.lakehouse.city import CityOfLakehouse
from dbt_project.lakehouse.place import Lakehouse, schema_of
from dbt_project.settings.environment import LakehouseSettings, WarehouseSettings
from dbt_project.settings.variables import load_variables
from dbt_project.warehouse.file import PUBLISHED_FILE, WarehouseFile

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

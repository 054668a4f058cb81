"""Connect DuckDB to the lake: extensions, and the access to S3."""

import importlib.resources
from collections.abc import Iterable

import duckdb

from dbt_project.lake.s3 import S3
from dbt_project.settings.environment import LakehouseSettings, LakeSettings, S3Settings
from dbt_project.sql import sql_text


def load_extensions(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Load DuckDB extensions from their Python packages, so that nothing is downloaded.

    Parameters
    ----------
    names
        Names of extensions for which a package ``duckdb-extension-<name>`` is installed.
    """
    for name in names:
        connection.execute(load_sql(name))


def load_sql(name: str) -> str:
    """Return SQL that loads an extension from its Python package."""
    package = importlib.resources.files(f"duckdb_extension_{name}")
    file = package / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    return f"LOAD {sql_text(str(file))}"


def connect_lake(connection: duckdb.DuckDBPyConnection, extensions: Iterable[str]) -> S3 | None:
    """Prepare a connection to read the lake.

    Returns
    -------
    S3 or None
        The access to S3, to renew credentials that expire. None without S3.

    Raises
    ------
    UserError
        One line, if a setting cannot be used or there are no credentials.
    """
    extensions = list(extensions)
    load_extensions(connection, extensions)
    if "httpfs" not in extensions:
        return None
    s3 = S3(S3Settings.read(), buckets_in_use())
    connection.execute(s3.http_settings_sql())
    connection.execute(s3.secret_sql(s3.key()))
    return s3


def buckets_in_use() -> list[str]:
    """Return the buckets that the settings name."""
    lake = LakeSettings.read()
    places = [lake.lake_url, lake.lake_output_url]
    if LakehouseSettings.is_wanted():
        places.append(LakehouseSettings.read().lakehouse_data_url)
    return [place.bucket for place in places if place.is_s3]

"""The way to the lake for a connection of DuckDB: extensions, S3's secret, patience."""

import importlib.resources
from collections.abc import Iterable
from urllib.parse import urlsplit

import duckdb

from dbt_project.errors import UserError
from dbt_project.settings.environment import S3Settings
from dbt_project.sql import sql_text

# How often a server is asked again after a silence of LAKE_TIMEOUT_SECONDS (not: a long transfer),
# after a cut connection and after a 5xx or 429: at once, then after 0.5, 1 and 2 seconds. S3 asks
# to be left alone for moments, and an outage of minutes is for the scheduler. So a server that
# hangs is given up after five silences.
HTTP_SETTINGS = {"http_retries": 4, "http_retry_wait_ms": 500, "http_retry_backoff": 2}


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
    """SQL that loads an extension from its Python package."""
    package = importlib.resources.files(f"duckdb_extension_{name}")
    file = package / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    return f"LOAD {sql_text(str(file))}"


def s3_secret_sql(settings: S3Settings) -> str:
    """SQL that makes S3 reachable with AWS's own settings.

    Keys come from AWS's credential chain and are not part of the statement.
    """
    options = ["TYPE s3", "PROVIDER credential_chain"]
    if settings.region:
        options.append(f"REGION {sql_text(settings.region)}")
    if settings.endpoint:
        url = urlsplit(settings.endpoint)
        options += [
            f"ENDPOINT {sql_text(url.netloc + url.path)}",
            f"USE_SSL {str(url.scheme == 'https').lower()}",
            "URL_STYLE 'path'",
        ]
    return f"CREATE OR REPLACE SECRET lake ({', '.join(options)})"


def http_settings_sql(settings: S3Settings) -> str:
    """SQL that sets how patient DuckDB is with a server, for all connections of a database."""
    values = {"http_timeout": settings.lake_timeout_seconds, **HTTP_SETTINGS}
    return "; ".join(f"SET GLOBAL {name} = {value}" for name, value in values.items())


def connect_lake(connection: duckdb.DuckDBPyConnection, extensions: Iterable[str]) -> None:
    """Give a connection what it needs to read and write the lake.

    Raises
    ------
    UserError
        In one line, if a setting cannot be used or there are no credentials.
    """
    extensions = list(extensions)
    load_extensions(connection, extensions)
    if "httpfs" in extensions:
        settings = S3Settings.read()
        connection.execute(http_settings_sql(settings))
        try:
            connection.execute(s3_secret_sql(settings))
        except duckdb.Error as error:
            if "Secret Validation Failure" not in str(error):
                raise
            raise UserError(
                "no credentials for S3 in AWS's credential chain (environment, profile, role)"
            ) from None

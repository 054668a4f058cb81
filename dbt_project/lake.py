"""The lake: a folder or an S3 bucket that holds a day's files."""

import datetime
import importlib.resources
import os
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import duckdb

from dbt_project.sql_text import sql_text


def load_extensions(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Load DuckDB extensions from their Python packages, so that nothing is downloaded.

    Parameters
    ----------
    names
        Names of extensions for which a package ``duckdb-extension-<name>`` is installed.
    """
    for name in names:
        package = importlib.resources.files(f"duckdb_extension_{name}")
        file = package / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
        connection.execute(f"LOAD '{file}'")


def s3_secret_sql(environ: Mapping[str, str] = os.environ) -> str:
    """SQL that makes S3 reachable with AWS's own settings.

    Keys come from AWS's credential chain and are not part of the statement. The region is
    ``AWS_REGION`` or ``AWS_DEFAULT_REGION``, another S3 server ``AWS_ENDPOINT_URL_S3`` or
    ``AWS_ENDPOINT_URL``.
    """
    options = ["TYPE s3", "PROVIDER credential_chain"]
    if region := environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION"):
        options.append(f"REGION {sql_text(region)}")
    if endpoint := environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL"):
        url = urlsplit(endpoint)
        options += [
            f"ENDPOINT {sql_text(url.netloc + url.path.rstrip('/'))}",
            f"USE_SSL {str(url.scheme == 'https').lower()}",
            "URL_STYLE 'path'",
        ]
    return f"CREATE OR REPLACE SECRET lake ({', '.join(options)})"


def connect_lake(connection: duckdb.DuckDBPyConnection, extensions: Iterable[str]) -> None:
    """Give a connection what it needs to read and write the lake."""
    extensions = list(extensions)
    load_extensions(connection, extensions)
    if "httpfs" in extensions:
        connection.execute(s3_secret_sql())


def find_files(
    connection: duckdb.DuckDBPyConnection, lake_url: str, kind: str, run_date: datetime.date
) -> list[str]:
    """Paths of a day's files of one kind: one file, or parts, or none; plain or gzip."""
    files = connection.execute(
        r"SELECT file FROM glob(?) WHERE regexp_matches(file, '\d{8}(-[^/]+)?\.json(\.gz)?$') "
        "ORDER BY file",
        [f"{lake_url.rstrip('/')}/{kind}-{run_date:%Y%m%d}[-.]*"],
    ).fetchall()
    return [file for (file,) in files]


def find_rides(
    connection: duckdb.DuckDBPyConnection, lake_url: str, run_date: datetime.date
) -> list[str]:
    """Paths of the day's rides: one file or parts, plain or gzip.

    Raises
    ------
    FileNotFoundError
        In one line that names the path, if there is none.
    """
    files = find_files(connection, lake_url, "taxi-rides", run_date)
    if not files:
        name = f"{lake_url.rstrip('/')}/taxi-rides-{run_date:%Y%m%d}"
        raise FileNotFoundError(
            f"no rides for {run_date}: {name}.json is not in the lake "
            f"(nor {name}.json.gz, nor parts {name}-*.json)"
        )
    return files

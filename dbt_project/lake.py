"""The lake: a folder or an S3 bucket that holds a day's files."""

import datetime
import importlib.resources
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import duckdb

from dbt_project.sql_text import sql_text

RIDES = "taxi-rides"
KINDS = (RIDES, "news", "weather", "traffic")

# How long a server may be silent (not: how long a transfer may take), and how often it is asked
# again after that, after a cut connection and after a 5xx or 429: at once, then after 0.5, 1 and
# 2 seconds. S3 asks to be left alone for moments, and an outage of minutes is for the scheduler.
# So a server that hangs is given up after five silences.
TIMEOUT_SECONDS = 20
HTTP_SETTINGS = {"http_retries": 4, "http_retry_wait_ms": 500, "http_retry_backoff": 2}

# In the address of an S3 object DuckDB takes these for patterns, parameters and escapes.
_UNSAFE = re.compile(r"[*?\[\]#%\\]|[^\x20-\uffff]")
_UNSAFE_WORDS = "* ? [ ] # % \\"


@dataclass(frozen=True)
class LakeUrl:
    """Where a lake is, parsed: a folder, or a bucket and a prefix.

    Attributes
    ----------
    text
        Without a slash at its end.
    is_s3
        Whether it is a bucket.
    """

    text: str
    is_s3: bool

    @classmethod
    def parse(cls, text: str, setting: str = "LAKE_URL") -> "LakeUrl":
        """Read a setting.

        Raises
        ------
        ValueError
            In one line that names the setting, if it is neither.
        """
        scheme, is_url, rest = text.partition("://")
        expected = f"{setting} must be a folder or s3://bucket[/prefix]"
        # DuckDB's search for files takes \ for another /
        if not text.strip() or not text.isprintable() or "\\" in text:
            raise ValueError(f"{expected}, not {text[:60]!r}")
        if not is_url:
            return cls(text.rstrip("/") or "/", is_s3=False)
        if scheme != "s3":  # the rest of an address may hold a password
            raise ValueError(f"{expected}, not an address with {scheme}://")
        bucket, *prefix = rest.rstrip("/").split("/")
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
            raise ValueError(f"{expected}: {bucket[:60]!r} is no name of a bucket")
        if any(folder in ("", ".", "..") or _UNSAFE.search(folder) for folder in prefix):
            raise ValueError(
                f"{expected}: the prefix {'/'.join(prefix)!r} has one of {_UNSAFE_WORDS} "
                "or a folder without a name of its own"
            )
        return cls("/".join(["s3:/", bucket, *prefix]), is_s3=True)

    def files_of_day(self, kind: str, run_date: datetime.date) -> str:
        """Pattern for DuckDB's glob of the day's files of one kind, and a few others."""
        return f"{glob_text(self.text)}/{kind}-{run_date:%Y%m%d}[-.]*"


def glob_text(path: str) -> str:
    """A pattern that matches a path and nothing else."""
    return re.sub(r"([*?\[])", r"[\1]", path)


@dataclass(frozen=True)
class LakeFile:
    """A file of the lake as it is listed."""

    path: str
    size: int
    modified: datetime.datetime


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


def region_of(environ: Mapping[str, str]) -> str | None:
    """The region of S3: ``AWS_REGION`` or ``AWS_DEFAULT_REGION``."""
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")


def endpoint_of(environ: Mapping[str, str]) -> str | None:
    """The address of another S3 server: ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL``.

    Raises
    ------
    ValueError
        In one line, if it cannot be used.
    """
    endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        return None
    url = urlsplit(endpoint)
    if url.scheme not in ("http", "https") or not url.hostname or "@" in url.netloc:
        raise ValueError("AWS_ENDPOINT_URL must be http://host[:port] or https://host[:port]")
    return endpoint.rstrip("/")


def timeout_of(environ: Mapping[str, str]) -> int:
    """Seconds for which a server may be silent: ``LAKE_TIMEOUT_SECONDS``.

    Raises
    ------
    ValueError
        In one line, if it is no number of seconds.
    """
    timeout = environ.get("LAKE_TIMEOUT_SECONDS") or str(TIMEOUT_SECONDS)
    if not re.fullmatch(r"[1-9]\d{0,3}", timeout, flags=re.ASCII):
        raise ValueError(f"LAKE_TIMEOUT_SECONDS must be a whole number from 1, not {timeout!r}")
    return int(timeout)


def s3_secret_sql(environ: Mapping[str, str] = os.environ) -> str:
    """SQL that makes S3 reachable with AWS's own settings.

    Keys come from AWS's credential chain and are not part of the statement.
    """
    options = ["TYPE s3", "PROVIDER credential_chain"]
    if region := region_of(environ):
        options.append(f"REGION {sql_text(region)}")
    if endpoint := endpoint_of(environ):
        url = urlsplit(endpoint)
        options += [
            f"ENDPOINT {sql_text(url.netloc + url.path)}",
            f"USE_SSL {str(url.scheme == 'https').lower()}",
            "URL_STYLE 'path'",
        ]
    return f"CREATE OR REPLACE SECRET lake ({', '.join(options)})"


def http_settings_sql(environ: Mapping[str, str] = os.environ) -> str:
    """SQL that sets how patient DuckDB is with a server, for all connections of a database."""
    settings = {"http_timeout": timeout_of(environ), **HTTP_SETTINGS}
    return "; ".join(f"SET GLOBAL {name} = {value}" for name, value in settings.items())


def connect_lake(connection: duckdb.DuckDBPyConnection, extensions: Iterable[str]) -> None:
    """Give a connection what it needs to read and write the lake.

    Raises
    ------
    ValueError
        In one line, if a setting cannot be used or there are no credentials.
    """
    extensions = list(extensions)
    load_extensions(connection, extensions)
    if "httpfs" in extensions:
        connection.execute(http_settings_sql())
        try:
            connection.execute(s3_secret_sql())
        except duckdb.Error as error:
            if "Secret Validation Failure" not in str(error):
                raise
            raise ValueError(
                "no credentials for S3 in AWS's credential chain (environment, profile, role)"
            ) from None


def list_files(
    connection: duckdb.DuckDBPyConnection, lake: LakeUrl, kind: str, run_date: datetime.date
) -> list[LakeFile]:
    """The day's files of one kind: one file or parts, plain or gzip, in the order of their names.

    Raises
    ------
    ValueError
        In one line, if the name of a part is none that can be read safely.
    """
    listing = "SELECT filename, size, last_modified FROM read_blob(?) ORDER BY filename"
    try:
        rows = connection.execute(listing, [lake.files_of_day(kind, run_date)]).fetchall()
    except duckdb.IOException as error:
        if "No files found" not in str(error):
            raise
        return []
    files = [LakeFile(*row) for row in rows if re.search(r"\d{8}(-[^/]+)?\.json(\.gz)?$", row[0])]
    for file in files:
        name = file.path.rpartition("/")[2]
        if _UNSAFE.search(name):
            raise ValueError(f"{file.path!r}: the name of a file may have none of {_UNSAFE_WORDS}")
    return files


def list_day(
    connection: duckdb.DuckDBPyConnection, lake: LakeUrl, run_date: datetime.date
) -> dict[str, list[LakeFile]]:
    """The day's files of every kind, by kind.

    Raises
    ------
    FileNotFoundError
        In one line that names the path, if there are no rides.
    ValueError
        In one line, if the name of a part is none that can be read safely.
    """
    files = {kind: list_files(connection, lake, kind, run_date) for kind in KINDS}
    if not files[RIDES]:
        name = f"{lake.text}/{RIDES}-{run_date:%Y%m%d}"
        raise FileNotFoundError(
            f"no rides for {run_date}: {name}.json is not in the lake "
            f"(nor {name}.json.gz, nor parts {name}-*.json)"
        )
    return files

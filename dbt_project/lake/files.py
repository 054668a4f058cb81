"""The day's files as the lake lists them."""

import datetime
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dbt_project.errors import UserError
from dbt_project.settings.lake_url import UNSAFE, UNSAFE_WORDS, LakeUrl
from dbt_project.sql import sql_text

RIDES = "taxi-rides"
# The main fields of each kind of file. A record without any of them says nothing.
MAIN_FIELDS = {
    RIDES: ("ride_id", "ride_dist", "ride_time"),
    "news": ("published_at", "text"),
    "weather": ("observed_at", "text"),
    "traffic": ("started_at", "observed_at", "text"),
    "ride-verdicts": ("ride_id", "verdict"),
}
FILE_KINDS = tuple(MAIN_FIELDS)


@dataclass(frozen=True)
class LakeFile:
    """A file in the lake's listing."""

    path: str
    size: int
    modified: datetime.datetime


@dataclass(frozen=True)
class FileToRead:
    """A file that has records.

    Attributes
    ----------
    kind
        One of `FILE_KINDS`.
    format
        The format of its records, by the name that DuckDB's ``read_json_objects`` uses.
    """

    kind: str
    path: str
    format: str


def list_files(
    connection: duckdb.DuckDBPyConnection, lake: LakeUrl, kind: str, ride_date: datetime.date
) -> list[LakeFile]:
    """List the day's files of one kind: one file or parts, plain or gzip, ordered by name.

    Raises
    ------
    UserError
        One line, if the name of a part cannot be read safely.
    """
    listing = "SELECT filename, size, last_modified FROM read_blob(?) ORDER BY filename"
    try:
        rows = connection.execute(listing, [lake.files_of_day(kind, ride_date)]).fetchall()
    except duckdb.IOException as error:
        if "No files found" not in str(error):
            raise
        return []
    files = [LakeFile(*row) for row in rows if re.search(r"\d{8}(-[^/]+)?\.json(\.gz)?$", row[0])]
    for file in files:
        name = file.path.rpartition("/")[2]
        if UNSAFE.search(name):
            raise UserError(f"{file.path!r}: the name of a file may have none of {UNSAFE_WORDS}")
    return files


def list_day(
    connection: duckdb.DuckDBPyConnection, lake: LakeUrl, ride_date: datetime.date
) -> dict[str, list[LakeFile]]:
    """List the day's files of every kind, by kind.

    Raises
    ------
    UserError
        One line that names the path, if there are no rides, or if the name of a part cannot be
        read safely.
    """
    files = {kind: list_files(connection, lake, kind, ride_date) for kind in FILE_KINDS}
    if not files[RIDES] and not lake.is_s3 and not Path(lake.text).is_dir():
        raise UserError(
            f"the lake {lake.text} is no folder: LAKE_URL must name the one that holds it"
        )
    if not files[RIDES]:
        name = f"{lake.text}/{RIDES}-{ride_date:%Y%m%d}"
        raise UserError(
            f"no rides for {ride_date}: {name}.json is not in the lake "
            f"(nor {name}.json.gz, nor parts {name}-*.json)"
        )
    return files


def files_sql(files: Sequence[FileToRead]) -> str:
    """Return these files as an SQL list of structs with kind, path and format."""
    structs = [
        f"{{'kind': {sql_text(file.kind)}, 'path': {sql_text(file.path)}, "
        f"'format': {sql_text(file.format)}}}"
        for file in files
    ]
    return f"[{', '.join(structs)}]::STRUCT(kind VARCHAR, path VARCHAR, format VARCHAR)[]"


def inputs_text(files: Sequence[LakeFile]) -> str:
    """Return a text that changes if a file is added, removed or changed."""
    seen = [(file.path, file.size, file.modified.astimezone(datetime.UTC)) for file in files]
    return json.dumps([[path, size, modified.isoformat()] for path, size, modified in seen])

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

RIDES = "taxi-rides"
KINDS = (RIDES, "news", "weather", "traffic")


@dataclass(frozen=True)
class LakeFile:
    """A file of the lake as it is listed."""

    path: str
    size: int
    modified: datetime.datetime


def list_files(
    connection: duckdb.DuckDBPyConnection, lake: LakeUrl, kind: str, run_date: datetime.date
) -> list[LakeFile]:
    """The day's files of one kind: one file or parts, plain or gzip, in the order of their names.

    Raises
    ------
    UserError
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
        if UNSAFE.search(name):
            raise UserError(f"{file.path!r}: the name of a file may have none of {UNSAFE_WORDS}")
    return files


def list_day(
    connection: duckdb.DuckDBPyConnection, lake: LakeUrl, run_date: datetime.date
) -> dict[str, list[LakeFile]]:
    """The day's files of every kind, by kind.

    Raises
    ------
    UserError
        In one line that names the path, if there are no rides, or if the name of a part is none
        that can be read safely.
    """
    files = {kind: list_files(connection, lake, kind, run_date) for kind in KINDS}
    if not files[RIDES] and not lake.is_s3 and not Path(lake.text).is_dir():
        raise UserError(
            f"the lake {lake.text} is no folder: LAKE_URL must name the one that holds it"
        )
    if not files[RIDES]:
        name = f"{lake.text}/{RIDES}-{run_date:%Y%m%d}"
        raise UserError(
            f"no rides for {run_date}: {name}.json is not in the lake "
            f"(nor {name}.json.gz, nor parts {name}-*.json)"
        )
    return files


def inputs_text(files: Sequence[LakeFile]) -> str:
    """Text that is the same as long as no file has come, gone or changed."""
    seen = [(file.path, file.size, file.modified.astimezone(datetime.UTC)) for file in files]
    return json.dumps([[path, size, modified.isoformat()] for path, size, modified in seen])

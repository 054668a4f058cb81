"""A day's files, looked at before a build: are they whole, and how do records stand in them."""

import gzip
import io
import zlib
from collections.abc import Mapping, Sequence
from typing import BinaryIO

import duckdb

from dbt_project.errors import UserError
from dbt_project.lake.files import RIDES, LakeFile
from dbt_project.settings.lake_url import glob_text

_FIRST_LINES = 100
_CHUNK = 1 << 20


def check_files(
    connection: duckdb.DuckDBPyConnection, day: Mapping[str, Sequence[LakeFile]]
) -> dict[str, str]:
    """Check every file of a day as far as that is possible without reading it twice.

    Parameters
    ----------
    connection
        It has the way to the lake.
    day
        The day's files by kind, as `list_day` gives them.

    Returns
    -------
    dict
        DuckDB's name of a file's format, for those files for which DuckDB has to be told it.

    Raises
    ------
    UserError
        In one line that names the file, if it is cut off, damaged or no JSON; or if none of the
        files of the day's rides holds anything.
    """
    formats: dict[str, str] = {}
    for kind, listed in day.items():
        files = [file.path for file in listed]
        for file in files:
            if file.endswith(".gz"):
                _check_gzip(connection, file)
        found = {file: _format_of(connection, file) for file in files}
        if kind == RIDES and set(found.values()) == {"empty"}:
            raise UserError(f"{files[0]} is empty: a day without rides is written as []")
        formats |= {
            file: name for file, name in found.items() if name in ("array", "newline_delimited")
        }
    return formats


def _check_gzip(connection: duckdb.DuckDBPyConnection, file: str) -> None:
    """Read a gzip file to its end: DuckDB takes one that is cut off or damaged for a short one."""
    try:
        with _open(connection, file) as compressed, gzip.open(compressed) as content:
            while content.read(_CHUNK):
                pass
            if not compressed.tell():
                raise EOFError("it is empty")
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{file} is cut off or damaged: {error}; write it again") from None


def _open(connection: duckdb.DuckDBPyConnection, file: str) -> BinaryIO:
    if "://" not in file:
        return open(file, "rb")
    [(content,)] = connection.execute(
        "SELECT content FROM read_blob(?)", [glob_text(file)]
    ).fetchall()
    return io.BytesIO(content)


def _format_of(connection: duckdb.DuckDBPyConnection, file: str) -> str:
    """How records stand in a file: "auto" if DuckDB finds it out, "empty" if there is nothing.

    DuckDB takes an array after a byte-order mark for one record, and lines of which the first is
    malformed for something else; that a large array is one it is slow to find out.
    """
    try:
        if _first_records(connection, file, "array", 1):
            return "array"
    except (duckdb.InvalidInputException, UnicodeDecodeError):
        pass  # the message may quote a byte that is no text
    try:
        if _first_records(connection, file, "auto", 1):
            return "auto"
    except duckdb.InvalidInputException as error:
        lines = _first_records(connection, file, "newline_delimited", _FIRST_LINES)
        if 2 * lines.count("{") > len(lines):
            return "newline_delimited"
        raise UserError(_in_words(file, error)) from None
    return "auto" if _first_records(connection, file, "newline_delimited", 1) else "empty"


def _first_records(
    connection: duckdb.DuckDBPyConnection, file: str, name: str, limit: int
) -> list[str | None]:
    query = (
        "SELECT left(json::VARCHAR, 1) FROM read_json_objects(?, format = ?, ignore_errors = true) "
        f"LIMIT {limit}"
    )
    return [first for (first,) in connection.execute(query, [glob_text(file), name]).fetchall()]


def _in_words(file: str, error: duckdb.Error) -> str:
    what, _, _ = str(error).removeprefix("Invalid Input Error: ").partition(" Parse errors")
    if "UTF-16" in what:
        return f"{file} is in UTF-16: write it in UTF-8"
    return f"{' '.join(what.split())} Is it JSON, an array or a record a line, in UTF-8?"

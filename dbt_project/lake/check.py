"""Check a day's files before a build: whether they are whole, and what format they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import duckdb

from dbt_project.errors import UserError
from dbt_project.lake.content import (
    BYTE_ORDER_MARK,
    GZIP,
    LONGEST_LINE,
    Ends,
    LakeContent,
    begins_array,
)
from dbt_project.lake.files import MAIN_FIELDS, RIDES, FileToRead, LakeFile
from dbt_project.settings.lake_url import glob_text
from dbt_project.sql import sql_text

Format = Literal["array", "newline_delimited", "unstructured", "empty"]

_FIRST_LINES = 100
_SHOWN = 60  # characters of a line that a message quotes


def check_files(
    connection: duckdb.DuckDBPyConnection, day: Mapping[str, Sequence[LakeFile]]
) -> list[FileToRead]:
    """Check every file of a day, as far as that is possible without reading it twice.

    Parameters
    ----------
    connection
        A connection that can read the lake.
    day
        The day's files by kind, from `list_day`.

    Returns
    -------
    list of FileToRead
        The files to read, in the order of the listing, each with its format. Empty files are left
        out.

    Raises
    ------
    UserError
        One line that names the file, if the file is cut off, damaged or not JSON, or if all files
        of the day's rides are empty.
    """
    content = LakeContent(connection)
    found = [
        FileToRead(kind, file.path, _format_of(connection, content, file))
        for kind, files in day.items()
        for file in files
    ]
    to_read = [file for file in found if file.format != "empty"]
    if not any(file.kind == RIDES for file in to_read):
        raise UserError(f"{day[RIDES][0].path} is empty: a day without rides is written as []")
    for file in to_read:
        _check_first_records(connection, file)
    return to_read


def _format_of(
    connection: duckdb.DuckDBPyConnection, content: LakeContent, file: LakeFile
) -> Format:
    """Return the format of a file.

    DuckDB could detect it, but makes three mistakes. It reads an array after a byte-order mark as
    one record, does not recognise lines if the first one is malformed, and takes an array that was
    cut off between two records for a whole one.
    """
    try:
        ends = content.ends(file)
    except ValueError as error:
        raise UserError(f"{file.path} {error}") from None
    except OSError as error:
        raise UserError(f"{file.path} cannot be read: {error.strerror or error}") from None
    if ends.first.startswith(GZIP):
        raise UserError(f"{file.path} holds a gzip: pack it once, and let its name end in .json.gz")
    first_line = ends.first.removeprefix(BYTE_ORDER_MARK).lstrip().partition(b"\n")[0]
    if not first_line:
        return "empty"
    if begins_array(ends.first):
        return _array(file, ends)
    if len(first_line) >= LONGEST_LINE:
        raise UserError(
            f"{file.path} has a line of more than {LONGEST_LINE >> 20} MB, and no record may be "
            "longer"
        )
    if _fault_of(connection, first_line):
        return _other_format(connection, file, ends)
    if ends.first.startswith(BYTE_ORDER_MARK):
        return "unstructured"  # the reader of lines takes the mark for a part of the first line
    return _lines(connection, file, ends)


def _array(file: LakeFile, ends: Ends) -> Format:
    if not ends.last.rstrip().endswith(b"]"):
        raise UserError(
            f"{file.path} begins as an array and does not end as one: it is cut off, or something "
            "else comes after it; write it again"
        )
    return "array"


def _lines(connection: duckdb.DuckDBPyConnection, file: LakeFile, ends: Ends) -> Format:
    last_line = ends.last.rstrip().rpartition(b"\n")[2].lstrip()
    if last_line.endswith(b"\0"):
        raise UserError(f"{file.path} ends in zeros, as a file whose end is lost; write it again")
    if last_line.startswith(b"{") and "unexpected end" in _fault_of(connection, last_line):
        quoted = last_line.decode(errors="backslashreplace")[:_SHOWN]
        raise UserError(
            f"{file.path} is cut off: its last line is {quoted} ... Write the file again; if it is "
            "whole, take that line out"
        )
    return "newline_delimited"


def _other_format(connection: duckdb.DuckDBPyConnection, file: LakeFile, ends: Ends) -> Format:
    """Return the format of a file whose first line is not JSON.

    Either its record goes on in the next line, or it is malformed.
    """
    try:
        _first_records(connection, file.path, "unstructured", "left(json::VARCHAR, 1)", 1)
    except duckdb.InvalidInputException as error:
        lines = _first_records(
            connection, file.path, "newline_delimited", "left(json::VARCHAR, 1)", _FIRST_LINES
        )
        if 2 * lines.count("{") > len(lines):
            return _lines(connection, file, ends)
        raise UserError(_in_words(file.path, error)) from None
    return "unstructured"


def _fault_of(connection: duckdb.DuckDBPyConnection, line: bytes) -> str:
    """Return what DuckDB says about a line that it cannot read. Empty if it can read the line."""
    try:
        connection.execute("SELECT ?::JSON", [line.strip().decode(errors="replace")])
    except duckdb.ConversionException as error:
        return str(error).partition("\n")[0]
    return ""


def _check_first_records(connection: duckdb.DuckDBPyConnection, file: FileToRead) -> None:
    """Check that the first records can be read, and that they are not lists of records."""
    fields = ", ".join(map(sql_text, MAIN_FIELDS[file.kind]))
    wrapping = (
        "CASE WHEN json_type(json) = 'OBJECT' AND regexp_matches(json, '\\[\\s*\\{') "
        f"AND NOT list_has_any(json_keys(json), [{fields}]) THEN left(json::VARCHAR, 200) END"
    )
    try:
        found = _first_records(connection, file.path, file.format, wrapping, 2)
    except duckdb.InvalidInputException as error:
        raise UserError(_in_words(file.path, error)) from None
    if found and all(found):
        quoted = " ".join(str(found[0]).split())[:_SHOWN]
        raise UserError(
            f"{file.path} has its records in a list within another: {quoted} ... Write the list "
            "alone"
        )


def _first_records(
    connection: duckdb.DuckDBPyConnection, path: str, name: str, what: str, limit: int
) -> list[str | None]:
    """Evaluate an SQL expression on the first records of a file."""
    query = (
        f"SELECT {what} FROM read_json_objects(?, format = ?, ignore_errors = true) LIMIT {limit}"
    )
    return [value for (value,) in connection.execute(query, [glob_text(path), name]).fetchall()]


def _in_words(path: str, error: duckdb.Error) -> str:
    what, _, _ = str(error).removeprefix("Invalid Input Error: ").partition(" Parse errors")
    if "UTF-16" in what:
        return f"{path} is in UTF-16: write it in UTF-8"
    return f"{' '.join(what.split())} Is it JSON, an array or a record a line, in UTF-8?"

"""Lines of the lake's files that are not JSON. DuckDB says which lines, but not what they hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import duckdb
import pandas as pd

from dbt_project.errors import UserError
from dbt_project.lake.content import LakeContent
from dbt_project.lake.files import RIDES

_FILES = f"""
SELECT
    file.path,
    count(*) AS records,
    list(row_in_file ORDER BY row_in_file) FILTER (record IS NULL) AS malformed,
    list(record_number ORDER BY row_in_file) FILTER (record IS NULL) AS record_numbers
FROM (
    SELECT *, row_number() OVER (PARTITION BY source_file ORDER BY record_number) AS row_in_file
    FROM records
    WHERE source_file IN (SELECT source_file FROM records WHERE record IS NULL)
) AS records
INNER JOIN (SELECT unnest(getvariable('lake_files')) AS file) AS files
    ON records.source_file = parse_filename(file.path) AND file.kind = '{RIDES}'
GROUP BY file.path
ORDER BY file.path
"""


def malformed_lines(
    connection: duckdb.DuckDBPyConnection, ride_records: duckdb.DuckDBPyRelation
) -> pd.DataFrame:
    r"""Fetch the text of the ride records that are not JSON.

    Only files with such records are read again, line by line.

    Parameters
    ----------
    connection
        A connection that can read the lake, and has the variable `lake_files`.
    ride_records
        Columns source_file, record_number and record. The record is NULL for a line that is not
        JSON.

    Returns
    -------
    DataFrame
        Columns record_number, int64; line_number, int64, as an editor counts; line, text, with a
        byte that is not UTF-8 written as ``\xe9``.

    Raises
    ------
    UserError
        One line that names the file, if each line is not one record.
    """
    found: list[tuple[int, int, str]] = []
    for path, records, malformed, numbers in ride_records.query("records", _FILES).fetchall():
        lines = nth_lines(LakeContent(connection).lines(path), malformed, path, records)
        found += [(number, *line) for number, line in zip(numbers, lines, strict=True)]
    table = pd.DataFrame(found, columns=["record_number", "line_number", "line"])
    return table.astype({"record_number": "int64", "line_number": "int64", "line": "str"})


def nth_lines(
    lines: Iterable[tuple[int, bytes]], wanted: Collection[int], path: str, records: int
) -> Iterator[tuple[int, str]]:
    """Pick lines of a file by their place among the lines that are not empty, from 1.

    Parameters
    ----------
    lines
        Numbers and bytes of the lines that are not empty.
    wanted
        Places, in ascending order.
    path
        Name of the file, for the message.
    records
        The number of records that DuckDB has read from the file.

    Yields
    ------
    tuple
        Number and text of a line.

    Raises
    ------
    UserError
        If the numbers of lines and records differ.
    """
    places = set(wanted)
    place = 0
    for place, (number, line) in enumerate(lines, start=1):
        if place in places:
            yield number, line.decode(errors="backslashreplace")
    if place != records:
        raise UserError(
            f"{path} has changed while it was read: {records} records then, {place} lines now; "
            "build the day again"
        )

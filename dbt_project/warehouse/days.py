"""What is known of each day's build: whether it has been published, and from which files.

A day is open from the moment a build of it starts until it is published. The marts may hold half
of an open day, one that a test has stopped or that was killed, so nobody takes an open day from
them. Kept in a small SQLite file beside the warehouse, which can be read while a build is at work.
"""

import contextlib
import datetime
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from dbt_project.errors import errors_of

DAYS_FILE = "days.sqlite"
LOCK_SECONDS = 30
"""How long another program that has the file locked is waited for."""

_WAY_OUT = (
    "delete it, and put a copy of taxi.duckdb in the place of build.duckdb, which may hold half a "
    "day: install -m 644 taxi.duckdb build.duckdb"
)

_TABLE = """
CREATE TABLE IF NOT EXISTS day_builds (
    ride_date TEXT PRIMARY KEY,
    inputs TEXT,       -- the files that the day was published from
    published_at TEXT  -- UTC; NULL while the day is open
)
"""


@contextlib.contextmanager
def _days(warehouse_dir: str | os.PathLike[str]) -> Iterator[sqlite3.Connection]:
    path = Path(warehouse_dir) / DAYS_FILE
    with (
        errors_of(path, _WAY_OUT),
        contextlib.closing(sqlite3.connect(path, timeout=LOCK_SECONDS)) as connection,
        connection,
    ):
        connection.execute(_TABLE)
        yield connection


def open_day(warehouse_dir: str | os.PathLike[str], ride_date: datetime.date) -> None:
    """Note that a build starts: until `close_day` the day's rows are not to be relied on."""
    with _days(warehouse_dir) as days:
        [(found,), *_] = days.execute("PRAGMA quick_check(1)").fetchall()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        days.execute("INSERT OR REPLACE INTO day_builds (ride_date) VALUES (?)", [str(ride_date)])


def close_day(
    warehouse_dir: str | os.PathLike[str], ride_date: datetime.date, inputs: str | None
) -> None:
    """Note that a day has been published, and from which files (see `inputs_text`)."""
    with _days(warehouse_dir) as days:
        days.execute(
            "INSERT OR REPLACE INTO day_builds VALUES (?, ?, datetime('now'))",
            [str(ride_date), inputs],
        )


def open_days(warehouse_dir: str | os.PathLike[str]) -> list[datetime.date]:
    """Days whose latest build has not been published."""
    query = "SELECT ride_date FROM day_builds WHERE published_at IS NULL ORDER BY ride_date"
    with _days(warehouse_dir) as days:
        return [datetime.date.fromisoformat(day) for (day,) in days.execute(query)]


def published_inputs(warehouse_dir: str | os.PathLike[str]) -> dict[datetime.date, str | None]:
    """The files from which each published day was built, as `inputs_text` has them."""
    if not (Path(warehouse_dir) / DAYS_FILE).exists():
        return {}
    query = "SELECT ride_date, inputs FROM day_builds WHERE published_at IS NOT NULL"
    with _days(warehouse_dir) as days:
        return {datetime.date.fromisoformat(day): inputs for day, inputs in days.execute(query)}

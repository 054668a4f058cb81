"""The state of each day's build: whether the day was published, and from which files.

A day is open from the moment its build starts until it is published. If a test stops the build, or
it is killed, the marts may hold half of the day. So an open day is never published from the marts.
The state is in a small SQLite file beside the warehouse. It can be read while a build is at work.
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
"""How long to wait for another program that has locked the file."""

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
    """Record that a build starts. Until `close_day` nobody may rely on the day's rows."""
    with _days(warehouse_dir) as days:
        [(found,), *_] = days.execute("PRAGMA quick_check(1)").fetchall()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        days.execute("INSERT OR REPLACE INTO day_builds (ride_date) VALUES (?)", [str(ride_date)])


def close_day(
    warehouse_dir: str | os.PathLike[str], ride_date: datetime.date, inputs: str | None
) -> None:
    """Record that a day was published, and from which files (see `inputs_text`)."""
    with _days(warehouse_dir) as days:
        days.execute(
            "INSERT OR REPLACE INTO day_builds VALUES (?, ?, datetime('now'))",
            [str(ride_date), inputs],
        )


def open_days(warehouse_dir: str | os.PathLike[str]) -> list[datetime.date]:
    """Return the days whose latest build was not published."""
    query = "SELECT ride_date FROM day_builds WHERE published_at IS NULL ORDER BY ride_date"
    with _days(warehouse_dir) as days:
        return [datetime.date.fromisoformat(day) for (day,) in days.execute(query)]


def published_inputs(warehouse_dir: str | os.PathLike[str]) -> dict[datetime.date, str | None]:
    """Return the files of each published day, in the form of `inputs_text`."""
    if not (Path(warehouse_dir) / DAYS_FILE).exists():
        return {}
    query = "SELECT ride_date, inputs FROM day_builds WHERE published_at IS NOT NULL"
    with _days(warehouse_dir) as days:
        return {datetime.date.fromisoformat(day): inputs for day, inputs in days.execute(query)}

"""Who may write to a lakehouse: one build of a city at a time, and upkeep when nobody builds.

Two builds of one city at once would each replace what the other has just written. In PostgreSQL
advisory locks keep them apart. The server holds a lock as long as the build's connection lives, and
releases it however the build ends. A catalog in SQLite allows one writer, and uses a lock of the
operating system on a folder beside it.
"""

from __future__ import annotations

import datetime
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dbt_project.errors import one_line
from dbt_project.lakehouse.place import Lakehouse, LakehouseError
from dbt_project.warehouse.lock import POLL_SECONDS, WarehouseInUseError, hold_folder

if TYPE_CHECKING:  # imported where it is used, because most builds have no lakehouse
    import psycopg

_UPKEEP = "upkeep"

# Each side notices within a minute that the other has vanished.
_KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}

# The connections of this process that hold locks, until it ends.
_held: dict[Lakehouse, psycopg.Connection] = {}


def hold_city(lakehouse: Lakehouse, schema: str, doing: str, wait_seconds: float = 0) -> None:
    """Lock a city's schema for writing, for the rest of this process.

    Parameters
    ----------
    lakehouse, schema
        The city's schema. It need not exist yet.
    doing
        What this process does, for the message of others: ``building 2023-05-01``.
    wait_seconds
        How long to wait for another process. A message says once that it waits.

    Raises
    ------
    WarehouseInUseError
        If another process writes to the city, or upkeep is at work.
    LakehouseError
        If the catalog cannot be reached.
    """
    if not lakehouse.is_postgres:
        _hold_file(lakehouse, doing, wait_seconds)
        return
    deadline = time.monotonic() + wait_seconds
    with _errors_in_words("the lakehouse's catalog"):
        connection = _connect_anew(lakehouse, f"{doing} of {schema}")
        _take(connection, _UPKEEP, "pg_try_advisory_lock_shared", deadline)
        _take(connection, f"city {schema}", "pg_try_advisory_lock", deadline)
    _held[lakehouse] = connection


def hold_all(lakehouse: Lakehouse, doing: str, wait_seconds: float = 0) -> None:
    """Lock all cities for the rest of this process; see `hold_city`."""
    if not lakehouse.is_postgres:
        _hold_file(lakehouse, doing, wait_seconds)
        return
    deadline = time.monotonic() + wait_seconds
    with _errors_in_words("the lakehouse's catalog"):
        connection = _connect_anew(lakehouse, doing)
        _take(connection, _UPKEEP, "pg_try_advisory_lock", deadline)
    _held[lakehouse] = connection


@contextmanager
def alone(lakehouse: Lakehouse) -> Iterator[None]:
    """Let one process at a time into a short `with` block. Others wait."""
    if not lakehouse.is_postgres:
        yield
        return
    with _errors_in_words("the lakehouse's catalog"):
        connection = _connect(lakehouse, "alone")
        connection.execute("SELECT pg_advisory_lock(hashtextextended('catalog', 0))")
    try:
        yield
    finally:
        connection.close()


def check_held(lakehouse: Lakehouse) -> None:
    """Check that this process still holds its locks. A restarted server has released them.

    Raises
    ------
    LakehouseError
        If it does not.
    """
    gone = "the connection that kept other builds of the city out is gone, so nothing was written"
    if lakehouse.is_postgres:
        with _errors_in_words(gone):
            _held[lakehouse].execute("SELECT 1")


@contextmanager
def _errors_in_words(what: str) -> Iterator[None]:
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise LakehouseError(f"{what}: {one_line(str(error))}") from None


def _hold_file(lakehouse: Lakehouse, doing: str, wait_seconds: float) -> None:
    folder = Path(f"{lakehouse.catalog_place}.lock")
    folder.mkdir(parents=True, exist_ok=True)
    hold_folder(folder, doing, wait_seconds)


def _connect_anew(lakehouse: Lakehouse, doing: str) -> psycopg.Connection:
    """Connect, and release the locks of an earlier command in this process."""
    if earlier := _held.pop(lakehouse, None):
        earlier.execute("SELECT pg_advisory_unlock_all()")
        earlier.close()
    return _connect(lakehouse, doing)


def _connect(lakehouse: Lakehouse, doing: str) -> psycopg.Connection:
    import psycopg
    from psycopg.conninfo import make_conninfo

    who = f"{doing}, process {os.getpid()} on {socket.gethostname()}"
    name = who.encode()[:63].decode(errors="ignore")
    place = make_conninfo(lakehouse.catalog_place, application_name=name, **_KEEPALIVE)
    connection = psycopg.connect(place, autocommit=True)
    for name, value in _KEEPALIVE.items():
        connection.execute(f"SET tcp_{name} = {value}")
    return connection


def _take(connection: psycopg.Connection, name: str, function: str, deadline: float) -> None:
    is_waiting = False
    query = f"SELECT {function}(hashtextextended(%s, 0))"
    while not connection.execute(query, [name]).fetchall()[0][0]:
        holder = _holder(connection, name)
        if time.monotonic() >= deadline:
            connection.close()
            raise WarehouseInUseError(f"{holder}: try again when it has ended")
        if not is_waiting:
            print(f"Waiting: {holder}", flush=True)
            is_waiting = True
        time.sleep(POLL_SECONDS)


def _holder(connection: psycopg.Connection, name: str) -> str:
    """Say who holds a lock."""
    holders = connection.execute(
        "SELECT activity.application_name, activity.backend_start "
        "FROM pg_locks AS locks JOIN pg_stat_activity AS activity USING (pid) "
        "WHERE locks.locktype = 'advisory' AND locks.granted AND locks.objsubid = 1 "
        "AND locks.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "AND (locks.classid::bigint << 32 | locks.objid::bigint) = hashtextextended(%s, 0) "
        "ORDER BY activity.backend_start",
        [name],
    ).fetchall()
    if not holders or not holders[0][0]:  # it has just ended, or belongs to another user
        return f"another process is at work in the lakehouse ({name})"
    doing, since = holders[0]
    return f"the lakehouse is in use since {_clock(since)}: {doing}"


def _clock(time: datetime.datetime) -> str:
    return f"{time.astimezone():%Y-%m-%d %H:%M:%S %Z}"

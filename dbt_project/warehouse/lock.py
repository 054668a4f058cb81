"""One build at a time: a lock on the warehouse's folder that says who holds it.

The operating system holds the lock and releases it when the process ends, however it ends. So a
killed build never blocks the next one. The file's content is only for messages.
"""

import datetime
import fcntl
import json
import os
import socket
import time
from pathlib import Path
from typing import TextIO

from dbt_project.errors import UserError

LOCK_FILE = "build.lock"
POLL_SECONDS = 0.2

# The locks of this process, held until it ends. A second dbt command in it shares them.
_held: dict[Path, TextIO] = {}


class WarehouseInUseError(UserError):
    """Another process holds the lock. The message is one line that says which one."""


def hold_warehouse(
    warehouse_dir: str | os.PathLike[str], ride_date: datetime.date, wait_seconds: float = 0
) -> None:
    """Lock the warehouse's folder for the rest of this process.

    Parameters
    ----------
    warehouse_dir
        The folder. It exists.
    ride_date
        The day that is built, for the message of others.
    wait_seconds
        How long to wait for another process. A message says once that it waits.

    Raises
    ------
    WarehouseInUseError
        If another process still holds the lock.
    """
    hold_folder(Path(warehouse_dir), f"building {ride_date}", wait_seconds)


def hold_folder(folder: Path, doing: str, wait_seconds: float = 0) -> None:
    """Lock any folder. `doing` says what for; the rest is as in `hold_warehouse`."""
    path = folder.resolve() / LOCK_FILE
    if path not in _held:
        _held[path] = _open_locked(path, time.monotonic() + wait_seconds)
    file = _held[path]
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "doing": doing,
        "since": f"{datetime.datetime.now().astimezone():%Y-%m-%d %H:%M:%S %Z}",
    }
    file.seek(0)
    file.truncate()
    file.write(json.dumps(holder) + "\n")
    file.flush()


def _open_locked(path: Path, deadline: float) -> TextIO:
    file = path.open("a+", encoding="utf-8")
    is_waiting = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if time.monotonic() >= deadline:
                message = f"{_describe(file)}: try again when it has ended"
                file.close()
                raise WarehouseInUseError(message) from None
            if not is_waiting:
                print(f"Waiting: {_describe(file)}", flush=True)
                is_waiting = True
            time.sleep(POLL_SECONDS)


def _describe(file: TextIO) -> str:
    file.seek(0)
    folder = Path(file.name).parent
    try:
        holder = json.loads(file.read())
        process = f"process {holder['pid']} on {holder['host']}"
        return f"{process} has been {holder['doing']} in {folder} since {holder['since']}"
    except (ValueError, KeyError, TypeError):  # it has only just taken the lock
        return f"another process is building in {folder}"

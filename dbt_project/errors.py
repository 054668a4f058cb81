"""Errors in one line: what is wrong, where, and what a person can do about it.

A `UserError` is an error that a user can cause. `in_one_line` reports it for each command; the
plugin does so for dbt. Any other exception is a mistake of this program and keeps its traceback.
"""

import os
import pwd
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HEADING = re.compile(
    r"(\w+ Error( in [^:]*)?|Python model failed:|compiled code at .*|> (in|called by) .*)"
)


class UserError(ValueError):
    """An error that a user can cause and fix. The message is one line that says what and how."""


def caused_by_users() -> tuple[type[Exception], ...]:
    """Return the errors to report in one line. Those of DuckDB and the system are about files."""
    import duckdb  # not above, because Airflow's environment imports UserError and may lack duckdb

    return UserError, OSError, duckdb.Error


@contextmanager
def in_one_line() -> Iterator[None]:
    """End the process with status 1 and one line, if an error happens that a user can cause."""
    try:
        yield
    except caused_by_users() as error:
        sys.exit(f"Error: {line_of(error)}")


def line_of(error: BaseException) -> str:
    """Return the message of an error, in one line."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return of_file(error.filename, error.strerror)
    return str(error) if isinstance(error, UserError) else one_line(str(error))


@contextmanager
def errors_of(path: str | os.PathLike[str], way_out: str) -> Iterator[None]:
    """Say why a file of DuckDB or SQLite cannot be used: in use, not writable, damaged.

    Parameters
    ----------
    path
        The file.
    way_out
        What a person can do if it is damaged.

    Raises
    ------
    UserError
        One line that names the file and says what to do.
    """
    import duckdb  # as above

    try:
        yield
    except (duckdb.IOException, duckdb.InternalException, duckdb.SerializationException) as error:
        raise UserError(_of_duckdb(path, one_line(str(error)), way_out)) from None
    except sqlite3.Error as error:
        raise UserError(_of_sqlite(path, error, way_out)) from None


def _of_duckdb(path: str | os.PathLike[str], said: str, way_out: str) -> str:
    if holder := re.search(r"Conflicting lock is held in .*\(PID (\d+)\)", said):
        return (
            f"process {holder[1]} is using {path}: try again when it has ended; "
            "taxi.duckdb is the file for queries"
        )
    if refused := re.search(r": (Permission denied|Read-only file system|Is a directory)$", said):
        return of_file(path, refused[1])
    return f"{path} is damaged: {way_out} ({said})"


def _of_sqlite(path: str | os.PathLike[str], error: sqlite3.Error, way_out: str) -> str:
    if "locked" in str(error):
        return f"{path} is in use by another program: try again when it has ended"
    if isinstance(error, sqlite3.OperationalError):
        return of_file(path, str(error))
    return f"{path} is damaged: {way_out} ({error})"


def of_file(path: str | os.PathLike[str], what: str) -> str:
    """Say what is wrong with a file or folder, and whose it is if another user owns it."""
    places = (Path(path).absolute(), *Path(path).absolute().parents)
    owner = next(place for place in places if os.path.exists(place)).stat().st_uid
    user = os.geteuid()
    whose = f" (it belongs to {_name(owner)}, and this is {_name(user)})" if owner != user else ""
    return f"{path}: {what}{whose}"


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def one_line(message: str) -> str:
    """Return the line that says what is wrong, from a message of dbt, DuckDB, PostgreSQL or Python.

    In a traceback it is the last line. In dbt's and DuckDB's messages it is the first line that is
    not a heading. PostgreSQL's text comes after the name of its caller.
    """
    plain = re.sub(r"\x1b\[[\d;]*m", "", message)
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    informative = [line for line in lines if not _HEADING.fullmatch(line)] or lines or ["failed"]
    has_traceback = any(line.startswith("Traceback ") for line in lines)
    line = informative[-1] if has_traceback else informative[0]
    if not has_traceback and re.search(r"\(HTTP (code )?\d{3}[^)]*\)$", line):
        # the next line has the server's answer, unless it is a piece of SQL
        line = ": ".join(
            [line, *(more for more in informative[1:2] if not more.startswith("LINE"))]
        )
    line = re.sub(r"^.*(?=connection to server)", "", line)
    # DuckDB begins messages of error() and of files with this. Users have made no such input
    line = line.removeprefix("Invalid Input Error: ")
    line, _, _ = line.partition(" Parse errors cannot be ignored for JSON formats")
    # the name of an error class, "dbt_project.room.SomeError: ", does not help an operator
    return re.sub(r"^(\w+\.)+[A-Z]\w*: ", "", line)

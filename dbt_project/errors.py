"""What goes wrong, in one line: what it is, where, and what a person can do about it.

`UserError` is what a user can cause. Each command has one door, `in_one_line`, and dbt's is in the
plugin; any other exception is a mistake of this program and keeps its traceback.
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
    """What a user can cause, and mend; the message is the one line that says what and how."""


def caused_by_users() -> tuple[type[Exception], ...]:
    """What a door tells in one line: DuckDB's errors and the system's are of files and servers."""
    import duckdb  # not above: Airflow's environment, where a UserError is known, may have none

    return UserError, OSError, duckdb.Error


@contextmanager
def in_one_line() -> Iterator[None]:
    """End the process with status 1 and one line, if what a user can cause happens."""
    try:
        yield
    except caused_by_users() as error:
        sys.exit(f"Error: {line_of(error)}")


def line_of(error: BaseException) -> str:
    """What an error says, in one line."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return of_file(error.filename, error.strerror)
    return str(error) if isinstance(error, UserError) else one_line(str(error))


@contextmanager
def errors_of(path: str | os.PathLike[str], way_out: str) -> Iterator[None]:
    """Say why a file of DuckDB or SQLite cannot be used: in use, not to be written, damaged.

    Parameters
    ----------
    path
        The file.
    way_out
        What a person can do if it is damaged.

    Raises
    ------
    UserError
        In one line that names the file and says what to do.
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
    """What is wrong with a file or folder; whose it is, if it is another user's."""
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
    """The line of an error message of dbt, DuckDB, PostgreSQL or Python that says what is wrong.

    A traceback says it in its last line, dbt and DuckDB in the first that is no heading, PostgreSQL
    behind whoever has asked it.
    """
    plain = re.sub(r"\x1b\[[\d;]*m", "", message)
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    informative = [line for line in lines if not _HEADING.fullmatch(line)] or lines or ["failed"]
    has_traceback = any(line.startswith("Traceback ") for line in lines)
    line = informative[-1] if has_traceback else informative[0]
    if not has_traceback and re.search(r"\(HTTP (code )?\d{3}[^)]*\)$", line):
        # what the server has answered is the next line, if it is not a piece of SQL
        line = ": ".join(
            [line, *(more for more in informative[1:2] if not more.startswith("LINE"))]
        )
    line = re.sub(r"^.*(?=connection to server)", "", line)
    # what a query of ours says with error(), and what DuckDB says of files, is no input of a form
    line = line.removeprefix("Invalid Input Error: ")
    line, _, _ = line.partition(" Parse errors cannot be ignored for JSON formats")
    # the name of an error class, "dbt_project.room.SomeError: ", says nothing to an operator
    return re.sub(r"^(\w+\.)+[A-Z]\w*: ", "", line)

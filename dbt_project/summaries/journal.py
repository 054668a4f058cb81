"""The journal: every call to a language model, on disk before the call and again after it.

It is one SQLite file beside the warehouse, with one row for each call. It is the source of truth
for answers and for costs; the tables in the warehouse are made from it. Each entry is committed
before the program goes on, and so is safe from a killed process and a power cut.

A call is entered at the most that it can cost, and corrected when it is over. If its end was never
seen (the process was killed, the server did not answer), it stays at the most, because it may have
been billed. Check and entry are one transaction. So the budget holds with calls in flight, in one
process or several.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, astuple, dataclass, fields
from typing import Any, Self

import pandas as pd

from dbt_project.errors import UserError, errors_of, of_file
from dbt_project.settings.summaries import Budget

_TABLE = """
CREATE TABLE IF NOT EXISTS calls (
    call_id INTEGER PRIMARY KEY,
    called_at TEXT NOT NULL,      -- UTC
    ride_date TEXT NOT NULL,      -- the day that was built
    question TEXT NOT NULL,       -- hash of what was asked, whichever model
    prompt_hash TEXT NOT NULL,    -- hash of that, the model and its parameters
    model TEXT NOT NULL,
    base_url TEXT NOT NULL,
    most_tokens INTEGER NOT NULL, -- what the call can use at most
    most_usd REAL NOT NULL,
    summary TEXT NOT NULL DEFAULT '',
    circumstance TEXT NOT NULL DEFAULT '',
    item_ids TEXT NOT NULL DEFAULT '[]',    -- a list as JSON
    summary_support TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT 'the call was cut off',
    model_that_answered TEXT NOT NULL DEFAULT '',
    request_id TEXT NOT NULL DEFAULT '',
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    cost_usd REAL,
    latency_seconds REAL
);
"""

_INDEXES = """
CREATE INDEX IF NOT EXISTS calls_by_time ON calls (called_at);
CREATE INDEX IF NOT EXISTS calls_by_prompt ON calls (prompt_hash);
CREATE INDEX IF NOT EXISTS calls_by_question ON calls (question);
"""

CALLS_DTYPES = {
    "call_id": "Int64",
    "called_at": "datetime64[us]",
    "prompt_hash": "string",
    "model": "string",
    "reason": "string",
    "prompt_tokens": "Int64",
    "completion_tokens": "Int64",
    "cost_usd": "Float64",
    "latency_seconds": "Float64",
}
"""Columns of a day's calls; see `int_summary_calls`."""

_SPENT = """
SELECT
    count(*) AS calls,
    coalesce(sum(coalesce(prompt_tokens + completion_tokens, most_tokens)), 0) AS tokens,
    total(coalesce(cost_usd, most_usd)) AS usd
FROM calls
WHERE called_at >= ?
"""

LOCK_SECONDS = 30
"""How long to wait for another program that has locked the file."""

_WAY_OUT = "move it away, and the answers are taken from the warehouse"

_ROUNDING_USD = 1e-9  # sums of dollars in binary fractions are rounded


class OverBudgetError(Exception):
    """A call does not fit into the rest of the budget. The message says into which one."""


@dataclass(frozen=True)
class Intent:
    """A call that is about to be made."""

    ride_date: str
    question: str
    prompt_hash: str
    model: str
    base_url: str
    most_tokens: int
    most_usd: float


@dataclass(frozen=True)
class Outcome:
    """How a call ended. A number is None if it is not known."""

    summary: str = ""
    """Empty if there is no usable answer."""
    circumstance: str = ""
    item_ids: str = "[]"
    """The items that the summary rests on, as JSON."""
    summary_support: str = ""
    reason: str = ""
    """What was wrong with the call. If it was answered, why earlier models were not used."""
    model_that_answered: str = ""
    request_id: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    latency_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Call(Outcome, Intent):
    """A row of the journal."""

    called_at: dt.datetime


class Journal:
    """The open journal, a context manager. Many threads may use it.

    Parameters
    ----------
    path : path
        The file. It is made if it does not exist. ":memory:" for a journal that is not kept.

    Raises
    ------
    UserError
        One line, if the file cannot be opened or is not a journal.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._lock = threading.Lock()
        self._path = path
        with errors_of(path, _WAY_OUT):
            self._connection = sqlite3.connect(
                path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
            # FULL: a commit returns when the entry is on the disk, not only in the system's cache.
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_TABLE)
            _add_missing_columns(self._connection)
            self._connection.executescript(_INDEXES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._connection.close()

    @classmethod
    def check(cls, path: str | os.PathLike[str]) -> None:
        """Check that a journal, if it exists, can be used, every page of it.

        Raises
        ------
        UserError
            One line, if it cannot be used.
        """
        if not os.path.exists(path):
            return
        if not os.access(path, os.W_OK):
            raise UserError(of_file(path, "cannot be written to"))
        with cls(path) as journal, journal._transaction() as connection:
            [(found,), *_] = connection.execute("PRAGMA quick_check(1)").fetchall()
            if found != "ok":
                raise sqlite3.DatabaseError(found)

    def begin(self, intent: Intent, budget: Budget) -> int:
        """Enter a call at the most that it can cost, if the budget allows that.

        Returns
        -------
        int
            The number of the call, for `end`.

        Raises
        ------
        OverBudgetError
            If the budget does not allow it. Nothing is entered.
        """
        now = dt.datetime.now(dt.UTC)
        with self._transaction() as connection:
            self._check(connection, intent, budget, now)
            return _insert(connection, {"called_at": _text(now), **asdict(intent)})

    def _check(
        self, connection: sqlite3.Connection, intent: Intent, budget: Budget, now: dt.datetime
    ) -> None:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        periods = {"day": midnight, "month": midnight.replace(day=1)}
        for period, start in periods.items():
            limits = getattr(budget, period)
            calls, tokens, usd = connection.execute(_SPENT, [_text(start)]).fetchone()
            if limits.calls is not None and calls + 1 > limits.calls:
                raise OverBudgetError(f"over the budget of {limits.calls:,} calls a {period}")
            if limits.tokens is not None and tokens + intent.most_tokens > limits.tokens:
                raise OverBudgetError(f"over the budget of {limits.tokens:,} tokens a {period}")
            if limits.usd is not None and usd + intent.most_usd > limits.usd + _ROUNDING_USD:
                raise OverBudgetError(f"over the budget of ${limits.usd:,.10g} a {period}")

    def end(self, call_id: int, outcome: Outcome) -> None:
        """Record how a call ended."""
        columns = ", ".join(f"{field.name} = ?" for field in fields(Outcome))
        with self._transaction() as connection:
            connection.execute(
                f"UPDATE calls SET {columns} WHERE call_id = ?", [*astuple(outcome), call_id]
            )

    def about(self, prompt_hashes: Iterable[str]) -> list[Call]:
        """Find all calls about prompts, with any model, in the order in which they were made."""
        query = (
            "SELECT * FROM calls WHERE question IN ("
            "SELECT question FROM calls WHERE prompt_hash IN (SELECT value FROM json_each(?))"
            ") ORDER BY call_id"
        )
        with self._transaction() as connection:
            rows = connection.execute(query, [json.dumps(list(prompt_hashes))]).fetchall()
        return [_call(row) for row in rows]

    def of_day(self, ride_date: dt.date) -> pd.DataFrame:
        """List the calls that were made for a day, columns and dtypes as in `CALLS_DTYPES`."""
        query = f"SELECT {', '.join(CALLS_DTYPES)} FROM calls WHERE ride_date = ? ORDER BY call_id"
        with self._transaction() as connection:
            rows = connection.execute(query, [ride_date.isoformat()]).fetchall()
        return pd.DataFrame([dict(row) for row in rows], columns=list(CALLS_DTYPES)).astype(
            CALLS_DTYPES
        )

    def restore(self, ledger: pd.DataFrame) -> None:
        """Enter the answers of the warehouse's ledger that the journal does not have.

        This matters only if the journal was lost, or if the warehouse comes from elsewhere.

        Parameters
        ----------
        ledger : DataFrame
            The rows of `context_summaries`.
        """
        answers = ledger[ledger["status"].isin(["ok", "fallback"])]
        answered = "SELECT prompt_hash FROM calls WHERE summary <> ''"
        with self._transaction() as connection:
            known = {row["prompt_hash"] for row in connection.execute(answered)}
            lost = answers[~answers["prompt_hash"].isin(known)]
            for row in lost.astype(object).where(lost.notna(), None).to_dict("records"):
                call = {
                    "called_at": _text(row["created_at"]),
                    "ride_date": row["ride_date"].date().isoformat(),
                    "question": row["prompt_hash"],
                    **{name: row[name] for name in ("prompt_hash", "model", "base_url")},
                    "most_tokens": 0,
                    "most_usd": 0,
                }
                for _ in range(int(row["attempts"]) - 1):
                    _insert(connection, {**call, "reason": ""})
                # A ledger of an earlier version lacks newer columns.
                names = [field.name for field in fields(Outcome) if field.name in row]
                outcome = {name: row[name] for name in names if row[name] is not None}
                if not isinstance(outcome.get("item_ids", ""), str):
                    outcome["item_ids"] = json.dumps(list(outcome["item_ids"]))
                _insert(connection, {**call, **outcome})

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, errors_of(self._path, _WAY_OUT):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.commit()


def _add_missing_columns(connection: sqlite3.Connection) -> None:
    """Add newer columns to a journal of an earlier version."""
    columns = "SELECT name, type, \"notnull\", dflt_value FROM pragma_table_info('calls')"
    with contextlib.closing(sqlite3.connect(":memory:")) as new:
        new.executescript(_TABLE)
        wanted = new.execute(columns).fetchall()
    present = {name for name, *_ in connection.execute(columns)}
    for name, kind, is_required, default in wanted:
        if name not in present:
            constraint = f"NOT NULL DEFAULT {default}" if is_required else ""
            connection.execute(f"ALTER TABLE calls ADD COLUMN {name} {kind} {constraint}")


def _call(row: sqlite3.Row) -> Call:
    values = {field.name: row[field.name] for field in fields(Call)}
    return Call(**{**values, "called_at": dt.datetime.fromisoformat(values["called_at"])})


def _insert(connection: sqlite3.Connection, values: dict[str, Any]) -> int:
    marks = ", ".join("?" for _ in values)
    query = f"INSERT INTO calls ({', '.join(values)}) VALUES ({marks})"
    return connection.execute(query, list(values.values())).lastrowid or 0


def _text(time: dt.datetime) -> str:
    """Write a time in UTC so that texts compare as times do."""
    return time.strftime("%Y-%m-%d %H:%M:%S.%f")

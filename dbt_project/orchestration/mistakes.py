"""A mistake in what people or files say: the task is red at once, and no retry is spent on it."""

import json
import logging
import re
from pathlib import Path
from typing import NoReturn

from airflow.sdk.exceptions import AirflowFailException

_NOTES = "run_results.json"

log = logging.getLogger("airflow.task")

# What a line names that may be over a minute later; any other refusal needs a person.
_MAY_PASS = re.compile(
    r"HTTP (code )?(408|429|5\d\d)|\b(timed? ?out|connect|connection|try again|is using|in use"
    r"|reset|unavailable|slow ?down|no space|is full|out of memory|could not set lock)\b",
    re.IGNORECASE,
)


def fail_at_once(message: str) -> NoReturn:
    """Fail the task that runs now, without a retry.

    Templates are rendered in a part of the log that Airflow folds away. The part is closed first,
    so that the message stands in plain sight.

    Parameters
    ----------
    message
        What is wrong and what to do, in one line.
    """
    log.info("::endgroup::")
    raise AirflowFailException(message)


def forget_earlier_try(target: Path) -> None:
    """Take away what dbt has noted of an earlier command in the same target folder."""
    (target / _NOTES).unlink(missing_ok=True)


def is_mistake(last_line: str, target: Path) -> bool:
    """Whether a build that has failed would fail again, as long as nobody mends anything.

    Parameters
    ----------
    last_line
        What the command said last; ``Error: ...`` unless it was killed.
    target
        dbt's target folder, with what it has noted of this command's nodes. There is no such note
        if the command was refused before the first of them.

    Returns
    -------
    bool
        True if rows break a rule, or a file, a setting or the date cannot be used. A server that is
        down, a full disk or another build at work is no mistake.
    """
    if not last_line.startswith("Error: "):
        return False
    notes = target / _NOTES
    if not notes.exists():
        return not _MAY_PASS.search(last_line)
    results = json.loads(notes.read_text(encoding="utf-8"))["results"]
    return any(
        result["status"] == "fail" or "Invalid Input Error" in (result["message"] or "")
        for result in results
    )

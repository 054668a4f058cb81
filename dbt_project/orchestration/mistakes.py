"""Fail a task at once, without a retry, if a person or a file has made a mistake."""

import json
import logging
import re
from pathlib import Path
from typing import NoReturn

from airflow.sdk.exceptions import AirflowFailException

_NOTES = "run_results.json"

log = logging.getLogger("airflow.task")

# Words for trouble that may be over a minute later. Any other refusal needs a person.
_MAY_PASS = re.compile(
    r"HTTP (code )?(408|429|5\d\d)|\b(timed? ?out|connect|connection|try again|is using|in use"
    r"|reset|unavailable|slow ?down|no space|is full|out of memory|could not set lock)\b",
    re.IGNORECASE,
)


def fail_at_once(message: str) -> NoReturn:
    """Fail the current task, without a retry.

    Airflow folds away the part of the log in which templates are rendered. This part is closed
    first, so that the message is visible.

    Parameters
    ----------
    message
        What is wrong and what to do, in one line.
    """
    log.info("::endgroup::")
    raise AirflowFailException(message)


def forget_earlier_try(target: Path) -> None:
    """Remove dbt's results of an earlier command in the same target folder."""
    (target / _NOTES).unlink(missing_ok=True)


def is_mistake(last_line: str, target: Path) -> bool:
    """Whether a build that has failed would fail again until a person fixes something.

    Parameters
    ----------
    last_line
        The last line of the command: ``Error: ...`` unless it was killed.
    target
        dbt's target folder, with the results of this command's nodes. There are no results if the
        command was refused before its first node.

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

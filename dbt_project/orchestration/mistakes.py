"""A person's mistake: the task is red at once, and no retry is spent on it."""

import logging
from typing import NoReturn

from airflow.sdk.exceptions import AirflowFailException

log = logging.getLogger("airflow.task")


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

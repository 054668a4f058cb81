"""The limit of a wait for rides, and its message at the limit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.sdk.exceptions import AirflowSensorTimeout


def is_named_day(context: Any) -> bool:
    """Whether a person has named the day of the run.

    Such a day is over: its rides are there, or will not come by themselves. So the wait looks only
    once, and a wrong date does not keep other runs waiting.
    """
    return bool((context.get("params") or {}).get("date"))


@contextmanager
def limit_in_words(pattern: str, seconds: float) -> Iterator[None]:
    """Say what a sensor waited for, where and how long, when it has reached its limit."""
    try:
        yield
    except AirflowSensorTimeout as error:
        waited = f" after a wait of {seconds / 60:g} minutes" if seconds else ""
        raise AirflowSensorTimeout(
            f"no rides: nothing in the lake is named {pattern}{waited}. "
            "Ask who delivers them; when they are there, clear this task"
        ) from error

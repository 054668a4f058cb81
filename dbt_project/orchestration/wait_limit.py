"""What a wait says that has reached its limit."""

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowSensorTimeout


@contextmanager
def limit_in_words(pattern: str, seconds: float) -> Iterator[None]:
    """Say what was waited for, where and how long, when a sensor has reached its limit."""
    try:
        yield
    except AirflowSensorTimeout as error:
        raise AirflowSensorTimeout(
            f"no rides: nothing in the lake is named {pattern} after a wait of "
            f"{seconds / 60:g} minutes. Ask who delivers them; when they are there, clear this task"
        ) from error

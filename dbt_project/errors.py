"""What goes wrong in a command of the lakehouse, in one line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from dbt_project.lakehouse.place import LakehouseError, reason
from dbt_project.warehouse.lock import WarehouseInUseError


@contextmanager
def failures_in_words() -> Iterator[None]:
    """End the process with status 1 and one line, if what a user can cause happens."""
    try:
        yield
    except (ValueError, LakehouseError, WarehouseInUseError) as error:
        sys.exit(f"Error: {error}")
    except duckdb.Error as error:
        sys.exit(f"Error: {reason(error)}")

"""Report errors that a user can cause through dbt, in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

from dbt_common.exceptions import DbtRuntimeError

from dbt_project.errors import caused_by_users, line_of
from dbt_project.plugin.closing_lines import ClosingLines


@contextmanager
def told_by_dbt() -> Iterator[None]:
    """Turn an error that a user can cause into one of dbt's own, which has no traceback."""
    try:
        yield
    except caused_by_users() as error:
        raise DbtRuntimeError(line_of(error)) from None


@contextmanager
def before_it_is_open() -> Iterator[None]:
    """The same before the warehouse is open. dbt retries, and gets the same error at once."""
    closing_lines = ClosingLines.of_this_command()
    if closing_lines.refusal:
        raise DbtRuntimeError(closing_lines.refusal)
    try:
        with told_by_dbt():
            yield
    except DbtRuntimeError as error:
        closing_lines.refusal = error.msg
        raise

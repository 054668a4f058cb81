"""The door to dbt: what a user can cause is told in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

from dbt_common.exceptions import DbtRuntimeError

from dbt_project.errors import caused_by_users, line_of
from dbt_project.plugin.closing_lines import ClosingLines


@contextmanager
def told_by_dbt() -> Iterator[None]:
    """Make of what a user can cause an error of dbt's own, which has no traceback."""
    try:
        yield
    except caused_by_users() as error:
        raise DbtRuntimeError(line_of(error)) from None


@contextmanager
def before_it_is_open() -> Iterator[None]:
    """The same while the warehouse is not open: dbt asks again, and is told the same at once."""
    closing_lines = ClosingLines.of_this_command()
    if closing_lines.refusal:
        raise DbtRuntimeError(closing_lines.refusal)
    try:
        with told_by_dbt():
            yield
    except DbtRuntimeError as error:
        closing_lines.refusal = error.msg
        raise

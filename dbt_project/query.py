"""Ask the published warehouse: one query, or DuckDB's own command line if none is given."""

import os
import shutil
import sys
from pathlib import Path

import duckdb

from dbt_project.errors import UserError, in_one_line
from dbt_project.published import Published, published_warehouse

COMMAND = "python -m dbt_project.query"
OVERVIEW = "select * from daily_reports order by ride_date"


def main(arguments: list[str]) -> int:
    """Open the published warehouse read-only; return the exit status."""
    if len(arguments) > 1:
        print(f'usage: {COMMAND} ["{OVERVIEW}"]', file=sys.stderr)
        return 2
    with in_one_line():
        warehouse = published_warehouse()
        with warehouse.connect() as connection:
            if arguments:
                _answer(connection, arguments[0])
                return 0
        return open_command_line(warehouse)


def _answer(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    try:
        connection.sql(query).show(max_width=200, max_rows=100)
    except duckdb.Error as error:  # what it says before the line of the query may be a hint
        raise UserError(" ".join(str(error).partition("\nLINE ")[0].split())) from None


def open_command_line(warehouse: Published) -> int:
    """Hand over to DuckDB's command line, the one of this environment first."""
    here = str(Path(sys.executable).parent)
    command_line = shutil.which("duckdb", path=os.pathsep.join([here, *os.get_exec_path()]))
    if not command_line:
        print(
            "DuckDB's command line is not installed (pip install duckdb-cli); "
            f'with a query there is no need of it: {COMMAND} "{OVERVIEW}"',
            file=sys.stderr,
        )
        return 1
    sys.stdout.flush()
    environment = {**os.environ, **warehouse.environment}
    os.execve(command_line, [command_line, *warehouse.arguments], environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

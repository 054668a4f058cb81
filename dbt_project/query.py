"""Ask the published warehouse: one query, or DuckDB's own command line if none is given."""

import os
import shutil
import sys
from pathlib import Path

import duckdb

from dbt_project.lakehouse.place import LakehouseError
from dbt_project.published import published_warehouse

COMMAND = "python -m dbt_project.query"
OVERVIEW = "select * from daily_reports order by ride_date"


def main(arguments: list[str]) -> int:
    """Open the published warehouse read-only; return the exit status."""
    if len(arguments) > 1:
        print(f'usage: {COMMAND} ["{OVERVIEW}"]', file=sys.stderr)
        return 2
    try:
        warehouse = published_warehouse()
        with warehouse.connect() as connection:
            if arguments:
                connection.sql(arguments[0]).show(max_width=200, max_rows=100)
                return 0
    except (ValueError, FileNotFoundError, LakehouseError, duckdb.Error) as error:
        print(error, file=sys.stderr)
        return 1
    return open_command_line(warehouse.arguments)


def open_command_line(arguments: list[str]) -> int:
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
    os.execv(command_line, [command_line, *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

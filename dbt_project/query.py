"""Ask the published warehouse: one query, or DuckDB's own command line if none is given."""

import os
import shutil
import sys
from pathlib import Path

import duckdb

from dbt_project.publish import PUBLISHED_FILE

COMMAND = "python -m dbt_project.query"
OVERVIEW = "select * from daily_reports order by ride_date"


def main(arguments: list[str]) -> int:
    """Open the published warehouse read-only; return the exit status."""
    if len(arguments) > 1:
        print(f'usage: {COMMAND} ["{OVERVIEW}"]', file=sys.stderr)
        return 2
    file = Path(os.environ.get("WAREHOUSE_DIR", "warehouse")) / PUBLISHED_FILE
    if not file.exists():
        print(f"{file} is not there yet: build a day first, with make build", file=sys.stderr)
        return 1
    return print_answer(file, arguments[0]) if arguments else open_command_line(file)


def print_answer(file: Path, sql: str) -> int:
    """Run one query and print its result."""
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            connection.sql(sql).show(max_width=200, max_rows=100)
    except duckdb.Error as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def open_command_line(file: Path) -> int:
    """Hand over to DuckDB's command line, the one of this environment first."""
    here = str(Path(sys.executable).parent)
    command_line = shutil.which("duckdb", path=f"{here}{os.pathsep}{os.environ.get('PATH', '')}")
    if not command_line:
        print(
            "DuckDB's command line is not installed (pip install duckdb-cli); "
            f'with a query there is no need of it: {COMMAND} "{OVERVIEW}"',
            file=sys.stderr,
        )
        return 1
    sys.stdout.flush()
    os.execv(command_line, [command_line, "-readonly", str(file)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Ask the published warehouse: ``python -m dbt_project.query "select * from daily_reports"``."""

import os
import sys
from pathlib import Path

import duckdb

from dbt_project.publish import PUBLISHED_FILE


def main() -> int:
    """Run one query, read-only, and print its result."""
    if len(sys.argv) != 2:
        print(f'usage: python -m dbt_project.query "{OVERVIEW}"', file=sys.stderr)
        return 2
    file = Path(os.environ.get("WAREHOUSE_DIR", "warehouse")) / PUBLISHED_FILE
    if not file.exists():
        print(f"{file} is not there yet: build a day first, with make build", file=sys.stderr)
        return 1
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            connection.sql(sys.argv[1]).show(max_width=200, max_rows=100)
    except duckdb.Error as error:
        print(error, file=sys.stderr)
        return 1
    return 0


OVERVIEW = "select * from daily_reports order by ride_date"

if __name__ == "__main__":
    sys.exit(main())

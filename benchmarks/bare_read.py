"""Read a file of rides with DuckDB and do nothing with them: the floor under every build.

``python benchmarks/bare_read.py FILE`` prints the seconds of one declared read, the median of
three.
"""

from __future__ import annotations

import statistics
import sys
import time

import duckdb

QUERY = """
    SELECT count(*), sum(ride_dist)
    FROM read_json(
        ?,
        columns = {
            ride_id: 'VARCHAR', pickup_at: 'VARCHAR', area: 'VARCHAR', ride_dist: 'DOUBLE',
            ride_time: 'DOUBLE', passengers: 'INTEGER', payment: 'VARCHAR'
        }
    )
"""


def read(path: str) -> float:
    """Read a file; return the seconds that it took."""
    with duckdb.connect() as connection:
        start = time.perf_counter()
        connection.execute(QUERY, [path]).fetchall()
        return time.perf_counter() - start


if __name__ == "__main__":
    print(statistics.median(read(sys.argv[1]) for _ in range(3)))

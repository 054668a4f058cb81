"""Upkeep of the lakehouse, once a week: ``python -m dbt_project.lakehouse.upkeep``.

Every day adds a small file to every table of every city. Every replaced day leaves its earlier rows
behind, for analysts who look back. Upkeep expires old snapshots, merges small files, and deletes
files that no snapshot needs any more. No build may be at work meanwhile, because DuckLake can lose
deletions when it expires snapshots during a transaction.
"""

from __future__ import annotations

import argparse
import datetime
import sys

import duckdb

from dbt_project.errors import in_one_line
from dbt_project.lakehouse.locks import hold_all
from dbt_project.lakehouse.place import ALIAS, Lakehouse

KEEP_DAYS = 90
"""How long analysts can query an earlier state of the lakehouse."""

_UNUSED_DAYS = 2
"""How long an unneeded file is kept, so that queries that read it can end."""


def upkeep(
    connection: duckdb.DuckDBPyConnection, lakehouse: Lakehouse, keep_days: int = KEEP_DAYS
) -> tuple[int, int]:
    """Expire snapshots, merge files, and delete what is not needed.

    Parameters
    ----------
    connection
        Any connection. The lakehouse is attached to it.
    lakehouse
        The lakehouse, locked by this process.
    keep_days
        How many days of snapshots are kept.

    Returns
    -------
    before, after
        The numbers of files of the current tables.
    """
    now = datetime.datetime.now(datetime.UTC)
    expired = now - datetime.timedelta(days=keep_days)
    unused = now - datetime.timedelta(days=_UNUSED_DAYS)
    with lakehouse.attached(connection):
        before = _number_of_files(connection)
        for step, older_than in (
            ("expire_snapshots", expired),
            ("rewrite_data_files", None),  # without the rows that have been deleted
            ("merge_adjacent_files", None),
            ("cleanup_old_files", unused),
            ("delete_orphaned_files", unused),  # left by builds that were killed
        ):
            limit = f", older_than => TIMESTAMPTZ '{older_than}'" if older_than else ""
            connection.execute(f"CALL ducklake_{step}('{ALIAS}'{limit})")
        return before, _number_of_files(connection)


def _number_of_files(connection: duckdb.DuckDBPyConnection) -> int:
    query = f"SELECT coalesce(sum(file_count), 0)::INTEGER FROM ducklake_table_info('{ALIAS}')"
    (number,) = connection.execute(query).fetchall()[0]
    return int(number)


def main(arguments: list[str]) -> None:
    """Do the upkeep."""
    parser = argparse.ArgumentParser(
        prog="python -m dbt_project.lakehouse.upkeep", description=__doc__
    )
    parser.add_argument(
        "--keep-days", type=int, default=KEEP_DAYS, help=f"days to look back (default: {KEEP_DAYS})"
    )
    parser.add_argument(
        "--wait", type=float, default=0, metavar="SECONDS", help="how long to wait for builds"
    )
    options = parser.parse_args(arguments)
    with in_one_line():
        lakehouse = Lakehouse.of_environment()
        hold_all(lakehouse, "upkeep", options.wait)
        with duckdb.connect() as connection:
            before, after = upkeep(connection, lakehouse, options.keep_days)
    print(f"{before} files are {after}; snapshots of the last {options.keep_days} days are kept.")


if __name__ == "__main__":
    main(sys.argv[1:])

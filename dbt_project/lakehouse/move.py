"""Move a warehouse into the lakehouse: ``python -m dbt_project.lakehouse.move taxi.duckdb``.

It copies the days month by month, one transaction each, and compares them with the original. A day
that the lakehouse already has stays as it is, so you can stop a move and start it again.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import sys
from pathlib import Path

import duckdb

from dbt_project.errors import UserError, in_one_line
from dbt_project.lakehouse.days import make_catalog, note_build, transaction
from dbt_project.lakehouse.locks import hold_city
from dbt_project.lakehouse.place import ALIAS, Lakehouse, LakehouseError, schema_of
from dbt_project.lakehouse.tables import content, make_like, table_names
from dbt_project.settings.variables import load_variables
from dbt_project.sql import Schema, sql_text
from dbt_project.warehouse.days import published_inputs
from dbt_project.warehouse.file import LEDGER

_SOURCE = Schema("warehouse", "main")

Days = list[datetime.date]


def move(
    connection: duckdb.DuckDBPyConnection, file: Path, lakehouse: Lakehouse, schema: str
) -> tuple[Days, Days]:
    """Copy the days of a published warehouse into a city's schema, and compare them.

    Parameters
    ----------
    connection
        Any connection. The warehouse and the lakehouse are attached to it.
    file
        ``taxi.duckdb``. ``days.sqlite`` is beside it, if you have copied both.
    lakehouse, schema
        The lakehouse and the city's schema in it, locked by this process.

    Returns
    -------
    moved, left
        The days that were copied, and the days that the lakehouse already had.

    Raises
    ------
    LakehouseError
        One line, if the file is not a warehouse, or a table differs from the original.
    """
    target = Schema(ALIAS, schema)
    inputs = published_inputs(file.parent)
    connection.execute(
        f"ATTACH {sql_text(str(file))} AS {_SOURCE.database} (TYPE duckdb, READ_ONLY)"
    )
    tables = table_names(connection, _SOURCE)
    if "daily_reports" not in tables:
        raise LakehouseError(f"{file} is no published warehouse: it has no table daily_reports")
    marts = [table for table in tables if table != LEDGER]
    make_catalog(connection, lakehouse)
    with lakehouse.attached(connection):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {target}")
        with transaction(connection, f"{schema}, ledger from {file.name}"):
            for table in tables:
                make_like(connection, table, _SOURCE, target)
            if LEDGER in tables:
                _copy_ledger(connection, target)
        there = set(_days(connection, target))
        moved = [day for day in _days(connection, _SOURCE) if day not in there]
        for month, days in itertools.groupby(moved, lambda day: f"{day:%Y-%m}"):
            of_month = list(days)
            with transaction(connection, f"{schema} {month}, from {file.name}"):
                for table in marts:
                    connection.execute(
                        f"INSERT INTO {target.table(table)} BY NAME "
                        f"FROM {_SOURCE.table(table)} WHERE ride_date IN (SELECT unnest($days))",
                        {"days": of_month},
                    )
                for day in of_month:
                    note_build(connection, target, day, inputs.get(day))
            print(f"{month}  {len(of_month):2} of its days", flush=True)
        for table in marts:
            _compare(connection, table, target, moved)
    return moved, sorted(there)


def _days(connection: duckdb.DuckDBPyConnection, schema: Schema) -> Days:
    query = f"SELECT ride_date FROM {schema.table('daily_reports')} ORDER BY ride_date"
    return [day for (day,) in connection.execute(query).fetchall()]


def _copy_ledger(connection: duckdb.DuckDBPyConnection, target: Schema) -> None:
    """Copy the summaries that the lakehouse lacks. They belong to prompts and not to days."""
    there = target.table(LEDGER)
    connection.execute(
        f"INSERT INTO {there} BY NAME FROM {_SOURCE.table(LEDGER)} "
        f"WHERE prompt_hash NOT IN (SELECT prompt_hash FROM {there})"
    )


def _compare(connection: duckdb.DuckDBPyConnection, table: str, target: Schema, days: Days) -> None:
    """Check that the days have the same rows in both, in any order.

    Raises
    ------
    LakehouseError
        If they have not.
    """
    listed = ", ".join(f"DATE '{day}'" for day in days) or "NULL"
    found = [
        content(connection, table, _SOURCE, f"{schema.table(table)} WHERE ride_date IN ({listed})")
        for schema in (_SOURCE, target)
    ]
    if found[0] != found[1]:
        day = min(set(found[0]) ^ set(found[1]))[0]
        raise LakehouseError(f"{table} of {day} is not what it was in the warehouse")


def main(arguments: list[str]) -> None:
    """Move a warehouse as the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m dbt_project.lakehouse.move", description=__doc__
    )
    parser.add_argument("file", type=Path, help="the published warehouse, taxi.duckdb")
    parser.add_argument("--city", help="its city (default: that of dbt_project.yml)")
    options = parser.parse_args(arguments)
    with in_one_line():
        lakehouse = Lakehouse.of_environment()
        schema = schema_of(options.city or load_variables({}).city)
        if not options.file.is_file():
            raise UserError(f"{options.file} is not there")
        hold_city(lakehouse, schema, f"moving {options.file.name} in")
        with duckdb.connect() as connection:
            moved, left = move(connection, options.file, lakehouse, schema)
    print(f"Days moved to {ALIAS}.{schema}: {len(moved)}, with every row as it was.")
    if left:
        print(f"Days that were there already and stay as they are: {len(left)}.")


if __name__ == "__main__":
    main(sys.argv[1:])

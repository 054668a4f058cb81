"""The published copy: whole, described, and swapped in under its readers' hands."""

import datetime
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from dbt_project.settings.environment import WarehouseSettings
from dbt_project.warehouse.days import open_day, open_days, published_inputs
from dbt_project.warehouse.file import PUBLISHED_FILE
from dbt_project.warehouse.file import publish as publish_day

DAY, OTHER = datetime.date(2023, 5, 1), datetime.date(2023, 5, 2)


def publish(
    connection: duckdb.DuckDBPyConnection, folder: Path, day: datetime.date = DAY
) -> pd.DataFrame:
    open_day(folder, day)
    return publish_day(connection, database="build", schema="main", ride_date=day, inputs="[]")


def make_marts(folder: Path, rows: int) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(folder / "build.duckdb"))
    connection.execute(
        f"create or replace table rides as select range as ride_id from range({rows})"
    )
    connection.execute("comment on table rides is 'One ride''s row'")
    connection.execute("comment on column rides.ride_id is 'Its id'")
    connection.execute("create schema if not exists dbt_temp")
    connection.execute("create or replace table dbt_temp.rides as select 1 as half_done")
    return connection


def test_marts_are_copied_with_their_descriptions_and_staging_is_not(tmp_path: Path) -> None:
    published = publish(make_marts(tmp_path, 3), tmp_path)
    assert published.to_dict("records") == [{"table_name": "rides", "rows": 3}]
    with duckdb.connect(str(tmp_path / "taxi.duckdb"), read_only=True) as reader:
        assert reader.execute("select ride_id from rides order by all").fetchall() == [
            (0,),
            (1,),
            (2,),
        ]
        tables = reader.execute("select schema_name, table_name, comment from duckdb_tables()")
        assert tables.fetchall() == [("main", "rides", "One ride's row")]
        columns = reader.execute(
            "select column_name, comment from duckdb_columns() where not internal"
        )
        assert columns.fetchall() == [("ride_id", "Its id")]
    assert {file.name for file in tmp_path.iterdir()} == {
        "build.duckdb",
        "days.sqlite",
        "taxi.duckdb",
    }


def test_who_reads_the_old_copy_goes_on_and_who_comes_later_reads_the_new(tmp_path: Path) -> None:
    build = make_marts(tmp_path, 3)
    publish(build, tmp_path)
    old = duckdb.connect(str(tmp_path / "taxi.duckdb"), read_only=True)
    build.execute("insert into rides values (99)")
    publish(build, tmp_path)
    assert old.execute("select count(*) from rides").fetchall() == [(3,)]
    old.close()
    with duckdb.connect(str(tmp_path / "taxi.duckdb"), read_only=True) as new:
        assert new.execute("select count(*) from rides").fetchall() == [(4,)]


def test_what_a_killed_build_left_unfinished_is_no_obstacle(tmp_path: Path) -> None:
    for name in ("taxi.unfinished", "taxi.unfinished.wal"):
        (tmp_path / name).write_bytes(b"half a file")
    publish(make_marts(tmp_path, 1), tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {
        "build.duckdb",
        "days.sqlite",
        "taxi.duckdb",
    }


def test_a_day_that_is_open_keeps_what_was_published_of_it(tmp_path: Path) -> None:
    build = duckdb.connect(str(tmp_path / "build.duckdb"))
    build.execute("create table rides (ride_date date, ride_id integer, added_later integer)")
    build.execute("create table context_summaries (ride_date date, prompt_hash integer)")
    build.execute("alter table rides drop column added_later")
    rows = "insert into rides (ride_date, ride_id) values (?, ?)"
    build.execute(rows, [DAY, 1])
    publish(build, tmp_path, DAY)

    open_day(tmp_path, DAY)  # and is killed halfway
    build.execute("update rides set ride_id = 100")
    build.execute("alter table rides add column added_later integer")
    build.execute("insert into context_summaries values (?, 7)", [DAY])
    build.execute(rows, [OTHER, 2])
    publish(build, tmp_path, OTHER)
    assert open_days(tmp_path) == [DAY]
    assert list(published_inputs(tmp_path)) == [OTHER]
    with duckdb.connect(str(tmp_path / PUBLISHED_FILE), read_only=True) as reader:
        seen = reader.execute("from rides order by all").fetchall()
        assert seen == [(DAY, 1, None), (OTHER, 2, None)]
        # the ledger belongs to all days
        assert reader.execute("from context_summaries").fetchall() == [(DAY, 7)]

    (tmp_path / PUBLISHED_FILE).unlink()
    publish(build, tmp_path, OTHER)
    with duckdb.connect(str(tmp_path / PUBLISHED_FILE), read_only=True) as reader:
        assert reader.execute("select ride_id from rides").fetchall() == [(2,)]
    publish(build, tmp_path, DAY)
    assert open_days(tmp_path) == []
    with duckdb.connect(str(tmp_path / PUBLISHED_FILE), read_only=True) as reader:
        assert reader.execute("select ride_id from rides order by 1").fetchall() == [(2,), (100,)]


def test_who_writes_into_the_copy_all_the_same_spoils_it_for_nobody(tmp_path: Path) -> None:
    build = make_marts(tmp_path, 3)
    publish(build, tmp_path)
    copy = tmp_path / PUBLISHED_FILE
    assert copy.stat().st_mode & 0o777 == 0o444
    copy.chmod(0o644)
    scribble = (
        "import duckdb, os, signal, sys; connection = duckdb.connect(sys.argv[1]);"
        "connection.execute('delete from rides'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", scribble, copy], check=False)
    assert (tmp_path / "taxi.duckdb.wal").exists()
    publish(build, tmp_path)
    with duckdb.connect(str(copy), read_only=True) as reader:
        assert reader.execute("select count(*) from rides").fetchall() == [(3,)]


@pytest.mark.parametrize("folder", ["s3://bucket/warehouse", "what?", "number #1", "", "a\nb"])
def test_a_folder_that_cannot_hold_the_warehouse_is_refused(folder: str) -> None:
    with pytest.raises(ValueError, match=r"^WAREHOUSE_DIR must be a folder of this machine"):
        WarehouseSettings.read({"WAREHOUSE_DIR": folder})

"""The published copy: whole, described, and swapped in under its readers' hands."""

from pathlib import Path

import duckdb

from dbt_project.publish import publish


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


def test_marts_are_copied_with_their_descriptions_and_nothing_else(tmp_path: Path) -> None:
    published = publish(make_marts(tmp_path, 3), database="build", schema="main")
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
    assert {file.name for file in tmp_path.iterdir()} == {"build.duckdb", "taxi.duckdb"}


def test_who_reads_the_old_copy_goes_on_and_who_comes_later_reads_the_new(tmp_path: Path) -> None:
    build = make_marts(tmp_path, 3)
    publish(build, database="build", schema="main")
    old = duckdb.connect(str(tmp_path / "taxi.duckdb"), read_only=True)
    build.execute("insert into rides values (99)")
    publish(build, database="build", schema="main")
    assert old.execute("select count(*) from rides").fetchall() == [(3,)]
    old.close()
    with duckdb.connect(str(tmp_path / "taxi.duckdb"), read_only=True) as new:
        assert new.execute("select count(*) from rides").fetchall() == [(4,)]


def test_what_a_killed_build_left_unfinished_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "taxi.unfinished").write_bytes(b"half a file")
    publish(make_marts(tmp_path, 1), database="build", schema="main")
    assert (tmp_path / "taxi.duckdb").exists()

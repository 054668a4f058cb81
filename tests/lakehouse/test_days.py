"""Days on their way into the lakehouse: whole, once, and one writer of a city at a time."""

import datetime
import itertools
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from support.postgres_server import PostgresServer
from support.workplace import ROOT

from dbt_project.lakehouse import locks
from dbt_project.lakehouse.days import (
    fetch_history,
    note_build,
    publish_day,
    published_inputs,
)
from dbt_project.lakehouse.locks import hold_all, hold_city
from dbt_project.lakehouse.move import move
from dbt_project.lakehouse.place import Lakehouse, LakehouseError, schema_of, search_sql
from dbt_project.lakehouse.upkeep import upkeep
from dbt_project.sql import Schema
from dbt_project.warehouse.lock import WarehouseInUseError

DAY, NEXT = datetime.date(2023, 5, 1), datetime.date(2023, 5, 2)
JUNE = datetime.date(2023, 6, 1)
SHARED = ":memory:marts"
MARTS = Schema("memory", "main")
numbers = itertools.count()


@pytest.fixture
def lakehouse(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Lakehouse]:
    """A lakehouse with nothing in it; at the end this process holds none of its locks."""
    monkeypatch.setenv("PGPASSWORD", postgres.password)
    database = f"lakehouse_{next(numbers)}"
    postgres.execute(f"CREATE DATABASE {database}")
    lakehouse = Lakehouse.parse(f"postgres:{postgres.place(database)}", str(tmp_path / "data"))
    yield lakehouse
    let_go(lakehouse)


def let_go(lakehouse: Lakehouse) -> None:
    """What the end of a process does."""
    if connection := locks._held.pop(lakehouse, None):
        connection.close()


@pytest.fixture(scope="module", autouse=True)
def machine() -> Iterator[duckdb.DuckDBPyConnection]:
    """The DuckDB that `built` and `ask` share: to load its extensions takes longer than a test."""
    with duckdb.connect(SHARED) as connection:
        yield connection


def built(day: datetime.date, rides: int) -> duckdb.DuckDBPyConnection:
    """The marts of a day, as dbt leaves them."""
    connection = duckdb.connect(SHARED)
    for statement in (
        "create or replace table rides "
        "(ride_date date not null, ride_id varchar not null, extra_fields json)",
        "comment on table rides is 'One ride''s row'",
        "comment on column rides.ride_id is 'Its id'",
        f"insert into rides select '{day}', 'ride-' || range, '{{}}' from range({rides})",
        "create or replace table daily_reports (ride_date date, rides bigint, warnings varchar[])",
        f"insert into daily_reports values ('{day}', {rides}, ['{rides} rides'])",
        "create or replace table area_days (ride_date date, area varchar, rides bigint)",
        f"insert into area_days values ('{day}', 'Govan', {rides})",
        "create or replace table context_summaries "
        "(ride_date date, prompt_hash varchar, summary varchar)",
        f"insert into context_summaries values ('{day}', 'shared', 'of {day}'), "
        f"('{day}', 'of {day}', 'of {day}')",
    ):
        connection.execute(statement)
    return connection


def publish(
    lakehouse: Lakehouse, day: datetime.date, rides: int, city: str = "glasgow"
) -> dict[str, int]:
    if lakehouse not in locks._held:
        hold_city(lakehouse, city, f"building {day}")
    with built(day, rides) as connection:
        counted = publish_day(connection, lakehouse, city, MARTS, day, f"files of {day}")
    return dict(zip(counted["table_name"], counted["rows"], strict=True))


def ask(lakehouse: Lakehouse, sql: str, city: str = "glasgow") -> list[tuple[object, ...]]:
    with duckdb.connect(SHARED) as connection:
        lakehouse.attach(connection)
        connection.execute(search_sql(city))
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.execute("use memory; detach lakehouse")


class TestPublishing:
    def test_a_day_comes_in_with_its_not_null_rules_and_descriptions(
        self, lakehouse: Lakehouse
    ) -> None:
        assert publish(lakehouse, DAY, 3) == {
            "area_days": 1,
            "context_summaries": 2,
            "daily_reports": 1,
            "rides": 3,
        }
        assert ask(lakehouse, "from rides order by all") == [
            (DAY, f"ride-{number}", "{}") for number in range(3)
        ]
        assert ask(lakehouse, "select warnings from daily_reports") == [(["3 rides"],)]
        columns = (
            "select column_name, data_type, is_nullable, comment from duckdb_columns() "
            "where database_name = 'lakehouse' and table_name = 'rides'"
        )
        assert ask(lakehouse, columns) == [
            ("ride_date", "DATE", False, None),
            ("ride_id", "VARCHAR", False, "Its id"),
            ("extra_fields", "JSON", True, None),
        ]
        comments = (
            "select comment from duckdb_tables() "
            "where table_name = 'rides' and database_name = 'lakehouse'"
        )
        assert ask(lakehouse, comments) == [("One ride's row",)]

    def test_a_day_that_comes_again_replaces_itself_and_no_other(
        self, lakehouse: Lakehouse
    ) -> None:
        for day, rides in ((DAY, 5), (NEXT, 7), (DAY, 4)):
            publish(lakehouse, day, rides)
        counts = "select ride_date, count(*) from rides group by all order by all"
        assert ask(lakehouse, counts) == [(DAY, 4), (NEXT, 7)]
        assert ask(lakehouse, "select rides from daily_reports order by ride_date") == [(4,), (7,)]
        assert published_inputs(lakehouse, "glasgow") == {
            DAY: f"files of {DAY}",
            NEXT: f"files of {NEXT}",
        }

    def test_what_was_reported_at_a_time_by_the_citys_clocks_can_be_asked_for(
        self, lakehouse: Lakehouse
    ) -> None:
        publish(lakehouse, DAY, 5)
        moment = datetime.datetime.now(ZoneInfo("Europe/London"))
        publish(lakehouse, DAY, 7)
        then = f"timestamptz '{moment:%Y-%m-%d %H:%M:%S.%f} Europe/London'"
        query = f"select rides from lakehouse.glasgow.daily_reports at (timestamp => {then})"
        assert ask(lakehouse, query) == [(5,)]

    def test_a_prompt_has_one_row_in_the_ledger_that_of_the_latest_build(
        self, lakehouse: Lakehouse
    ) -> None:
        publish(lakehouse, DAY, 1)
        publish(lakehouse, NEXT, 1)
        assert ask(lakehouse, "select prompt_hash, summary from context_summaries order by 1") == [
            (f"of {DAY}", f"of {DAY}"),
            (f"of {NEXT}", f"of {NEXT}"),
            ("shared", f"of {NEXT}"),
        ]

    def test_a_build_gets_what_it_reads_of_other_days_and_nothing_else(
        self, lakehouse: Lakehouse
    ) -> None:
        publish(lakehouse, DAY, 3)
        tables = "select table_name from duckdb_tables() where database_name = 'memory' order by 1"
        with duckdb.connect() as connection:
            fetch_history(connection, lakehouse, "glasgow", MARTS, NEXT)
            history = [("area_days",), ("context_summaries",), ("daily_reports",)]
            assert connection.execute(tables).fetchall() == history
            for table in ("daily_reports", "area_days"):
                assert connection.execute(f"select rides from {table}").fetchall() == [(3,)]

    @pytest.mark.parametrize("table", ["circumstance_counts", "ride_verdicts"])
    def test_rows_of_other_days_come_beside_those_that_the_day_has_already(
        self, lakehouse: Lakehouse, table: str
    ) -> None:
        make = f"create or replace table {table} as select date '{{}}' ride_date, {{}} rides"
        hold_city(lakehouse, "glasgow", f"building {DAY}")
        for day, rides in ((DAY, 3), (NEXT, 4)):
            with built(day, 1) as connection:
                connection.execute(make.format(day, rides))
                publish_day(connection, lakehouse, "glasgow", MARTS, day, None)
                connection.execute(f"drop table {table}")
        with duckdb.connect() as connection:  # a part of the day is built again, then the next part
            connection.execute(make.format(NEXT, 5))
            fetch_history(connection, lakehouse, "glasgow", MARTS, NEXT)
            found = connection.execute(f"from {table} order by all").fetchall()
        assert found == [(DAY, 3), (NEXT, 5)]

    def test_what_another_day_has_left_on_the_machine_does_not_reach_a_build(
        self, lakehouse: Lakehouse
    ) -> None:
        publish(lakehouse, DAY, 3)
        with built(NEXT, 9) as connection:  # and not published
            fetch_history(connection, lakehouse, "glasgow", MARTS, DAY)
            assert connection.execute("from rides").fetchall() == []
            assert connection.execute("select rides from daily_reports").fetchall() == [(3,)]

    def test_a_column_that_a_later_version_brings_is_null_in_earlier_days(
        self, lakehouse: Lakehouse
    ) -> None:
        publish(lakehouse, DAY, 1)
        with built(NEXT, 1) as connection:
            connection.execute("alter table rides add column tip double")
            connection.execute("update rides set tip = 1.5")
            publish_day(connection, lakehouse, "glasgow", MARTS, NEXT, None)
        assert ask(lakehouse, "select tip from rides order by ride_date") == [(None,), (1.5,)]

    def test_a_day_that_cannot_be_written_whole_is_not_written_at_all(
        self, lakehouse: Lakehouse
    ) -> None:
        publish(lakehouse, DAY, 3)
        with built(DAY, 9) as connection:
            # the table that comes last breaks a rule of the first day's
            connection.execute("alter table rides alter ride_id drop not null")
            connection.execute(f"insert into rides values ('{DAY}', null, '{{}}')")
            with pytest.raises(LakehouseError, match="the day was not published") as refusal:
                publish_day(connection, lakehouse, "glasgow", MARTS, DAY, None)
        assert "\n" not in str(refusal.value)
        assert ask(lakehouse, "select count(*), min(ride_id) from rides") == [(3, "ride-0")]
        assert ask(lakehouse, "select rides, warnings from daily_reports") == [(3, ["3 rides"])]

    def test_readers_see_a_whole_day_or_the_one_before_it_at_any_moment(
        self, lakehouse: Lakehouse
    ) -> None:
        publish(lakehouse, DAY, 1)
        query = "select (select count(*) from rides), (select sum(rides) from daily_reports)"
        is_done = threading.Event()

        def read() -> set[tuple[object, ...]]:
            seen = set()
            with lakehouse.open("glasgow") as connection:
                while not is_done.is_set():
                    seen.update(connection.execute(query).fetchall())
            return seen

        with ThreadPoolExecutor(2) as pool:
            readers = [pool.submit(read) for _ in range(2)]
            for rides in range(2, 7):
                publish(lakehouse, DAY, rides)
            is_done.set()
            seen = set().union(*(reader.result() for reader in readers))
        assert len(seen) > 1
        assert all(rides == reported for rides, reported in seen)

    def test_cities_that_publish_at_the_same_time_all_come_in(
        self, lakehouse: Lakehouse, tmp_path: Path
    ) -> None:
        code = (
            "import sys; sys.path[:0] = sys.argv[4:]\n"
            "from test_days import *\n"
            "lakehouse = Lakehouse.parse(sys.argv[1], sys.argv[2])\n"
            "hold_city(lakehouse, sys.argv[3], 'building')\n"
            "fetch_history(duckdb.connect(), lakehouse, sys.argv[3], MARTS, DAY)\n"
            "for rides in (2, 3): publish(lakehouse, DAY, rides, sys.argv[3])"
        )
        cities = [f"city_{number}" for number in range(3)]
        places = [lakehouse.catalog, lakehouse.data.text]
        folders = [str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]
        processes = [
            subprocess.Popen([sys.executable, "-c", code, *places, city, *folders])
            for city in cities
        ]
        assert [process.wait(timeout=120) for process in processes] == [0] * len(cities)
        for city in cities:
            assert ask(lakehouse, "select count(*) from rides", city) == [(3,)]
            assert ask(lakehouse, "select rides from daily_reports", city) == [(3,)]


class TestLocks:
    def test_a_second_writer_of_a_city_is_refused_and_told_who_the_first_is(
        self, lakehouse: Lakehouse
    ) -> None:
        hold_city(lakehouse, "glasgow", "building 2023-05-01")
        first = locks._held.pop(lakehouse)
        with pytest.raises(WarehouseInUseError) as refusal:
            hold_city(lakehouse, "glasgow", "building 2023-05-02")
        assert "building 2023-05-01 of glasgow, process " in str(refusal.value)
        assert str(refusal.value).endswith(": try again when it has ended")
        hold_city(lakehouse, "new_york", "building 2023-05-01")
        let_go(lakehouse)
        first.close()
        hold_city(lakehouse, "glasgow", "building 2023-05-02", wait_seconds=30)

    def test_upkeep_and_builds_keep_each_other_out(self, lakehouse: Lakehouse) -> None:
        hold_city(lakehouse, "glasgow", "building 2023-05-01")
        build = locks._held.pop(lakehouse)
        with pytest.raises(WarehouseInUseError, match=r"building 2023-05-01 of glasgow"):
            hold_all(lakehouse, "upkeep")
        build.close()
        hold_all(lakehouse, "upkeep", wait_seconds=30)
        tending = locks._held.pop(lakehouse)
        with pytest.raises(WarehouseInUseError, match=r": upkeep, process \d+ on "):
            hold_city(lakehouse, "new_york", "building 2023-05-01")
        tending.close()

    def test_a_second_build_in_the_same_process_takes_the_lock_over(
        self, lakehouse: Lakehouse
    ) -> None:
        hold_city(lakehouse, "glasgow", "building 2023-05-01")
        hold_city(lakehouse, "glasgow", "building 2023-05-02")
        hold_city(lakehouse, "new_york", "building 2023-05-02")
        second = locks._held.pop(lakehouse)
        hold_city(lakehouse, "glasgow", "building 2023-05-03")
        second.close()

    def test_a_build_whose_lock_is_gone_writes_nothing(
        self, lakehouse: Lakehouse, postgres: PostgresServer
    ) -> None:
        publish(lakehouse, DAY, 3)
        postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name LIKE '% of glasgow, %'"
        )
        with pytest.raises(LakehouseError, match="so nothing was written") as refusal:
            publish(lakehouse, DAY, 9)
        assert "\n" not in str(refusal.value)
        assert ask(lakehouse, "select count(*) from rides") == [(3,)]

    def test_a_catalog_in_sqlite_takes_one_writer(self, tmp_path: Path) -> None:
        lakehouse = Lakehouse.parse(f"sqlite:{tmp_path}/catalog.sqlite", str(tmp_path / "data"))
        code = (
            "import sys, time; sys.path.insert(0, sys.argv[3])\n"
            "from dbt_project.lakehouse.locks import *\n"
            "hold_city(Lakehouse.parse(*sys.argv[1:3]), 'glasgow', 'building 2023-05-01')\n"
            "print('held', flush=True); time.sleep(60)"
        )
        arguments = [lakehouse.catalog, lakehouse.data.text, str(ROOT)]
        with subprocess.Popen(
            [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE
        ) as first:
            assert first.stdout is not None
            assert first.stdout.readline() == b"held\n"
            with pytest.raises(WarehouseInUseError, match="has been building 2023-05-01 in"):
                hold_city(lakehouse, "new_york", "building 2023-05-01")
            first.kill()
        hold_city(lakehouse, "new_york", "building 2023-05-01", wait_seconds=30)


class TestUpkeep:
    def test_small_files_are_merged_and_what_is_kept_can_be_looked_back_at(
        self, lakehouse: Lakehouse
    ) -> None:
        for day in range(1, 5):
            publish(lakehouse, datetime.date(2023, 5, day), 10 + day)
        ((before,),) = ask(lakehouse, "select max(snapshot_id) from lakehouse.snapshots()")
        publish(lakehouse, DAY, 3)
        counts = "select ride_date, count(*) from rides {} group by all order by all"
        now, then = counts.format(""), counts.format(f"at (version => {before})")
        expected = ask(lakehouse, now), ask(lakehouse, then)
        assert expected[0] != expected[1]
        let_go(lakehouse)
        hold_all(lakehouse, "upkeep")
        with duckdb.connect() as connection:
            files_before, files_after = upkeep(connection, lakehouse)
        assert files_after < files_before / 2
        assert (ask(lakehouse, now), ask(lakehouse, then)) == expected

    def test_what_is_older_than_is_kept_is_let_go_and_today_stays(
        self, lakehouse: Lakehouse
    ) -> None:
        publish(lakehouse, DAY, 9)
        publish(lakehouse, DAY, 3)
        let_go(lakehouse)
        hold_all(lakehouse, "upkeep")
        with duckdb.connect() as connection:
            upkeep(connection, lakehouse, keep_days=0)
        assert len(ask(lakehouse, "from lakehouse.snapshots()")) == 1
        assert ask(lakehouse, "select count(*) from rides") == [(3,)]

    def test_a_restored_backup_of_the_catalog_has_every_row(
        self, lakehouse: Lakehouse, postgres: PostgresServer, tmp_path: Path
    ) -> None:
        publish(lakehouse, DAY, 3)
        database = lakehouse.catalog.rpartition("dbname=")[2]
        backup = tmp_path / "catalog.dump"
        postgres.run("pg_dump", "-Fc", "-f", backup, database)
        publish(lakehouse, NEXT, 7)
        let_go(lakehouse)
        postgres.execute(f"DROP DATABASE {database} WITH (FORCE)", f"CREATE DATABASE {database}")
        postgres.run("pg_restore", "-d", database, backup)
        assert ask(lakehouse, "select ride_date, count(*) from rides group by all") == [(DAY, 3)]
        publish(lakehouse, NEXT, 8)  # the day whose files no catalog knows is built again
        assert ask(lakehouse, "select count(*) from rides") == [(3 + 8,)]


class TestMoving:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        """A published warehouse of two months."""
        file = tmp_path / "taxi.duckdb"
        with duckdb.connect(str(file)) as connection:
            connection.execute("create table rides (ride_date date, ride_id varchar)")
            connection.execute("create table daily_reports (ride_date date)")
            for day in (DAY, NEXT, JUNE):
                connection.execute("insert into daily_reports values (?)", [day])
                connection.execute("insert into rides values (?, 'a'), (?, 'b')", [day, day])
        return file

    def test_a_move_that_was_stopped_goes_on_with_the_next_month(
        self, lakehouse: Lakehouse, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def stop_in_june(*arguments: Any) -> None:
            if arguments[2] == JUNE:
                raise KeyboardInterrupt
            note_build(*arguments)

        hold_city(lakehouse, "glasgow", "moving")
        with monkeypatch.context() as patch, duckdb.connect() as connection:
            patch.setattr("dbt_project.lakehouse.move.note_build", stop_in_june)
            with pytest.raises(KeyboardInterrupt):
                move(connection, file, lakehouse, "glasgow")
        count = "select count(*) from rides"
        assert ask(lakehouse, count) == [(4,)]
        with duckdb.connect() as connection:
            assert move(connection, file, lakehouse, "glasgow") == ([JUNE], [DAY, NEXT])
        assert ask(lakehouse, count) == [(6,)]

    def test_a_row_that_is_not_what_it_was_is_found(
        self, lakehouse: Lakehouse, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def spoil(connection: duckdb.DuckDBPyConnection, city: Schema, *_: object) -> None:
            connection.execute(
                f"update {city.table('rides')} set ride_id = 'c' "
                f"where ride_date = '{NEXT}' and ride_id = 'b'"
            )

        hold_city(lakehouse, "glasgow", "moving")
        monkeypatch.setattr("dbt_project.lakehouse.move.note_build", spoil)
        with (
            duckdb.connect() as connection,
            pytest.raises(LakehouseError, match=f"rides of {NEXT} is not what it was"),
        ):
            move(connection, file, lakehouse, "glasgow")


@pytest.mark.parametrize(
    ("catalog", "data_url", "message"),
    [
        ("", "s3://bucket", "LAKEHOUSE_CATALOG must be postgres:"),
        ("mysql:host=db", "s3://bucket", "LAKEHOUSE_CATALOG must be postgres:"),
        ("postgres:", "s3://bucket", "LAKEHOUSE_CATALOG must be postgres:"),
        ("postgres:dbname=l password=swordfish", "s3://bucket", "without a password"),
        ("postgres:postgresql://me:swordfish@db/l", "s3://bucket", "without a password"),
        ("sqlite:catalog.sqlite", "", "LAKEHOUSE_DATA_URL must be a folder or s3://"),
        ("sqlite:catalog.sqlite", "gs://bucket", "LAKEHOUSE_DATA_URL must be a folder or s3://"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_no_password_told(
    catalog: str, data_url: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message) as refusal:
        Lakehouse.parse(catalog, data_url)
    assert "swordfish" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("city", "schema"),
    [("Glasgow", "glasgow"), ("New York", "new_york"), ("São Paulo", "são_paulo")],
)
def test_a_citys_schema_is_its_name(city: str, schema: str) -> None:
    assert schema_of(city) == schema


def test_a_city_without_a_letter_has_no_schema() -> None:
    with pytest.raises(ValueError, match="expected a name with a letter"):
        schema_of("--")

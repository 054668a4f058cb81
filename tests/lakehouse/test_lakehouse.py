"""Whole builds into a lakehouse: a catalog in PostgreSQL, data in S3, analysts who only read."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psycopg
import pytest
from botocore.exceptions import ClientError
from support.chat_server import ChatServer, answer
from support.moto_iam import client, key_of_policy
from support.postgres_server import PostgresServer
from support.workplace import (
    DBT,
    MARTS,
    ROOT,
    Build,
    Workplace,
    copy_embedded_day,
    project_with_rule,
    read_strict_json,
)

from dbt_project.lake.connection import connect_lake
from dbt_project.lakehouse import locks
from dbt_project.lakehouse.city import CityOfLakehouse
from dbt_project.lakehouse.locks import hold_city
from dbt_project.lakehouse.place import Lakehouse

DATE = "20230501"
RIDES = f"taxi-rides-{DATE}.json"
BUCKET = "taxi-lakehouse"
COUNTS = "select ride_date::varchar, count(*) from rides group by all order by all"
DOCUMENT = (ROOT / "docs" / "lakehouse.md").read_text()


class Worker(Workplace):
    """A machine that builds: a disk of its own, and the lake and the lakehouse of all."""

    def __init__(self, folder: Path, lake: Path, settings: dict[str, str]) -> None:
        super().__init__(folder)
        self.lake, self.settings = lake, settings

    def environment(self, **environment: str) -> dict[str, str]:
        return super().environment(**{**self.settings, **environment})

    def published(self) -> CityOfLakehouse:
        return CityOfLakehouse(Lakehouse.of_environment(self.settings), "glasgow")


@pytest.fixture(scope="module")
def settings(
    postgres: PostgresServer, s3_server: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """What is set on every worker, once the documentation's SQL has been run."""
    (sql,) = re.findall(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL)
    file = tmp_path_factory.mktemp("sql") / "setup.sql"
    file.write_text(sql)
    postgres.run("psql", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-f", file)
    client("s3", s3_server).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": s3_server["AWS_REGION"]}
    )
    settings = {
        "LAKEHOUSE_CATALOG": f"postgres:{postgres.place('lakehouse', 'etml')}",
        "LAKEHOUSE_DATA_URL": f"s3://{BUCKET}",
        "PGPASSWORD": "change-me",
        **s3_server,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        yield settings


@pytest.fixture(scope="module")
def worker(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Worker:
    folder = tmp_path_factory.mktemp("worker")
    copy_embedded_day(folder / "lake")
    return Worker(folder, folder / "lake", settings)


@pytest.fixture(scope="module")
def first_day(worker: Worker) -> Build:
    """The embedded day in the lakehouse."""
    return worker.build_day(DATE)


class TestBuilds:
    def test_exports_and_marts_are_those_of_the_plain_warehouse(
        self, first_day: Build, embedded_day: Build
    ) -> None:
        for name in (f"clustered_data_{DATE}.json", f"clustered_summarized_{DATE}.json"):
            assert (first_day.lake / name).read_bytes() == (embedded_day.lake / name).read_bytes()
        rows = "select * exclude (ride_date) from {} order by all"
        ledger = "select * exclude (created_at) from context_summaries order by all"
        shape = (
            "select table_name, column_name, data_type, is_nullable, comment "
            f"from duckdb_columns() where table_name in {tuple(MARTS)} order by all"
        )
        for query in (ledger, shape, *(rows.format(t) for t in MARTS - {"context_summaries"})):
            assert first_day.query(query) == embedded_day.query(query)
        without_rows = {mart for mart in MARTS if not first_day.query(f"from {mart} limit 1")}
        # no two anomalous rides of that day share an incident, and nobody has judged any
        assert without_rows == {
            "incidents",
            "ride_verdicts",
            "rejected_verdicts",
            "verdict_precision",
        }
        assert first_day.output.count("schema glasgow of postgres:host=127.0.0.1") == 1
        assert not (first_day.warehouse / "taxi.duckdb").exists()

    def test_another_machine_asks_no_prompt_again_and_reports_the_same_costs(
        self, settings: dict[str, str], worker: Worker, tmp_path: Path
    ) -> None:
        variables = {"date": DATE, "city": "Leith"}
        costs = "select llm_calls, prompt_tokens, cost_usd, llm_summaries from daily_reports"
        nothing_fits = answer('{"sentences": [], "category": "other"}')
        with ChatServer(otherwise=nothing_fits) as server:
            model = {"OPENAI_API_KEY": "key-of-the-test", "OPENAI_BASE_URL": server.base_url}
            found = []
            for folder in ("one", "another"):
                machine = Worker(tmp_path / folder, worker.lake, {**settings, **model})
                output = {"LAKE_OUTPUT_URL": str(tmp_path / "out")}
                built = machine.build(json.dumps(variables), **output)
                assert built.completed.returncode == 0, built.output
                with Lakehouse.of_environment(settings).open("leith") as connection:
                    found.append((len(server.calls), connection.execute(costs).fetchall()))
        assert found[0] == found[1]
        assert found[0][0] > 0

    def test_a_day_that_fails_a_test_stays_as_it_was_and_a_killed_build_heals(
        self, worker: Worker, first_day: Build, tmp_path: Path
    ) -> None:
        rides = worker.lake / RIDES
        rides.write_text(json.dumps(read_strict_json(rides)[:-50]))
        before = first_day.query(COUNTS)
        worker.project = project_with_rule(
            tmp_path / "project", "select * from {{ ref('anomalous_rides') }}"
        )
        failed = worker.build(f"date: {DATE}", "--exclude-resource-type", "unit_test")
        worker.project = ROOT
        assert failed.last_line.startswith("Error: assert_another_rule: ")
        assert first_day.query(COUNTS) == before

        program = ROOT / "tests" / "support" / "killed_build.py"
        killing = [sys.executable, program, "published_warehouse", "commit"]
        killed = subprocess.run(
            [*killing, *worker.arguments(f"date: {DATE}")],
            cwd=ROOT,
            env=worker.environment(PYTHONPATH=str(ROOT)),
            capture_output=True,
            timeout=300,
        )
        assert killed.returncode == -9
        assert first_day.query(COUNTS) == before

        healed = worker.build_day(DATE, WAREHOUSE_WAIT_SECONDS="60")
        assert before == [("2023-05-01", 400)]
        assert healed.query(COUNTS) == [("2023-05-01", 351)]
        assert healed.query("select rides from daily_reports") == [(351,)]
        snapshots = "from lakehouse.snapshots() where commit_message = 'glasgow 2023-05-01'"
        (first, *_, last) = [row[0] for row in healed.query(f"select snapshot_id {snapshots}")]
        for snapshot, count in ((first, 400), (last, 351)):
            then = f"select count(*) from rides at (version => {snapshot})"
            assert healed.query(then) == [(count,)]

    def test_a_second_build_of_the_city_is_told_who_is_at_work(
        self, worker: Worker, settings: dict[str, str], tmp_path: Path
    ) -> None:
        lakehouse = Lakehouse.of_environment(settings)
        hold_city(lakehouse, "glasgow", "building 2023-04-30")
        try:
            other = Worker(tmp_path, worker.lake, settings)
            refused = other.build(f"date: {DATE}")
        finally:
            locks._held.pop(lakehouse).close()
        assert refused.completed.returncode != 0
        assert re.fullmatch(
            r"Error: the lakehouse is in use since .*: building 2023-04-30 of glasgow, "
            r"process \d+ on \S+: try again when it has ended",
            refused.last_line,
        )
        assert "Traceback" not in refused.output

    @pytest.mark.parametrize(
        ("setting", "message"),
        [
            ({"LAKEHOUSE_CATALOG": "mysql:db"}, "LAKEHOUSE_CATALOG must be postgres:"),
            ({"PUBLISH_URL": f"s3://{BUCKET}"}, "unset PUBLISH_URL or LAKEHOUSE_CATALOG"),
            ({"PGPASSWORD": "wrong"}, "password authentication failed"),
        ],
    )
    def test_what_cannot_be_used_is_one_line_and_nothing_is_written(
        self,
        worker: Worker,
        settings: dict[str, str],
        tmp_path: Path,
        setting: dict[str, str],
        message: str,
    ) -> None:
        refused = Worker(tmp_path, worker.lake, settings).build(f"date: {DATE}", **setting)
        assert refused.completed.returncode != 0
        assert refused.last_line.startswith("Error: ")
        assert message in refused.last_line
        assert "Traceback" not in refused.output


class TestAnalysts:
    @pytest.fixture
    def analyst(
        self, first_day: Build, postgres: PostgresServer, s3_server: dict[str, str]
    ) -> Iterator[dict[str, str]]:
        """An analyst's settings: the documentation's role, and a key of its policy."""
        (policy,) = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
        with (
            key_of_policy(s3_server, "ann", policy) as keys,
            pytest.MonkeyPatch.context() as patch,
        ):
            for name, value in {**keys, "PGPASSWORD": "change-me-too"}.items():
                patch.setenv(name, value)
            yield {**s3_server, **keys}

    def test_they_read_everything_and_every_write_of_theirs_is_refused(
        self, first_day: Build, postgres: PostgresServer, analyst: dict[str, str]
    ) -> None:
        place = postgres.place("lakehouse", "ann")
        connection = duckdb.connect()
        connect_lake(connection, ["httpfs", "aws", "ducklake", "postgres_scanner"])
        connection.execute(f"attach 'ducklake:postgres:{place}' as reading (read_only)")
        connection.execute(f"attach 'ducklake:postgres:{place}' as writing")
        before = connection.execute("from reading.glasgow.rides order by all").fetchall()
        assert before
        writes = (
            "delete from {}.glasgow.rides",
            "update {}.glasgow.rides set label = 0",
            "insert into {}.glasgow.rides from reading.glasgow.rides",
            "drop table {}.glasgow.rides",
            "create table {}.glasgow.mine (a integer)",
            "create schema {}.mine",
            "alter table {}.glasgow.rides add column mine integer",
            "call {}.set_option('parquet_compression', 'gzip')",
            "call ducklake_expire_snapshots('{}', older_than => now())",
        )
        for database in ("reading", "writing"):
            for write in writes:
                with pytest.raises(duckdb.Error):
                    connection.execute(write.format(database))
        with psycopg.connect(place, autocommit=True) as catalog:
            for statement in ("DELETE FROM ducklake_snapshot", "CREATE TABLE mine (a int)"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    catalog.execute(statement)
        s3 = client("s3", analyst)
        (item, *_) = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
        for forbidden in (
            lambda: s3.delete_object(Bucket=BUCKET, Key=item["Key"]),
            lambda: s3.put_object(Bucket=BUCKET, Key=item["Key"], Body=b""),
        ):
            with pytest.raises(ClientError, match="AccessDenied"):
                forbidden()
        assert connection.execute("from reading.glasgow.rides order by all").fetchall() == before

    def test_make_query_asks_the_lakehouse_and_writes_nothing(
        self, first_day: Build, worker: Worker
    ) -> None:
        def query(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-m", "dbt_project.query", *arguments],
                cwd=ROOT,
                env={**worker.environment(), "PATH": f"{DBT.parent}{os.pathsep}/usr/bin:/bin"},
                input=given,
                capture_output=True,
                text=True,
                timeout=120,
            )

        count = "select 'rides: ' || count(*) as answer from rides"
        (expected,) = first_day.query(count)[0]
        assert expected in query(count).stdout
        assert expected in query(given=f"{count};").stdout
        for refused in (query("delete from rides"), query(given="delete from rides;")):
            assert "read-only" in refused.stderr
        assert first_day.query(count) == [(expected,)]


class TestMoving:
    def test_a_moved_warehouse_has_every_row_and_is_not_moved_twice(
        self, embedded_day: Build, tmp_path: Path
    ) -> None:
        settings = [f"sqlite:{tmp_path}/catalog.sqlite", str(tmp_path / "data")]
        command = [sys.executable, "-m", "dbt_project.lakehouse.move"]
        file = embedded_day.warehouse / "taxi.duckdb"

        def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
            places = dict(zip(("LAKEHOUSE_CATALOG", "LAKEHOUSE_DATA_URL"), settings, strict=True))
            return subprocess.run(
                [*command, *arguments],
                cwd=ROOT,
                env={**Workplace(tmp_path).environment(), **places},
                capture_output=True,
                text=True,
                timeout=120,
            )

        moved = run(file)
        assert moved.stdout.endswith(
            "Days moved to lakehouse.glasgow: 1, with every row as it was.\n"
        ), moved.stderr
        lakehouse = Lakehouse.parse(*settings)
        with lakehouse.open("glasgow") as connection:
            connection.execute(f"attach '{file}' as plain (read_only)")
            for table in MARTS:
                places = (f"plain.main.{table}", f"lakehouse.glasgow.{table}")
                for one, other in (places, reversed(places)):
                    missing = f"from {one} except all from {other}"
                    assert connection.execute(missing).fetchall() == []
            assert connection.execute("select inputs is not null from day_builds").fetchall() == [
                (True,)
            ]
        again = run(file)
        assert "Days moved to lakehouse.glasgow: 0," in again.stdout
        assert "stay as they are: 1." in again.stdout
        for wrong, message in (
            (tmp_path / "none.duckdb", "none.duckdb is not there"),
            (embedded_day.warehouse / "days.sqlite", "not a valid DuckDB database"),
            (embedded_day.warehouse / "staging.duckdb", "is no published warehouse"),
        ):
            refused = run(wrong)
            assert refused.returncode == 1
            assert message in refused.stderr
            assert "Traceback" not in refused.stderr

"""The account of what is built and tested: what stays in it, and what goes."""

import datetime
from dataclasses import replace
from types import SimpleNamespace

import duckdb
import pytest
from dbt.contracts.graph.manifest import Manifest, WritableManifest
from dbt_common.events.base_types import EventMsg
from support.workplace import Build

from dbt_project.errors import UserError
from dbt_project.plugin.graph import Graph
from dbt_project.plugin.working_day import Day, WorkingDay

DAY = Day(datetime.date(2023, 5, 1), inputs="[]", variables="{}")


@pytest.fixture(scope="module")
def manifest(embedded_day: Build) -> Manifest:
    written = embedded_day.lake.parent / "target" / "manifest.json"
    return Manifest.from_writable_manifest(WritableManifest.read_and_check_versions(str(written)))


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as staging")
    connection.execute("attach ':memory:' as build")
    return connection


class Command:
    """A command of dbt, as its events tell of it."""

    def __init__(self, warehouse: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
        self.graph = Graph(manifest)
        self.everything = self.graph.in_order(manifest.nodes)
        self.working_day = WorkingDay()
        self.working_day.connection = self.warehouse = warehouse

    def begin(self, selected: list[str], day: Day = DAY, option: str = "") -> None:
        self.working_day.begin(self.warehouse, self.graph, day, selected, option)

    def run(self, nodes: list[str], status: str = "success") -> None:
        for node in nodes:
            self.tell("NodeStart", node, "started")
            self.tell("NodeFinished", node, status)

    def end(self) -> None:
        self.tell("CommandCompleted", "", "")

    def tell(self, name: str, node: str, status: str) -> None:
        data = SimpleNamespace(
            node_info=SimpleNamespace(unique_id=node), run_result=SimpleNamespace(status=status)
        )
        event: EventMsg = SimpleNamespace(info=SimpleNamespace(name=name), data=data)
        self.working_day.on_event(event)

    def lacks(self, export: str) -> str:
        """What an export has to wait for; empty if the day is whole."""
        try:
            self.working_day.whole(export)
        except UserError as error:
            return str(error).partition(" the day is not whole")[0]
        return ""


def test_an_export_waits_for_every_model_and_every_test_before_it(
    warehouse: duckdb.DuckDBPyConnection, manifest: Manifest
) -> None:
    build = Command(warehouse, manifest)
    build.begin(build.everything)
    before = build.graph.before("model.etml.clustered_data")
    assert "model.etml.rides" in before
    assert {name for name in before if "is_key_rides_ride_id" in name}
    assert "model.etml.anomalous_rides" not in before
    *others, last = build.graph.in_order(before)
    build.run(others)
    assert "not replaced, because without " in build.lacks("clustered_data")
    build.run([last], "pass")
    assert build.lacks("clustered_data") == ""
    assert build.lacks("clustered_summarized") != ""


@pytest.mark.parametrize("status", ["error", "fail", "skipped"])
def test_what_has_failed_is_not_built_whatever_it_was_before(
    warehouse: duckdb.DuckDBPyConnection, manifest: Manifest, status: str
) -> None:
    build = Command(warehouse, manifest)
    build.begin(build.everything)
    build.run(build.everything)
    assert build.lacks("published_warehouse") == ""
    build.run(["model.etml.daily_reports"], status)
    assert "without daily_reports and " in build.lacks("published_warehouse")
    assert build.lacks("clustered_data") == ""


def test_what_is_made_of_a_model_goes_when_it_is_built_again_and_with_it_its_tests(
    warehouse: duckdb.DuckDBPyConnection, manifest: Manifest
) -> None:
    first = Command(warehouse, manifest)
    first.begin(first.everything)
    first.run(first.everything)
    first.end()
    second = Command(warehouse, manifest)
    second.begin(["model.etml.int_summary_contexts"])
    second.run(["model.etml.int_summary_contexts"])
    second.end()
    third = Command(warehouse, manifest)
    with pytest.raises(
        UserError, match=r"^report: not replaced, because without (is_key_)?int_(summary|context)_"
    ):
        third.begin(["model.etml.report"])
    third.begin(["model.etml.daily_reports"])
    assert third.lacks("clustered_data") == ""
    assert "without is_key_int_summary_contexts" in third.lacks("clustered_summarized")


def test_a_command_that_never_ended_leaves_nothing_to_go_on_from(
    warehouse: duckdb.DuckDBPyConnection, manifest: Manifest
) -> None:
    killed = Command(warehouse, manifest)
    killed.begin(killed.everything)
    killed.run(killed.everything)
    with pytest.raises(UserError, match=r"^the working tables hold no day, not 2023-05-01: "):
        Command(warehouse, manifest).begin(["model.etml.report"])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (replace(DAY, ride_date=datetime.date(2023, 5, 2)), "hold 2023-05-01, not 2023-05-02"),
        (replace(DAY, variables='{"eps": 1}'), "hold 2023-05-01 with other variables"),
    ],
)
def test_another_day_and_other_variables_cannot_go_on_from_it(
    warehouse: duckdb.DuckDBPyConnection, manifest: Manifest, other: Day, message: str
) -> None:
    first = Command(warehouse, manifest)
    first.begin(first.everything)
    first.run(first.everything)
    first.end()
    for selected in (["model.etml.report"], []):  # dbt says nothing of what a retry selects
        with pytest.raises(UserError, match=message):
            Command(warehouse, manifest).begin(selected, other)
    new = Command(warehouse, manifest)
    new.begin(["model.etml.stg_lake__ride_records"], other)
    assert new.lacks("clustered_data") != ""
    new.end()
    Command(warehouse, manifest).begin([], other)


def test_the_files_are_those_of_the_command_that_has_read_the_records(
    warehouse: duckdb.DuckDBPyConnection, manifest: Manifest
) -> None:
    first = Command(warehouse, manifest)
    first.begin(first.everything)
    first.run(first.everything)
    first.end()
    later = replace(DAY, inputs="[more]")
    second = Command(warehouse, manifest)
    second.begin(["model.etml.report"], later)
    assert second.working_day.whole("report") == DAY
    second.end()
    retried = Command(warehouse, manifest)
    retried.begin([], later)
    retried.run(["model.etml.stg_lake__ride_records"])
    assert retried.working_day.day == later


def test_with_an_option_that_leaves_rows_out_nothing_is_built_and_nothing_exported(
    warehouse: duckdb.DuckDBPyConnection, manifest: Manifest
) -> None:
    first = Command(warehouse, manifest)
    first.begin(first.everything)
    first.run(first.everything)
    first.end()
    part = Command(warehouse, manifest)
    with pytest.raises(UserError, match=r"^report: not replaced, because with --sample "):
        part.begin(["model.etml.report"], option="--sample")
    part.begin(["model.etml.rides"], option="--sample")
    part.run(["model.etml.rides"])
    assert "with --sample" in part.lacks("report")
    part.end()
    whole = Command(warehouse, manifest)
    whole.begin(["model.etml.daily_reports"])
    assert "without rides and " in whole.lacks("clustered_data")

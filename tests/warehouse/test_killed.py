"""A build killed at any point: what is published stays good, and the next run heals.

SIGKILL leaves a process no time for anything, so it stands for a crash, for the kernel's
out-of-memory killer and for a machine that goes away (but for what a disk loses in a power cut).
"""

import json
import shutil
import signal
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from support.warm_python import run_script
from support.workplace import ROOT, Build, Workplace, read_strict_json

DATE = "20230501"
EXPORTS = (
    f"clustered_data_{DATE}.json",
    f"clustered_summarized_{DATE}.json",
    f"report_{DATE}.html",
)
CONTENT = {
    "rides": "from rides order by all",
    "anomalous_rides": "from anomalous_rides order by all",
    "rejected_rides": "from rejected_rides order by all",
    "ride_contexts": "from ride_contexts order by all",
    "daily_reports": "from daily_reports order by all",
    "context_summaries": """
        select * exclude (ride_date, created_at) from context_summaries
        where prompt_hash in (select prompt_hash from anomalous_rides) order by all
    """,
}


def published(workplace: Workplace) -> dict[str, list[tuple[object, ...]]]:
    """All that analysts see, but for when a summary was made."""
    with workplace.published().connect() as connection:
        return {table: connection.execute(sql).fetchall() for table, sql in CONTENT.items()}


def exports(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in EXPORTS}


def run_killable(
    workplace: Workplace, node: str, moment: str, *options: str
) -> subprocess.CompletedProcess[str]:
    arguments = [node, moment, *workplace.arguments(f"date: {DATE}", *options)]
    runner = ROOT / "tests" / "support" / "killed_build.py"
    return run_script(runner, *arguments, cwd=ROOT, env=workplace.environment())


def build_killed_at(workplace: Workplace, node: str, moment: str, *options: str) -> None:
    killed = run_killable(workplace, node, moment, *options)
    assert killed.returncode == -signal.SIGKILL, killed.stdout


class Night:
    """A day that was built from an early, shorter file, and is to be built from the whole one."""

    def __init__(self, workplace: Workplace, embedded_day: Build) -> None:
        self.workplace = workplace.fill_with_embedded_day()
        rides = workplace.lake / f"taxi-rides-{DATE}.json"
        whole = rides.read_text()
        rides.write_text(json.dumps(read_strict_json(rides)[:-50]))
        workplace.build_day(DATE)
        self.old_tables, self.old_exports = published(workplace), exports(workplace.lake)
        rides.write_text(whole)
        undisturbed = Workplace(embedded_day.warehouse.parent)
        self.new_tables, self.new_exports = published(undisturbed), exports(embedded_day.lake)
        assert self.old_exports != self.new_exports

    def save(self) -> None:
        for place in (self.workplace.lake, self.workplace.warehouse):
            shutil.copytree(place, self.workplace.folder / "saved" / place.name)

    def restore(self) -> None:
        for place in (self.workplace.lake, self.workplace.warehouse):
            shutil.rmtree(place)
            shutil.copytree(self.workplace.folder / "saved" / place.name, place)

    def assert_all_is_old_or_new(self) -> None:
        assert published(self.workplace) in (self.old_tables, self.new_tables)
        for name, content in exports(self.workplace.lake).items():
            assert content in (self.old_exports[name], self.new_exports[name])

    def assert_all_is_new(self) -> None:
        assert published(self.workplace) == self.new_tables
        assert exports(self.workplace.lake) == self.new_exports
        warehouse = {file.name for file in self.workplace.warehouse.iterdir()}
        assert not [name for name in warehouse if name.endswith((".unfinished", ".wal", ".tmp"))]
        assert not list(self.workplace.lake.glob("*tmp*"))
        assert not list(self.workplace.lake.glob("*.unfinished"))


def test_killed_again_and_again_the_day_is_healed_by_the_next_run(
    workplace: Workplace, embedded_day: Build
) -> None:
    night = Night(workplace, embedded_day)
    for node, moment in (
        ("int_rides_labelled", "start"),
        ("rides", "end"),
        ("clustered_summarized", "start"),
        ("clustered_summarized", "end"),
        ("published_warehouse", "rename"),
    ):
        build_killed_at(workplace, node, moment)
        night.assert_all_is_old_or_new()
    assert published(workplace) == night.old_tables
    assert exports(workplace.lake) == night.new_exports
    workplace.build_day(DATE)
    night.assert_all_is_new()


@pytest.mark.on_request
def test_dbts_tests_change_nothing_on_the_disk(workplace: Workplace, embedded_day: Build) -> None:
    """Nor does dbt between two nodes.

    So a build killed there leaves what it leaves when killed at the end of the model before.
    """
    night = Night(workplace, embedded_day)
    journal = workplace.folder / "states.txt"
    run_killable(workplace, "watch", str(journal))
    states = [line.split() for line in journal.read_text().splitlines()]
    # a unit test has no materialization
    at_tests = [
        (before[-1], after[-1])
        for before, after in pairwise(states)
        if before[0] == after[0] and (len(after) == 2 or after[1] == "test")
    ]
    between = [(end[-1], start[-1]) for end, start in pairwise(states) if end[0] != start[0]]
    assert len(at_tests) > 30
    assert all(before == after for before, after in at_tests + between)
    night.assert_all_is_new()


@pytest.mark.on_request
def test_killed_at_any_model_the_day_is_healed_by_the_next_run(
    workplace: Workplace, embedded_day: Build
) -> None:
    """Two builds for each of some 35 points; says how far it is in progress.txt."""
    results = read_strict_json(embedded_day.warehouse.parent / "target" / "run_results.json")
    models = [
        result["unique_id"].split(".")[2]
        for result in results["results"]
        if result["unique_id"].startswith("model.")
    ]
    points = [(models[0], "start"), *((name, "end") for name in models)]
    halfway = ("rides", "clustered_data", "clustered_summarized", "published_warehouse")
    points += [(name, "20") for name in halfway] + [("published_warehouse", "rename")]

    night = Night(workplace, embedded_day)
    night.save()
    with (workplace.folder / "progress.txt").open("w") as progress:
        for number, (node, moment) in enumerate(points, 1):
            night.restore()
            build_killed_at(workplace, node, moment)
            night.assert_all_is_old_or_new()
            workplace.build_day(DATE)
            night.assert_all_is_new()
            progress.write(f"{number} of {len(points)}: {node} {moment}\n")
            progress.flush()

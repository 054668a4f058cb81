"""Written, audited, then published: nothing stays half new, and no failed test is passed by."""

import json
import re
import shutil
from pathlib import Path

import pytest
from support.warm_python import run_script
from support.workplace import ROOT, Build, Workplace, hashes, project_with_rule, read_strict_json

DATE, NEXT = "20230501", "20230502"
RECORDS = "models/staging/stg_lake__ride_records.sql"
RIDES = f"taxi-rides-{DATE}.json"
DAYS = "select ride_date::varchar, count(*) from {} group by all order by all"
OF_DAY = ("--vars", f"date: {DATE}")
ONLY_EXPORTS = ("--select", "config.schema:exports")
HOW = (
    f"the day is not whole and tested. To export and publish, build all of it: dbt build "
    f"--vars 'date: {DATE}'. To build without exports: --exclude config.schema:exports"
)


def test_a_day_that_fails_a_test_is_not_exported_and_published_by_no_other_days_build(
    workplace: Workplace, embedded_day: Build
) -> None:
    old = embedded_day
    workplace.fill_with_copy_of(old).simulate(NEXT, "--rides", "120")
    old_copy = (workplace.warehouse / "taxi.duckdb").read_bytes()
    old_days = {table: old.query(DAYS.format(table)) for table in ("rides", "anomalous_rides")}
    old_reports = old.query("from daily_reports")
    export = workplace.lake / f"clustered_summarized_{DATE}.json"
    old_export = export.read_bytes()
    rides = workplace.lake / RIDES
    rides.write_text(json.dumps(read_strict_json(rides)[50:]))

    workplace.project = project_with_rule(
        workplace.folder / "project", "select * from {{ ref('anomalous_rides') }}"
    )
    failed = workplace.build(f"date: {DATE}")
    workplace.project = ROOT
    assert failed.completed.returncode != 0
    assert failed.last_line.startswith("Error: assert_another_rule: ")
    assert export.read_bytes() == old_export
    assert (workplace.warehouse / "taxi.duckdb").read_bytes() == old_copy

    other = workplace.build_day(NEXT)
    for table, days in old_days.items():
        assert other.query(DAYS.format(table))[:-1] == days
    assert other.query("from daily_reports where ride_date = '2023-05-01'") == old_reports
    assert other.query("select rides from daily_reports order by ride_date")[1] == (120,)
    assert export.read_bytes() == old_export

    other_copy = (workplace.warehouse / "taxi.duckdb").read_bytes()
    part = workplace.build(f"date: {DATE}", "--select", "clustered_summarized")
    assert part.completed.returncode != 0
    assert "the working tables hold 2023-05-02, not 2023-05-01" in part.last_line
    assert export.read_bytes() == old_export
    assert (workplace.warehouse / "taxi.duckdb").read_bytes() == other_copy

    healed = workplace.build_day(DATE)
    assert healed.query(DAYS.format("rides")) == [("2023-05-01", 351), ("2023-05-02", 120)]
    assert healed.query("select rides from daily_reports order by ride_date") == [(351,), (120,)]
    assert len(healed.export("clustered_summarized", DATE)) == 351


@pytest.mark.parametrize(
    ("command", "lacks"),
    [
        (["build", "--empty"], "with --empty"),
        (["build", "--empty", *ONLY_EXPORTS], "with --empty"),
        (["run"], "without is_key_stg_lake__news_record_number and "),
        (["build", "--exclude", "is_key_rides_ride_id"], "without is_key_rides_ride_id"),
    ],
)
def test_fault_24_a_command_that_is_no_whole_tested_build_changes_nothing(
    workplace: Workplace, embedded_day: Build, command: list[str], lacks: str
) -> None:
    workplace.fill_with_copy_of(embedded_day)
    old = hashes(workplace.lake), hashes(workplace.warehouse)["taxi.duckdb"]
    refused = workplace.dbt(*command, *OF_DAY)
    assert refused.completed.returncode != 0
    assert refused.last_line.startswith(f"Error: clustered_data: not replaced, because {lacks}")
    assert refused.last_line.endswith(HOW)
    assert (hashes(workplace.lake), hashes(workplace.warehouse)["taxi.duckdb"]) == old
    assert "Traceback" not in refused.output


def let_a_part_come_late(workplace: Workplace) -> Path:
    """Let the project's copy write one more part into the lake, after its files were checked."""
    late = workplace.lake / f"taxi-rides-{DATE}-late.json"
    record = "select 'late' as ride_id, 1 as ride_dist, 1 as ride_time"
    hook = f"{{{{ config(pre_hook=\"copy ({record}) to '{late}' (format json)\") }}}}\n"
    model = workplace.project / RECORDS
    model.write_text(hook + model.read_text())
    return late


def test_fault_24_a_day_may_be_built_in_parts_and_leaves_once_all_of_them_are_tested(
    workplace: Workplace,
) -> None:
    workplace.simulate(DATE, "--rides", "80")
    workplace.project = project_with_rule(
        workplace.folder / "project", "select * from {{ ref('anomalous_rides') }}"
    )
    late = let_a_part_come_late(workplace)
    failed = workplace.build(f"date: {DATE}")
    assert failed.last_line.startswith("Error: assert_another_rule: ")
    assert len(failed.export("clustered_data", DATE)) == 80
    late.unlink()
    shutil.copy(ROOT / RECORDS, workplace.project / RECORDS)
    exported = {f"clustered_data_{DATE}.json"}
    assert {file.name for file in workplace.lake.glob("clustered_*")} == exported

    passed_by = workplace.build(f"date: {DATE}", *ONLY_EXPORTS)
    assert re.fullmatch(
        r"Error: clustered_summarized: not replaced, because without assert_another_rule "
        rf"and \d+ more {re.escape(HOW)}",
        passed_by.last_line,
    )
    (workplace.project / "tests" / "assert_another_rule.sql").write_text(
        "select * from {{ ref('anomalous_rides') }} where ride_id is null"
    )
    part = workplace.build(f"date: {DATE}", "--exclude", "config.schema:exports")
    assert part.completed.returncode == 0
    assert part.last_line == "Published  nothing: this command builds a part of the day"
    assert {file.name for file in workplace.lake.glob("clustered_*")} == exported
    assert not (workplace.warehouse / "taxi.duckdb").exists()

    again = workplace.build(f"date: {DATE}", "--select", "int_contexts")
    assert again.completed.returncode == 0
    stale = workplace.build(f"date: {DATE}", *ONLY_EXPORTS)
    assert "not replaced, because without int_ride_contexts and " in stale.last_line

    rest = workplace.build_day(DATE, "--select", "int_contexts+", "clustered_data")
    assert rest.query("select rides from daily_reports") == [(80,)]
    assert len(rest.export("clustered_summarized", DATE)) == 80


def test_fault_24_a_retry_ends_the_day_once_what_failed_is_built_and_tested(
    workplace: Workplace,
) -> None:
    workplace.simulate(DATE, "--rides", "80")
    workplace.project = project_with_rule(
        workplace.folder / "project", "select * from {{ ref('rides') }}"
    )
    failed = workplace.build(f"date: {DATE}")
    assert failed.last_line.startswith("Error: assert_another_rule: ")
    (workplace.project / "tests" / "assert_another_rule.sql").write_text(
        "select * from {{ ref('rides') }} where ride_id is null"
    )
    ended = workplace.dbt("retry")
    assert ended.completed.returncode == 0, ended.output
    assert ended.query("select rides from daily_reports") == [(80,)]
    assert len(ended.export("clustered_summarized", DATE)) == 80


COMMANDS = """
import sys
from dbt.cli.main import dbtRunner
for options in (["--select", "int_contexts"], ["--select", "config.schema:exports"], []):
    dbtRunner().invoke(["--log-level", "none", "build", *options, *sys.argv[1:]])
"""


def test_fault_24_every_command_of_one_process_is_checked_for_itself(
    workplace: Workplace, embedded_day: Build
) -> None:
    workplace.fill_with_copy_of(embedded_day)
    _, *places = workplace.arguments(f"date: {DATE}")
    (workplace.folder / "commands.py").write_text(COMMANDS)
    commands = run_script(
        workplace.folder / "commands.py", *places, cwd=ROOT, env=workplace.environment()
    )
    part, refused, whole = (said.strip() for said in commands.stdout.split("\n\n"))
    assert part == "Published  nothing: this command builds a part of the day"
    assert refused.startswith("Error: clustered_data: not replaced, because without ")
    assert whole.startswith("2023-05-01: 408 records read, 400 rides")

"""Written, audited, then published: nothing stays half new, and no failed test is passed by."""

import json

from support.workplace import ROOT, Build, Workplace, project_with_rule, read_strict_json

DATE, NEXT = "20230501", "20230502"
RIDES = f"taxi-rides-{DATE}.json"
UNTESTED = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
DAYS = "select ride_date::varchar, count(*) from {} group by all order by all"


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

    project = project_with_rule(
        workplace.folder / "project", "select * from {{ ref('anomalous_rides') }}"
    )
    workplace.project = project
    failed = workplace.build(f"date: {DATE}", "--exclude-resource-type", "unit_test")
    workplace.project = ROOT
    assert failed.completed.returncode != 0
    assert failed.last_line.startswith("Error: assert_another_rule: ")
    assert export.read_bytes() == old_export
    assert (workplace.warehouse / "taxi.duckdb").read_bytes() == old_copy

    other = workplace.build_day(NEXT, *UNTESTED)
    for table, days in old_days.items():
        assert other.query(DAYS.format(table))[:-1] == days
    assert other.query("from daily_reports where ride_date = '2023-05-01'") == old_reports
    assert other.query("select rides from daily_reports order by ride_date")[1] == (120,)
    assert export.read_bytes() == old_export

    other_copy = (workplace.warehouse / "taxi.duckdb").read_bytes()
    part = workplace.build(f"date: {DATE}", "--select", "clustered_summarized", *UNTESTED)
    assert part.completed.returncode != 0
    assert "the working tables hold 2023-05-02, not 2023-05-01" in part.last_line
    assert export.read_bytes() == old_export
    assert (workplace.warehouse / "taxi.duckdb").read_bytes() == other_copy

    healed = workplace.build_day(DATE, *UNTESTED)
    assert healed.query(DAYS.format("rides")) == [("2023-05-01", 351), ("2023-05-02", 120)]
    assert healed.query("select rides from daily_reports order by ride_date") == [(351,), (120,)]
    assert len(healed.export("clustered_summarized", DATE)) == 351

"""Names that would be SQL, patterns or other places if anything were to take them for that."""

import json

import pytest
from support.warm_python import run_script
from support.workplace import DBT, EMBEDDED_DAY, ROOT, Build, Workplace

DATE = "20230501"


def test_folders_of_any_name_give_the_same_day(workplace: Workplace, embedded_day: Build) -> None:
    odd = workplace.folder / 'it\'s; [2023] * "q" #1 %41 {{ x }} Größe'
    odd.mkdir()
    workplace.lake = odd / ".." / odd.name / "the [lake] ?"
    workplace.warehouse = workplace.folder / 'it\'s; [2023] * "q" %41 {{ x }}' / "ware'house"
    workplace.fill_with_embedded_day()
    (odd / "the l ?").mkdir()  # what the lake's name matches as a pattern
    (odd / "the l ?" / f"taxi-rides-{DATE}.json").write_text("[]")
    build = workplace.build_day(DATE)
    for name in (f"clustered_data_{DATE}.json", f"clustered_summarized_{DATE}.json"):
        assert (workplace.lake / name).read_bytes() == (embedded_day.lake / name).read_bytes()
    assert build.query("from rides order by all") == embedded_day.query("from rides order by all")


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("LAKE_URL", "https://key:secret@host/lake", "LAKE_URL must be a folder or s3://"),
        ("LAKE_OUTPUT_URL", "s3://b?s3_endpoint=x", "LAKE_OUTPUT_URL must be a folder or s3://"),
        ("WAREHOUSE_DIR", "s3://bucket/warehouse", "WAREHOUSE_DIR must be a folder"),
        ("WAREHOUSE_WAIT_SECONDS", "long", "WAREHOUSE_WAIT_SECONDS must be a whole number"),
    ],
)
@pytest.mark.on_request
def test_a_place_that_cannot_be_used_is_one_line_and_nothing_is_written(
    workplace: Workplace, setting: str, value: str, message: str
) -> None:
    workplace.fill_with_embedded_day()
    build = workplace.build(f"date: {DATE}", **{setting: value})
    assert build.completed.returncode != 0
    assert build.last_line.startswith(f"Error: {message}")
    assert "secret" not in build.output
    assert not workplace.warehouse.exists()
    assert {file.name for file in workplace.lake.iterdir()} == {file.name for file in EMBEDDED_DAY}


def test_the_builds_own_connection_installs_and_loads_no_extension_by_itself(
    workplace: Workplace,
) -> None:
    settings = (
        "select name, value from duckdb_settings() "
        "where name like 'auto%known_extensions' or name like 'allow%signed_extensions' "
        "or name like 'allow%community_extensions' or name = 'max_temp_directory_size'"
    )
    _, *rest = workplace.arguments(f"date: {DATE}")
    show = ("show", "--quiet", "--output", "json", "--inline", settings)
    shown = run_script(DBT, *show, *rest, cwd=ROOT, env=workplace.environment())
    rows = json.loads(shown.stdout)["show"]
    assert {row["name"]: row["value"] for row in rows} == {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "allow_unsigned_extensions": "false",
        "max_temp_directory_size": "46.5 GiB",
    }

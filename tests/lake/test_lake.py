"""Finding a day's files, and reaching S3 with AWS's own settings."""

import datetime
from pathlib import Path

import duckdb
import pytest

from dbt_project.errors import UserError
from dbt_project.lake.connection import load_extensions
from dbt_project.lake.files import RIDES, list_day
from dbt_project.settings.environment import LakeSettings, S3Settings
from dbt_project.settings.lake_url import LakeUrl

DAY = datetime.date(2023, 5, 1)


def rides_in(lake_url: str) -> list[str]:
    day = list_day(duckdb.connect(), LakeUrl.parse(lake_url), DAY)
    return [file.path for file in day[RIDES]]


def test_a_days_rides_are_its_whole_file_or_its_parts_and_nothing_else(tmp_path: Path) -> None:
    expected = ["taxi-rides-20230501.json", "taxi-rides-20230501-a.json.gz"]
    others = ["taxi-rides-20230501.json.tmp", "taxi-rides-202305012.json", "news-20230501.json"]
    for name in expected + others:
        (tmp_path / name).touch()
    found = rides_in(f"{tmp_path}/")
    assert {Path(file).name for file in found} == set(expected)


def test_rides_that_are_not_there_are_an_error_that_names_the_path(tmp_path: Path) -> None:
    with pytest.raises(UserError) as missing:
        rides_in(str(tmp_path))
    assert f"{tmp_path}/taxi-rides-20230501.json is not in the lake" in str(missing.value)


ODD = "it's [2023] * ? #1 %41 Größe"


def test_a_folder_may_have_any_name_and_is_taken_for_no_pattern(tmp_path: Path) -> None:
    for folder in (ODD, "its 2023 x y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "taxi-rides-20230501.json").touch()
    found = rides_in(f"{tmp_path}/{ODD}/../{ODD}/")
    assert [Path(file).resolve() for file in found] == [
        (tmp_path / ODD / "taxi-rides-20230501.json").resolve()
    ]


@pytest.mark.parametrize("name", ["a*", "a?s3_endpoint=elsewhere", "a[b]", "a#", "a%41", "a\nb"])
def test_a_part_whose_name_is_a_pattern_or_has_parameters_is_refused(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / f"taxi-rides-20230501-{name}.json").touch()
    with pytest.raises(
        ValueError, match=r"the name of a file may have none of \* \? \["
    ) as refusal:
        rides_in(str(tmp_path))
    assert "\n" not in str(refusal.value)


def test_an_address_of_a_lake_is_a_folder_or_a_bucket_with_a_prefix() -> None:
    assert LakeUrl.parse("data/lake/") == LakeUrl("data/lake", is_s3=False)
    assert LakeUrl.parse("/") == LakeUrl("/", is_s3=False)
    assert LakeUrl.parse("s3://etml-data/") == LakeUrl("s3://etml-data", is_s3=True)
    assert LakeUrl.parse("s3://etml-data/a b/c='d'/") == LakeUrl(
        "s3://etml-data/a b/c='d'", is_s3=True
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a\nb",
        "a\\b",
        "http://user:password@host/lake",
        "S3://etml-data",
        "s3://",
        "s3://Bucket",
        "s3://bucket'; drop table rides; --",
        "s3://etml-data/a//b",
        "s3://etml-data/../b",
        "s3://etml-data/a?s3_endpoint=elsewhere",
        "s3://etml-data/*",
    ],
)
def test_any_other_address_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"^LAKE_URL must be a folder or s3://bucket") as refusal:
        LakeSettings.read({"LAKE_URL": text})
    assert "\n" not in str(refusal.value)
    assert "password" not in str(refusal.value)


@pytest.mark.parametrize(
    "url", ["localhost:9000", "ftp://host", "http://key:secret@host", "http://"]
)
def test_the_address_of_a_server_that_cannot_be_used_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match=r"^AWS_ENDPOINT_URL must be http") as refusal:
        S3Settings.read({"AWS_ENDPOINT_URL": url})
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "20; drop table rides", "\u0661"])
def test_a_timeout_is_a_number_of_seconds(text: str) -> None:
    assert S3Settings.read({}).lake_timeout_seconds == 20
    assert S3Settings.read({"LAKE_TIMEOUT_SECONDS": "20"}).lake_timeout_seconds == 20
    with pytest.raises(ValueError, match=r"^LAKE_TIMEOUT_SECONDS must be a whole number from 1"):
        S3Settings.read({"LAKE_TIMEOUT_SECONDS": text})


def test_an_address_with_one_slash_is_no_folder() -> None:
    with pytest.raises(UserError, match=r"^LAKE_URL must be .*not 's3:/rides': an address has //"):
        LakeSettings.read({"LAKE_URL": "s3:/rides"})


def test_a_lake_that_is_no_folder_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"^the lake {tmp_path}/nowhere is no folder: LAKE_URL"):
        rides_in(f"{tmp_path}/nowhere")


def test_extensions_are_loaded_from_their_packages_and_never_installed() -> None:
    no_downloads = {"autoinstall_known_extensions": "false", "extension_directory": "/nowhere"}
    connection = duckdb.connect(config=no_downloads)
    load_extensions(connection, ["httpfs", "aws"])
    loaded = "select extension_name from duckdb_extensions() where loaded"
    assert {("httpfs",), ("aws",)} <= set(connection.execute(loaded).fetchall())

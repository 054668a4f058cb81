"""Finding a day's files, and reaching S3 with AWS's own settings."""

import datetime
from pathlib import Path

import duckdb
import pytest

from dbt_project.lake import find_rides, load_extensions, s3_secret_sql

DAY = datetime.date(2023, 5, 1)


def test_a_days_rides_are_its_whole_file_or_its_parts_and_nothing_else(tmp_path: Path) -> None:
    expected = ["taxi-rides-20230501.json", "taxi-rides-20230501-a.json.gz"]
    others = ["taxi-rides-20230501.json.tmp", "taxi-rides-202305012.json", "news-20230501.json"]
    for name in expected + others:
        (tmp_path / name).touch()
    found = find_rides(duckdb.connect(), f"{tmp_path}/", DAY)
    assert {Path(file).name for file in found} == set(expected)


def test_rides_that_are_not_there_are_an_error_that_names_the_path(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        find_rides(duckdb.connect(), str(tmp_path), DAY)
    assert f"{tmp_path}/taxi-rides-20230501.json is not in the lake" in str(missing.value)


def test_aws_settings_say_where_the_lake_is_and_keys_are_not_among_them() -> None:
    environ = {
        "AWS_REGION": "eu-west-2",
        "AWS_ENDPOINT_URL": "http://everything:1",
        "AWS_ENDPOINT_URL_S3": "https://s3.example:9000/",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    assert s3_secret_sql(environ) == (
        "CREATE OR REPLACE SECRET lake (TYPE s3, PROVIDER credential_chain, REGION 'eu-west-2', "
        "ENDPOINT 's3.example:9000', USE_SSL true, URL_STYLE 'path')"
    )
    assert s3_secret_sql({}) == (
        "CREATE OR REPLACE SECRET lake (TYPE s3, PROVIDER credential_chain)"
    )


def test_extensions_are_loaded_from_their_packages_and_never_installed() -> None:
    no_downloads = {"autoinstall_known_extensions": "false", "extension_directory": "/nowhere"}
    connection = duckdb.connect(config=no_downloads)
    load_extensions(connection, ["httpfs", "aws"])
    loaded = "select extension_name from duckdb_extensions() where loaded"
    assert {("httpfs",), ("aws",)} <= set(connection.execute(loaded).fetchall())

"""A day's objects are in the bucket, whole, or the day stays what it was."""

import datetime
from collections.abc import Iterator
from pathlib import Path

import boto3
import duckdb
import pytest
from support.s3_proxy import S3Proxy

from dbt_project.lakehouse import days
from dbt_project.lakehouse.days import publish_day
from dbt_project.lakehouse.locks import hold_city
from dbt_project.lakehouse.place import Lakehouse, LakehouseError
from dbt_project.sql import Schema

DAY = datetime.date(2023, 5, 1)
BUCKET = "taxi-writes"
MARTS = Schema("memory", "main")


@pytest.fixture
def proxy(
    s3_server: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[S3Proxy]:
    """A server between the lakehouse and its bucket."""
    for name, value in s3_server.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    boto3.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": s3_server["AWS_REGION"]}
    )
    with S3Proxy(s3_server["AWS_ENDPOINT_URL"]) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        monkeypatch.setenv("LAKE_TIMEOUT_SECONDS", "1")
        monkeypatch.setattr(days, "_ATTEMPTS", 1)  # a whole publication again: seconds, here
        yield running


def publish(lakehouse: Lakehouse, rides: int) -> None:
    with duckdb.connect() as connection:
        day = f"date '{DAY}' as ride_date"
        connection.execute(f"create table rides as select {day}, range as ride from range({rides})")
        publish_day(connection, lakehouse, "glasgow", MARTS, DAY, None)


def published_rides(lakehouse: Lakehouse) -> int:
    with lakehouse.open("glasgow") as connection:
        rows = connection.execute("select ride from rides").fetchall()  # from the objects
    return len(rows)


def test_an_upload_that_fails_stalls_or_is_forgotten_leaves_the_day_as_it_was(
    proxy: S3Proxy, tmp_path: Path
) -> None:
    lakehouse = Lakehouse.parse(f"sqlite:{tmp_path}/catalog.sqlite", f"s3://{BUCKET}/data")
    hold_city(lakehouse, "glasgow", "building 2023-05-01")
    publish(lakehouse, 100)
    assert published_rides(lakehouse) == 100

    upload = r"(PUT|POST) .*rides/.*\.parquet"
    faults = {
        "status": {"status": 502},  # in the middle of an upload
        "hang": {},
        "forget": {},
        "expired": {},
    }
    for kind, details in faults.items():
        proxy.behave()
        fault = proxy.misbehave(kind, upload, **details)
        with pytest.raises(LakehouseError, match=r"^the day was not published: ") as told:
            publish(lakehouse, 200)
        assert fault.happened, kind
        assert "\n" not in str(told.value)
        proxy.behave()
        assert published_rides(lakehouse) == 100, kind

    publish(lakehouse, 200)
    assert published_rides(lakehouse) == 200

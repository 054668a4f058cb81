"""S3 that refuses, fails, hangs or cuts: ridden out where that can help, else one clear line."""

import datetime
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest
from botocore.exceptions import ClientError
from support.moto_iam import key_of_policy
from support.s3_proxy import S3Proxy
from support.workplace import (
    DBT,
    EMBEDDED_DAY,
    EMBEDDED_LAKE,
    ROOT,
    Build,
    Workplace,
    read_strict_json,
)

from dbt_project.errors import one_line
from dbt_project.lake.connection import connect_lake
from dbt_project.lake.delivery import DeliveryError, upload
from dbt_project.lake.files import list_day
from dbt_project.settings.lake_url import LakeUrl

DATE = "20230501"
DAY = datetime.date(2023, 5, 1)
RIDES = f"taxi-rides-{DATE}.json"
EXPORTS = {
    f"clustered_data_{DATE}.json",
    f"clustered_summarized_{DATE}.json",
    f"report_{DATE}.html",
    "report_index.html",
}
BUCKET = "taxi-lake"
CANARIES = {
    "AWS_ACCESS_KEY_ID": "ASIACANARYOFTHEKEYID",
    "AWS_SECRET_ACCESS_KEY": "canary/of+the/secret/key",
    "AWS_SESSION_TOKEN": "canary//of+the+session+token==",
}
SETTINGS = {"AWS_REGION": "eu-west-2", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture
def proxy(s3_server: dict[str, str]) -> Iterator[S3Proxy]:
    with S3Proxy(s3_server["AWS_ENDPOINT_URL"]) as running:
        yield running


@pytest.fixture
def s3(s3_server: dict[str, str]) -> Any:
    """A client, past the proxy; the embedded day is in the bucket under glasgow/in."""
    client = boto3.client(
        "s3",
        endpoint_url=s3_server["AWS_ENDPOINT_URL"],
        region_name="eu-west-2",
        aws_access_key_id="of-the-test",
        aws_secret_access_key="of-the-test",
    )
    client.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    for file in EMBEDDED_DAY:
        client.upload_file(str(file), BUCKET, f"glasgow/in/{file.name}")
    yield client
    for item in client.list_objects_v2(Bucket=BUCKET)["Contents"]:
        client.delete_object(Bucket=BUCKET, Key=item["Key"])
    client.delete_bucket(Bucket=BUCKET)


def environment(proxy: S3Proxy, **more: str) -> dict[str, str]:
    return {
        "LAKE_URL": f"s3://{BUCKET}/glasgow/in",
        "LAKE_OUTPUT_URL": f"s3://{BUCKET}/glasgow/out",
        "AWS_ENDPOINT_URL_S3": proxy.url,
        **SETTINGS,
        **CANARIES,
        **more,
    }


def exported(s3: Any) -> dict[str, bytes]:
    listing = s3.list_objects_v2(Bucket=BUCKET, Prefix="glasgow/out/").get("Contents", [])
    keys = [item["Key"] for item in listing]
    return {
        key.rpartition("/")[2]: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys
    }


def assert_no_canary_in(workplace: Workplace, *outputs: str) -> None:
    files = [file for file in workplace.folder.rglob("*") if file.is_file()]
    assert len(files) > 20
    for secret in CANARIES.values():
        assert not any(secret in output for output in outputs)
        assert not any(secret.encode() in file.read_bytes() for file in files)


class TestWholeBuilds:
    def test_trouble_of_moments_is_ridden_out_and_any_other_leaves_the_old_files(
        self, workplace: Workplace, embedded_day: Build, proxy: S3Proxy, s3: Any
    ) -> None:
        early = read_strict_json(EMBEDDED_LAKE / RIDES)[:-50]
        s3.put_object(Bucket=BUCKET, Key=f"glasgow/in/{RIDES}", Body=json.dumps(early).encode())
        proxy.misbehave("status", r"GET .*prefix=.*taxi-rides", status=503, times=2)
        proxy.misbehave("cut", rf"GET .*{RIDES}", times=1)
        proxy.misbehave("status", r"PUT .*clustered_data", status=500, times=2)
        proxy.misbehave("slow", r"PUT .*clustered_summarized", seconds=1, times=1)
        old = workplace.build_day(DATE, **environment(proxy))
        assert all(fault.happened == fault.times for fault in proxy.faults)
        old_exports, old_copy = exported(s3), (old.warehouse / "taxi.duckdb").read_bytes()
        assert set(old_exports) == EXPORTS
        tokens = {headers.get("x-amz-security-token") for headers in proxy.headers}
        assert tokens == {CANARIES["AWS_SESSION_TOKEN"]}

        s3.upload_file(str(EMBEDDED_LAKE / RIDES), BUCKET, f"glasgow/in/{RIDES}")
        proxy.behave()
        proxy.misbehave("expired", r"PUT .*clustered_data")
        refused = workplace.build(f"date: {DATE}", **environment(proxy))
        assert refused.completed.returncode != 0
        assert refused.last_line.startswith("Error: clustered_data: ")
        assert "ExpiredToken" in refused.last_line
        assert exported(s3) == old_exports
        assert (old.warehouse / "taxi.duckdb").read_bytes() == old_copy

        proxy.behave()
        proxy.misbehave("trickle", r"PUT .*clustered_data", seconds=600)
        with subprocess.Popen(
            [DBT, *workplace.arguments(f"date: {DATE}")],
            cwd=ROOT,
            env=workplace.environment(**environment(proxy)),
            stdout=subprocess.DEVNULL,
        ) as killed:
            assert proxy.uploading.wait(timeout=240)
            killed.send_signal(signal.SIGKILL)
        assert exported(s3) == old_exports
        assert (old.warehouse / "taxi.duckdb").read_bytes() == old_copy

        proxy.behave()
        healed = workplace.build_day(DATE, **environment(proxy))
        for name, content in exported(s3).items():
            assert content == (embedded_day.lake / name).read_bytes()
        assert healed.query("from rides order by all") == embedded_day.query(
            "from rides order by all"
        )
        assert_no_canary_in(workplace, old.output, refused.output, healed.output)
        assert not any(
            secret.encode() in content
            for secret in CANARIES.values()
            for content in exported(s3).values()
        )

    @pytest.mark.parametrize(
        ("kind", "details", "message"),
        [
            ("status", {"status": 403}, "HTTP 403 Forbidden): AccessDenied: No."),
            pytest.param(
                "status", {"status": 404}, "HTTP 404 Not Found", marks=pytest.mark.on_request
            ),
            pytest.param("status", {"status": 503}, "HTTP 503", marks=pytest.mark.on_request),
            pytest.param("expired", {}, "ExpiredToken", marks=pytest.mark.on_request),
            pytest.param("cut", {}, "partial", marks=pytest.mark.on_request),
            pytest.param("hang", {}, "Timeout was reached", marks=pytest.mark.on_request),
        ],
    )
    def test_a_lake_that_cannot_be_listed_is_one_line_and_nothing_is_written(
        self,
        workplace: Workplace,
        proxy: S3Proxy,
        s3: Any,
        kind: str,
        details: dict[str, int],
        message: str,
    ) -> None:
        proxy.misbehave(kind, **details)
        variables = environment(proxy, LAKE_TIMEOUT_SECONDS="1")
        build = workplace.build(f"date: {DATE}", **variables)
        assert build.completed.returncode != 0
        assert build.last_line.startswith("Error: ")
        assert message in build.last_line
        assert "Traceback" not in build.output
        assert not workplace.warehouse.exists()
        assert exported(s3) == {}


class TestPatience:
    """What DuckDB does with the settings of `connect_lake`, request by request."""

    @pytest.fixture
    def connection(
        self, proxy: S3Proxy, s3: Any, monkeypatch: pytest.MonkeyPatch
    ) -> duckdb.DuckDBPyConnection:
        for name, value in environment(proxy, LAKE_TIMEOUT_SECONDS="1").items():
            monkeypatch.setenv(name, value)
        opened = duckdb.connect()
        connect_lake(opened, ["httpfs", "aws"])
        return opened.cursor()  # as a model of dbt has it

    @pytest.mark.parametrize(
        ("kind", "details", "requests"),
        [
            ("status", {"status": 403}, 1),
            ("status", {"status": 404}, 1),
            ("expired", {}, 1),
            ("status", {"status": 503}, 5),
            ("cut", {}, 5),
            ("hang", {}, 5),
        ],
    )
    def test_what_may_pass_is_asked_for_five_times_and_a_refusal_once(
        self,
        connection: duckdb.DuckDBPyConnection,
        proxy: S3Proxy,
        kind: str,
        details: dict[str, int],
        requests: int,
    ) -> None:
        proxy.misbehave(kind, **details)
        with pytest.raises(duckdb.Error) as failure:
            list_day(connection, LakeUrl.parse(f"s3://{BUCKET}/glasgow/in"), DAY)
        assert len(proxy.requests) == requests
        assert "\n" not in one_line(str(failure.value))
        assert "LINE 1" not in one_line(str(failure.value))

    def test_a_slow_transfer_is_not_cut_off_as_long_as_bytes_come(
        self, connection: duckdb.DuckDBPyConnection, proxy: S3Proxy
    ) -> None:
        proxy.misbehave("trickle", "GET|PUT", seconds=4)
        path = f"s3://{BUCKET}/glasgow/in/{RIDES}"
        read = connection.execute("select count(*) from read_json_objects(?)", [path])
        assert read.fetchall() == [(408,)]
        large = "copy (select repeat('x', 1000) from range(4000)) to 's3://{}/x' (format csv)"
        connection.execute(large.format(BUCKET))
        assert {request.split()[0] for request in proxy.requests} == {"HEAD", "GET", "PUT"}

    @pytest.mark.parametrize(("kind", "attempts"), [("expired", 1), ("hang", 5)])
    def test_a_failed_upload_leaves_the_object_as_it_was(
        self,
        connection: duckdb.DuckDBPyConnection,
        proxy: S3Proxy,
        s3: Any,
        tmp_path: Path,
        kind: str,
        attempts: int,
    ) -> None:
        file, url = tmp_path / "x", f"s3://{BUCKET}/glasgow/out/x.json"
        file.write_text("1")
        upload(file, url)
        file.write_text("2")
        proxy.misbehave(kind, "PUT")
        with pytest.raises(DeliveryError, match=f"^{url} was not replaced: .+") as failure:
            upload(file, url)
        assert "\n" not in str(failure.value)
        assert sum(request.startswith("PUT") for request in proxy.requests) == 1 + attempts
        assert exported(s3) == {"x.json": b"1"}

    def test_exports_are_encrypted_with_the_key_of_kms_that_is_set(
        self,
        connection: duckdb.DuckDBPyConnection,
        s3: Any,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        (tmp_path / "x").write_text("1")
        monkeypatch.setenv("LAKE_KMS_KEY_ID", "alias/taxi")
        upload(tmp_path / "x", f"s3://{BUCKET}/glasgow/out/x.json")
        head = s3.head_object(Bucket=BUCKET, Key="glasgow/out/x.json")
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/taxi")
        assert head["ContentType"] == "application/json"


def run_python(code: str, environ: dict[str, str]) -> str:
    completed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True
    )
    return completed.stdout + completed.stderr


FIND = f"""
import datetime, duckdb
from dbt_project.lake.connection import connect_lake
from dbt_project.lake.files import list_day
from dbt_project.settings.lake_url import LakeUrl
with duckdb.connect() as connection:
    try:
        connect_lake(connection, ["httpfs", "aws"])
        lake = LakeUrl.parse("s3://{BUCKET}/glasgow/in")
        print(list_day(connection, lake, datetime.date(2023, 5, 1)))
    except ValueError as error:
        print(error)
"""


class TestCredentials:
    """Every link of AWS's credential chain, seen by what arrives at the server."""

    def found_with(self, workplace: Workplace, proxy: S3Proxy, **credentials: str) -> str:
        place = {"HOME": str(workplace.folder), "AWS_ENDPOINT_URL_S3": proxy.url}
        return run_python(FIND, workplace.environment(**place, **SETTINGS | credentials))

    def arrived(self, proxy: S3Proxy) -> tuple[str, str | None]:
        headers = proxy.headers[-1]
        key = headers["authorization"].partition("Credential=")[2].partition("/")[0]
        return key, headers.get("x-amz-security-token")

    def test_of_the_environment(self, workplace: Workplace, proxy: S3Proxy, s3: Any) -> None:
        assert RIDES in self.found_with(workplace, proxy, **CANARIES)
        assert self.arrived(proxy) == (
            CANARIES["AWS_ACCESS_KEY_ID"],
            CANARIES["AWS_SESSION_TOKEN"],
        )

    def test_of_a_profile(self, workplace: Workplace, proxy: S3Proxy, s3: Any) -> None:
        folder = workplace.folder / ".aws"
        folder.mkdir()
        (folder / "credentials").write_text(
            "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = x\n"
            "[night]\naws_access_key_id = AKIANIGHT\naws_secret_access_key = x\n"
        )
        assert RIDES in self.found_with(workplace, proxy)
        assert self.arrived(proxy) == ("AKIADEFAULT", None)
        assert RIDES in self.found_with(workplace, proxy, AWS_PROFILE="night")
        assert self.arrived(proxy) == ("AKIANIGHT", None)

    def test_of_the_role_of_an_instance_and_of_a_container(
        self, workplace: Workplace, proxy: S3Proxy, s3: Any, metadata_server: str
    ) -> None:
        instance = {
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata_server,
            "AWS_EC2_METADATA_DISABLED": "false",
        }
        container = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{metadata_server}/container"}
        for role in (instance, container):
            proxy.headers.clear()
            assert RIDES in self.found_with(workplace, proxy, **role)
            assert self.arrived(proxy) == ("ASIAROLE", "token-of-the-role")

    def test_none_at_all_is_said_in_words(
        self, workplace: Workplace, proxy: S3Proxy, s3: Any
    ) -> None:
        assert self.found_with(workplace, proxy).startswith("no credentials for S3 in AWS's")
        assert proxy.requests == []


class TestLeastPrivilege:
    @pytest.fixture
    def keys_of_the_policy(self, s3_server: dict[str, str], s3: Any) -> Iterator[dict[str, str]]:
        """Keys of a user with the policy of docs/s3.md, on a server that enforces it."""
        (policy,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "s3.md").read_text(), re.S)
        with key_of_policy(s3_server, "night", policy) as keys:
            yield keys

    def test_the_policy_in_the_documentation_is_enough_for_a_build_and_allows_no_more(
        self,
        workplace: Workplace,
        s3_server: dict[str, str],
        keys_of_the_policy: dict[str, str],
    ) -> None:
        places = {
            "LAKE_URL": f"s3://{BUCKET}/glasgow/in",
            "LAKE_OUTPUT_URL": f"s3://{BUCKET}/glasgow/out",
            "AWS_ENDPOINT_URL_S3": s3_server["AWS_ENDPOINT_URL"],
        }
        workplace.build_day(DATE, **places, **SETTINGS, **keys_of_the_policy)
        client = boto3.client(
            "s3",
            endpoint_url=s3_server["AWS_ENDPOINT_URL"],
            region_name="eu-west-2",
            aws_access_key_id=keys_of_the_policy["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys_of_the_policy["AWS_SECRET_ACCESS_KEY"],
        )
        listing = client.list_objects_v2(Bucket=BUCKET, Prefix="glasgow/out/")["Contents"]
        assert {item["Key"].rpartition("/")[2] for item in listing} == EXPORTS
        rides = {"Bucket": BUCKET, "Key": f"glasgow/in/{RIDES}"}
        for forbidden in (
            lambda: client.delete_object(**rides),
            lambda: client.put_object(**rides, Body=b"[]"),
            lambda: client.put_object(Bucket=BUCKET, Key="glasgow/out/other", Body=b""),
            lambda: client.create_bucket(Bucket="another-bucket"),
        ):
            with pytest.raises(ClientError, match="AccessDenied"):
                forbidden()


@pytest.fixture
def metadata_server() -> Iterator[str]:
    """What an EC2 instance and an ECS container ask for the credentials of their role."""
    import http.server
    import threading

    credentials = {
        "Code": "Success",
        "Type": "AWS-HMAC",
        "AccessKeyId": "ASIAROLE",
        "SecretAccessKey": "secret-of-the-role",
        "Token": "token-of-the-role",
        "LastUpdated": "2026-01-01T00:00:00Z",
        "Expiration": "2099-01-01T00:00:00Z",
    }
    answers = {
        "/latest/api/token": "session",
        "/latest/meta-data/iam/security-credentials": "the-role",
        "/latest/meta-data/iam/security-credentials/the-role": json.dumps(credentials),
        "/container": json.dumps(credentials),
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            content = answers.get(self.path.rstrip("/"), "").encode()
            self.send_response(200 if content else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        # the names that the base class looks for
        def do_GET(self) -> None:
            self.answer()

        def do_PUT(self) -> None:
            self.answer()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()

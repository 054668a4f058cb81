"""S3 as AWS's own settings have it: reading and writing go to one place with one key."""

import datetime
import ipaddress
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import duckdb
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from support.s3_proxy import S3Proxy
from support.workplace import EMBEDDED_DAY, Workplace

from dbt_project.errors import UserError
from dbt_project.lake.connection import connect_lake
from dbt_project.lake.delivery import DeliveryError, upload
from dbt_project.lake.s3 import S3
from dbt_project.settings.environment import S3Settings

REGION = "eu-west-3"  # no default of any tool
BUCKET = "taxi.lake"  # a dot, which no certificate of AWS's fits
KEYS = "aws_access_key_id = AKIAOFTHEPROFILE\naws_secret_access_key = secret-of-the-profile\n"
# A new key at every question, each of which is about to expire.
PROCESS = """
import datetime, json, uuid
soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5)
print(json.dumps({"Version": 1, "AccessKeyId": "AKIA" + uuid.uuid4().hex[:16].upper(),
                  "SecretAccessKey": "s", "SessionToken": "t", "Expiration": soon.isoformat()}))
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with AWS's settings in files, and none in the environment."""
    others = ["aws_access_key_id", "aws_secret_access_key", "aws_ca_bundle"]
    for name in [*S3Settings.model_fields, *others]:
        monkeypatch.delenv(name.upper(), raising=False)
    (tmp_path / ".aws").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("LAKE_URL", f"s3://{BUCKET}")
    return tmp_path


@pytest.fixture(scope="module", autouse=True)
def bucket(s3_server: dict[str, str]) -> None:
    """The bucket, with one object in it."""
    s3 = boto3.client(
        "s3",
        endpoint_url=s3_server["AWS_ENDPOINT_URL"],
        region_name=REGION,
        aws_access_key_id="of-the-test",
        aws_secret_access_key="of-the-test",
        config=boto3.session.Config(s3={"addressing_style": "path"}),
    )
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=BUCKET, Key="in.txt", Body=b"in")


@pytest.fixture
def proxy(s3_server: dict[str, str]) -> Iterator[S3Proxy]:
    with S3Proxy(s3_server["AWS_ENDPOINT_URL"]) as running:
        yield running


def configure(home: Path, text: str) -> None:
    (home / ".aws" / "config").write_text(text)


def read_and_write(folder: Path) -> None:
    """Read an object as a build does, and write one as a build does."""
    with duckdb.connect() as connection:
        connect_lake(connection, ["httpfs", "aws"])
        query = f"SELECT content FROM read_text('s3://{BUCKET}/in.txt')"
        assert connection.execute(query).fetchall() == [("in",)]
    (folder / "out.txt").write_text("out")
    upload(folder / "out.txt", f"s3://{BUCKET}/out.txt")


def signed_with(proxy: S3Proxy) -> set[tuple[str, str]]:
    """Key and region of the requests to S3."""
    found = [
        re.search(r"Credential=(\w+)/\d+/([\w-]+)/s3/", headers.get("authorization", ""))
        for headers in proxy.headers
    ]
    return {(match[1], match[2]) for match in found if match}


@pytest.mark.parametrize("kind", ["profile", "services section", "environment"])
def test_server_region_and_key_are_found_where_aws_looks_for_them(
    home: Path, proxy: S3Proxy, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    places = {
        "profile": f"[profile taxi]\nendpoint_url = {proxy.url}\n",
        "services section": "[services local]\n"
        f"s3 =\n  endpoint_url = {proxy.url}\n[profile taxi]\nservices = local\n",
        "environment": "[profile taxi]\n",
    }
    configure(home, f"{places[kind]}region = {REGION}\n{KEYS}")
    monkeypatch.setenv("AWS_PROFILE", "taxi")
    if kind == "environment":
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
    read_and_write(home)
    assert signed_with(proxy) == {("AKIAOFTHEPROFILE", REGION)}
    assert {request.split()[0] for request in proxy.requests} >= {"GET", "PUT"}
    assert all(f"/{BUCKET}/" in request for request in proxy.requests)


def test_a_role_is_taken_on_by_reading_and_writing_alike(home: Path, proxy: S3Proxy) -> None:
    role = "arn:aws:iam::123456789012:role/taxi"
    configure(
        home,
        f"[default]\nrole_arn = {role}\nsource_profile = base\nregion = {REGION}\n"
        f"endpoint_url = {proxy.url}\n"
        f"[profile base]\nregion = {REGION}\nendpoint_url = {proxy.url}\n{KEYS}",
    )
    read_and_write(home)
    keys = {key for key, _ in signed_with(proxy)}
    assert keys
    assert all(key.startswith("ASIA") for key in keys)  # of a session, not of a person


def test_a_private_authority_is_trusted_by_reading_and_writing_where_it_is_named(
    home: Path, s3_server: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, authority = certificates(home)
    configure(home, f"[default]\nregion = {REGION}\n{KEYS}")
    monkeypatch.setenv("LAKE_TIMEOUT_SECONDS", "2")
    with S3Proxy(s3_server["AWS_ENDPOINT_URL"], certificate) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        with duckdb.connect() as connection:
            connect_lake(connection, ["httpfs", "aws"])
            with pytest.raises(duckdb.Error, match=r"(?i)ssl|certificate"):
                connection.execute(f"FROM read_text('s3://{BUCKET}/in.txt')")
        with pytest.raises(DeliveryError, match=r"(?i)certificate"):
            upload(certificate, f"s3://{BUCKET}/out.txt")
        for variable in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            with monkeypatch.context() as named:
                named.setenv(variable, str(authority))
                read_and_write(home)


def certificates(folder: Path) -> tuple[Path, Path]:
    """A server's certificate for 127.0.0.1, its key in the same file, and its authority's."""
    authority, ca_key = signed("authority", is_authority=True)
    server, key = signed("127.0.0.1", issuer=authority, issuer_key=ca_key)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(pem, pkcs8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(server.public_bytes(pem) + secret)
    (folder / "authority.pem").write_bytes(authority.public_bytes(pem))
    return folder / "server.pem", folder / "authority.pem"


def signed(
    name: str,
    *,
    is_authority: bool = False,
    issuer: x509.Certificate | None = None,
    issuer_key: rsa.RSAPrivateKey | None = None,
) -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    """A certificate and its key; without an issuer it signs itself."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if not is_authority:
        address = x509.IPAddress(ipaddress.ip_address(name))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return builder.sign(issuer_key or key, hashes.SHA256()), key


def test_a_long_build_outlives_its_credentials(
    home: Path, workplace: Workplace, s3_server: dict[str, str], proxy: S3Proxy
) -> None:
    script = home / "keys.py"
    script.write_text(PROCESS)
    configure(
        home,
        f"[default]\ncredential_process = {sys.executable} {script}\nregion = {REGION}\n"
        f"endpoint_url = {proxy.url}\n",
    )
    for file in EMBEDDED_DAY:
        upload(file, f"s3://{BUCKET}/day/{file.name}")
    proxy.headers.clear()
    workplace.build_day(
        "20230501",
        HOME=str(home),
        LAKE_URL=f"s3://{BUCKET}/day",
        AWS_EC2_METADATA_DISABLED="true",
    )
    assert len({key for key, _ in signed_with(proxy)}) > 5


def test_a_buckets_name_becomes_part_of_the_hosts_only_where_that_works(home: Path) -> None:
    configure(home, f"[default]\nregion = {REGION}\n{KEYS}")
    s3 = S3(S3Settings.read({}), ["taxi"])
    assert "URL_STYLE 'vhost'" in s3.secret_sql()
    assert f"ENDPOINT 's3.{REGION}.amazonaws.com'" in s3.secret_sql()
    assert "URL_STYLE 'path'" in S3(S3Settings.read({}), ["taxi.lake"]).secret_sql()
    configure(home, f"[default]\nregion = {REGION}\ns3 =\n  addressing_style = path\n{KEYS}")
    assert "URL_STYLE 'path'" in S3(S3Settings.read({}), ["taxi"]).secret_sql()


@pytest.mark.parametrize(
    ("config", "profile", "line"),
    [
        ("", "missing", "S3's settings: The config profile \\(missing\\) could not be found"),
        ("[default]\n", "default", "no credentials for S3 in AWS's credential chain"),
        (
            "[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = gone\n",
            "default",
            'S3\'s settings: The source profile "gone" must have credentials|source_profile "gone"',
        ),
    ],
)
def test_settings_that_lead_nowhere_are_told_in_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, config: str, profile: str, line: str
) -> None:
    configure(home, config)
    monkeypatch.setenv("AWS_PROFILE", profile)
    with pytest.raises(UserError, match=line) as told:
        S3(S3Settings.read())
    assert "\n" not in str(told.value)


def test_a_statement_for_a_command_line_holds_no_secret(home: Path) -> None:
    configure(home, f"[default]\nregion = {REGION}\n{KEYS}")
    s3 = S3(S3Settings.read({}))
    assert "secret-of-the-profile" not in s3.secret_sql()
    assert s3.environment()["AWS_SECRET_ACCESS_KEY"] == "secret-of-the-profile"

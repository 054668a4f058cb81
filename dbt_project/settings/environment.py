"""The environment variables of the product. Only this module reads and checks them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticUseDefault

from dbt_project.errors import UserError
from dbt_project.settings.lake_url import LakeUrl

CITIES_EXAMPLE = "'Glasgow=Europe/London, New York=America/New_York'"


def _default_if_empty(text: Any) -> Any:
    if isinstance(text, str) and not text.strip():
        raise PydanticUseDefault
    return text


def _folder(text: str) -> str:
    is_folder = text.strip() and text.isprintable() and "://" not in text
    if not is_folder or set("?#") & set(text):
        raise ValueError(f"must be a folder of this machine, without ? or #, not {text!r}")
    return text


def _bucket(text: str) -> LakeUrl:
    scheme, is_url, _ = text.partition("://")
    if scheme != "s3" or not is_url:  # the rest of an address may hold a password
        found = f"an address with {scheme[:60]}://" if is_url else repr(text[:60])
        raise ValueError(f"must be s3://bucket[/prefix], not {found}")
    return LakeUrl.parse(text)


def _catalog(text: str) -> str:
    kind, _, place = text.partition(":")
    if kind not in ("postgres", "sqlite") or not place.strip() or not place.isprintable():
        raise ValueError("must be postgres:host=... dbname=... or sqlite:FILE")
    if kind == "postgres" and re.search(r"\bpassword\s*=|://", place):
        raise ValueError(
            "must be postgres:host=... dbname=... without a password: "
            "that is set as PGPASSWORD or kept in ~/.pgpass"
        )
    return text


def _server(text: str) -> str:
    if not re.fullmatch(r"https?://[^/?#@:\s][^/?#@\s]*(/[^?#@\s]*)?", text):
        raise ValueError("must be http://host[:port] or https://host[:port]")
    return text.rstrip("/")


def _webhook(text: str) -> str:
    if not re.fullmatch(r"https?://[^/\s]+/\S*", text.strip()):  # it is a secret as a whole
        raise ValueError("must be the whole address of a webhook, https://...")
    return text.strip()


def _card_format(text: str) -> str:
    if text.strip().lower() not in ("slack", "teams"):
        raise ValueError(f"must be slack or teams, not {text!r}")
    return text.strip().lower()


def _size(text: str) -> str:
    if not re.fullmatch(r"\d+(\.\d+)? ?[KMGT]i?B", text, flags=re.ASCII | re.IGNORECASE):
        raise ValueError(f"must be a size as 4GB, not {text!r}")
    return text


def _whole_number(least: int) -> Callable[[str], int]:
    def check(text: str) -> int:
        if not re.fullmatch(r"\d{1,6}", text, flags=re.ASCII) or int(text) < least:
            raise ValueError(f"must be a whole number from {least}, not {text!r}")
        return int(text)

    return check


def _truth(text: str) -> bool:
    if text.lower() not in ("1", "true", "yes", "0", "false", "no"):
        raise ValueError(f"must be true or false, not {text!r}")
    return text.lower() in ("1", "true", "yes")


def _cities(text: str) -> dict[str, tuple[str, str]]:
    cities: dict[str, tuple[str, str]] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, zone = (part.strip() for part in entry.partition("="))
        prefix = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            zone = ""
        if not prefix or not zone:
            raise ValueError(
                f"must be names and time zones, as {CITIES_EXAMPLE}: "
                f"{entry!r} is no name and time zone"
            )
        if prefix in cities:
            raise ValueError(f"must differ: two would share the prefix {prefix!r} of the lake")
        cities[prefix] = (name, zone)
    return cities


# An empty value counts as not set, except for a place or a size: there it is a mistake.
_OrDefault = BeforeValidator(_default_if_empty)
Lake = Annotated[LakeUrl, BeforeValidator(LakeUrl.parse)]
Bucket = Annotated[LakeUrl | None, BeforeValidator(_bucket), _OrDefault]
Catalog = Annotated[str, BeforeValidator(_catalog)]
Folder = Annotated[str, BeforeValidator(_folder)]
Size = Annotated[str, BeforeValidator(_size)]
Text = Annotated[str | None, BeforeValidator(str.strip), _OrDefault]
Server = Annotated[str | None, BeforeValidator(_server), _OrDefault]
Webhook = Annotated[str, BeforeValidator(_webhook)]
CardFormat = Annotated[Literal["slack", "teams"], BeforeValidator(_card_format), _OrDefault]
Count = Annotated[int, BeforeValidator(_whole_number(0)), _OrDefault]
CountFromOne = Annotated[int, BeforeValidator(_whole_number(1)), _OrDefault]
Truth = Annotated[bool, BeforeValidator(_truth), _OrDefault]
Cities = Annotated[dict[str, tuple[str, str]], BeforeValidator(_cities)]

PROJECT = Path(__file__).resolve().parents[2]
"""The root of the repository."""


def of_project(name: str) -> str:
    """Return the path of a file or folder of the project, wherever the command was started."""
    return name if Path.cwd() == PROJECT else str(PROJECT / name)


def embedded_lake() -> LakeUrl:
    """The lake of the repository."""
    return LakeUrl(of_project("lake"), is_s3=False)


def output_of(lake: LakeUrl) -> LakeUrl:
    """Return where exports go by default: not to the embedded lake, which the repository holds."""
    is_embedded = not lake.is_s3 and Path(lake.text).resolve() == PROJECT / "lake"
    return LakeUrl(of_project("output"), is_s3=False) if is_embedded else lake


class EnvironmentSettings(BaseModel):
    """Settings of one concern. A variable has the name of its field, in capitals."""

    model_config = ConfigDict(frozen=True, alias_generator=str.upper, hide_input_in_errors=True)

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read and check the settings.

        Raises
        ------
        UserError
            One line that names the variable and says what was expected. It says what was found
            only if this cannot be a secret.
        """
        try:
            return cls.model_validate(dict(environ))
        except ValidationError as error:
            first = error.errors()[0]
        message = first["msg"].removeprefix("Value error, ")
        message = "is not set" if first["type"] == "missing" else message
        raise UserError(f"{first['loc'][0]} {message}")


class LakeSettings(EnvironmentSettings):
    """Where the files of a day come from, and where results go."""

    lake_url: Lake = Field(
        default_factory=embedded_lake,
        examples=["lake"],
        description="The lake: a folder or `s3://bucket[/prefix]`.",
    )
    lake_output_url: Lake = Field(
        default_factory=lambda given: output_of(given["lake_url"]),
        description="Where exports go: a folder or `s3://bucket[/prefix]`. By default they go to "
        "the lake; those of the embedded lake go to `output`.",
    )


class WarehouseSettings(EnvironmentSettings):
    """Where the warehouse is."""

    warehouse_dir: Folder = Field(
        default_factory=lambda: of_project("warehouse"),
        examples=["warehouse"],
        description="Folder of the warehouse's files.",
    )
    publish_url: Bucket = Field(
        default=None,
        description="`s3://bucket[/prefix]` to which a build also copies the published warehouse.",
    )

    @property
    def journal_file(self) -> str:
        """The journal of calls to language models, see `dbt_project.summaries.journal`."""
        return f"{self.warehouse_dir}/summaries.sqlite"


class DbtSettings(EnvironmentSettings):
    """Where dbt puts its own files. dbt reads these variables itself."""

    dbt_target_path: Folder = Field(
        default_factory=lambda: of_project("target"),
        examples=["target"],
        description="Folder of dbt's own files: compiled SQL, and the site of all tables.",
    )
    dbt_log_path: Folder = Field(
        default_factory=lambda: of_project("logs"),
        examples=["logs"],
        description="Folder of dbt's log. If the repository is not writable, set both: otherwise "
        "`dbt` itself ends with status 2 and without a message.",
    )


class LakehouseSettings(EnvironmentSettings):
    """Where the lakehouse is, for the target of that name."""

    lakehouse_catalog: Catalog = Field(
        description="The catalog of a lakehouse: `postgres:host=... dbname=...` or `sqlite:FILE`. "
        "It selects dbt's target `lakehouse`."
    )
    lakehouse_data_url: Lake = Field(
        description="Where the lakehouse's Parquet files are: a folder or `s3://bucket[/prefix]`."
    )

    @staticmethod
    def is_wanted(environ: Mapping[str, str] = os.environ) -> bool:
        """Whether there is a lakehouse, by the same rule as in `profiles.yml`."""
        return bool(environ.get("LAKEHOUSE_CATALOG"))


class BuildSettings(EnvironmentSettings):
    """What a build may use, and how long it waits. `profiles.yml` gives the sizes to DuckDB."""

    warehouse_memory_limit: Size = Field(
        default="4GB",
        description="DuckDB's memory. DuckDB spills what it cannot hold to the warehouse's folder. "
        "Python needs memory in addition.",
    )
    warehouse_spill_limit: Size = Field(
        default="50GB",
        description="The most that DuckDB may spill to the warehouse's folder.",
    )
    warehouse_wait_seconds: Count = Field(
        default=0,
        description="How long a build waits for another build of the same warehouse. With 0 it "
        "does not wait.",
    )


class S3Settings(EnvironmentSettings):
    """How S3 is reached. AWS's own credential chain reads keys, profile and role."""

    aws_region: Text = Field(default=None, description="The region of the buckets.")
    aws_default_region: Text = Field(
        default=None, description="The same, if `AWS_REGION` is not set."
    )
    aws_endpoint_url_s3: Server = Field(
        default=None, description="An S3 server other than AWS's: `http[s]://host[:port]`."
    )
    aws_endpoint_url: Server = Field(
        default=None, description="The same, if `AWS_ENDPOINT_URL_S3` is not set."
    )
    requests_ca_bundle: Text = Field(
        default=None,
        description="File of certificates to trust, if neither `AWS_CA_BUNDLE` nor the profile "
        "has one.",
    )
    ssl_cert_file: Text = Field(
        default=None, description="The same, if `REQUESTS_CA_BUNDLE` is not set."
    )
    lake_timeout_seconds: CountFromOne = Field(
        default=20, description="How long an S3 server may be silent before the build retries."
    )
    lake_kms_key_id: Text = Field(
        default=None,
        description="The AWS KMS key that encrypts exports to S3. By default the bucket's own "
        "encryption applies.",
    )

    @property
    def region(self) -> str | None:
        """The region that botocore uses."""
        return self.aws_region or self.aws_default_region

    @property
    def ca_file(self) -> str | None:
        """The file of certificates, if botocore's own settings name none."""
        return self.requests_ca_bundle or self.ssl_cert_file


class LanguageModelSettings(EnvironmentSettings):
    """The language models' server. An address that leads nowhere costs summaries, not a build."""

    openai_api_key: Text = Field(
        default=None,
        repr=False,
        description="Key of the language model's server. Without this and `OPENAI_BASE_URL` there "
        "is no model.",
    )
    openai_base_url: Text = Field(
        default=None,
        repr=False,
        description="Any server that speaks OpenAI's Chat Completions. By default it is OpenAI's, "
        "if there is a key.",
    )


class MailSettings(EnvironmentSettings):
    """The report by e-mail, once `SMTP_HOST` is set."""

    smtp_host: str = Field(
        description="The mail server that sends the report. Without it there is no e-mail. "
        "See [the report](report.md).",
    )
    smtp_port: CountFromOne = Field(
        default=587, description="The mail server's port. Use 465 for encryption from the start."
    )
    smtp_user: Text = Field(default=None, description="The user, if the server needs a login.")
    smtp_password: str = Field(default="", repr=False, description="The password of `SMTP_USER`.")
    report_from: Text = Field(
        default=None, description="The sender's address. Needed with `SMTP_HOST`."
    )
    report_to: Text = Field(
        default=None,
        description="The recipients' addresses, separated by commas. Needed with `SMTP_HOST`.",
    )

    def addresses(self) -> tuple[str, str]:
        """Return sender and recipients.

        Raises
        ------
        UserError
            One line, if one of the two is not set.
        """
        if not self.report_from or not self.report_to:
            name = "REPORT_TO" if self.report_from else "REPORT_FROM"
            raise UserError(f"SMTP_HOST is set, but not {name}, an e-mail address")
        return self.report_from, self.report_to

    @staticmethod
    def is_wanted(environ: Mapping[str, str] = os.environ) -> bool:
        """Whether a mail server is set. A mistake in the other settings stops only the e-mail."""
        return bool(environ.get("SMTP_HOST", "").strip())


class WebhookSettings(EnvironmentSettings):
    """The report as a card in a channel, once `REPORT_WEBHOOK_URL` is set."""

    report_webhook_url: Webhook = Field(
        repr=False,
        description="Where the report is posted as a card: an incoming webhook of Slack or a "
        "workflow of Teams. See [the report](report.md).",
    )
    report_webhook_format: CardFormat = Field(
        default="slack", description="Whose card it is: `slack` or `teams`."
    )
    report_url: Server = Field(
        default=None,
        description="Where people open the pages, `https://reports.example.com/glasgow`: the card "
        "leads there.",
    )

    @staticmethod
    def is_wanted(environ: Mapping[str, str] = os.environ) -> bool:
        """Whether a webhook is named; a mistake in the rest is the card's own affair."""
        return bool(environ.get("REPORT_WEBHOOK_URL", "").strip())


class AirflowSettings(EnvironmentSettings):
    """What the DAG's tasks use in addition to the settings of a build."""

    dbt_executable: Text = Field(
        default=None,
        description="Path of dbt, for example `/opt/dbt/bin/dbt`. By default the one that is "
        "installed beside Airflow.",
    )
    lake_connection: Text = Field(
        default=None,
        description="Id of an Airflow connection of the type `aws`, for the wait and for dbt.",
    )
    llm_connection: Text = Field(
        default=None,
        description="Id of an Airflow connection. Its password is the API key, its host is the "
        "base URL.",
    )
    alert_webhook_url: Text = Field(
        default=None, repr=False, description='Where messages go, as `{"text": "..."}`.'
    )


class CitySettings(EnvironmentSettings):
    """The cities that have DAGs."""

    cities: Cities = Field(
        default={},
        description="Several cities: `Glasgow=Europe/London, New York=America/New_York`. Each city "
        "has its own DAG; with a lakehouse one DAG builds all of them.",
    )
    queue_per_city: Truth = Field(
        default=False,
        description="With `true` each city's tasks go to a queue with the name of its prefix. "
        "Not with a lakehouse.",
    )

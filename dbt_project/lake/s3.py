"""The access to S3. botocore resolves it once, for DuckDB's reading and for writing.

AWS's own tools take credentials, region, server and certificates from the environment, profiles,
roles and the machine. DuckDB supports only some of these. So botocore resolves them and gives the
result to DuckDB: a build then reads and writes in one place with one key.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from dbt_project.errors import UserError
from dbt_project.settings.environment import S3Settings
from dbt_project.sql import sql_text

if TYPE_CHECKING:
    from collections.abc import Iterator

# Retries after a silence of LAKE_TIMEOUT_SECONDS (not: a long transfer), a cut connection, a 5xx or
# a 429: at once, then after 0.5, 1 and 2 seconds. S3 may ask for a moment's pause; an outage of
# minutes is left to the scheduler. So a build gives up on a silent server after five silences.
HTTP_SETTINGS = {"http_retries": 4, "http_retry_wait_ms": 500, "http_retry_backoff": 2}

_OF_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


class Key(NamedTuple):
    """Credentials at one moment. A role's credentials change within hours."""

    key_id: str
    secret: str
    token: str | None


class S3:
    """The access to S3 by AWS's own settings.

    Parameters
    ----------
    settings
        The settings that this program checks, and its own.
    buckets
        The buckets to read. If a name has a dot, the bucket cannot be part of the host name,
        because no certificate would match.

    Attributes
    ----------
    client
        boto3's client, for writing.

    Raises
    ------
    UserError
        One line, if there are no credentials, or a profile or role cannot be used.
    """

    def __init__(self, settings: S3Settings, buckets: Iterable[str] = ()) -> None:
        # this import takes a quarter of a second, and a lake in a folder does not need it
        import boto3
        from botocore.session import Session

        self._settings = settings
        self._has_dotted_bucket = any("." in bucket for bucket in buckets)
        with _in_one_line():
            self._session = Session()
            self._ca_file = self._session.get_config_variable("ca_bundle") or settings.ca_file
            self._credentials = self._session.get_credentials()
            if self._credentials is None:
                raise UserError(
                    "no credentials for S3 in AWS's credential chain (environment, profile, role)"
                )
            self._clients = boto3.Session(botocore_session=self._session)
            self.client = self._client(self._wanted_style())
            if self._is_elsewhere and not self._wanted_style():
                # other S3 servers do not support buckets in host names, unless you ask for it
                self.client = self._client("path")

    def key(self) -> Key:
        """Return the current credentials. Renew them if they are about to expire.

        Raises
        ------
        UserError
            One line, if they cannot be renewed.
        """
        with _in_one_line():
            found = self._credentials.get_frozen_credentials()
        return Key(found.access_key, found.secret_key, found.token)

    def secret_sql(self, key: Key | None = None) -> str:
        """Return SQL that tells DuckDB how to reach S3.

        Parameters
        ----------
        key
            Credentials, which become a part of the statement. None for a program that takes them
            from its environment: see `environment`.
        """
        url = urlsplit(self.client.meta.endpoint_url)
        if key is None:
            options = ["TYPE s3", "PROVIDER credential_chain", "CHAIN 'env'"]
        else:
            options = [
                "TYPE s3",
                f"KEY_ID {sql_text(key.key_id)}",
                f"SECRET {sql_text(key.secret)}",
                *([f"SESSION_TOKEN {sql_text(key.token)}"] if key.token else []),
            ]
        region = self._region()
        options += [
            *([f"REGION {sql_text(region)}"] if region else []),
            f"ENDPOINT {sql_text(url.netloc + url.path.rstrip('/'))}",
            f"USE_SSL {str(url.scheme == 'https').lower()}",
            f"URL_STYLE '{'path' if self._is_path_style() else 'vhost'}'",
        ]
        return f"CREATE OR REPLACE SECRET lake ({', '.join(options)})"

    def http_settings_sql(self) -> str:
        """Return SQL for all connections of a database: timeouts, retries and certificates."""
        values: dict[str, Any] = {
            "http_timeout": self._settings.lake_timeout_seconds,
            **HTTP_SETTINGS,
        }
        if self._ca_file:
            values["ca_cert_file"] = sql_text(str(self._ca_file))
        return "; ".join(f"SET GLOBAL {name} = {value}" for name, value in values.items())

    def environment(self) -> dict[str, str]:
        """Return environment variables with the credentials, for a program to start."""
        key = self.key()
        found = {
            "AWS_ACCESS_KEY_ID": key.key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
            "AWS_SESSION_TOKEN": key.token,
        }
        return {name: value for name, value in found.items() if value}

    def _region(self) -> str | None:
        # botocore supports only the second name, AWS_DEFAULT_REGION
        return self._settings.region or self._session.get_config_variable("region")

    def _wanted_style(self) -> str | None:
        """Return the addressing style of the profile: ``path``, ``virtual`` or None."""
        style = self._session.get_scoped_config().get("s3", {})
        wanted = style.get("addressing_style") if isinstance(style, dict) else None
        return wanted if wanted in ("path", "virtual") else None

    @property
    def _is_elsewhere(self) -> bool:
        """Whether the server is not AWS's."""
        host = urlsplit(self.client.meta.endpoint_url).hostname or ""
        return not host.endswith(_OF_AWS)

    def _is_path_style(self) -> bool:
        style = self._wanted_style() or ("path" if self._is_elsewhere else "virtual")
        return style == "path" or self._has_dotted_bucket

    def _client(self, style: str | None) -> Any:
        from botocore.config import Config

        settings = self._settings
        return self._clients.client(
            "s3",
            region_name=self._region(),
            verify=self._ca_file,
            config=Config(
                connect_timeout=settings.lake_timeout_seconds,
                read_timeout=settings.lake_timeout_seconds,
                retries={
                    "mode": "standard",
                    "total_max_attempts": HTTP_SETTINGS["http_retries"] + 1,
                },
                # other S3 servers do not support newer checksums
                request_checksum_calculation="when_required",
                s3={"addressing_style": style} if style else {},
            ),
        )


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Say in one line what botocore cannot use. Its messages have no secrets in them."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError, ValueError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"S3's settings: {' '.join(str(error).split())}") from None

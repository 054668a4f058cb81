"""Uploading an export to S3: the object is replaced whole, or stays what it was.

DuckDB's own COPY to S3 is not used for that: when it fails, it deletes the object that it was to
replace, and when its query fails, it uploads what there was until then.
"""

import mimetypes
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dbt_project.lake import HTTP_SETTINGS, endpoint_of, region_of, timeout_of


class UploadError(RuntimeError):
    """The server did not take a file; the message is one line."""


def upload(file: Path, url: str, environ: Mapping[str, str] = os.environ) -> None:
    """Put a file in place of an S3 object.

    Credentials, region and server are those of AWS's own settings, as for reading. With
    ``LAKE_KMS_KEY_ID`` the object is encrypted with that key of AWS's KMS, else as its bucket has
    it.

    Parameters
    ----------
    file
        A local file, whole.
    url
        ``s3://bucket/key``.

    Raises
    ------
    UploadError
        If the server refuses it, or fails or is silent until all attempts are used up.
    """
    # boto3 takes a quarter of a second to import, and a lake in a folder has no use for it
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = url.removeprefix("s3://").partition("/")
    options = {"ContentType": mimetypes.guess_type(key)[0] or "application/octet-stream"}
    if kms_key := environ.get("LAKE_KMS_KEY_ID"):
        options |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}
    try:
        _client(environ).upload_file(str(file), bucket, key, ExtraArgs=options)
    except (Boto3Error, BotoCoreError, ClientError) as error:
        reason = str(error).rpartition(f"{bucket}/{key}: ")[2]
        raise UploadError(f"{url} was not replaced: {' '.join(reason.split())}") from None


def _client(environ: Mapping[str, str]) -> Any:
    import boto3
    from botocore.config import Config

    timeout, endpoint = timeout_of(environ), endpoint_of(environ)
    return boto3.client(
        "s3",
        region_name=region_of(environ),
        endpoint_url=endpoint,
        config=Config(
            connect_timeout=timeout,
            read_timeout=timeout,
            retries={"mode": "standard", "total_max_attempts": HTTP_SETTINGS["http_retries"] + 1},
            # other S3 servers know neither newer checksums nor buckets as names of hosts
            request_checksum_calculation="when_required",
            s3={"addressing_style": "path"} if endpoint else {},
        ),
    )

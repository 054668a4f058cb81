"""Deliver an export to the lake: it replaces the earlier one whole, or leaves it as it was.

Exports are written beside the warehouse first. DuckDB's own COPY is not used. To S3 it deletes the
object that it cannot replace, and uploads half a file if its query fails. Into a folder it leaves
half a file if the disk is full.
"""

import errno
import mimetypes
import os
import shutil
from pathlib import Path

from dbt_project.errors import UserError
from dbt_project.lake.s3 import S3
from dbt_project.settings.environment import S3Settings


class DeliveryError(UserError):
    """A file could not be delivered. The message is one line."""


def deliver(file: Path, place: str) -> None:
    """Move a file to a path, or to ``s3://bucket/key``.

    Raises
    ------
    DeliveryError
        If that is not possible. The earlier file is still in its place.
    """
    try:
        if place.startswith("s3://"):
            upload(file, place)
        else:
            _move(file, Path(place))
    except OSError as error:
        raise DeliveryError(f"{place} was not replaced: {error.strerror}") from None
    finally:
        file.unlink(missing_ok=True)


def _move(file: Path, place: Path) -> None:
    try:
        os.replace(file, place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy_whole(file, place)  # to another disk


def copy_whole(file: Path, place: Path) -> None:
    """Put a copy of a file in a place on this machine. If the disk is full, the earlier file stays.

    Raises
    ------
    OSError
        If that is not possible.
    """
    unfinished = place.with_name(f"{place.name}.unfinished")
    try:
        shutil.copyfile(file, unfinished)
        os.replace(unfinished, place)
    finally:
        unfinished.unlink(missing_ok=True)


def upload(file: Path, url: str) -> None:
    """Put a file in place of an S3 object.

    Credentials, region and server come from AWS's own settings, as for reading. With
    ``LAKE_KMS_KEY_ID`` that KMS key encrypts the object, otherwise the bucket's own encryption
    applies.

    Parameters
    ----------
    file
        A local file, whole.
    url
        ``s3://bucket/key``.

    Raises
    ------
    DeliveryError
        If the server refuses it, or if it fails or is silent in all attempts.
    """
    # boto3 takes a quarter of a second to import, and a lake in a folder does not need it
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = url.removeprefix("s3://").partition("/")
    options = {"ContentType": mimetypes.guess_type(key)[0] or "application/octet-stream"}
    settings = S3Settings.read()
    if settings.lake_kms_key_id:
        options |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": settings.lake_kms_key_id}
    try:
        S3(settings, [bucket]).client.upload_file(str(file), bucket, key, ExtraArgs=options)
    except (Boto3Error, BotoCoreError, ClientError) as error:
        reason = str(error).rpartition(f"{bucket}/{key}: ")[2]
        raise DeliveryError(f"{url} was not replaced: {' '.join(reason.split())}") from None

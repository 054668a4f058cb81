"""A key with rights of its own, on an S3 server of moto that enforces them meanwhile."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3


def client(service: str, settings: dict[str, str]) -> Any:
    """AWS's own client, for a server and a key in AWS's settings."""
    return boto3.client(
        service,
        endpoint_url=settings["AWS_ENDPOINT_URL"],
        region_name=settings["AWS_REGION"],
        aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
    )


@contextmanager
def key_of_policy(server: dict[str, str], user: str, policy: str) -> Iterator[dict[str, str]]:
    """Settings of a user who may do what a policy says, and nothing else."""
    iam = client("iam", server)
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="policy", PolicyDocument=policy)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    _enforce_from_request(server["AWS_ENDPOINT_URL"], "0")
    try:
        yield {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
    finally:
        _enforce_from_request(server["AWS_ENDPOINT_URL"], "inf")
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
        iam.delete_user_policy(UserName=user, PolicyName="policy")
        iam.delete_user(UserName=user)


def _enforce_from_request(url: str, number: str) -> None:
    request = urllib.request.Request(
        f"{url}/moto-api/reset-auth", data=number.encode(), headers={"Content-Type": "text/plain"}
    )
    urllib.request.urlopen(request, timeout=30).close()

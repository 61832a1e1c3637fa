"""Checkpoints in a bucket with object lock: not even their own writer can take them back."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from printapic.adapters.audit.s3_checkpoints import S3AuditCheckpoints

if TYPE_CHECKING:
    from tests.servers.s3 import S3Server

RETENTION = timedelta(days=30)


@pytest.fixture
def locked_bucket(s3_server: S3Server) -> str:
    name = f"audit-{secrets.token_hex(6)}"
    s3_server.client().create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


def test_a_checkpoint_can_neither_be_deleted_nor_replaced(s3_server: S3Server, locked_bucket: str) -> None:
    client, now = s3_server.client(), datetime.now(UTC)
    checkpoints = S3AuditCheckpoints(client, locked_bucket, retention=RETENTION)
    checkpoints.append("one", at=now)
    [listed] = client.list_objects_v2(Bucket=locked_bucket)["Contents"]
    head = client.head_object(Bucket=locked_bucket, Key=listed["Key"])
    assert head["ObjectLockMode"] == "COMPLIANCE"
    assert abs(head["ObjectLockRetainUntilDate"] - now - RETENTION) < timedelta(seconds=2)
    with pytest.raises(ClientError):
        client.delete_object(Bucket=locked_bucket, Key=listed["Key"], VersionId=head["VersionId"])
    checkpoints.append("one", at=now)
    assert list(checkpoints.all()) == ["one"]


def test_what_is_put_over_a_checkpoint_does_not_hide_it(s3_server: S3Server, locked_bucket: str) -> None:
    client, now = s3_server.client(), datetime.now(UTC)
    checkpoints = S3AuditCheckpoints(client, locked_bucket, retention=RETENTION, page_size=3)
    lines = [f"line {number}" for number in range(4)]
    for number, line in enumerate(lines):
        checkpoints.append(line, at=now + timedelta(minutes=number))
    keys = [each["Key"] for each in client.list_objects_v2(Bucket=locked_bucket)["Contents"]]
    client.put_object(Bucket=locked_bucket, Key=keys[1], Body=b"forged")
    client.put_object(Bucket=locked_bucket, Key=keys[1], Body=b"forged again")
    client.delete_object(Bucket=locked_bucket, Key=keys[2])
    assert list(checkpoints.all()) == lines

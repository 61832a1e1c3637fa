"""Checkpoints in an S3 bucket, one object each, which is written once."""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import attrs
from botocore.exceptions import BotoCoreError, ClientError

from printapic.application.ports.audit import AuditCheckpoints, CheckpointsUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RETENTION = timedelta(days=400)
"""A year, and the time it takes to look back on it."""

_FOLDER = "audit-checkpoints/"
_LARGEST = 64 * 1024
_READERS = 8
_BATCH = 64
_WRITTEN_BEFORE = 412


@attrs.define(eq=False)
class S3AuditCheckpoints(AuditCheckpoints):
    """Objects below `prefix`, whose names sort by time. Those who write need no right to delete.

    Where the bucket has object lock, and the keys may ask whether it has, nobody can remove a checkpoint for
    `retention` (compliance mode). In any other bucket the keys that the shop has should not be allowed to.
    """

    client: S3Client
    bucket: str
    prefix: str = ""
    retention: timedelta = RETENTION
    page_size: int = 1000
    _locks: bool | None = attrs.field(init=False, default=None)

    def append(self, text: str, *, at: datetime) -> None:
        """The name holds a digest too: writing the same again is nothing new, and two never collide."""
        content = text.encode()
        digest = sha256(content)
        with _failures():
            try:
                self.client.put_object(
                    Bucket=self.bucket,
                    Key=f"{self.prefix}{_FOLDER}{at:%Y/%m/%d/%H%M%S.%f}-{digest.hexdigest()[:16]}.json",
                    Body=content,
                    ContentType="application/json",
                    ChecksumSHA256=base64.b64encode(digest.digest()).decode(),
                    IfNoneMatch="*",
                    **self._lock(at),
                )
            except ClientError as refusal:
                if refusal.response["ResponseMetadata"]["HTTPStatusCode"] != _WRITTEN_BEFORE:
                    raise

    def all(self) -> Iterator[str]:
        """Some objects at once: one after the other would take too long, a year has a hundred thousand.

        Of each the oldest version counts, whatever was put over it, be it a marker that it was deleted.
        """
        with ThreadPoolExecutor(_READERS) as readers, _failures():
            names = self._names()
            while batch := list(islice(names, _BATCH)):
                yield from readers.map(lambda name: self._read(*name), batch)

    def _names(self) -> Iterator[tuple[str, str]]:
        """Key and oldest version of each object. S3 lists keys in order, and versions newest first."""
        pages = self.client.get_paginator("list_object_versions").paginate(
            Bucket=self.bucket, Prefix=self.prefix + _FOLDER, PaginationConfig={"PageSize": self.page_size}
        )
        versions = ((each["Key"], each["VersionId"]) for page in pages for each in page.get("Versions", ()))
        for _, of_key in groupby(versions, key=itemgetter(0)):
            yield deque(of_key, maxlen=1).pop()

    def _read(self, key: str, version: str) -> str:
        body = self.client.get_object(Bucket=self.bucket, Key=key, VersionId=version)["Body"]
        with body:
            return body.read(_LARGEST).decode("utf-8", "replace")

    def _lock(self, at: datetime) -> dict[str, Any]:
        if self._locks is None:
            self._locks = self._has_object_lock()
        if not self._locks:
            return {}
        return {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": at + self.retention}

    def _has_object_lock(self) -> bool:
        try:
            found = self.client.get_object_lock_configuration(Bucket=self.bucket)
        except ClientError as refusal:
            if refusal.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise
            return False
        return found.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled"


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as failure:
        raise CheckpointsUnavailable from failure

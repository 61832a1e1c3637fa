"""Bytes in an S3 bucket, of Amazon or of anything that speaks its language."""

from __future__ import annotations

import base64
import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import attrs
import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from printapic.adapters.images.blobs import (
    CHUNK_BYTES,
    checked_beginning,
    checked_folder,
    checked_key,
    verified,
)
from printapic.application.ports.images import Blob, BlobConflict, BlobNotFound, ImageStore
from printapic.application.ports.unit_of_work import StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_IN_MEMORY_BYTES = 8 << 20
_NOT_FOUND, _CONFLICT, _PRECONDITION_FAILED = 404, 409, 412


def s3_client(
    *,
    region: str,
    endpoint: str | None = None,
    access_key: str | None = None,
    secret_key: str | None = None,
    checksums: bool = True,
) -> S3Client:
    """A client that gives up after 2 s without a connection or 5 s without a byte, in three attempts.

    Without keys, boto3 looks for those of the environment or the machine's role. `checksums` False
    leaves out what boto3 sends since version 1.36 and some imitations of S3 do not understand.
    """
    return boto3.client(
        "s3",
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(
            connect_timeout=2,
            read_timeout=5,
            retries={"mode": "standard", "total_max_attempts": 3},
            request_checksum_calculation="when_supported" if checksums else "when_required",
            response_checksum_validation="when_supported" if checksums else "when_required",
            max_pool_connections=32,
        ),
    )


class _Unsettled(StorageUnavailable):
    """Somebody else writes or deletes the same key at this moment."""


@attrs.frozen
class S3ImageStore(ImageStore):
    """Keeps objects below `prefix` in `bucket`, which exists and is private.

    The SHA-256 is kept as metadata of the object, because the ETag of S3 is no checksum of the content.
    Listing asks for every object's metadata, one request each, since S3 lists only names and sizes.
    """

    client: S3Client
    bucket: str
    prefix: str = ""
    page_size: int = 1000

    def put(self, key: str, file: BinaryIO, *, size_bytes: int, sha256: str, content_type: str) -> None:
        """Read the file twice: to prove what it is, and to send it. S3 shows objects only when whole."""
        blob = Blob(key=checked_key(key), size_bytes=size_bytes, sha256=sha256, content_type=content_type)
        for _ in verified(key, file, size_bytes=size_bytes, sha256=sha256):
            pass
        attempts = Retrying(
            stop=stop_after_attempt(6),
            wait=wait_random_exponential(multiplier=0.05, max=1),
            retry=retry_if_exception_type(_Unsettled),
            reraise=True,
        )
        attempts(self._create, blob, file)

    def _create(self, blob: Blob, file: BinaryIO) -> None:
        file.seek(0)
        with _failures():
            try:
                self.client.put_object(
                    Bucket=self.bucket,
                    Key=self.prefix + blob.key,
                    Body=file,
                    ContentLength=blob.size_bytes,
                    ContentType=blob.content_type,
                    ChecksumSHA256=base64.b64encode(bytes.fromhex(blob.sha256)).decode(),
                    Metadata={"sha256": blob.sha256},
                    IfNoneMatch="*",
                )
            except ClientError as refusal:
                if _status(refusal) == _CONFLICT:
                    raise _Unsettled from None
                if _status(refusal) != _PRECONDITION_FAILED:
                    raise
                self._compare(blob)

    def _compare(self, blob: Blob) -> None:
        """Somebody was first; was it with the same bytes?"""
        try:
            stored = self.stat(blob.key)
        except BlobNotFound:
            raise _Unsettled from None
        if stored.sha256 != blob.sha256:
            raise BlobConflict(blob.key)

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """A copy of the bytes on this machine: in memory up to 8 MiB, then in an unnamed file."""
        checked_key(key)
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as copy:
            with _failures(key):
                body = self.client.get_object(Bucket=self.bucket, Key=self.prefix + key)["Body"]
                for block in body.iter_chunks(CHUNK_BYTES):
                    copy.write(block)
                copy.seek(0)
            yield cast("BinaryIO", copy)

    def stat(self, key: str) -> Blob:
        """The metadata of the object."""
        checked_key(key)
        with _failures(key):
            head = self.client.head_object(Bucket=self.bucket, Key=self.prefix + key)
            return Blob(
                key=key,
                size_bytes=head["ContentLength"],
                sha256=head["Metadata"]["sha256"],
                content_type=head["ContentType"],
            )

    def delete(self, key: str) -> None:
        """Delete; S3 does not say whether there was anything."""
        checked_key(key)
        with _failures():
            self.client.delete_object(Bucket=self.bucket, Key=self.prefix + key)

    def delete_prefix(self, prefix: str) -> int:
        """Delete page by page."""
        checked_folder(prefix)
        deleted = 0
        keys = self._keys(prefix, "")
        while page := list(itertools.islice(keys, self.page_size)):
            with _failures():
                answer = self.client.delete_objects(
                    Bucket=self.bucket,
                    Delete={"Objects": [{"Key": self.prefix + key} for key in page], "Quiet": True},
                )
            if answer.get("Errors"):
                raise StorageUnavailable
            deleted += len(page)
        return deleted

    def list(self, prefix: str, *, after: str | None = None, limit: int = 1000) -> Iterator[Blob]:
        """What is there while the listing goes on."""
        checked_beginning(prefix)
        return itertools.islice(self._blobs(prefix, "" if after is None else checked_key(after)), limit)

    def _blobs(self, prefix: str, after: str) -> Iterator[Blob]:
        for key in self._keys(prefix, after):
            with suppress(BlobNotFound):
                yield self.stat(key)

    def _keys(self, prefix: str, after: str) -> Iterator[str]:
        """Keys in order, one page of them ahead of the caller."""
        wanted: dict[str, Any] = {"StartAfter": self.prefix + after} if after else {}
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket,
            Prefix=self.prefix + prefix,
            PaginationConfig={"PageSize": self.page_size},
            **wanted,
        )
        with _failures():
            for page in pages:
                for entry in page.get("Contents", ()):
                    yield entry["Key"].removeprefix(self.prefix)


@contextmanager
def _failures(key: str | None = None) -> Iterator[None]:
    """What the driver refuses becomes `StorageUnavailable`, or `BlobNotFound` for a missing `key`."""
    try:
        yield
    except ClientError as refusal:
        if key is not None and _status(refusal) == _NOT_FOUND:
            raise BlobNotFound(key) from None
        raise StorageUnavailable from refusal
    except (BotoCoreError, OSError, KeyError) as failure:
        raise StorageUnavailable from failure


def _status(refusal: ClientError) -> int:
    return refusal.response["ResponseMetadata"]["HTTPStatusCode"]

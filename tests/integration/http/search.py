"""Looking for somebody in everything that a shop keeps, behind the shop's back."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

from redis import Redis
from sqlalchemy import Engine, inspect, text

from tests.servers.s3 import S3Bucket

OF_THE_PROVIDER = "simulated-payments.sqlite"
"""The books of whoever moves the money: not the shop's to change."""


def in_database(engine: Engine) -> Iterator[tuple[str, bytes]]:
    """Every value of every table, those of the job queue too."""
    with engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')):
                for name, value in row._asdict().items():
                    yield f"{table}.{name}", _bytes(value)


def in_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file as it is, and what it unpacks to; SQLite's own files, free pages and log included."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(OF_THE_PROVIDER):
            content = path.read_bytes()
            yield str(path.relative_to(folder)), content
            yield from _unpacked(str(path), content)


def in_bucket(bucket: S3Bucket) -> Iterator[tuple[str, bytes]]:
    """Every object, its name and its metadata."""
    client, keys = bucket.client(), bucket.keys()
    for key in keys:
        found = client.get_object(Bucket=bucket.bucket, Key=key)
        content = found["Body"].read()
        yield key, key.encode() + _bytes(found["Metadata"]) + content
        yield from _unpacked(key, content)


def in_redis(url: str) -> Iterator[tuple[str, bytes]]:
    """Every key with its value."""
    with Redis.from_url(url, protocol=2) as client:
        for key in client.scan_iter():
            yield "redis", key + b" " + (client.dump(key) or b"")


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    written = json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else value
    return str(written).encode()


def _unpacked(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    if name.endswith(".eml"):
        for part in message_from_bytes(content, policy=policy.default).walk():
            decoded = part.get_payload(decode=True)
            yield f"{name} decoded", decoded if isinstance(decoded, bytes) else b""
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for each in archive.namelist():
                yield f"{name}/{each}", archive.read(each)

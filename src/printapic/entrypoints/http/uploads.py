"""Uploads: a multipart body, read piece by piece into a nameless file, under limits at every step."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import re
import tempfile
import time
import unicodedata
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import attrs
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from printapic.domain.errors import Invalid, Unavailable
from printapic.domain.images.image import UploadTooLarge
from printapic.entrypoints.http.bodies import ContentTypeUnsupported, ShopRequest

MAX_FORM_BYTES = 64 * 1024
"""What a body may hold besides the file."""
MAX_PARTS = 20
MAX_FIELD_BYTES = 4 * 1024
MAX_HEADER_BYTES = 4 * 1024
MAX_HEADERS = 8
MIN_BYTES_PER_S = 16 * 1024
WINDOW_S = 30.0
MAX_NAME = 255
_DIGEST = re.compile(r"\s*sha-256\s*=\s*:([A-Za-z0-9+/]{43}=):\s*(?:;.*)?")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class UploadFormInvalid(Invalid):
    code = "upload-form-invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The form {reason}.")


class UploadChecksumMismatch(Invalid):
    code = "upload-checksum-mismatch"

    def __init__(self) -> None:
        super().__init__("What arrived is not what the Content-Digest says. Please send it again.")


class UploadTooSlow(Invalid):
    code = "upload-too-slow"

    def __init__(self) -> None:
        super().__init__("The upload is too slow.", min_bytes_per_second=MIN_BYTES_PER_S)


class UploadSpaceMissing(Unavailable):
    """The disk is full, or broken. Nothing of the file is kept."""

    code = "upload-space-missing"

    def __init__(self) -> None:
        super().__init__("There is no room for this upload right now.", retry_after_s=60)


@attrs.frozen(kw_only=True)
class ReceivedFile:
    """A file that arrived whole, at its beginning. `name` is text to be shown, and nothing else."""

    file: BinaryIO
    size_bytes: int
    sha256: str
    name: str | None


@contextmanager
def spool() -> Iterator[BinaryIO]:
    """A file without a name: whatever happens to us, the system takes it back."""
    with tempfile.TemporaryFile() as file:
        yield file


async def receive(request: ShopRequest, file: BinaryIO, *, max_bytes: int) -> ReceivedFile:
    """Read the one part `file` of a multipart body into `file`, hashing it on the way.

    What was not read before a refusal stays unread. Raises `ContentTypeUnsupported`, `UploadFormInvalid`,
    `UploadTooLarge`, `UploadTooSlow`, `UploadChecksumMismatch`, `UploadSpaceMissing` or `BodyIncomplete`.
    """
    form = _Form(_boundary(request), file, max_bytes)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > max_bytes + MAX_FORM_BYTES:
        raise UploadTooLarge(max_bytes)
    expected = _digest(request.headers.getall("content-digest", []))
    whole = hashlib.sha256() if expected else None
    total = 0
    async for piece in _pieces(request):
        total += len(piece)
        if total > max_bytes + MAX_FORM_BYTES:
            raise UploadTooLarge(max_bytes)
        if whole:
            whole.update(piece)
        form.feed(piece)
    received = form.finish()
    if whole and whole.digest() != expected:
        raise UploadChecksumMismatch
    return received


class _Form:
    """What has been understood of the body so far. Parsing and writing a piece takes microseconds."""

    def __init__(self, boundary: str, file: BinaryIO, max_bytes: int) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self._parser = _parser(boundary)
        self._part: MultipartSegment | None = None
        self._found: MultipartSegment | None = None
        self._hash = hashlib.sha256()

    def feed(self, piece: bytes) -> None:
        try:
            for event in self._parser.parse(piece):
                self._take(event)
        except MultipartError:
            raise UploadFormInvalid("is not well-formed multipart/form-data, or has too many parts") from None

    def _take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        """A part begins, goes on, or (None) is complete."""
        if isinstance(event, MultipartSegment):
            if event.name == "file" and self._found is not None:
                raise UploadFormInvalid("has more than one part 'file'")
            self._part = event
            self._found = event if event.name == "file" else self._found
        elif event is not None and self._part is not None:
            self._keep(self._part, event)

    def _keep(self, part: MultipartSegment, data: bytes | bytearray) -> None:
        is_file = part is self._found
        if not is_file:
            if part.bytes_received > MAX_FIELD_BYTES:
                raise UploadFormInvalid("has a field that is too long")
            return
        if part.bytes_received > self._max_bytes:
            raise UploadTooLarge(self._max_bytes)
        self._hash.update(data)
        try:
            self._file.write(data)
        except OSError:
            raise UploadSpaceMissing from None

    def finish(self) -> ReceivedFile:
        """The body is over. Raises `UploadFormInvalid` or `UploadChecksumMismatch`."""
        try:
            self._parser.close()
        except MultipartError:
            raise UploadFormInvalid("ends in the middle") from None
        if self._found is None:
            raise UploadFormInvalid("has no part 'file'")
        expected = _digest([value for name, value in self._found.headerlist if name == "Content-Digest"])
        if expected and self._hash.digest() != expected:
            raise UploadChecksumMismatch
        self._file.seek(0)
        return ReceivedFile(
            file=self._file,
            size_bytes=self._found.size,
            sha256=self._hash.hexdigest(),
            name=display_name(self._found.filename),
        )


async def _pieces(request: ShopRequest) -> AsyncIterator[bytes]:
    """The body's pieces, as long as 16 KiB/s come on average of every half minute."""
    pieces = request.unhurried()
    started, arrived = time.monotonic(), 0
    coming: asyncio.Task[bytes | None] | None = None
    try:
        while True:
            coming = coming or asyncio.create_task(_next(pieces))
            await asyncio.wait({coming}, timeout=max(0.0, started + WINDOW_S - time.monotonic()))
            if time.monotonic() - started >= WINDOW_S:
                if arrived < MIN_BYTES_PER_S * WINDOW_S:
                    raise UploadTooSlow
                started, arrived = time.monotonic(), 0
            if coming.done():
                piece, coming = coming.result(), None
                if piece is None:
                    return
                arrived += len(piece)
                yield piece
    finally:
        if coming is not None:
            coming.cancel()


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    return await anext(pieces, None)


def _parser(boundary: str) -> PushMultipartParser:
    """Not `strict`: that refuses a form whose last line break comes in a piece of its own."""
    try:
        return PushMultipartParser(
            boundary,
            max_segment_count=MAX_PARTS,
            max_header_size=MAX_HEADER_BYTES,
            max_header_count=MAX_HEADERS,
        )
    except (MultipartError, UnicodeEncodeError):
        raise UploadFormInvalid("has an unusable boundary") from None


def _boundary(request: ShopRequest) -> str:
    """Raises `ContentTypeUnsupported` or `UploadFormInvalid`."""
    sent = request.headers.getall("content-type", [])
    kind, options = parse_options_header(sent[0]) if len(sent) == 1 else ("", {})
    if kind != "multipart/form-data" or "content-encoding" in request.headers:
        raise ContentTypeUnsupported("multipart/form-data")
    boundary = str(options.get("boundary", ""))
    if not 1 <= len(boundary) <= 70 or not boundary.isascii():
        raise UploadFormInvalid("has no boundary of 1 to 70 ASCII characters")
    return boundary


def _digest(headers: list[str]) -> bytes | None:
    """The SHA-256 of a Content-Digest (RFC 9530), None where none is sent. Raises `UploadFormInvalid`."""
    entries = [entry for header in headers for entry in header.split(",")]
    ours = [entry for entry in entries if entry.strip().lower().startswith("sha-256")]
    if not ours:
        return None
    match = _DIGEST.fullmatch(ours[-1])
    if match is None:
        raise UploadFormInvalid("has a Content-Digest that cannot be read")
    try:
        return base64.b64decode(match[1], validate=True)
    except binascii.Error:
        raise UploadFormInvalid("has a Content-Digest that cannot be read") from None


def display_name(sent: str | None) -> str | None:
    """A file name fit to be shown: its last component without anything invisible; None if that is empty."""
    last = re.split(r"[/\\]", sent or "")[-1]
    normal = unicodedata.normalize("NFC", last)
    seen = "".join(character for character in normal if unicodedata.category(character) not in _UNSEEN)
    return " ".join(seen.split())[:MAX_NAME].strip(". ") or None

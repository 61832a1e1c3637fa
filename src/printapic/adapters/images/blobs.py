"""What every store of bytes does alike: refuse hostile keys, and believe no announced checksum."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import BinaryIO

from printapic.application.ports.images import BlobCorrupt, KeyInvalid

CHUNK_BYTES = 1 << 20
MAX_KEY_CHARACTERS = 200
_ALLOWED = re.compile(r"[a-z0-9/._-]*")


def checked_key(key: str) -> str:
    """The key, if a store may use it. Raises `KeyInvalid`."""
    return _checked(key, key.split("/"))


def checked_folder(prefix: str) -> str:
    """A prefix that names everything below a folder, `a/b/`. Raises `KeyInvalid`."""
    if not prefix.endswith("/"):
        raise KeyInvalid(f"a folder ends in a slash: {prefix!r}")
    return _checked(prefix, prefix[:-1].split("/"))


def checked_beginning(prefix: str) -> str:
    """The beginning of keys, whose last segment may be unfinished or empty. Raises `KeyInvalid`."""
    return _checked(prefix, prefix.split("/")[:-1])


def _checked(text: str, segments: list[str]) -> str:
    harmless = len(text) <= MAX_KEY_CHARACTERS and _ALLOWED.fullmatch(text)
    if not harmless or any(segment in {"", ".", ".."} for segment in segments):
        raise KeyInvalid(f"not a storage key: {text!r}")
    return text


def verified(key: str, file: BinaryIO, *, size_bytes: int, sha256: str) -> Iterator[bytes]:
    """The content of a file in blocks, from its beginning; at its end it has proved to be what was announced.

    Raises `BlobCorrupt` instead of ending, and as soon as the file is too long.
    """
    file.seek(0)
    seen, digest = 0, hashlib.sha256()
    while block := file.read(CHUNK_BYTES):
        seen += len(block)
        if seen > size_bytes:
            raise BlobCorrupt(key)
        digest.update(block)
        yield block
    if seen != size_bytes or digest.hexdigest() != sha256:
        raise BlobCorrupt(key)

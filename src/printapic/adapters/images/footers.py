"""How a stored file looks on a disk: its bytes, and then a footer that says what they are."""

from __future__ import annotations

import io
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from printapic.adapters.images.folders import failures
from printapic.application.ports.images import Blob
from printapic.application.ports.unit_of_work import StorageUnavailable

_FOOTER = struct.Struct(">8sQ32s80s")
_MAGIC = b"\nPAPic1\n"
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class StoredBytes(io.RawIOBase):
    """The first `size_bytes` of an open descriptor, which this owns: the content without its footer.

    A disk that fails while it is read raises `StorageUnavailable`: nobody shall take that for a
    damaged picture.
    """

    def __init__(self, descriptor: int, size_bytes: int) -> None:
        self._descriptor, self._size_bytes, self._at = descriptor, size_bytes, 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read as much as there is room for and bytes are left."""
        wanted = min(len(buffer), max(self._size_bytes - self._at, 0))
        with failures():
            block = os.pread(self._descriptor, wanted, self._at)
        if wanted and not block:
            raise StorageUnavailable
        buffer[: len(block)] = block
        self._at += len(block)
        return len(block)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; behind the end there is nothing to read."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size_bytes}[whence]
        if start + offset < 0:
            raise ValueError("a file has no place before its beginning")
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at

    def close(self) -> None:
        """Close the descriptor."""
        if not self.closed:
            os.close(self._descriptor)
        super().close()


def footer(blob: Blob) -> bytes:
    """What follows the bytes of a blob on the disk. Raises `ValueError` for an over-long content type."""
    content_type = blob.content_type.encode("ascii")
    if len(content_type) > 80:
        raise ValueError("a content type has at most 80 characters")
    return _FOOTER.pack(_MAGIC, blob.size_bytes, bytes.fromhex(blob.sha256), content_type)


def read_footer(descriptor: int, key: str) -> Blob:
    """What a stored file says of itself. Raises `StorageUnavailable` if it is damaged or not a file."""
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode) or about.st_size < _FOOTER.size:
        raise StorageUnavailable
    size_bytes = about.st_size - _FOOTER.size
    magic, announced, sha256, content_type = _FOOTER.unpack(os.pread(descriptor, _FOOTER.size, size_bytes))
    if magic != _MAGIC or announced != size_bytes:
        raise StorageUnavailable
    return Blob(
        key=key,
        size_bytes=size_bytes,
        sha256=sha256.hex(),
        content_type=content_type.rstrip(b"\0").decode("ascii"),
    )


@contextmanager
def opened(name: str, folder: int) -> Iterator[int]:
    """A descriptor for reading. Raises `FileNotFoundError`."""
    descriptor = os.open(name, _READ_FLAGS, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)

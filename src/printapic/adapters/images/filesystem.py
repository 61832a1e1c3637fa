"""Bytes in a folder, such as a volume that several nodes share.

A stored file is its bytes followed by a footer of 128 bytes with size, SHA-256 and content type: one file,
so the two can never disagree, a copy made by any backup tool is whole, and a cut-off file is noticed. Its
name is the last segment of the key and a `+`, which no key contains, so that nothing else is taken for one.
"""

from __future__ import annotations

import io
import itertools
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import attrs

from printapic.adapters.images.blobs import checked_beginning, checked_folder, checked_key, verified
from printapic.adapters.images.folders import entries, failures, opened_folder, remove_empty
from printapic.adapters.images.footers import StoredBytes, footer, opened, read_footer
from printapic.application.ports.images import Blob, BlobConflict, BlobNotFound, ImageStore
from printapic.application.ports.unit_of_work import StorageUnavailable

_INCOMING = "+incoming"
_STALE_S = 24 * 3600
_ATTEMPTS = 16
_WRITE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@attrs.frozen
class FilesystemImageStore(ImageStore):
    """Keeps files below `root`, which is made if it is missing, readable by this user alone.

    A new file is written into an incoming folder, flushed to the disk, and then linked to its name,
    which fails if the name is taken. No symbolic link is followed anywhere below `root`. A root that
    disappears later (a volume that is not mounted) is a failure and not an empty shop.
    """

    root: Path

    def __attrs_post_init__(self) -> None:
        with failures():
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sweep()

    def put(self, key: str, file: BinaryIO, *, size_bytes: int, sha256: str, content_type: str) -> None:
        """Store the file, durably: it survives a power cut once this returned."""
        checked_key(key)
        blob = Blob(key=key, size_bytes=size_bytes, sha256=sha256, content_type=content_type)
        with self._incoming() as (folder, name, target):
            for block in verified(key, file, size_bytes=size_bytes, sha256=sha256):
                _write(target, block)
            _write(target, footer(blob))
            with failures():
                os.fsync(target)
                self._publish(blob, name, folder)

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """The bytes; a deletion meanwhile does not disturb the reader."""
        *folders, name = checked_key(key).split("/")
        with _missing(key), opened_folder(self.root, folders) as folder, opened(name + "+", folder) as found:
            blob = read_footer(found, key)
            file = io.BufferedReader(StoredBytes(os.dup(found), blob.size_bytes))
        with file:
            yield file

    def stat(self, key: str) -> Blob:
        """What the footer says."""
        *folders, name = checked_key(key).split("/")
        with _missing(key), opened_folder(self.root, folders) as folder, opened(name + "+", folder) as found:
            return read_footer(found, key)

    def delete(self, key: str) -> None:
        """Delete, durably."""
        checked_key(key)
        with failures():
            self._remove(key)

    def delete_prefix(self, prefix: str) -> int:
        """Delete all files below a folder, and the folders that are empty then."""
        folders = checked_folder(prefix)[:-1].split("/")
        with failures():
            deleted = sum(self._remove(key) for key in self._keys(folders, prefix, ""))
            remove_empty(self.root, folders)
        return deleted

    def list(self, prefix: str, *, after: str | None = None, limit: int = 1000) -> Iterator[Blob]:
        """What is there while the listing goes on."""
        folders = checked_beginning(prefix).split("/")[:-1]
        after = "" if after is None else checked_key(after)
        with failures(), opened_folder(self.root, ()):
            return itertools.islice(self._blobs(self._keys(folders, prefix, after)), limit)

    def _blobs(self, keys: Iterator[str]) -> Iterator[Blob]:
        with failures():
            for key in keys:
                with suppress(BlobNotFound):
                    yield self.stat(key)

    def _keys(self, folders: Sequence[str], prefix: str, after: str) -> Iterator[str]:
        """Keys below a folder, in their order, in which a folder `b` sorts as `b/`."""
        inner, files = entries(self.root, folders)
        found = [name[:-1] for name in files if name.endswith("+")]
        found += [f"{name}/" for name in inner if "+" not in name]
        for name in sorted(found):
            key = "/".join((*folders, name))
            if not name.endswith("/"):
                if key.startswith(prefix) and key > after:
                    yield key
            elif key.startswith(prefix) and (key > after or after.startswith(key)):
                yield from self._keys((*folders, name[:-1]), prefix, after)

    def _remove(self, key: str) -> bool:
        *folders, name = key.split("/")
        try:
            with opened_folder(self.root, folders) as folder:
                os.unlink(name + "+", dir_fd=folder)
                os.fsync(folder)
        except FileNotFoundError:
            return False
        return True

    @contextmanager
    def _incoming(self) -> Iterator[tuple[int, str, int]]:
        """A new file that is gone again at the end: its folder, its name there, and its descriptor."""
        name = secrets.token_hex(16)
        with ExitStack() as stack:
            with failures():
                folder = stack.enter_context(opened_folder(self.root, (_INCOMING,), make=True))
                target = os.open(name, _WRITE_FLAGS, 0o600, dir_fd=folder)
            stack.callback(_discard, name, folder)
            stack.callback(os.close, target)
            yield folder, name, target

    def _publish(self, blob: Blob, temporary: str, incoming: int) -> None:
        """Link the finished file to its name, minding who else writes or deletes at this moment."""
        *folders, name = blob.key.split("/")
        for _ in range(_ATTEMPTS):
            with suppress(FileNotFoundError), opened_folder(self.root, folders, make=True) as folder:
                try:
                    os.link(
                        temporary, name + "+", src_dir_fd=incoming, dst_dir_fd=folder, follow_symlinks=False
                    )
                except FileExistsError:
                    with opened(name + "+", folder) as there:
                        if read_footer(there, blob.key).sha256 != blob.sha256:
                            raise BlobConflict(blob.key) from None
                os.fsync(folder)
                return
        raise StorageUnavailable

    def _sweep(self) -> None:
        """Remove what writers left that died more than a day ago."""
        for name in entries(self.root, (_INCOMING,))[1]:
            with suppress(FileNotFoundError), opened_folder(self.root, (_INCOMING,)) as folder:
                if os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime < time.time() - _STALE_S:
                    os.unlink(name, dir_fd=folder)


@contextmanager
def _missing(key: str) -> Iterator[None]:
    with failures():
        try:
            yield
        except FileNotFoundError:
            raise BlobNotFound(key) from None


def _discard(name: str, folder: int) -> None:
    with suppress(OSError):
        os.unlink(name, dir_fd=folder)


def _write(target: int, block: bytes) -> None:
    rest = memoryview(block)
    with failures():
        while rest:
            rest = rest[os.write(target, rest) :]

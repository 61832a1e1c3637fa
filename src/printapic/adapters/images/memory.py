"""Bytes in this process: for tests, and for a shop that forgets."""

from __future__ import annotations

import builtins
import io
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import attrs

from printapic.adapters.images.blobs import checked_beginning, checked_folder, checked_key, verified
from printapic.application.ports.images import Blob, BlobConflict, BlobNotFound, ImageStore
from printapic.application.ports.unit_of_work import StorageUnavailable


@attrs.define
class MemoryImageStore(ImageStore):
    """Copies in, copies out. While `failing` is set, every method raises `StorageUnavailable`."""

    failing: bool = False
    _stored: dict[str, tuple[Blob, bytes]] = attrs.field(factory=dict, init=False, repr=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False)

    def put(self, key: str, file: BinaryIO, *, size_bytes: int, sha256: str, content_type: str) -> None:
        """Store a copy of the file; nobody sees it before it is whole."""
        checked_key(key)
        self._answer()
        content = b"".join(verified(key, file, size_bytes=size_bytes, sha256=sha256))
        blob = Blob(key=key, size_bytes=size_bytes, sha256=sha256, content_type=content_type)
        with self._lock:
            stored, _ = self._stored.setdefault(key, (blob, content))
        if stored.sha256 != sha256:
            raise BlobConflict(key)

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """The bytes as they were when this was called."""
        with io.BytesIO(self._find(key)[1]) as file:
            yield file

    def stat(self, key: str) -> Blob:
        """What is known of the bytes."""
        return self._find(key)[0]

    def delete(self, key: str) -> None:
        """Forget the bytes."""
        checked_key(key)
        self._answer()
        with self._lock:
            self._stored.pop(key, None)

    def delete_prefix(self, prefix: str) -> int:
        """Forget everything below a folder."""
        checked_folder(prefix)
        self._answer()
        with self._lock:
            below = [key for key in self._stored if key.startswith(prefix)]
            for key in below:
                del self._stored[key]
        return len(below)

    def list(self, prefix: str, *, after: str | None = None, limit: int = 1000) -> Iterator[Blob]:
        """What was stored when the listing began."""
        checked_beginning(prefix)
        after = "" if after is None else checked_key(after)
        self._answer()
        with self._lock:
            found: builtins.list[Blob] = [blob for blob, _ in self._stored.values()]
        wanted = sorted(
            (blob for blob in found if blob.key.startswith(prefix) and blob.key > after),
            key=lambda blob: blob.key,
        )
        return itertools.islice(wanted, limit)

    def _find(self, key: str) -> tuple[Blob, bytes]:
        checked_key(key)
        self._answer()
        with self._lock:
            found = self._stored.get(key)
        if found is None:
            raise BlobNotFound(key)
        return found

    def _answer(self) -> None:
        if self.failing:
            raise StorageUnavailable

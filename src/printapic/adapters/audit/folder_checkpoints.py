"""Checkpoints in a file that only grows."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import attrs

from printapic.application.ports.audit import AuditCheckpoints, CheckpointsUnavailable

_FILE = "audit-checkpoints.jsonl"
_TAIL = 64 * 1024


@attrs.frozen
class FolderAuditCheckpoints(AuditCheckpoints):
    """One line per checkpoint, on the disk before `append` returns, readable by the owner alone.

    Writers of all processes take turns by a lock on the file. A line without an end was cut short by a power
    failure or a full disk and never acknowledged: readers leave it out, the next writer takes it away.
    """

    folder: Path

    def append(self, text: str, *, at: datetime) -> None:
        """Raises `ValueError` for more than one line."""
        line = text.encode()
        if b"\n" in line or len(line) >= _TAIL:
            raise ValueError("a checkpoint is one line")
        with _failures(), self._opened() as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.ftruncate(descriptor, _end_of_whole_lines(descriptor))
            os.lseek(descriptor, 0, os.SEEK_END)
            _write(descriptor, line + b"\n")
            os.fsync(descriptor)

    def all(self) -> Iterator[str]:
        with _failures():
            try:
                file = (self.folder / _FILE).open("rb")
            except FileNotFoundError:
                return
        with file, _failures():
            for line in file:
                if line.endswith(b"\n"):
                    yield line[:-1].decode("utf-8", "replace")

    @contextmanager
    def _opened(self) -> Iterator[int]:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / _FILE
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield descriptor
            if is_new:
                _sync_folder(self.folder)
        finally:
            os.close(descriptor)


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        raise CheckpointsUnavailable from failure


def _end_of_whole_lines(descriptor: int) -> int:
    size = os.fstat(descriptor).st_size
    start = max(0, size - _TAIL)
    newline = os.pread(descriptor, size - start, start).rfind(b"\n")
    if newline < 0 < start:
        raise OSError("the end of this file is none of ours, and not for us to take away")
    return start + newline + 1


def _write(descriptor: int, content: bytes) -> None:
    """All of it: a disk that is nearly full takes less at a time."""
    while content:
        content = content[os.write(descriptor, content) :]


def _sync_folder(folder: Path) -> None:
    """Make the file's name last as long as its content."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

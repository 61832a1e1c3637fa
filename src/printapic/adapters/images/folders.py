"""Folders below a root, opened segment by segment so that no symbolic link is ever followed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from printapic.application.ports.unit_of_work import StorageUnavailable

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def failures() -> Iterator[None]:
    """What the operating system refuses in this block becomes `StorageUnavailable`."""
    try:
        yield
    except OSError as refusal:
        raise StorageUnavailable from refusal


@contextmanager
def opened_folder(root: Path, segments: Sequence[str], *, make: bool = False) -> Iterator[int]:
    """A descriptor of the folder `segments` below `root`, for use as `dir_fd`.

    With `make`, missing folders are made, for this user alone. Raises `FileNotFoundError` for a
    missing folder, which may happen with `make` too if somebody removes it at this moment, but
    `StorageUnavailable` for a missing root.
    """
    with failures():
        at = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for segment in segments:
            if make:
                _make(segment, at)
            inner = os.open(segment, _FLAGS, dir_fd=at)
            os.close(at)
            at = inner
        yield at
    finally:
        os.close(at)


def _make(segment: str, parent: int) -> None:
    with suppress(FileExistsError):
        os.mkdir(segment, 0o700, dir_fd=parent)
        os.fsync(parent)


def entries(root: Path, segments: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of folders and of plain files in a folder, unsorted; nothing if there is no such folder."""
    folders, files = [], []
    with suppress(FileNotFoundError), opened_folder(root, segments) as folder, os.scandir(folder) as found:
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif entry.is_file(follow_symlinks=False):
                files.append(entry.name)
    return tuple(folders), tuple(files)


def remove_empty(root: Path, segments: Sequence[str]) -> None:
    """Remove a folder and those below it, as far as they are empty."""
    for name in entries(root, segments)[0]:
        remove_empty(root, (*segments, name))
    with suppress(OSError), opened_folder(root, segments[:-1]) as parent:
        os.rmdir(segments[-1], dir_fd=parent)

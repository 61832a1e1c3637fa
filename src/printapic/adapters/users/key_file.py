"""The file that a ring is kept in: read, made once, and replaced by one process at a time."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import cast

import attrs
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_random

from printapic.adapters.users import key_document
from printapic.adapters.users.keyring import KeyRing, KeyRingUnusable
from printapic.domain.errors import Unavailable

_LARGEST_FILE = 1024 * 1024
_LONGEST_WAIT_S = 5

Stamp = tuple[int, ...]
"""What changes with a file's content or rights."""


class KeyFileBusy(Unavailable):
    """Somebody else has been changing the keys for longer than that takes."""

    code = "key-file-busy"

    def __init__(self) -> None:
        super().__init__("Somebody else is changing the keys. Please try again.")


@attrs.frozen
class KeptRing:
    """A ring, and the state of the file that it was read from."""

    ring: KeyRing
    stamp: Stamp


def load_keyring(path: Path) -> KeyRing:
    """Read a key file. Raises `KeyRingUnusable`, for one that others than its owner may read too."""
    return read(path).ring


def read(path: Path) -> KeptRing:
    """As `load_keyring`, with what `stamp` said of the file at that moment."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(_LARGEST_FILE)
    except OSError as error:
        raise KeyRingUnusable(f"its file cannot be read ({error.strerror})") from None
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise KeyRingUnusable("others may read its file; take that right away (chmod 600)")
    return KeptRing(key_document.parse(content.decode("utf-8", "replace")), _stamp(status))


def stamp(path: Path) -> Stamp | None:
    """None where there is no such file, or none within reach."""
    try:
        return _stamp(path.stat())
    except OSError:
        return None


def _stamp(status: os.stat_result) -> Stamp:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def load_or_create_keyring(path: Path, *, at: datetime | None = None) -> KeyRing:
    """Read the key file, or make it with new random keys, marked as `development`, where there is none.

    However many processes do this at once, all end up with the same keys. Raises `KeyRingUnusable`.
    """
    if not path.exists():
        create(path, KeyRing.generate(at=at, development=True))
    return load_keyring(path)


def of_production(path: Path) -> Path:
    """The path, of a file that was made for production. Raises `KeyRingUnusable` for any other."""
    if load_keyring(path).development:
        raise KeyRingUnusable("an embedded shop made it for itself; make one with printapic keys create")
    return path


def create(path: Path, ring: KeyRing) -> bool:
    """Write a new file; False, and nothing else, where there is one already. Raises `KeyRingUnusable`."""
    with _failures_named():
        path.parent.mkdir(parents=True, exist_ok=True)
        with _written_beside(path, ring) as beside:
            try:
                os.link(beside, path)  # refused where there is one, and nobody sees half of it
            except FileExistsError:
                return False
        _sync(path.parent)
    return True


def change(path: Path, to: Callable[[KeyRing], KeyRing]) -> KeyRing:
    """Replace the ring by what `to` makes of it, alone among all processes. An unchanged one is not written.

    The file keeps its owner and its rights, whoever does this. Raises `KeyRingUnusable`, `KeyFileBusy`, and
    whatever `to` raises.
    """
    path = Path(os.path.realpath(path))  # a link to the file stays one
    with _failures_named(), _locked(path) as held:
        old = load_keyring(path)
        new = to(old)
        if new != old:
            with _written_beside(path, new, like=os.fstat(held)) as beside:
                beside.replace(path)
            _sync(path.parent)
        return new


@contextmanager
def _failures_named() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KeyRingUnusable(f"its file cannot be written ({error.strerror})") from None


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Hold the file, open for writing, alone: who has it may replace it. Raises `KeyFileBusy`."""
    attempts = Retrying(
        retry=retry_if_result(lambda held: held is None),
        stop=stop_after_delay(_LONGEST_WAIT_S),
        wait=wait_random(0.005, 0.05),
    )
    try:
        held = cast(int, attempts(_opened, path))
    except RetryError:
        raise KeyFileBusy from None
    try:
        yield held
    finally:
        os.close(held)


def _opened(path: Path) -> int | None:
    """A descriptor; None while somebody else holds the file, or has replaced the one that was opened."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except BlockingIOError:
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


@contextmanager
def _written_beside(path: Path, ring: KeyRing, *, like: os.stat_result | None = None) -> Iterator[Path]:
    """A new file, of the owner's alone, on the disk; gone again unless it was moved."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(key_document.write(ring))
            if like is not None and (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(file.fileno(), like.st_uid, like.st_gid)
            file.flush()
            os.fsync(file.fileno())
        yield beside
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from printapic.adapters.users import key_file
from printapic.adapters.users.key_rotation import rotated
from printapic.adapters.users.keyring import KeyRing, KeyRingUnusable
from printapic.adapters.users.live_keyring import FileKeyRing

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ROTATING = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from printapic.adapters.users.live_keyring import FileKeyRing
for _ in range(20):
    FileKeyRing(Path(sys.argv[1])).rotate(at=datetime.now(UTC), published_for=timedelta(0))
"""
ROTATING_ONCE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from printapic.adapters.users.live_keyring import FileKeyRing
from printapic.application.ports.keys import NextKeyTooNew
ring = FileKeyRing(Path(sys.argv[1]))
sys.stdin.read()
try:
    ring.rotate(at=datetime.now(UTC))
except NextKeyTooNew:
    sys.exit(3)
"""


class Seconds:
    """A clock that somebody else moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    key_file.create(tmp_path / "keys.json", KeyRing.generate(at=NOON))
    return tmp_path / "keys.json"


def rotate_elsewhere(path: Path) -> KeyRing:
    """As another process would."""
    return key_file.change(path, lambda ring: rotated(ring, at=NOON, published_for=timedelta(0)))


def test_a_changed_file_is_noticed_after_a_second(path: Path) -> None:
    clock = Seconds()
    ring = FileKeyRing(path, clock=clock)
    before, after = ring.current(), rotate_elsewhere(path)
    clock.now += 0.9
    assert ring.current() is before
    clock.now += 0.2
    assert ring.current() == after
    assert ring.active == after.active != before.active
    assert ring.current() is ring.current()


def test_a_key_that_is_not_known_yet_is_looked_for_at_once(path: Path) -> None:
    """Another process signs with it already."""
    ring = FileKeyRing(path, clock=Seconds())
    after = rotate_elsewhere(path)
    assert ring.secret("access token", after.kids[-1]) == after.secret("access token", after.kids[-1])


def test_the_file_is_looked_at_once_a_second_and_no_more(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, looks = Seconds(), []
    really = key_file.stamp

    def counted(looked_at: Path) -> key_file.Stamp | None:
        looks.append(looked_at)
        return really(looked_at)

    monkeypatch.setattr(key_file, "stamp", counted)
    ring = FileKeyRing(path, clock=clock)
    for _ in range(100):
        ring.secret("access token")
    assert looks == []
    clock.now += 1
    for _ in range(100):
        ring.secret("access token")
    assert len(looks) == 1


def replaced_by(content: bytes, mode: int = 0o600) -> Callable[[Path], None]:
    def replace(path: Path) -> None:
        beside = path.with_name("new")
        beside.write_bytes(content)
        beside.chmod(mode)
        beside.replace(path)

    return replace


@pytest.mark.parametrize(
    "spoil",
    [
        Path.unlink,
        replaced_by(b""),
        replaced_by(b'{"format": 2, "keys": [{"kid": "a", "state": "active", "key": "hush"}]}'),
        replaced_by(b'{"format": 3}'),
        lambda path: path.chmod(0o644),
    ],
    ids=["gone", "empty", "wrong key", "newer form", "readable for all"],
)
def test_an_unusable_file_is_logged_once_and_the_last_good_ring_stays(
    path: Path, spoil: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    clock = Seconds()
    ring = FileKeyRing(path, clock=clock)
    before, content = ring.current(), path.read_bytes()
    spoil(path)
    with caplog.at_level(logging.ERROR):
        for _ in range(5):
            clock.now += 1.1
            assert ring.current() is before
    assert len(caplog.records) == 1
    assert "hush" not in caplog.text
    replaced_by(content)(path)
    good = rotate_elsewhere(path)
    clock.now += 1.1
    assert ring.current() == good


def test_a_file_that_was_out_of_reach_for_a_moment_is_read_a_second_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Seconds()
    ring = FileKeyRing(path, clock=clock)
    before, after = ring.current(), rotate_elsewhere(path)

    def no_descriptor_left(path: Path) -> key_file.KeptRing:
        raise KeyRingUnusable("its file cannot be read (Too many open files)")

    with monkeypatch.context() as trouble:
        trouble.setattr(key_file, "read", no_descriptor_left)
        clock.now += 1.1
        assert ring.current() is before
    assert ring.current("one that nobody knows") is before, "guesses do not make it read"
    clock.now += 1.1
    assert ring.current() == after


def test_without_a_good_ring_to_begin_with_there_is_none(path: Path) -> None:
    path.write_text("{}")
    with pytest.raises(KeyRingUnusable):
        FileKeyRing(path)


def test_what_it_changes_itself_it_knows_at_once(path: Path) -> None:
    ring = FileKeyRing(path, clock=Seconds())
    record = ring.rotate(at=NOON, published_for=timedelta(0))
    assert ring.active == record.kid
    assert key_file.load_keyring(path) == ring.current()


def test_readers_see_whole_rings_while_another_process_rotates(path: Path) -> None:
    """Twenty rotations, four threads that look at every call: each ring knows all that the one before did."""
    ring = FileKeyRing(path, clock=iter(range(10**9)).__next__)
    done = threading.Event()

    def watch(_: int) -> int:
        known: tuple[str, ...] = ()
        rings = 0
        while not done.is_set() or rings == 0:
            kids = ring.current().kids
            assert kids[: len(known)] == known, "a ring came back"
            rings += kids != known
            known = kids
            assert len(ring.secret("access token")) == 32
        return rings

    with ThreadPoolExecutor(4) as threads:
        watching = threads.map(watch, range(4))
        subprocess.run([sys.executable, "-c", ROTATING, str(path)], check=True, timeout=60)
        done.set()
        assert all(rings >= 1 for rings in watching)
    assert len(ring.current().kids) == 2 + 20


def test_of_processes_that_rotate_together_one_does(path: Path) -> None:
    """The key that the others would let sign was published by the first, a moment ago."""
    path.unlink()
    key_file.create(path, KeyRing.generate(at=datetime.now(UTC) - timedelta(hours=1)))
    command = [sys.executable, "-c", ROTATING_ONCE, str(path)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(3)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()  # now: all of them are waiting for this
    for process in processes:
        process.wait(timeout=60)
    assert sorted(process.returncode for process in processes) == [0, 3, 3]
    assert len(key_file.load_keyring(path).kids) == 3

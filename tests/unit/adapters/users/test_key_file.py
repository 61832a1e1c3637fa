from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from printapic.adapters.users.key_file import (
    KeyFileBusy,
    change,
    create,
    load_keyring,
    load_or_create_keyring,
)
from printapic.adapters.users.key_rotation import rotated
from printapic.adapters.users.keyring import KeyRing, KeyRingUnusable

CREATING = """
import sys
from pathlib import Path
from printapic.adapters.users.key_file import load_or_create_keyring
sys.stdin.read()
ring = load_or_create_keyring(Path(sys.argv[1]))
print(ring.active, ring.secret("test").hex())
"""
CHANGING = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from printapic.adapters.users.key_file import change
from printapic.adapters.users.key_rotation import rotated
sys.stdin.read()
for _ in range(10):
    change(Path(sys.argv[1]), lambda ring: rotated(ring, at=datetime.now(UTC), published_for=timedelta(0)))
"""
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_first_start_makes_keys_and_the_next_one_finds_them(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keys.json"
    made = load_or_create_keyring(path)
    assert load_or_create_keyring(path) == made == load_keyring(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path], "nothing is left beside it"


def test_threads_that_start_together_agree(tmp_path: Path) -> None:
    for attempt in range(10):
        path = tmp_path / f"keys-{attempt}.json"
        with ThreadPoolExecutor(8) as threads:
            rings = list(threads.map(load_or_create_keyring, [path] * 8))
        assert all(ring == rings[0] for ring in rings)


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CREATING, str(tmp_path / "keys.json")]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    printed = {process.communicate(timeout=60)[0] for process in processes}
    assert [process.returncode for process in processes] == [0] * 4
    assert len(printed) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o620, 0o601])
def test_a_file_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys.json"
    ring = load_or_create_keyring(path)
    path.chmod(mode)
    for load in (load_keyring, load_or_create_keyring):
        with pytest.raises(KeyRingUnusable, match="chmod 600"):
            load(path)
    path.chmod(0o400)
    assert load_keyring(path) == ring


def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.touch(mode=0o600)
    path.write_bytes(b'{"active": "\xff')
    with pytest.raises(KeyRingUnusable):
        load_or_create_keyring(path)
    assert path.read_bytes() == b'{"active": "\xff'


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyRingUnusable, match="cannot be read"):
        load_keyring(tmp_path / "keys.json")


def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyRingUnusable, match="cannot be"):
        load_or_create_keyring(tmp_path / "file" / "keys.json")
    with pytest.raises(KeyRingUnusable, match="cannot be read"):
        load_keyring(tmp_path)


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyRingUnusable, match="No space left"):
        load_or_create_keyring(tmp_path / "keys.json")
    assert list(tmp_path.iterdir()) == []


def one_rotation(ring: KeyRing) -> KeyRing:
    return rotated(ring, at=NOON, published_for=timedelta(0))


def test_what_makes_itself_is_marked_as_of_development(tmp_path: Path) -> None:
    assert load_or_create_keyring(tmp_path / "keys.json").development
    assert create(tmp_path / "production.json", KeyRing.generate())
    assert not load_keyring(tmp_path / "production.json").development


def test_a_new_file_takes_no_others_place(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    ring = load_or_create_keyring(path)
    assert not create(path, KeyRing.generate())
    assert load_keyring(path) == ring
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o600, 0o700])
def test_a_changed_file_is_the_owners_alone_and_nothing_is_left_beside_it(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys.json"
    before = load_or_create_keyring(path)
    path.chmod(mode)
    after = change(path, one_rotation)
    assert load_keyring(path) == after
    assert after.kids[:2] == before.kids
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_change_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    load_or_create_keyring(path)
    before = path.stat()
    change(path, lambda ring: ring)
    assert path.stat() == before


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link, path = tmp_path / "keys.json", tmp_path / "real" / "keys.json"
    load_or_create_keyring(path)
    link.symlink_to(path)
    change(link, one_rotation)
    assert link.is_symlink()
    assert len(load_keyring(path).kids) == 3


def test_an_unusable_file_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    load_or_create_keyring(path)
    path.chmod(0o644)
    with pytest.raises(KeyRingUnusable, match="chmod 600"):
        change(path, one_rotation)
    path.chmod(0o600)
    path.write_text("{}")
    with pytest.raises(KeyRingUnusable):
        change(path, one_rotation)
    assert path.read_text() == "{}"
    path.unlink()
    with pytest.raises(KeyRingUnusable, match="No such file"):
        change(path, one_rotation)


@pytest.mark.parametrize("broken", ["fsync", "fchown"])
def test_a_failed_change_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    path = tmp_path / "keys.json"
    before = load_or_create_keyring(path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, broken, full)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)  # somebody else's file, so that it is given back
    with pytest.raises(KeyRingUnusable, match="No space left"):
        change(path, one_rotation)
    assert load_keyring(path) == before
    assert list(tmp_path.iterdir()) == [path]


def test_no_one_waits_for_ever_for_somebody_who_changes_the_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys.json"
    before = load_or_create_keyring(path)
    monkeypatch.setattr("printapic.adapters.users.key_file._LONGEST_WAIT_S", 0.05)
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(KeyFileBusy):
            change(path, one_rotation)
    assert load_keyring(path) == before
    assert len(change(path, one_rotation).kids) == 3


def test_threads_that_change_it_together_lose_no_change(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    load_or_create_keyring(path)
    with ThreadPoolExecutor(8) as threads:
        rings = list(threads.map(lambda _: change(path, one_rotation), range(24)))
    assert len(load_keyring(path).kids) == 2 + 24
    assert sorted(len(ring.kids) for ring in rings) == list(range(3, 27)), "each saw its own change"


def test_processes_that_change_it_together_lose_no_change(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    load_or_create_keyring(path)
    processes = [
        subprocess.Popen([sys.executable, "-c", CHANGING, str(path)], stdin=subprocess.PIPE) for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()  # now: all of them are waiting for this
    for process in processes:
        process.wait(timeout=60)
    assert [process.returncode for process in processes] == [0] * 4
    assert len(load_keyring(path).kids) == 2 + 4 * 10


def test_whoever_is_killed_while_changing_it_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    load_or_create_keyring(path)
    with subprocess.Popen(
        [sys.executable, "-c", CHANGING.replace("range(10)", "iter(int, 1)"), str(path)],
        stdin=subprocess.DEVNULL,
    ) as process:
        kids = load_keyring(path).kids
        while len(load_keyring(path).kids) < 20:
            kids_now = load_keyring(path).kids
            assert kids_now[: len(kids)] == kids
            kids = kids_now
        process.kill()
    assert len(change(path, one_rotation).kids) > len(kids)

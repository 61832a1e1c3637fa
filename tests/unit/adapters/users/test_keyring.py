from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from printapic.adapters.users.keyring import KeyRing, KeyRingUnusable, load_keyring, load_or_create_keyring

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")
CREATING = """
import sys
from pathlib import Path
from printapic.adapters.users.keyring import load_or_create_keyring
sys.stdin.read()
ring = load_or_create_keyring(Path(sys.argv[1]))
print(ring.active, ring.secret("test").hex())
"""


def test_a_ring_survives_being_written_down() -> None:
    ring = KeyRing(active="b", keys={"a": b"1" * 32, "b": b"2" * 32})
    assert KeyRing.parse(ring.to_json()) == ring
    assert ring.kids == ("a", "b")


def test_a_new_ring_is_like_no_other() -> None:
    one, other = KeyRing.generate(), KeyRing.generate()
    assert one.active != other.active
    assert one.secret("x") != other.secret("x")


def test_every_purpose_and_every_key_has_a_secret_of_its_own() -> None:
    ring = KeyRing(active="b", keys={"a": b"1" * 32, "b": b"2" * 32})
    secrets = {ring.secret(purpose, kid) for purpose in ("x", "y", "") for kid in ring.kids}
    assert len(secrets) == 6
    assert {len(secret) for secret in secrets} == {32}
    assert ring.secret("x") == ring.secret("x", "b")


def test_of_all_secrets_for_a_purpose_the_active_one_comes_first() -> None:
    ring = KeyRing(active="b", keys={"a": b"1" * 32, "b": b"2" * 32, "c": b"3" * 32})
    assert ring.secrets("x") == (ring.secret("x", "b"), ring.secret("x", "a"), ring.secret("x", "c"))


def test_secrets_stay_the_same_from_release_to_release() -> None:
    ring = KeyRing(active="a", keys={"a": bytes(range(32))})
    assert ring.secret("access token").hex() == (
        "eb741c120645dcce210969fd7f223198451087e7616460b9305be683d78250ae"
    )


def test_an_unknown_key_has_no_secret() -> None:
    with pytest.raises(KeyError):
        KeyRing.generate().secret("x", "nobody")


def test_a_ring_never_shows_its_keys() -> None:
    ring = KeyRing(active="a", keys={"a": b"hush" * 8})
    shown = repr(ring) + str(ring) + f"{ring!r}"
    assert "hush" not in shown
    assert "active='a'" in shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "{" * 3000,
        "[" * 3000,
        '{"active": "a"}',
        '{"active": "a", "keys": {}}',
        '{"active": "a", "keys": []}',
        '{"active": "a", "keys": {"a": 7}}',
        '{"active": "a", "keys": {"a": null}}',
        '{"active": "a", "keys": {"a": "not base64!"}}',
        '{"active": "a", "keys": {"a": "AAAA"}}',
        json.dumps({"active": "b", "keys": {"a": KEY}}),
        json.dumps({"active": ["a"], "keys": {"a": KEY}}),
        json.dumps({"active": None, "keys": {"a": KEY}}),
        json.dumps({"active": "a.b", "keys": {"a.b": KEY}}),
        json.dumps({"active": "", "keys": {"": KEY}}),
        json.dumps({"active": "é", "keys": {"é": KEY}}),
        json.dumps({"active": "a" * 33, "keys": {"a" * 33: KEY}}),
        json.dumps({"active": "a", "keys": {"a": KEY + "A"}}),
        f'{{"active": "a", "keys": {{"a": "{KEY}", "a": "{KEY}"}}}}',
        f'{{"active": "a", "active": "b", "keys": {{"a": "{KEY}"}}}}',
    ],
)
def test_a_ring_that_is_none_stops_the_start_without_showing_its_keys(text: str) -> None:
    with pytest.raises(KeyRingUnusable) as refusal:
        KeyRing.parse(text)
    assert KEY not in refusal.value.message


def test_keys_may_be_spelled_with_or_without_padding() -> None:
    assert KeyRing.parse(json.dumps({"active": "a", "keys": {"a": KEY + "="}})) == KeyRing(
        active="a", keys={"a": bytes(range(32))}
    )


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

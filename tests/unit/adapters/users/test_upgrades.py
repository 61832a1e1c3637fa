from __future__ import annotations

import queue
import threading

import pytest
from structlog.testing import capture_logs

from printapic.adapters.users.upgrades import Upgrades


class Gate:
    """A way to hash that waits until it is told, and says when it began."""

    def __init__(self) -> None:
        self.begun: queue.Queue[bytes] = queue.Queue()
        self.open = threading.Event()

    def __call__(self, password: bytes) -> str:
        self.begun.put(password)
        assert self.open.wait(30)
        return password.decode().upper()


def test_passwords_take_their_turn() -> None:
    hashes: queue.Queue[str] = queue.Queue()
    upgrades = Upgrades(lambda password: password.decode().upper(), places=3)
    for password in (b"one", b"two", b"three"):
        upgrades.put(password, hashes.put)
    assert [hashes.get(timeout=30) for _ in range(3)] == ["ONE", "TWO", "THREE"]
    upgrades.close()


def test_what_finds_no_place_is_dropped_and_places_are_given_back() -> None:
    gate, hashes = Gate(), queue.Queue[str]()
    upgrades = Upgrades(gate, places=2)
    for password in (b"one", b"two", b"three", b"four"):
        upgrades.put(password, hashes.put)
    gate.open.set()
    assert [hashes.get(timeout=30) for _ in range(2)] == ["ONE", "TWO"]
    done = threading.Event()
    while not done.wait(0.01):  # the place of the last one is free a moment after its hash is there
        upgrades.put(b"five", lambda _: done.set())
    upgrades.close()
    assert b"three" not in gate.begun.queue
    assert b"four" not in gate.begun.queue


def test_closing_finishes_the_one_in_hand_and_drops_the_others() -> None:
    gate, hashes = Gate(), queue.Queue[str]()
    upgrades = Upgrades(gate, places=5)
    for password in (b"one", b"two", b"three"):
        upgrades.put(password, hashes.put)
    assert gate.begun.get(timeout=30) == b"one"
    closing = threading.Thread(target=upgrades.close)
    closing.start()
    gate.open.set()
    closing.join(30)
    assert not closing.is_alive()
    assert list(hashes.queue) == ["ONE"]
    upgrades.put(b"late", hashes.put)
    upgrades.close()
    assert list(hashes.queue) == ["ONE"]


def test_closing_what_was_never_used_starts_nothing() -> None:
    before = threading.active_count()
    upgrades = Upgrades(Gate(), places=1)
    upgrades.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("wrong", ["hashing", "storing"])
def test_what_goes_wrong_is_logged_without_the_password_and_the_next_one_is_served(wrong: str) -> None:
    def hashed(password: bytes) -> str:
        if wrong == "hashing" and password == b"open sesame":
            raise ValueError(f"cannot hash {password!r}")
        return "a hash"

    def stored(new: str) -> None:
        raise ValueError("cannot store open sesame")

    served = threading.Event()
    upgrades = Upgrades(hashed, places=2)
    with capture_logs() as logs:
        upgrades.put(b"open sesame", stored)
        upgrades.put(b"other", lambda _: served.set())
        assert served.wait(30)
    upgrades.close()
    assert [entry["error"] for entry in logs] == ["ValueError"]
    assert "sesame" not in repr(logs)

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import bcrypt
import pytest

from printapic.adapters.users.bcrypt import BcryptPasswordHasher
from printapic.application.ports.users import HasherBusy

RIGHT = "correct horse battery staple"
WRONG = "incorrect horse battery staple"
LONG_RIGHT = RIGHT * 4
Hashpw = Callable[[bytes, bytes], bytes]


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What bcrypt itself had to do: `2**cost` for each call, with the real calls behind it."""
    units: list[int] = []
    really: Hashpw = bcrypt.hashpw

    def counted(password: bytes, salt: bytes) -> bytes:
        units.append(2 ** int(salt[4:6]))
        return really(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", counted)
    return units


@cache
def stored_at(cost: int) -> str:
    return BcryptPasswordHasher(cost=cost).hash(RIGHT)


def test_unless_told_otherwise_a_hash_costs_two_to_the_eleven_rounds() -> None:
    assert "$v=2,t=2b,r=11$" in BcryptPasswordHasher().hash(RIGHT)


TYPED = {
    "a wrong password": WRONG,
    "nothing": "",
    "73 bytes": "x" * 73,
    "the first 72 bytes of the right one": LONG_RIGHT[:72],
    "a NUL": "NUL\0",
    "ten thousand characters": "a" * 10_000,
    "a megabyte": "a" * 1_000_000,
    "a lone surrogate": "\ud800" * 20,
    "what no other text is normalised to": "\ufdfa" * 100,
}
STORED: dict[str, Callable[[], str | None]] = {
    "no account": lambda: None,
    "a hash of this cost": lambda: stored_at(6),
    "a hash of half the cost": lambda: stored_at(5),
    "a hash of a quarter of the cost": lambda: stored_at(4),
    "a hash of a longer password": lambda: BcryptPasswordHasher(cost=5).hash(LONG_RIGHT),
    "nothing": lambda: "",
    "garbage": lambda: "garbage",
    "a damaged hash": lambda: stored_at(6)[:-1],
    "a hash that would take hours": lambda: "$bcrypt-sha256$v=2,t=2b,r=31$" + "a" * 21 + ".$" + "b" * 31,
}


@pytest.mark.parametrize("kept", STORED)
@pytest.mark.parametrize("typed", TYPED)
def test_every_refusal_costs_the_same(work: list[int], typed: str, kept: str) -> None:
    hasher, stored = BcryptPasswordHasher(cost=6), STORED[kept]()
    work.clear()
    assert not hasher.verify(TYPED[typed], stored)
    assert sum(work) == 2**6


@pytest.mark.parametrize("kept", STORED)
@pytest.mark.parametrize("typed", TYPED)
def test_where_a_dearer_hash_is_stored_every_refusal_costs_what_that_one_costs(
    work: list[int], typed: str, kept: str
) -> None:
    hasher, stored = BcryptPasswordHasher(cost=5), STORED[kept]()
    hasher.expect(stored_at(6))
    work.clear()
    assert not hasher.verify(TYPED[typed], stored)
    assert sum(work) == 2**6


def test_expecting_costs_nothing_and_garbage_changes_nothing(work: list[int]) -> None:
    hasher = BcryptPasswordHasher(cost=5)
    work.clear()
    for kept in ("", "garbage", "$bcrypt-sha256$v=2,t=2b,r=14$", stored_at(4), stored_at(5)):
        hasher.expect(kept)
    assert work == []
    assert not hasher.verify(WRONG, None)
    assert sum(work) == 2**5


def test_the_dearest_hash_counts_whoever_comes_last() -> None:
    hasher = BcryptPasswordHasher(cost=4)
    costs = [4, 6, 5] * 40
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(hasher.expect, map(stored_at, costs)))
    assert hasher._target == 6


def test_the_right_password_costs_what_its_hash_says(work: list[int]) -> None:
    hasher, stored = BcryptPasswordHasher(cost=6), stored_at(5)
    work.clear()
    assert hasher.verify(RIGHT, stored)
    assert work == [2**5]


def test_a_dearer_hash_whose_password_was_right_raises_the_price_of_refusals_too(work: list[int]) -> None:
    hasher = BcryptPasswordHasher(cost=4)
    assert hasher.verify(RIGHT, stored_at(6))
    work.clear()
    assert not hasher.verify(WRONG, None)
    assert sum(work) == 2**6


def test_hashing_costs_the_configured_work_for_any_text(work: list[int]) -> None:
    hasher = BcryptPasswordHasher(cost=5)
    for password in (RIGHT, "a" * 10_000, "\ud800"):
        work.clear()
        hasher.hash(password)
        assert work == [2**5]


def test_a_hash_of_higher_cost_raises_the_price_of_every_later_refusal(work: list[int]) -> None:
    hasher = BcryptPasswordHasher(cost=4)
    assert not hasher.verify(WRONG, stored_at(6))
    for stored in (None, stored_at(4), stored_at(6)):
        work.clear()
        assert not hasher.verify(WRONG, stored)
        assert sum(work) == 2**6


def test_the_hash_names_scheme_and_cost() -> None:
    assert BcryptPasswordHasher(cost=5).hash(RIGHT).startswith("$bcrypt-sha256$v=2,t=2b,r=5$")


@pytest.mark.parametrize("cost", [3, 15, 31])
def test_an_unbearable_cost_is_refused(cost: int) -> None:
    with pytest.raises(ValueError, match="cost"):
        BcryptPasswordHasher(cost=cost)


@pytest.mark.parametrize(("threads", "waiting"), [(1, 0), (1, 2), (2, 1)])
def test_who_finds_the_queue_full_is_sent_away_at_once(
    monkeypatch: pytest.MonkeyPatch, threads: int, waiting: int
) -> None:
    hasher = BcryptPasswordHasher(cost=4, threads=threads, queue=waiting)
    stored = hasher.hash(RIGHT)
    really: Hashpw = bcrypt.hashpw
    open_gate = threading.Event()

    def gated(password: bytes, salt: bytes) -> bytes:
        assert open_gate.wait(30)
        return really(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", gated)
    answers: queue.Queue[str] = queue.Queue()

    def log_in() -> None:
        try:
            answers.put("welcome" if hasher.verify(RIGHT, stored) else "wrong")
        except HasherBusy:
            answers.put("busy")

    people = [threading.Thread(target=log_in) for _ in range(threads + waiting + 3)]
    for person in people:
        person.start()
    sent_away = [answers.get(timeout=30) for _ in range(3)]
    open_gate.set()
    served = [answers.get(timeout=30) for _ in range(threads + waiting)]
    for person in people:
        person.join()
    assert sent_away == ["busy"] * 3
    assert served == ["welcome"] * (threads + waiting)
    assert hasher.capacity == threads + waiting
    assert hasher.verify(RIGHT, stored), "all seats are free again"


def test_nobody_waits_for_ever_behind_a_slow_one(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = BcryptPasswordHasher(cost=4, threads=1, queue=1)
    really: Hashpw = bcrypt.hashpw
    inside, open_gate = threading.Event(), threading.Event()

    def gated(password: bytes, salt: bytes) -> bytes:
        inside.set()
        assert open_gate.wait(30)
        return really(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", gated)
    monkeypatch.setattr("printapic.adapters.users.bcrypt._LONGEST_WAIT_S", 0.01)
    slow = threading.Thread(target=hasher.hash, args=(RIGHT,))
    slow.start()
    assert inside.wait(30)
    with pytest.raises(HasherBusy):
        hasher.hash(RIGHT)
    open_gate.set()
    slow.join()
    assert hasher.hash(RIGHT), "the seat is free again"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has priorities for threads")
def test_whoever_hashes_steps_back_where_others_want_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = BcryptPasswordHasher(cost=4, threads=2)
    really: Hashpw = bcrypt.hashpw
    nice: list[int] = []

    def watched(password: bytes, salt: bytes) -> bytes:
        nice.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return really(password, salt)

    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    monkeypatch.setattr(bcrypt, "hashpw", watched)
    assert hasher.verify(RIGHT, hasher.hash(RIGHT))
    assert set(nice) == {10}
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before, "others are as quick as ever"


def test_upgrades_take_one_seat_and_no_place_of_those_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = BcryptPasswordHasher(cost=4, threads=1, queue=2)
    stored = hasher.hash(RIGHT)
    really: Hashpw = bcrypt.hashpw
    inside, open_gate = threading.Event(), threading.Event()

    def gated(password: bytes, salt: bytes) -> bytes:
        inside.set()
        assert open_gate.wait(30)
        return really(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", gated)
    renewed: queue.Queue[str] = queue.Queue()
    for _ in range(9):
        hasher.upgrade(RIGHT, renewed.put)
    assert inside.wait(30)
    with ThreadPoolExecutor(3) as people:
        answers = [people.submit(hasher.verify, RIGHT, stored) for _ in range(3)]
        open_gate.set()
        assert all(answer.result(30) for answer in answers), "nobody was sent away"
    for _ in range(3):
        assert hasher.verify(RIGHT, renewed.get(timeout=30))
    hasher.close()
    assert renewed.empty(), "what did not fit into the queue was dropped"


def test_an_upgrade_costs_the_configured_work_once(work: list[int]) -> None:
    hasher, renewed = BcryptPasswordHasher(cost=6), queue.Queue[str]()
    work.clear()
    hasher.upgrade(RIGHT, renewed.put)
    assert renewed.get(timeout=30).startswith("$bcrypt-sha256$v=2,t=2b,r=6$")
    hasher.close()
    assert work == [2**6]


def test_what_could_be_nobodys_password_is_not_hashed_anew(work: list[int]) -> None:
    hasher, renewed = BcryptPasswordHasher(cost=4), queue.Queue[str]()
    work.clear()
    for password in ("a" * 10_000, "\ud800"):
        hasher.upgrade(password, renewed.put)
    hasher.close()
    assert work == []
    assert renewed.empty()


def test_no_more_than_the_given_threads_hash_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = BcryptPasswordHasher(cost=4, threads=2, queue=20)
    really: Hashpw = bcrypt.hashpw
    lock, both_inside = threading.Lock(), threading.Barrier(2)
    inside, most = 0, 0

    def watched(password: bytes, salt: bytes) -> bytes:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        both_inside.wait(30)  # proves that two do get in
        hashed = really(password, salt)
        with lock:
            inside -= 1
        return hashed

    monkeypatch.setattr(bcrypt, "hashpw", watched)
    people = [threading.Thread(target=hasher.hash, args=(RIGHT,)) for _ in range(12)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert most == 2

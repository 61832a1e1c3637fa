from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import bcrypt
import pytest

from printapic.adapters.users.bcrypt import BcryptPasswordHasher
from printapic.application.ports.users import HasherBusy

RIGHT = "correct horse battery staple"
WRONG = "incorrect horse battery staple"
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


def stored_at(cost: int) -> str:
    return BcryptPasswordHasher(cost=cost).hash(RIGHT)


REFUSED: dict[str, tuple[str, Callable[[], str | None]]] = {
    "a hash of this cost": (WRONG, lambda: stored_at(6)),
    "a hash of half the cost": (WRONG, lambda: stored_at(5)),
    "a hash of a quarter of the cost": (WRONG, lambda: stored_at(4)),
    "no account": (WRONG, lambda: None),
    "garbage": (WRONG, lambda: "garbage"),
    "a damaged hash": (WRONG, lambda: stored_at(6)[:-1]),
    "a hash that would take hours": (
        WRONG,
        lambda: "$bcrypt-sha256$v=2,t=2b,r=31$" + "a" * 21 + ".$" + "b" * 31,
    ),
    "a long password": ("a" * 10_000, lambda: stored_at(6)),
    "a long password, no account": ("a" * 10_000, lambda: None),
    "an unreadable password": ("\ud800" * 20, lambda: stored_at(4)),
    "a NUL": ("NUL\0", lambda: stored_at(5)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_every_refusal_costs_the_same(work: list[int], case: str) -> None:
    password, make = REFUSED[case]
    hasher, stored = BcryptPasswordHasher(cost=6), make()
    work.clear()
    assert not hasher.verify(password, stored)
    assert sum(work) == 2**6


def test_the_right_password_costs_what_its_hash_says(work: list[int]) -> None:
    hasher, stored = BcryptPasswordHasher(cost=6), stored_at(5)
    work.clear()
    assert hasher.verify(RIGHT, stored)
    assert work == [2**5]


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

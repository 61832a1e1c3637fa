"""Timers: of all who think of something at the same time, one does it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from tests import builders as b
from tests.integration.stores import Store

THREADS = 8


def claim(store: Store, slot: datetime, name: str = "SealAuditLog") -> bool:
    with store.units() as work:
        won = work.timers.claim(name, slot)
        work.commit()
    return won


def test_a_slot_is_given_once(store: Store) -> None:
    assert [claim(store, b.NOON) for _ in range(3)] == [True, False, False]


def test_the_next_slot_is_free_and_an_earlier_one_is_not(store: Store) -> None:
    slots = (b.minutes(5), b.minutes(10), b.minutes(5), b.minutes(0), b.minutes(15))
    assert [claim(store, slot) for slot in slots] == [True, True, False, False, True]


def test_timers_of_different_names_do_not_know_each_other(store: Store) -> None:
    assert [claim(store, b.NOON, name) for name in ("one", "other", "one")] == [True, True, False]


def test_after_a_claim_there_may_have_to_be_a_pause(store: Store) -> None:
    def told(minute: float) -> bool:
        with store.units() as work:
            won = work.timers.claim("concern", b.minutes(minute), pause=timedelta(minutes=10))
            work.commit()
        return won

    assert [told(minute) for minute in (0, 5, 10, 11, 12, 21, 22)] == [
        True, False, False, True, False, False, True
    ]  # fmt: skip


def test_the_last_claim_is_known(store: Store) -> None:
    for minute in (5, 10, 7):
        claim(store, b.minutes(minute))
    with store.units.reading() as work:
        assert work.timers.last("SealAuditLog") == b.minutes(10)
        assert work.timers.last("other") is None


def test_timers_that_nobody_claims_any_more_are_forgotten(store: Store) -> None:
    for name, minute in (("concern old", 1), ("concern_old", 1), ("concern young", 2), ("other", 1)):
        claim(store, b.minutes(minute), name)
    with store.units() as work:
        work.timers.forget("concern ", before=b.minutes(2))
        work.commit()
    with store.units.reading() as work:
        left = [work.timers.last(name) for name in ("concern old", "concern_old", "concern young", "other")]
    assert left == [None, b.minutes(1), b.minutes(2), b.minutes(1)]


def test_a_slot_is_free_again_when_its_unit_was_not_committed(store: Store) -> None:
    """As when the process is killed between the claim and what it was for."""
    for slot in (b.minutes(0), b.minutes(0), b.minutes(5)):
        with store.units() as work:
            assert work.timers.claim("SealAuditLog", slot)
    assert claim(store, b.NOON)
    with store.units() as work:
        assert work.timers.claim("SealAuditLog", b.minutes(5))
    assert claim(store, b.minutes(5))


def test_of_many_at_once_one_wins_each_slot(store: Store) -> None:
    """Or nobody, where somebody who is ahead has claimed a later one."""
    start = threading.Barrier(THREADS)

    def race(_: int) -> list[bool]:
        start.wait()
        return [claim(store, b.minutes(5 * number)) for number in range(5)]

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(race, range(THREADS)))
    winners = [sum(answer[number] for answer in answers) for number in range(5)]
    assert winners[-1] == 1
    assert max(winners) == 1

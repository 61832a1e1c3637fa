"""A request that comes twice is done once: what every keeper of idempotency keys promises."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import attrs
import pytest

from printapic.application.ports.idempotency import (
    Claim,
    Claimed,
    Differs,
    IdempotencyKeys,
    InFlight,
    KeyedRequest,
    Replay,
    StoredReply,
)
from printapic.application.ports.unit_of_work import StorageUnavailable
from printapic.domain.ids import UserId
from tests.integration.stores import Store

LEASE = timedelta(seconds=30)
DAY = timedelta(hours=24)
NO_TIME = timedelta(0)
REQUEST = KeyedRequest(
    user_id=UserId(UUID(int=1)), scope="a" * 64, key="a-key-of-twenty-chars", fingerprint="f" * 64
)
CREATED = StoredReply(
    status=201,
    headers=((b"content-type", b"application/json"), (b"location", b"/v1/orders/1")),
    body=b'{"id":"1"}',
)
RACERS = 12
Got = TypeVar("Got")


@pytest.fixture
def keys(store: Store) -> IdempotencyKeys:
    return store.keys


def claim(
    keys: IdempotencyKeys, request: KeyedRequest = REQUEST, lease: timedelta = LEASE, keep: timedelta = DAY
) -> Claim:
    return keys.claim(request, lease=lease, keep=keep)


def claimed(
    keys: IdempotencyKeys, request: KeyedRequest = REQUEST, lease: timedelta = LEASE, keep: timedelta = DAY
) -> Claimed:
    got = claim(keys, request, lease, keep)
    assert isinstance(got, Claimed), got
    return got


def at_once(work: Callable[[], Got]) -> list[Got]:
    """What many threads get that all begin at the same moment."""
    gate = threading.Barrier(RACERS)

    def run(_: int) -> Got:
        gate.wait()
        return work()

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(run, range(RACERS)))


def test_a_request_in_hand_is_nobody_elses_until_it_is_answered(keys: IdempotencyKeys) -> None:
    mine = claimed(keys)
    waiting = claim(keys)
    assert isinstance(waiting, InFlight)
    assert LEASE / 2 < waiting.leased_for <= LEASE
    assert keys.finish(mine, CREATED)
    assert claim(keys) == Replay(CREATED)
    assert claim(keys) == Replay(CREATED)


@pytest.mark.parametrize(
    "reply",
    [
        attrs.evolve(CREATED, body=bytes(range(256)) * 4096),
        attrs.evolve(CREATED, body=b"", headers=(), status=204),
        attrs.evolve(CREATED, headers=((b"x-\xff\x00", b"\xfe\x80\r\xc3\x28"), (b"", b"")) * 2),
    ],
    ids=["a megabyte of every byte", "nothing at all", "headers in no encoding"],
)
def test_an_answer_comes_back_byte_by_byte(keys: IdempotencyKeys, reply: StoredReply) -> None:
    assert keys.finish(claimed(keys), reply)
    assert claim(keys) == Replay(reply)


def test_a_released_request_can_be_claimed_again_even_as_another_one(keys: IdempotencyKeys) -> None:
    assert keys.release(claimed(keys))
    assert keys.finish(claimed(keys, attrs.evolve(REQUEST, fingerprint="0" * 64)), CREATED)


@pytest.mark.parametrize("done", [False, True])
def test_a_key_means_one_request(keys: IdempotencyKeys, done: bool) -> None:
    mine = claimed(keys)
    if done:
        keys.finish(mine, CREATED)
    assert claim(keys, attrs.evolve(REQUEST, fingerprint="0" * 64)) == Differs()
    assert keys.finish(mine, CREATED) is not done


@pytest.mark.parametrize(
    "other",
    [attrs.evolve(REQUEST, scope="b" * 64), attrs.evolve(REQUEST, key="another-key-of-twenty")],
    ids=["another scope", "another key"],
)
def test_scopes_and_keys_do_not_meet(keys: IdempotencyKeys, other: KeyedRequest) -> None:
    mine, theirs = claimed(keys), claimed(keys, other)
    assert keys.release(mine)
    assert keys.finish(theirs, CREATED)
    assert claim(keys, other) == Replay(CREATED)
    assert isinstance(claim(keys), Claimed)


def test_of_many_who_come_at_once_one_gets_the_request(keys: IdempotencyKeys) -> None:
    got = at_once(lambda: claim(keys))
    assert Counter(type(each) for each in got) == {Claimed: 1, InFlight: RACERS - 1}


def test_of_many_who_find_a_dead_claim_one_takes_it_over(keys: IdempotencyKeys) -> None:
    claimed(keys, lease=NO_TIME)
    got = at_once(lambda: claim(keys))
    assert Counter(type(each) for each in got) == {Claimed: 1, InFlight: RACERS - 1}


def test_a_dead_claim_goes_to_the_same_request_only(keys: IdempotencyKeys) -> None:
    """What the dead one did may have been done: another request under the key is still another one."""
    claimed(keys, lease=NO_TIME)
    assert claim(keys, attrs.evolve(REQUEST, fingerprint="0" * 64)) == Differs()
    assert isinstance(claim(keys), Claimed)


def test_who_lost_the_lease_changes_nothing(keys: IdempotencyKeys) -> None:
    late = claimed(keys, lease=NO_TIME)
    mine = claimed(keys)
    assert not keys.finish(late, attrs.evolve(CREATED, status=500))
    assert not keys.release(late)
    assert isinstance(claim(keys), InFlight)
    assert keys.finish(mine, CREATED)
    assert not keys.finish(late, attrs.evolve(CREATED, status=500))
    assert not keys.release(late)
    assert claim(keys) == Replay(CREATED)


def test_who_was_slow_but_not_replaced_may_still_answer(keys: IdempotencyKeys) -> None:
    assert keys.finish(claimed(keys, lease=NO_TIME), CREATED)
    assert claim(keys) == Replay(CREATED)


def test_an_answer_is_given_once_and_stays(keys: IdempotencyKeys) -> None:
    mine = claimed(keys)
    keys.finish(mine, CREATED)
    assert not keys.finish(mine, attrs.evolve(CREATED, status=200))
    assert not keys.release(mine)
    assert claim(keys) == Replay(CREATED)


def test_a_key_is_forgotten_when_its_time_is_over(keys: IdempotencyKeys) -> None:
    keys.finish(claimed(keys, keep=NO_TIME), CREATED)
    mine = claimed(keys, attrs.evolve(REQUEST, fingerprint="0" * 64))
    assert keys.finish(mine, attrs.evolve(CREATED, status=202))


def test_a_user_who_is_erased_leaves_nothing(keys: IdempotencyKeys) -> None:
    other = attrs.evolve(REQUEST, user_id=UserId(UUID(int=2)), scope="b" * 64)
    keys.finish(claimed(keys, other), CREATED)
    keys.finish(claimed(keys), CREATED)
    working = claimed(keys, attrs.evolve(REQUEST, key="another-key-of-twenty"))
    keys.forget(REQUEST.user_id)
    assert not keys.finish(working, CREATED)
    assert isinstance(claim(keys), Claimed)
    assert claim(keys, other) == Replay(CREATED)


def test_claims_and_releases_of_one_key_never_meet_half_way(keys: IdempotencyKeys) -> None:
    alone = threading.Lock()

    def work() -> int:
        times = 0
        for _ in range(15):
            got = claim(keys)
            if isinstance(got, Claimed):
                assert alone.acquire(blocking=False), "two had it at once"
                assert isinstance(claim(keys), InFlight)
                alone.release()
                assert keys.release(got)
                times += 1
            else:
                assert isinstance(got, InFlight)
        return times

    assert sum(at_once(work)) >= 1
    assert isinstance(claim(keys), Claimed)


@pytest.mark.parametrize(
    "act",
    [
        lambda keys, _: claim(keys),
        lambda keys, mine: keys.finish(mine, CREATED),
        lambda keys, mine: keys.release(mine),
        lambda keys, _: keys.forget(REQUEST.user_id),
    ],
    ids=["claim", "finish", "release", "forget"],
)
def test_a_store_that_fails_is_unavailable(
    store: Store, act: Callable[[IdempotencyKeys, Claimed], object]
) -> None:
    mine = claimed(store.keys)
    with store.outage(), pytest.raises(StorageUnavailable):
        act(store.keys, mine)
    assert isinstance(claim(store.keys), InFlight)

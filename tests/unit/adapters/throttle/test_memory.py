"""The throttle of one process: exact to the microsecond, and bounded in memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printapic.adapters.throttle.memory import MemoryThrottle
from printapic.application.ports.throttle import Limit

MINUTE = Limit(name="minute", count=30, period_s=60)
THIRDS = Limit(name="thirds", count=3, period_s=1)


class Time:
    """Microseconds that pass when told to."""

    def __init__(self) -> None:
        self.us = 0

    def __call__(self) -> float:
        return self.us / 1_000_000


def drained(time: Callable[[], float], limit: Limit) -> MemoryThrottle:
    throttle = MemoryThrottle(time)
    assert all(throttle.take("anna", limit).allowed for _ in range(limit.count))
    return throttle


@pytest.mark.parametrize(("limit", "interval_us"), [(MINUTE, 2_000_000), (THIRDS, 333_334)])
def test_an_attempt_comes_back_exactly_after_the_interval(limit: Limit, interval_us: int) -> None:
    time = Time()
    throttle = drained(time, limit)
    time.us += interval_us - 1
    refused = throttle.take("anna", limit)
    assert not refused.allowed
    assert refused.retry_after_s == 0.000001
    time.us += 1
    assert throttle.take("anna", limit).allowed
    assert throttle.take("anna", limit).retry_after_s == interval_us / 1_000_000


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 900_000), min_size=1, max_size=60),
    st.integers(1, 9),
    st.integers(1, 3),
)
def test_no_window_of_a_period_holds_more_than_a_full_allowance_and_what_came_back(
    pauses: list[int], count: int, period_s: int
) -> None:
    time = Time()
    limit = Limit(name="any", count=count, period_s=period_s)
    throttle, passed = MemoryThrottle(time), []
    for pause in pauses:
        time.us += pause
        if throttle.take("anna", limit).allowed:
            passed.append(time.us)
    for first, start in enumerate(passed):
        for last, end in enumerate(passed[first:], first):
            returned = (end - start) * count // (period_s * 1_000_000)
            assert last - first + 1 <= count + returned


@pytest.mark.parametrize(("processes", "share"), [(1, 30), (4, 7), (30, 1), (100, 1)])
def test_each_of_several_processes_gives_its_share_and_at_least_one(processes: int, share: int) -> None:
    throttle = MemoryThrottle(Time(), processes=processes)
    verdicts = [throttle.take("anna", MINUTE) for _ in range(40)]
    assert sum(verdict.allowed for verdict in verdicts) == share
    assert verdicts[-1].limit.count == share
    assert verdicts[-1].retry_after_s == pytest.approx(60 / share)
    throttle.give_back("anna", MINUTE)
    assert [throttle.take("anna", MINUTE).allowed for _ in range(2)] == [True, False]


def test_keys_that_are_whole_again_are_swept_out() -> None:
    time = Time()
    throttle = MemoryThrottle(time)
    for key in range(20_000):
        time.us += 20_000
        throttle.take(str(key), MINUTE)
        assert len(throttle) <= 1_000


def test_a_flood_of_fresh_keys_is_bounded_and_frees_nobody_who_is_held_back() -> None:
    daily = Limit(name="daily", count=5, period_s=24 * 3600)
    throttle = MemoryThrottle(Time(), most_keys=500)
    for _ in range(MINUTE.count):
        throttle.take("anna", MINUTE)
    for limit in (MINUTE, daily):
        for key in range(5_000):
            assert throttle.take(str(key), limit).allowed
            assert len(throttle) <= 2 * 500
    assert not throttle.take("anna", MINUTE).allowed


def test_a_key_that_owes_nothing_is_not_remembered() -> None:
    throttle = MemoryThrottle(Time())
    throttle.take("anna", MINUTE)
    throttle.give_back("anna", MINUTE)
    throttle.give_back("bert", MINUTE)
    assert len(throttle) == 0


def test_a_clock_that_goes_back_holds_nobody_longer_than_the_period() -> None:
    time = Time()
    time.us = 10**12
    throttle = drained(time, MINUTE)
    time.us = 0
    assert throttle.take("anna", MINUTE).retry_after_s == 2
    time.us = 2_000_000
    assert throttle.take("anna", MINUTE).allowed

"""Limits: asked for one after the other, refused with the time to wait."""

from __future__ import annotations

import pytest

from printapic.adapters.throttle.memory import MemoryThrottle
from printapic.application.ports.throttle import Limit, TooManyRequests, demand

BURST = Limit(name="burst", count=2, period_s=300)
DAY = Limit(name="day", count=1, period_s=86_400)


def test_every_limit_is_asked_in_turn_and_the_first_that_is_used_up_refuses() -> None:
    throttle = MemoryThrottle(lambda: 0.0)
    demand(throttle, "anna", BURST, DAY)
    with pytest.raises(TooManyRequests) as refusal:
        demand(throttle, "anna", BURST, DAY)
    assert refusal.value.details == {"limit": "day"}
    assert refusal.value.retry_after_s == 86_400
    assert refusal.value.verdict.limit is DAY
    with pytest.raises(TooManyRequests) as refusal:
        demand(throttle, "anna", BURST, DAY)
    assert refusal.value.details == {"limit": "burst"}
    demand(throttle, "bert", BURST, DAY)


def test_the_wait_is_told_in_whole_seconds_and_never_as_none() -> None:
    now = [0.0]
    throttle = MemoryThrottle(lambda: now[0])
    second = Limit(name="second", count=1, period_s=1)
    demand(throttle, "anna", second)
    for passed, told in ((0.0, 1), (0.9999, 1)):
        now[0] = passed
        with pytest.raises(TooManyRequests) as refusal:
            demand(throttle, "anna", second)
        assert refusal.value.retry_after_s == told


def test_a_limit_has_room_for_something() -> None:
    with pytest.raises(ValueError, match="count"):
        Limit(name="none", count=0, period_s=1)

"""Limits: asked for one after the other, refused with the time to wait."""

from __future__ import annotations

import pytest

from printapic.application.ports.throttle import Limit, Throttle, TooManyRequests, Verdict, demand


class Counting(Throttle):
    """Lets a number of attempts through each limit."""

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        self.taken: list[tuple[str, str]] = []

    def take(self, key: str, limit: Limit) -> Verdict:
        self.taken.append((key, limit.name))
        allowed = len(self.taken) <= self.allowed
        return Verdict(
            limit=limit,
            allowed=allowed,
            remaining=0,
            retry_after_s=0 if allowed else 11.2,
            reset_after_s=60,
        )

    def give_back(self, key: str, limit: Limit) -> None:
        self.taken.remove((key, limit.name))


BURST = Limit(name="burst", count=5, period_s=300)
DAY = Limit(name="day", count=50, period_s=86_400)


def test_every_limit_is_asked_in_turn() -> None:
    throttle = Counting(allowed=2)
    demand(throttle, "anna", BURST, DAY)
    assert throttle.taken == [("anna", "burst"), ("anna", "day")]


def test_the_first_limit_that_is_used_up_refuses_and_says_how_long_to_wait() -> None:
    throttle = Counting(allowed=1)
    with pytest.raises(TooManyRequests) as refusal:
        demand(throttle, "anna", BURST, DAY)
    assert refusal.value.details == {"limit": "day"}
    assert refusal.value.retry_after_s == 12
    assert refusal.value.verdict.limit is DAY


def test_a_limit_has_room_for_something() -> None:
    with pytest.raises(ValueError, match="count"):
        Limit(name="none", count=0, period_s=1)

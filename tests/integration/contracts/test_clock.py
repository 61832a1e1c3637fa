"""What every clock does."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from printapic.adapters.system.clock import FixedClock, SystemClock
from printapic.application.ports.clock import Clock

CLOCKS: dict[str, Callable[[], Clock]] = {
    "system": SystemClock,
    "fixed": lambda: FixedClock(datetime(2026, 11, 22, 15, 0, tzinfo=UTC)),
}


@pytest.fixture(params=CLOCKS)
def clock(request: pytest.FixtureRequest) -> Clock:
    return CLOCKS[request.param]()


def test_tells_the_time_in_utc_with_its_zone(clock: Clock) -> None:
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.now().tzinfo is UTC


def test_never_goes_backwards(clock: Clock) -> None:
    told = [clock.now() for _ in range(5_000)]
    assert all(earlier <= later for earlier, later in pairwise(told))


def test_never_goes_backwards_for_any_thread(clock: Clock) -> None:
    def ask(_: int) -> list[datetime]:
        return [clock.now() for _ in range(2_000)]

    before = clock.now()
    with ThreadPoolExecutor(4) as threads:
        histories = list(threads.map(ask, range(4)))
    after = clock.now()
    for told in histories:
        assert all(earlier <= later for earlier, later in pairwise([before, *told, after]))

"""Doing less when the process is late, and everything again when it is not: no clock but the test's."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest
from structlog.testing import capture_logs

from printapic.entrypoints.http.admission import Admission, Overloaded
from printapic.entrypoints.http.degradation import Degradation, watch
from printapic.entrypoints.http.loads import Load

LATE, FINE = 0.11, 0.09


def levels(*lags: tuple[float, float]) -> list[int]:
    """The levels that were asked for; each lag is measured four times a second for so many seconds."""
    asked: list[int] = []
    degradation, quarters = Degradation(asked.append), count()
    with capture_logs():
        for lag_s, seconds in lags:
            for _ in range(int(seconds * 4)):
                degradation.observe(lag_s, now_s=next(quarters) / 4)
    return asked


@pytest.mark.parametrize(
    ("lags", "asked"),
    [
        ([(FINE, 60)], []),
        ([(LATE, 5)], []),
        ([(LATE, 5.25)], [1]),
        ([(LATE, 10.25)], [1, 2]),
        ([(LATE, 60)], [1, 2]),
        ([(LATE, 4), (FINE, 0.25), (LATE, 4)], []),
        ([(LATE, 5.25), (FINE, 5.25)], [1, 0]),
        ([(LATE, 12), (FINE, 5.25)], [1, 2, 1]),
        ([(LATE, 12), (FINE, 60)], [1, 2, 1, 0]),
        ([(LATE, 12), (FINE, 4), (LATE, 0.25), (FINE, 4)], [1, 2]),
    ],
)
def test_only_what_lasts_five_seconds_changes_anything(
    lags: list[tuple[float, float]], asked: list[int]
) -> None:
    assert levels(*lags) == asked


class ClockStopped(Exception):
    """The test has seen enough."""


class LateLoop:
    """A clock and a sleep that comes back late, so many times."""

    def __init__(self, late_s: float, times: int) -> None:
        self._late_s, self._left, self._now = late_s, times, 0.0

    def clock(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if not self._left:
            raise ClockStopped
        self._left -= 1
        self._now += seconds + self._late_s


def test_a_loop_that_is_late_sheds_load_and_says_whom_it_refused() -> None:
    async def test() -> None:
        admission = Admission(logins=1, wait_s=0)
        admission.refused[Load.LOGIN] = 3
        loop = LateLoop(LATE, 20)
        with capture_logs() as logged, pytest.raises(ClockStopped):
            await watch(admission, loop.clock, loop.sleep)
        assert {"event": "requests refused", "log_level": "warning", "login": 3} in logged
        assert {"event": "load is shed", "log_level": "warning", "level": 1} in logged
        assert not admission.refused
        with pytest.raises(Overloaded):
            await admission.take(Load.HEAVY)

    asyncio.run(test())


def test_a_loop_that_is_in_time_changes_nothing() -> None:
    async def test() -> None:
        admission = Admission(logins=1, wait_s=0)
        loop = LateLoop(FINE, 100)
        with capture_logs() as logged, pytest.raises(ClockStopped):
            await watch(admission, loop.clock, loop.sleep)
        assert logged == []
        await admission.take(Load.HEAVY)

    asyncio.run(test())

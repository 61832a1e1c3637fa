"""Degradation: doing less when the process cannot keep up, and everything again when it can."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog

from printapic.entrypoints.http.admission import Admission

MOST_LAG_S = 0.1
SUSTAINED_S = 5.0
EVERY_S = 0.25
_LOWEST, _HIGHEST = 0, 2
_log = structlog.get_logger(__name__)


class Degradation:
    """Sheds one level more for each five seconds of lag, and one less for each five seconds without.

    Lag is how late the event loop comes to what is due: while it is late everybody waits.
    """

    def __init__(self, shed: Callable[[int], None]) -> None:
        self._shed = shed
        self._late: bool = False
        self._since: float | None = None
        self.level = _LOWEST

    def observe(self, lag_s: float, *, now_s: float) -> None:
        """Take note of one measurement. Time is that of a monotonic clock."""
        late = lag_s > MOST_LAG_S
        if self._since is None or late != self._late:
            self._late, self._since = late, now_s
        elif now_s - self._since >= SUSTAINED_S:
            self._since = now_s
            self._change(min(_HIGHEST, self.level + 1) if late else max(_LOWEST, self.level - 1))

    def _change(self, level: int) -> None:
        if level != self.level:
            self.level = level
            self._shed(level)
            _log.warning("load is shed", level=level)


async def watch(
    admission: Admission,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Measure lag until cancelled, and say now and then who was refused."""
    degradation = Degradation(admission.shed)
    while True:
        before = clock()
        await sleep(EVERY_S)
        now = clock()
        degradation.observe(now - before - EVERY_S, now_s=now)
        if admission.refused:
            _log.warning("requests refused", **{load.value: n for load, n in admission.refused.items()})
            admission.refused.clear()


@asynccontextmanager
async def watched(admission: Admission) -> AsyncIterator[None]:
    """Watch as long as the application lives."""
    watching = asyncio.create_task(watch(admission))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

"""Clocks: the machine's, and one that moves only when told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from printapic.application.ports.clock import Clock

_EPOCH = datetime.fromtimestamp(0, UTC)


class SystemClock(Clock):
    """The machine's time, in UTC.

    The machine's own clock may be set back; this one then runs at half speed until the machine has
    caught up, so that it neither goes backwards nor stands still while tokens wait to expire. Both
    sources count nanoseconds: `wall` since 1970, `steady` from anywhere but never backwards.
    """

    def __init__(
        self,
        *,
        wall: Callable[[], int] = time.time_ns,
        steady: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._lock = threading.Lock()
        self._told = wall()
        self._told_at = steady()

    def now(self) -> datetime:
        with self._lock:
            steady = self._steady()
            slow = self._told + (steady - self._told_at) // 2
            self._told = max(self._wall(), slow)
            self._told_at = steady
            return _EPOCH + timedelta(microseconds=self._told // 1000)


class FixedClock(Clock):
    """Stands still until it is advanced: for tests, and for programs that replay the past."""

    def __init__(self, start: datetime) -> None:
        """Raises `ValueError` for a start without a zone."""
        if start.utcoffset() is None:
            raise ValueError("a clock needs to know its zone")
        self._now = start.astimezone(UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move on and tell the new time. Raises `ValueError` for a step backwards."""
        if by < timedelta(0):
            raise ValueError("time does not go backwards")
        with self._lock:
            self._now += by
            return self._now

"""Throttling within one process: a dictionary under a lock."""

from __future__ import annotations

import time
from collections.abc import Callable
from operator import itemgetter
from threading import Lock

import attrs

from printapic.adapters.throttle.gcra import MICROSECONDS, Pace
from printapic.application.ports.throttle import Limit, Throttle, Verdict

MOST_KEYS = 50_000
"""A few megabytes; a flood of new addresses takes no more."""
_FIRST_SWEEP = 1_000


class MemoryThrottle(Throttle):
    """Counts for this process alone, which is one of `processes`: each gives its equal share of a limit.

    `clock` tells seconds from any beginning. Keys whose allowance is whole again are swept out now and
    then; when `most_keys` are there all the same, those that owe least are forgotten first, so that a
    flood of fresh keys frees nobody who is held back.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        processes: int = 1,
        most_keys: int = MOST_KEYS,
    ) -> None:
        self._clock = clock
        self._processes = processes
        self._most_keys = most_keys
        self._sweep_at = min(_FIRST_SWEEP, most_keys)
        self._full_at: dict[tuple[str, str], int] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._full_at)

    def take(self, key: str, limit: Limit) -> Verdict:
        share = self._share(limit)
        pace = Pace.of(share)
        counter = limit.name, key
        with self._lock:
            now_us = self._now_us()
            owed_us = pace.owed(self._full_at.get(counter, now_us), now_us)
            allowed = pace.allows(owed_us)
            if allowed:
                owed_us += pace.emission_us
                self._make_room(counter, now_us)
            self._full_at[counter] = now_us + owed_us
        return pace.verdict(share, allowed=allowed, owed_us=owed_us)

    def give_back(self, key: str, limit: Limit) -> None:
        pace = Pace.of(self._share(limit))
        counter = limit.name, key
        with self._lock:
            now_us = self._now_us()
            owed_us = pace.owed(self._full_at.pop(counter, now_us), now_us) - pace.emission_us
            if owed_us > 0:
                self._full_at[counter] = now_us + owed_us

    def _share(self, limit: Limit) -> Limit:
        if self._processes == 1:
            return limit
        return attrs.evolve(limit, count=max(1, limit.count // self._processes))

    def _now_us(self) -> int:
        return round(self._clock() * MICROSECONDS)

    def _make_room(self, counter: tuple[str, str], now_us: int) -> None:
        """Sweep when the keys have doubled since the last time, so that it costs each of them little."""
        if len(self._full_at) < self._sweep_at or counter in self._full_at:
            return
        kept = [(key, full_at) for key, full_at in self._full_at.items() if full_at > now_us]
        if len(kept) >= self._most_keys:
            kept.sort(key=itemgetter(1), reverse=True)
            del kept[self._most_keys * 9 // 10 :]
        self._full_at = dict(kept)
        self._sweep_at = min(max(2 * len(kept), _FIRST_SWEEP), self._most_keys)

"""Throttling within one process: a dictionary for each limit, under one lock."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from operator import itemgetter
from threading import Lock

import attrs

from printapic.adapters.throttle.gcra import MICROSECONDS, Pace
from printapic.application.ports.throttle import Limit, Throttle, Verdict

MOST_KEYS = 20_000
"""Of one limit: a few megabytes, and a few milliseconds to sweep."""
_FIRST_SWEEP = 1_000


class MemoryThrottle(Throttle):
    """Counts for this process alone, which is one of `processes`: each gives its equal share of a limit.

    `clock` tells seconds from any beginning. No limit remembers more than `most_keys`.
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
        self._counters: defaultdict[str, _Counters] = defaultdict(lambda: _Counters(most_keys))
        self._lock = Lock()

    def __len__(self) -> int:
        """How many keys are remembered."""
        with self._lock:
            return sum(len(counters.full_at) for counters in self._counters.values())

    def take(self, key: str, limit: Limit) -> Verdict:
        share = self._share(limit)
        pace = Pace.of(share)
        with self._lock:
            counters = self._counters[limit.name]
            now_us = self._now_us()
            owed_us = pace.owed(counters.full_at.get(key, now_us), now_us)
            allowed = pace.allows(owed_us)
            if allowed:
                owed_us += pace.emission_us
            counters.keep(key, now_us + owed_us, now_us)
        return pace.verdict(share, allowed=allowed, owed_us=owed_us)

    def give_back(self, key: str, limit: Limit) -> None:
        pace = Pace.of(self._share(limit))
        with self._lock:
            counters = self._counters[limit.name]
            now_us = self._now_us()
            owed_us = pace.owed(counters.full_at.pop(key, now_us), now_us) - pace.emission_us
            if owed_us > 0:
                counters.full_at[key] = now_us + owed_us

    def forget(self, key: str, limit: Limit) -> None:
        with self._lock:
            self._counters[limit.name].full_at.pop(key, None)

    def _share(self, limit: Limit) -> Limit:
        if self._processes == 1:
            return limit
        return attrs.evolve(limit, count=max(1, limit.count // self._processes))

    def _now_us(self) -> int:
        return round(self._clock() * MICROSECONDS)


class _Counters:
    """Of one limit, by key: when its allowance is whole again.

    What is whole is swept out whenever the keys have doubled, so that it costs each of them little. When
    too many are there all the same, those that owe least are forgotten: a flood of fresh keys frees nobody
    who is held back, here or by another limit.
    """

    def __init__(self, most: int) -> None:
        self.full_at: dict[str, int] = {}
        self._most = most
        self._sweep_at = min(_FIRST_SWEEP, most)

    def keep(self, key: str, full_at_us: int, now_us: int) -> None:
        if len(self.full_at) >= self._sweep_at and key not in self.full_at:
            self._sweep(now_us)
        self.full_at[key] = full_at_us

    def _sweep(self, now_us: int) -> None:
        kept = [(key, full_at) for key, full_at in self.full_at.items() if full_at > now_us]
        if len(kept) >= self._most:
            kept.sort(key=itemgetter(1), reverse=True)
            del kept[self._most * 9 // 10 :]
        self.full_at = dict(kept)
        self._sweep_at = min(max(2 * len(kept), _FIRST_SWEEP), self._most)

"""Two ways to do the same work, measured alternately, so that a busy machine slows both."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable

import attrs

Work = Callable[[], object]


@attrs.frozen(kw_only=True)
class Ratio:
    """How much of the peer's effort ours takes: the median of the pairs' ratios, between their quartiles."""

    lower: float
    median: float
    upper: float

    @classmethod
    def of(cls, ratios: list[float]) -> Ratio:
        """At least two ratios, one of each pair."""
        lower, median, upper = statistics.quantiles(ratios, n=4)
        return cls(lower=lower, median=median, upper=upper)

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.lower:.2f}-{self.upper:.2f})"


@attrs.frozen(kw_only=True)
class Comparison:
    """Milliseconds of the processor and of the clock, each side's median."""

    ours_cpu_ms: float
    peer_cpu_ms: float
    cpu: Ratio
    wall: Ratio


def compared(ours: Work, peer: Work, *, pairs: int = 15) -> Comparison:
    """Warm both up, then alternate, who is first changing with every pair."""
    ours()
    peer()
    measured: list[tuple[tuple[float, float], tuple[float, float]]] = []
    for turn in range(pairs):
        if turn % 2:
            theirs, mine = _effort(peer), _effort(ours)
        else:
            mine, theirs = _effort(ours), _effort(peer)
        measured.append((mine, theirs))
    return Comparison(
        ours_cpu_ms=statistics.median(mine[0] for mine, _ in measured) * 1000,
        peer_cpu_ms=statistics.median(theirs[0] for _, theirs in measured) * 1000,
        cpu=Ratio.of([mine[0] / theirs[0] for mine, theirs in measured]),
        wall=Ratio.of([mine[1] / theirs[1] for mine, theirs in measured]),
    )


def _effort(work: Work) -> tuple[float, float]:
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall

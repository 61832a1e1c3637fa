"""The generic cell rate algorithm (ITU-T I.371), in whole microseconds and without floating point.

All that is kept of a counter is the moment at which its whole allowance will be there again. What lies
between now and then is `owed`: each attempt adds one emission interval to it, time takes it away.
"""

from __future__ import annotations

from typing import Self

import attrs

from printapic.application.ports.throttle import Limit, Verdict

MICROSECONDS = 1_000_000


@attrs.frozen
class Pace:
    """A limit as the algorithm wants it: one attempt each `emission_us`, up to `burst_us` owed at once.

    Where the period cannot be divided evenly the interval is rounded up: stricter by less than a
    microsecond, never looser.
    """

    emission_us: int
    burst_us: int

    @classmethod
    def of(cls, limit: Limit) -> Self:
        emission_us = -(-limit.period_s * MICROSECONDS // limit.count)
        return cls(emission_us, emission_us * limit.count)

    def owed(self, full_at_us: int, now_us: int) -> int:
        """What is still owed: never more than the burst, even where clock or limit were others before.

        Whoever keeps counters has to keep this as well, or a clock set back would hold for as long as that.
        """
        return min(max(full_at_us - now_us, 0), self.burst_us)

    def allows(self, owed_us: int) -> bool:
        """Whether one more attempt may be owed."""
        return owed_us + self.emission_us <= self.burst_us

    def verdict(self, limit: Limit, *, allowed: bool, owed_us: int) -> Verdict:
        """What to say after an attempt; `owed_us` includes it where it was allowed."""
        wait_us = 0 if allowed else owed_us + self.emission_us - self.burst_us
        return Verdict(
            limit=limit,
            allowed=allowed,
            remaining=(self.burst_us - owed_us) // self.emission_us,
            retry_after_s=wait_us / MICROSECONDS,
            reset_after_s=owed_us / MICROSECONDS,
        )

"""No throttling at all: for measurements of everything else."""

from __future__ import annotations

from printapic.application.ports.throttle import Limit, Throttle, Verdict


class UnlimitedThrottle(Throttle):
    """Allows every attempt and counts none."""

    def take(self, key: str, limit: Limit) -> Verdict:
        return Verdict(limit=limit, allowed=True, remaining=limit.count, retry_after_s=0, reset_after_s=0)

    def give_back(self, key: str, limit: Limit) -> None:
        pass

    def forget(self, key: str, limit: Limit) -> None:
        pass

"""Throttles: how often something may be tried."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

import attrs

from printapic.domain.errors import Throttled


@attrs.frozen(kw_only=True)
class Limit:
    """`count` at once if they are saved up, then one each `period_s / count`.

    So `count` in the long run, and up to `2 * count - 1` in a period that begins with all of them.

    `name` keeps the counters of different limits apart, and is shown in the `RateLimit` headers.
    """

    name: str
    count: int = attrs.field(validator=attrs.validators.gt(0))
    period_s: int = attrs.field(validator=attrs.validators.gt(0))


@attrs.frozen(kw_only=True)
class Verdict:
    """`retry_after_s` is 0 where `allowed`; `reset_after_s` says when the whole `count` is there again."""

    limit: Limit
    allowed: bool
    remaining: int
    retry_after_s: float
    reset_after_s: float


class TooManyRequests(Throttled):
    """The same for known and unknown accounts. `details` name the limit."""

    code = "too-many-requests"

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(
            "Too many attempts. Please wait a moment and try again.",
            retry_after_s=max(1, -int(-verdict.retry_after_s // 1)),
            limit=verdict.limit.name,
        )
        self.verdict = verdict


class Throttle(Protocol):
    """Counts attempts atomically by GCRA (generic cell rate algorithm, ITU-T I.371).

    Keys hold no personal data: callers pass them hashed where they would. Never raises for a store that
    does not answer: then a stricter limit of this process alone holds.
    """

    @abstractmethod
    def take(self, key: str, limit: Limit) -> Verdict:
        """Spend one attempt before the work that it stands for. A refused attempt spends nothing."""

    @abstractmethod
    def give_back(self, key: str, limit: Limit) -> None:
        """Undo one `take`: the attempt turned out not to count (a right password)."""

    @abstractmethod
    def forget(self, key: str, limit: Limit) -> None:
        """Make the whole limit available again: what was counted in a row has been interrupted."""


def demand(throttle: Throttle, key: str, *limits: Limit) -> None:
    """Spend one attempt of every limit. Raises `TooManyRequests` for the first one that is used up."""
    for limit in limits:
        verdict = throttle.take(key, limit)
        if not verdict.allowed:
            raise TooManyRequests(verdict)

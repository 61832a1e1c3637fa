"""Limits: how often a route may be asked, and how answers tell what is left of that.

The fields are those of draft-ietf-httpapi-ratelimit-headers-10.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import Enum, auto
from hashlib import blake2b
from math import ceil
from typing import Any, TypeVar

import attrs

from printapic.application.ports.throttle import Limit, Throttle, TooManyRequests, Verdict

_T = TypeVar("_T")
_VERDICTS = "printapic.verdicts"
_THREADS = 16
"""Enough for some hundred requests a second where each waits almost as long as a throttle has patience."""
_DIGEST_BYTES = 16


class Per(Enum):
    """Whose attempts are counted together. Without a principal, its limits hold for the address."""

    ADDRESS = auto()
    PRINCIPAL = auto()


@attrs.frozen
class RouteLimit:
    per: Per
    limit: Limit


def _a_minute(per: Per, name: str, count: int) -> RouteLimit:
    return RouteLimit(per, Limit(name=name, count=count, period_s=60))


LOGIN = _a_minute(Per.ADDRESS, "login", 30)
ACCOUNT = _a_minute(Per.ADDRESS, "account", 20)
"""Becoming a user, and everything that sends a mail or redeems what was in one."""
REFRESH = _a_minute(Per.ADDRESS, "refresh-client", 60)
PUBLIC = _a_minute(Per.ADDRESS, "public", 120)
API = _a_minute(Per.PRINCIPAL, "api", 600)
"""Of every route that needs a principal."""


class Turnstile:
    """Where requests are counted before anything is done for them.

    Keys are made unrecognisable with a `secret` that all processes share: whoever reads the counters learns
    no address. A throttle that talks to a server is asked `in_threads` of its own, so that it neither holds
    up the event loop nor waits behind handlers at work.
    """

    def __init__(self, throttle: Throttle, secret: Callable[[], bytes], *, in_threads: bool) -> None:
        self._throttle = throttle
        self._secret = secret
        self._threads = ThreadPoolExecutor(_THREADS, "printapic-throttle") if in_threads else None

    async def pass_by(self, scope: Mapping[str, Any], who: str, limits: Iterable[RouteLimit]) -> None:
        """Spend one attempt of each limit. Raises `TooManyRequests` for the first one that is used up."""
        for each in limits:
            verdict = await self._run(self._throttle.take, self._key(who), each.limit)
            note(scope, verdict)
            if not verdict.allowed:
                raise TooManyRequests(verdict)

    async def give_back(self, who: str, limits: Iterable[RouteLimit]) -> None:
        """Undo one `pass_by`: what it was taken for did not happen. What the answer tells stays."""
        for each in limits:
            await self._run(self._throttle.give_back, self._key(who), each.limit)

    def close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, do: Callable[[str, Limit], _T], key: str, limit: Limit) -> _T:
        if self._threads is None:
            return do(key, limit)
        return await asyncio.get_running_loop().run_in_executor(self._threads, do, key, limit)

    def _key(self, who: str) -> str:
        return blake2b(who.encode(), digest_size=_DIGEST_BYTES, key=self._secret()).hexdigest()


def note(scope: Mapping[str, Any], verdict: Verdict) -> None:
    """Remember what the answer to this request has to tell. The latest word on a limit counts."""
    scope["state"].setdefault(_VERDICTS, {})[verdict.limit.name] = verdict


def fields(scope: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    """The headers `RateLimit-Policy` and `RateLimit` of an answer; none where nothing was counted."""
    verdicts: dict[str, Verdict] = scope["state"].get(_VERDICTS, {})
    if not verdicts:
        return []
    policy = ", ".join(f'"{v.limit.name}";q={v.limit.count};w={v.limit.period_s}' for v in verdicts.values())
    left = ", ".join(f'"{v.limit.name}";r={v.remaining};t={_seconds(v)}' for v in verdicts.values())
    return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", left.encode())]


def _seconds(verdict: Verdict) -> int:
    """Until all is there again, or after a refusal as much as `Retry-After` says, as the draft asks."""
    if verdict.allowed:
        return ceil(verdict.reset_after_s)
    return TooManyRequests(verdict).retry_after_s

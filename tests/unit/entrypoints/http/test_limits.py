"""What routes declare of limits, and how answers tell what is left."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from printapic.adapters.throttle.memory import MemoryThrottle
from printapic.application.ports.throttle import Limit, Throttle, TooManyRequests, Verdict
from printapic.entrypoints.container import Container
from printapic.entrypoints.http.app import create_app
from printapic.entrypoints.http.limits import Per, RouteLimit, Turnstile, fields, note
from printapic.entrypoints.http.policies import operations, policy_of
from printapic.entrypoints.settings import Settings

UNLIMITED = {
    "/.well-known/jwks.json",
    "/health/live",
    "/health/ready",
    "/simulated-checkout/{token}",
    "/v1/webhooks/{provider}",
}
"""Cheap, or guarded by a signature or an unguessable address, or both."""
BURST = Limit(name="burst", count=3, period_s=10)
DAY = Limit(name="day", count=100, period_s=86_400)


def scope() -> dict[str, Any]:
    return {"state": {}}


def told(scope: dict[str, Any]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in fields(scope)}


def verdict(limit: Limit, *, allowed: bool = True, **said: Any) -> Verdict:
    return Verdict(limit=limit, allowed=allowed, **said)


def test_every_route_is_limited_but_those_that_need_it_not(tmp_path: Path) -> None:
    app = create_app(Container(settings=Settings.memory(tmp_path)))
    found = {
        path
        for path, handler in operations(app)
        if (policy := policy_of(handler)) is not None
        and not policy.limits
        and getattr(handler, "http_methods", None) != {"OPTIONS"}
    }
    assert found == UNLIMITED


def test_an_answer_about_nothing_counted_tells_nothing() -> None:
    assert fields(scope()) == []


def test_every_limit_is_told_once_with_whole_seconds() -> None:
    request = scope()
    note(request, verdict(BURST, remaining=2, retry_after_s=0, reset_after_s=3.3))
    note(request, verdict(DAY, remaining=99, retry_after_s=0, reset_after_s=864))
    note(request, verdict(BURST, remaining=1, retry_after_s=0, reset_after_s=6.6))
    assert told(request) == {
        "ratelimit-policy": '"burst";q=3;w=10, "day";q=100;w=86400',
        "ratelimit": '"burst";r=1;t=7, "day";r=99;t=864',
    }


@pytest.mark.parametrize(("wait_s", "seconds"), [(0.2, 1), (3.0, 3), (3.01, 4)])
def test_after_a_refusal_the_time_is_that_of_retry_after(wait_s: float, seconds: int) -> None:
    request = scope()
    refused = verdict(BURST, allowed=False, remaining=0, retry_after_s=wait_s, reset_after_s=10)
    note(request, refused)
    assert told(request)["ratelimit"] == f'"burst";r=0;t={seconds}'
    assert TooManyRequests(refused).retry_after_s == seconds


class Watched(Throttle):
    """The memory of this process, with a look at what it is asked and by whom."""

    def __init__(self) -> None:
        self.inner = MemoryThrottle(lambda: 0.0)
        self.asked: list[tuple[str, str, str]] = []

    def take(self, key: str, limit: Limit) -> Verdict:
        self.asked.append((key, limit.name, threading.current_thread().name))
        return self.inner.take(key, limit)

    def give_back(self, key: str, limit: Limit) -> None:
        self.inner.give_back(key, limit)

    def forget(self, key: str, limit: Limit) -> None:
        raise AssertionError("nobody forgets a request")


def passed(turnstile: Turnstile, who: str, *limits: Limit, times: int = 1) -> dict[str, str]:
    async def go() -> dict[str, str]:
        request = scope()
        for _ in range(times):
            request = scope()
            await turnstile.pass_by(request, who, [RouteLimit(Per.ADDRESS, limit) for limit in limits])
        return told(request)

    return asyncio.run(go())


@pytest.mark.parametrize("in_threads", [False, True])
def test_a_request_passes_until_the_first_limit_is_used_up(in_threads: bool) -> None:
    throttle = Watched()
    turnstile = Turnstile(throttle, lambda: b"secret", in_threads=in_threads)
    try:
        assert passed(turnstile, "anna", BURST, DAY, times=3)["ratelimit"].startswith('"burst";r=0;')
        with pytest.raises(TooManyRequests) as refusal:
            passed(turnstile, "anna", BURST, DAY)
        assert refusal.value.verdict.limit == BURST
        assert [name for _, name, _ in throttle.asked] == ["burst", "day"] * 3 + ["burst"]
        own = {thread.startswith("printapic-throttle") for _, _, thread in throttle.asked}
        assert own == {in_threads}
    finally:
        turnstile.close()


@pytest.mark.parametrize("in_threads", [False, True])
def test_what_is_given_back_is_there_again(in_threads: bool) -> None:
    turnstile = Turnstile(Watched(), lambda: b"secret", in_threads=in_threads)
    try:
        passed(turnstile, "anna", BURST, times=3)
        asyncio.run(turnstile.give_back("anna", [RouteLimit(Per.ADDRESS, BURST)]))
        assert passed(turnstile, "anna", BURST)["ratelimit"].startswith('"burst";r=0;')
        with pytest.raises(TooManyRequests):
            passed(turnstile, "anna", BURST)
    finally:
        turnstile.close()


def test_counters_do_not_tell_who_is_counted() -> None:
    throttle = Watched()
    secrets = [b"one"]
    turnstile = Turnstile(throttle, lambda: secrets[-1], in_threads=False)
    for _ in range(2):
        for who in ("address 203.0.113.7", "address 203.0.113.8"):
            passed(turnstile, who, BURST)
        secrets.append(b"another, after a rotation")
    keys = [key for key, _, _ in throttle.asked]
    assert len(set(keys)) == 4
    assert not any("203" in key and "113" in key for key in keys)

"""What every throttle does, however long ago its counters were last looked at and whoever asks at once.

Time passes here when a test says so. Real time passes as well where the clock is a server's own, so limits
are generous: hours to an attempt, compared with the seconds that a slow machine may take.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest

from printapic.adapters.throttle.memory import MemoryThrottle
from printapic.adapters.throttle.redis import RedisThrottle, redis_client
from printapic.application.ports.throttle import Limit, Throttle
from tests.servers.processes import LOOPBACK, free_ports

HOUR, DAY = 3600, 24 * 3600
SLACK_S = 60.0
"""More than any of these tests takes."""
DAILY = Limit(name="daily", count=24, period_s=DAY)
PARALLEL, EACH = 8, 25


@attrs.frozen
class Turnstile:
    """A throttle, and a way to let seconds pass for what it has counted so far."""

    throttle: Throttle
    wait: Callable[[float], None]

    def passes(self, key: str, limit: Limit, attempts: int) -> int:
        """How many of so many attempts are allowed."""
        return sum(self.throttle.take(key, limit).allowed for _ in range(attempts))


def in_memory(request: pytest.FixtureRequest) -> Iterator[Turnstile]:
    now = [1000.0]

    def wait(seconds: float) -> None:
        now[0] += seconds

    yield Turnstile(MemoryThrottle(lambda: now[0]), wait)


def in_redis(request: pytest.FixtureRequest) -> Iterator[Turnstile]:
    prefix = f"test-{secrets.token_hex(8)}"
    with redis_client(request.getfixturevalue("redis_url"), patience_s=10) as client:

        def wait(seconds: float) -> None:
            for key in client.scan_iter(match=f"{prefix}:*"):
                full_at = int(client.get(key) or 0)
                client.set(key, full_at - round(seconds * 1_000_000), keepttl=True)

        refused = MemoryThrottle(processes=DAILY.count)
        yield Turnstile(RedisThrottle(client, refused, prefix=prefix), wait)


def without_redis(request: pytest.FixtureRequest) -> Iterator[Turnstile]:
    [port] = free_ports(1)
    fallback = next(in_memory(request))
    with redis_client(f"redis://{LOOPBACK}:{port}/0") as client:
        yield Turnstile(RedisThrottle(client, fallback.throttle), fallback.wait)


@pytest.fixture(params=[in_memory, in_redis, without_redis], ids=lambda kind: kind.__name__)
def turnstile(request: pytest.FixtureRequest) -> Iterator[Turnstile]:
    yield from request.param(request)


def test_exactly_as_many_as_the_limit_pass_however_many_come_at_once(turnstile: Turnstile) -> None:
    together = threading.Barrier(PARALLEL, timeout=20)

    def crowd(_: int) -> int:
        together.wait()
        return turnstile.passes("anna", DAILY, EACH)

    with ThreadPoolExecutor(PARALLEL) as pool:
        assert sum(pool.map(crowd, range(PARALLEL))) == DAILY.count


def test_every_attempt_says_what_is_left_and_when_all_of_it_is_back(turnstile: Turnstile) -> None:
    for taken in range(1, DAILY.count + 1):
        verdict = turnstile.throttle.take("anna", DAILY)
        assert verdict.allowed
        assert verdict.limit == DAILY
        assert verdict.remaining == DAILY.count - taken
        assert verdict.retry_after_s == 0
        assert verdict.reset_after_s == pytest.approx(taken * HOUR, abs=SLACK_S)


def test_a_refused_attempt_is_told_how_long_to_wait_and_spends_nothing(turnstile: Turnstile) -> None:
    turnstile.passes("anna", DAILY, DAILY.count)
    for _ in range(20):
        verdict = turnstile.throttle.take("anna", DAILY)
        assert not verdict.allowed
        assert verdict.remaining == 0
        assert verdict.retry_after_s == pytest.approx(HOUR, abs=SLACK_S)
        assert verdict.reset_after_s == pytest.approx(DAY, abs=SLACK_S)


def test_one_attempt_comes_back_each_interval_and_not_before(turnstile: Turnstile) -> None:
    turnstile.passes("anna", DAILY, DAILY.count)
    for _ in range(3):
        turnstile.wait(HOUR - SLACK_S)
        assert turnstile.passes("anna", DAILY, 2) == 0
        turnstile.wait(SLACK_S)
        assert turnstile.passes("anna", DAILY, 2) == 1


def test_waits_grow_with_what_was_taken(turnstile: Turnstile) -> None:
    turnstile.passes("anna", DAILY, DAILY.count)
    turnstile.wait(3 * HOUR)
    assert turnstile.passes("anna", DAILY, 10) == 3
    assert turnstile.throttle.take("anna", DAILY).retry_after_s == pytest.approx(HOUR, abs=SLACK_S)


def test_allowances_are_saved_up_to_the_limit_and_no_further(turnstile: Turnstile) -> None:
    turnstile.passes("anna", DAILY, DAILY.count)
    turnstile.wait(10 * DAY)
    assert turnstile.passes("anna", DAILY, 2 * DAILY.count) == DAILY.count


def test_a_period_that_cannot_be_divided_evenly_is_kept_all_the_same(turnstile: Turnstile) -> None:
    uneven = Limit(name="uneven", count=7, period_s=DAY)
    assert turnstile.passes("anna", uneven, 20) == 7
    turnstile.wait(DAY / 7 - SLACK_S)
    assert turnstile.passes("anna", uneven, 20) == 0
    turnstile.wait(SLACK_S + 1)
    assert turnstile.passes("anna", uneven, 20) == 1


def test_what_is_given_back_can_be_taken_again_once(turnstile: Turnstile) -> None:
    turnstile.passes("anna", DAILY, DAILY.count)
    turnstile.throttle.give_back("anna", DAILY)
    assert turnstile.passes("anna", DAILY, 5) == 1


def test_giving_back_never_makes_more_than_the_limit(turnstile: Turnstile) -> None:
    for _ in range(3):
        turnstile.throttle.give_back("anna", DAILY)
    turnstile.throttle.take("anna", DAILY)
    for _ in range(3):
        turnstile.throttle.give_back("anna", DAILY)
    assert turnstile.throttle.take("anna", DAILY).remaining == DAILY.count - 1
    assert turnstile.passes("anna", DAILY, 2 * DAILY.count) == DAILY.count - 1


def test_what_is_forgotten_is_whole_again(turnstile: Turnstile) -> None:
    turnstile.passes("anna", DAILY, DAILY.count)
    turnstile.throttle.forget("anna", DAILY)
    turnstile.throttle.forget("nobody", DAILY)
    assert turnstile.passes("anna", DAILY, 2 * DAILY.count) == DAILY.count


@pytest.mark.parametrize("other", ["bert", "", "ann", "anna:", "Ännä \n\x00 ☃", "k" * 2000])
def test_keys_do_not_know_each_other(turnstile: Turnstile, other: str) -> None:
    turnstile.passes("anna", DAILY, DAILY.count)
    assert turnstile.throttle.take(other, DAILY).remaining == DAILY.count - 1
    assert not turnstile.throttle.take("anna", DAILY).allowed


def test_limits_of_one_key_do_not_know_each_other(turnstile: Turnstile) -> None:
    hourly = Limit(name="hourly", count=2, period_s=2 * HOUR)
    assert turnstile.passes("anna", hourly, 5) == 2
    assert turnstile.passes("anna", DAILY, 50) == DAILY.count


def test_a_limit_that_was_made_stricter_holds_at_once_and_for_its_own_period(turnstile: Turnstile) -> None:
    turnstile.passes("anna", DAILY, DAILY.count)
    stricter = Limit(name="daily", count=2, period_s=2 * HOUR)
    verdict = turnstile.throttle.take("anna", stricter)
    assert not verdict.allowed
    assert verdict.retry_after_s == pytest.approx(HOUR, abs=SLACK_S)
    turnstile.wait(2 * HOUR)
    assert turnstile.passes("anna", stricter, 5) == 2

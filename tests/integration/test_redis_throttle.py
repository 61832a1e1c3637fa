"""Throttling through Redis: one limit for many processes, and a stricter one of each while Redis is away."""

from __future__ import annotations

import secrets
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from structlog.testing import capture_logs

from printapic.adapters.throttle.circuit import Circuit
from printapic.adapters.throttle.memory import MemoryThrottle
from printapic.adapters.throttle.redis import RedisThrottle, redis_client
from printapic.application.ports.throttle import Limit
from tests.servers.valkey import ValkeyProcess

ROOT = Path(__file__).parent.parent.parent
DAILY = Limit(name="daily", count=24, period_s=24 * 3600)
PATIENT_S = 10.0
"""Where the test is about something else than Redis being away, a busy machine must not look like it."""
PROCESSES, ATTEMPTS, LIMIT = 4, 1_000, 137

WORKER = f"""
import sys
from concurrent.futures import ThreadPoolExecutor
from printapic.adapters.throttle.memory import MemoryThrottle
from printapic.adapters.throttle.redis import RedisThrottle, redis_client
from printapic.application.ports.throttle import Limit

url, prefix = sys.stdin.readline().split()
limit = Limit(name="login", count={LIMIT}, period_s=10_000_000)
client = redis_client(url, patience_s={PATIENT_S})
throttle = RedisThrottle(client, MemoryThrottle(), prefix=prefix)
client.ping()
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(8) as pool:
    verdicts = list(pool.map(lambda _: throttle.take("203.0.113.7", limit), range({ATTEMPTS // PROCESSES})))
print(sum(verdict.allowed for verdict in verdicts), flush=True)
"""


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def client(redis_url: str) -> Iterator[Redis]:
    with redis_client(redis_url, patience_s=PATIENT_S) as client:
        yield client


@pytest.fixture
def prefix() -> str:
    return f"test-{secrets.token_hex(8)}"


def passes(throttle: RedisThrottle, attempts: int = 50, key: str = "anna") -> int:
    return sum(throttle.take(key, DAILY).allowed for _ in range(attempts))


def test_exactly_as_many_as_the_limit_pass_through_four_processes(redis_url: str, prefix: str) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WORKER)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    try:
        for worker in workers:
            _say(worker, f"{redis_url} {prefix}")
        assert [_hear(worker) for worker in workers] == ["ready"] * PROCESSES
        for worker in workers:
            _say(worker, "go")
        passed = [int(_hear(worker)) for worker in workers]
    finally:
        for worker in workers:
            worker.communicate()
    assert sum(passed) == LIMIT
    assert all(worker.returncode == 0 for worker in workers)


def test_counters_vanish_when_their_allowance_is_whole_again(client: Redis, prefix: str) -> None:
    throttle = RedisThrottle(client, MemoryThrottle(), prefix=prefix)
    throttle.take("anna", DAILY)
    [key] = client.keys(f"{prefix}:*")
    hour_ms = 3_600_000
    assert hour_ms - 60_000 < client.pttl(key) <= hour_ms
    passes(throttle)
    assert 24 * hour_ms - 60_000 < client.pttl(key) <= 24 * hour_ms
    throttle.give_back("anna", DAILY)
    assert 23 * hour_ms - 60_000 < client.pttl(key) <= 23 * hour_ms


def test_what_is_given_back_wholly_leaves_nothing_behind(client: Redis, prefix: str) -> None:
    throttle = RedisThrottle(client, MemoryThrottle(), prefix=prefix)
    throttle.take("anna", DAILY)
    throttle.give_back("anna", DAILY)
    throttle.give_back("bert", DAILY)
    assert client.keys(f"{prefix}:*") == []


def test_not_a_microsecond_is_lost_in_between(client: Redis, prefix: str) -> None:
    throttle = RedisThrottle(client, MemoryThrottle(), prefix=prefix)
    odd = Limit(name="odd", count=7, period_s=100_000)
    throttle.take("anna", odd)
    [key] = client.keys(f"{prefix}:*")
    first = int(client.get(key) or 0)
    for _ in range(6):
        throttle.take("anna", odd)
    assert int(client.get(key) or 0) - first == 6 * 14_285_714_286


def test_a_script_that_redis_has_forgotten_is_loaded_again(client: Redis, prefix: str) -> None:
    throttle = RedisThrottle(client, MemoryThrottle(processes=24), prefix=prefix)
    for _ in range(3):
        assert throttle.take("anna", DAILY).limit == DAILY
        throttle.give_back("anna", DAILY)
        client.script_flush()
    assert throttle.take("anna", DAILY).remaining == 23


def test_a_clock_that_was_set_back_holds_nobody_longer_than_the_period(client: Redis, prefix: str) -> None:
    throttle = RedisThrottle(client, MemoryThrottle(processes=24), prefix=prefix)
    passes(throttle)
    [key] = client.keys(f"{prefix}:*")
    in_a_year = int(client.get(key) or 0) + 365 * 24 * 3600 * 1_000_000
    client.set(key, in_a_year, keepttl=True)
    assert throttle.take("anna", DAILY).retry_after_s == 3600
    assert int(client.get(key) or 0) < in_a_year
    assert client.pttl(key) <= DAILY.period_s * 1000


def test_while_redis_is_away_each_process_gives_its_share_and_nothing_is_raised(
    own_valkey: ValkeyProcess,
) -> None:
    time = Time()
    with redis_client(own_valkey.server.url, patience_s=PATIENT_S) as client, capture_logs() as lines:
        throttle = RedisThrottle(client, MemoryThrottle(processes=4), circuit=Circuit(1.0, time))
        assert passes(throttle, attempts=3) == 3
        own_valkey.kill()
        assert passes(throttle) == 24 // 4
        throttle.give_back("anna", DAILY)
        assert passes(throttle) == 1
        time.now = 1.0
        assert passes(throttle) == 0, "a trial that fails goes unnoticed"
        own_valkey.start()
        assert passes(throttle, key="bert") == 24 // 4, "it is left alone until the next trial"
        time.now = 2.0
        assert passes(throttle) == 24, "it has come back, with empty counters"
    assert [line["event"] for line in lines] == [
        "throttle store does not answer",
        "throttle store answers again",
    ]


def test_a_redis_that_hangs_is_waited_for_once(own_valkey: ValkeyProcess) -> None:
    before = _connections(own_valkey)
    with redis_client(own_valkey.server.url) as client:
        throttle = RedisThrottle(client, MemoryThrottle(processes=4), circuit=Circuit(1.0, Time()))
        own_valkey.halt()
        try:
            assert passes(throttle) == 24 // 4
        finally:
            own_valkey.resume()
    assert _connections(own_valkey) - before == 2, "one for all fifty attempts, one to look"


@pytest.mark.parametrize("trouble", ["password", "readonly", "full", "type"])
def test_a_redis_that_refuses_is_as_good_as_none(own_valkey: ValkeyProcess, trouble: str) -> None:
    url = own_valkey.server.url
    with redis_client(url, patience_s=PATIENT_S) as admin:
        match trouble:
            case "password":
                url = url.replace("redis://:", "redis://:not-")
            case "readonly":
                admin.execute_command("REPLICAOF", "127.0.0.1", "1")
            case "full":
                admin.config_set("maxmemory", "1")
            case "type":
                admin.rpush("printapic:throttle:daily:anna", "somebody else's list")
        with redis_client(url, patience_s=PATIENT_S) as client:
            throttle = RedisThrottle(client, MemoryThrottle(processes=4))
            assert passes(throttle) == 24 // 4


def _connections(valkey: ValkeyProcess) -> int:
    """How many connections it has accepted so far, this one included."""
    with redis_client(valkey.server.url, patience_s=PATIENT_S) as admin:
        return int(admin.info("stats")["total_connections_received"])


def _say(worker: subprocess.Popen[str], line: str) -> None:
    assert worker.stdin is not None
    worker.stdin.write(line + "\n")
    worker.stdin.flush()


def _hear(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    return worker.stdout.readline().strip()

"""Throttling for all processes of a shop: counters in Redis or Valkey, changed by one script each."""

from __future__ import annotations

from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

from printapic.adapters.throttle.circuit import Circuit
from printapic.adapters.throttle.gcra import Pace
from printapic.application.ports.throttle import Limit, Throttle, Verdict

PATIENCE_S = 0.05
MOST_CONNECTIONS = 100
# Numbers are written with %.0f: as Lua writes them by itself, microseconds since 1970 lose their last digits.
_OWED = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local emission, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full_at = tonumber(redis.call('GET', KEYS[1])) or now
local owed = math.min(math.max(full_at - now, 0), burst)
local function keep()
  redis.call('SET', KEYS[1], string.format('%.0f', now + owed), 'PX',
    string.format('%.0f', math.ceil(owed / 1000)))
end
"""
_TAKE = f"""{_OWED}
if owed + emission > burst then
  if full_at - now > burst then keep() end
  return {{0, owed}}
end
owed = owed + emission
keep()
return {{1, owed}}
"""
_GIVE_BACK = f"""{_OWED}
owed = owed - emission
if owed > 0 then keep() else redis.call('DEL', KEYS[1]) end
"""

_FORGET = "redis.call('DEL', KEYS[1])"


def redis_client(url: str, *, patience_s: float = PATIENCE_S) -> Redis:
    """A client that waits 50 ms for a connection or an answer, and never asks twice."""
    return Redis.from_url(
        url,
        protocol=2,
        socket_connect_timeout=patience_s,
        socket_timeout=patience_s,
        max_connections=MOST_CONNECTIONS,
        retry=Retry(NoBackoff(), 0),
    )


class RedisThrottle(Throttle):
    """Counts by Redis' own clock, so that processes on several machines agree.

    Where Redis does not answer, for whatever reason, `fallback` decides, and Redis is left alone for a
    second. Counters vanish by themselves when their allowance is whole again.
    """

    def __init__(
        self,
        client: Redis,
        fallback: Throttle,
        *,
        prefix: str = "printapic:throttle",
        circuit: Circuit | None = None,
    ) -> None:
        self._fallback = fallback
        self._prefix = prefix
        self._circuit = circuit or Circuit()
        self._take = client.register_script(_TAKE)
        self._give_back = client.register_script(_GIVE_BACK)
        self._forget = client.register_script(_FORGET)

    def take(self, key: str, limit: Limit) -> Verdict:
        pace = Pace.of(limit)
        answered, answer = self._run(self._take, key, limit, pace)
        if not answered:
            return self._fallback.take(key, limit)
        allowed, owed_us = answer
        return pace.verdict(limit, allowed=bool(allowed), owed_us=owed_us)

    def give_back(self, key: str, limit: Limit) -> None:
        answered, _ = self._run(self._give_back, key, limit, Pace.of(limit))
        if not answered:
            self._fallback.give_back(key, limit)

    def forget(self, key: str, limit: Limit) -> None:
        self._run(self._forget, key, limit, Pace.of(limit))
        self._fallback.forget(key, limit)

    def _run(self, script: Script, key: str, limit: Limit, pace: Pace) -> tuple[bool, Any]:
        """Whether Redis answered, and what. A script that Redis has forgotten is loaded again."""
        if not self._circuit.admits():
            return False, None
        try:
            answer = script(
                keys=[f"{self._prefix}:{limit.name}:{key}"], args=[pace.emission_us, pace.burst_us]
            )
        except Exception as error:
            # Not RedisError alone: nobody is to be refused because a throttle broke down.
            self._circuit.failed(error)
            return False, None
        self._circuit.succeeded()
        return True, answer

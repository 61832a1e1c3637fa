"""A load generator in a process of its own: `python -m benchmarks.load`, told what to do line by line.

Every line of standard input is one burst, as JSON; its measurements are one line of standard output.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import uvloop

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_PATIENCE_S = 60


class Burst:
    """What one burst sends, until when, and what came back."""

    def __init__(self, order: dict[str, Any]) -> None:
        body = Path(order["file"]).read_bytes() if "file" in order else order.get("body", "").encode()
        self._head = f"{order['head']}Content-Length: {len(body)}\r\n\r\n"
        self._body = body
        self._keys = itertools.count()
        self._prefix = secrets.token_hex(8)
        self.status = str(order["status"]).encode()
        self.deadline = 0.0
        self.latencies: list[int] = []
        self.failure = b""
        self.last = b""

    def request(self) -> bytes:
        """The next request; `{key}` in its head becomes a key that no other request has."""
        head = self._head.replace("{key}", f"{self._prefix}-{next(self._keys):08}")
        return head.encode() + self._body


class Connection(asyncio.Protocol):
    """Sends one request after the other, each when the last is answered."""

    def __init__(self, burst: Burst) -> None:
        self._burst = burst
        self._received = bytearray()
        self._expected = 0
        self._sent_at = 0
        self._transport: asyncio.Transport
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def go(self) -> None:
        request = self._burst.request()
        self._sent_at = time.perf_counter_ns()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._expected:
            self._expected = _length_of(self._received)
        if self._expected and len(self._received) >= self._expected:
            self._answered(bytes(self._received))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self._burst.failure = self._burst.failure or f"the connection was lost: {exc}".encode()
            self.over.set_result(None)

    def _answered(self, answer: bytes) -> None:
        burst, now = self._burst, time.perf_counter_ns()
        if answer[9:12] == burst.status:
            burst.latencies.append((now - self._sent_at) // 1000)
            burst.last = answer
        else:
            burst.failure = answer
        self._received.clear()
        self._expected = 0
        if now < burst.deadline and not burst.failure:
            self.go()
        else:
            self.over.set_result(None)
            self._transport.close()


def _length_of(received: bytearray) -> int:
    """The bytes of the whole answer, or 0 while its head is incomplete. Answers here have lengths."""
    end = received.find(_HEAD_END)
    if end < 0:
        return 0
    head = bytes(received[:end]).lower() + b"\r\n"
    start = head.index(_LENGTH) + len(_LENGTH)
    return end + len(_HEAD_END) + int(head[start : head.index(b"\r", start)])


async def run(order: dict[str, Any]) -> dict[str, Any]:
    """Open the connections first, then measure until the last answer is there."""
    burst, loop = Burst(order), asyncio.get_running_loop()
    connect: Callable[[], Connection] = lambda: Connection(burst)  # noqa: E731
    opened = [
        (await loop.create_connection(connect, "127.0.0.1", order["port"]))[1]
        for _ in range(order["connections"])
    ]
    cpu, start = time.process_time(), time.perf_counter_ns()
    burst.deadline = start + order["seconds"] * 1e9
    for connection in opened:
        connection.go()
    await asyncio.wait_for(asyncio.gather(*(each.over for each in opened)), _PATIENCE_S)
    return {
        "latencies_us": burst.latencies,
        "wall_s": (time.perf_counter_ns() - start) / 1e9,
        "cpu_s": time.process_time() - cpu,
        "failure": burst.failure.decode("utf-8", "replace")[:2000],
        "body": burst.last.partition(_HEAD_END)[2].decode("utf-8", "replace"),
    }


def work_off() -> None:
    """Until standard input ends: when whoever started this is gone."""
    gc.disable()
    for line in sys.stdin:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            print(json.dumps(runner.run(run(json.loads(line)))), flush=True)


if __name__ == "__main__":
    work_off()

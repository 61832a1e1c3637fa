"""Requests that come at a fixed rate, whether or not the last ones are answered: an open model.

`python -m benchmarks.arrivals` is told what to send line by line, as JSON, in a process of its own. A
request's time counts from when it was due, so that a server that is late does not hide how late.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import sys
import time
from typing import Any

import uvloop

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_REFUSALS = (429, 503)
_PATIENCE_S = 60
_LEAD_S = 0.05

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Arrivals:
    """One stream of requests: how often, and what came back."""

    def __init__(self, port: int, stream: dict[str, Any]) -> None:
        self._port = port
        self._every_s = 1 / stream["rate"]
        self._requests = itertools.cycle(
            [
                f"{head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()
                for head, body in zip(stream["heads"], stream["bodies"], strict=True)
            ]
        )
        self._right = stream["status"]
        self._idle: list[Connection] = []
        self.latencies_us: list[int] = []
        self.refused_us: list[int] = []
        self.failure = ""

    async def run(self, start: float, seconds: float) -> None:
        async with asyncio.TaskGroup() as sending:
            for number in range(int(seconds / self._every_s)):
                due = start + number * self._every_s
                await asyncio.sleep(due - time.perf_counter())
                sending.create_task(self._send(due, next(self._requests)))
        for _, writer in self._idle:
            writer.close()

    async def _send(self, due: float, request: bytes) -> None:
        if self._idle:
            reader, writer = self._idle.pop()
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(request)
        head = await reader.readuntil(_HEAD_END)
        await reader.readexactly(_length(head))
        took_us = int((time.perf_counter() - due) * 1e6)
        status = int(head[9:12])
        if status == self._right:
            self.latencies_us.append(took_us)
        elif status == 503:
            self.refused_us.append(took_us)
        else:
            self.failure = head.decode("latin-1")
        if b"connection: close" in head.lower():
            writer.close()
        else:
            self._idle.append((reader, writer))


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next(int(line.removeprefix(_LENGTH)) for line in lines if line.startswith(_LENGTH))


async def run(order: dict[str, Any]) -> list[dict[str, Any]]:
    """All streams at once; what each of them measured."""
    streams = [Arrivals(order["port"], stream) for stream in order["streams"]]
    start = time.perf_counter() + _LEAD_S
    async with asyncio.timeout(order["seconds"] + _PATIENCE_S):
        await asyncio.gather(*(stream.run(start, order["seconds"]) for stream in streams))
    return [
        {"latencies_us": each.latencies_us, "refused_us": each.refused_us, "failure": each.failure}
        for each in streams
    ]


def work_off() -> None:
    """Until standard input ends: when whoever started this is gone."""
    gc.disable()
    for line in sys.stdin:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            print(json.dumps(runner.run(run(json.loads(line)))), flush=True)


if __name__ == "__main__":
    work_off()

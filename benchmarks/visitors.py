"""Visitors: requests that come at a fixed rate from a process of their own, and how long each waited."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs

from benchmarks.bursts import WrongAnswer
from benchmarks.servers import Served


@attrs.frozen(kw_only=True)
class Stream:
    """Requests of one kind at one rate; the `headers` take turns, and with them the `bodies` if there are."""

    rate: int
    path: str
    headers: tuple[dict[str, str], ...] = ({},)
    body: str = ""
    bodies: tuple[str, ...] = ()
    status: int = 200

    def order(self) -> dict[str, Any]:
        method = "POST" if self.body or self.bodies else "GET"
        common = [f"{method} {self.path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
        heads = []
        for headers in self.headers:
            lines = [*common, *(f"{name}: {value}" for name, value in headers.items())]
            heads.append("".join(f"{line}\r\n" for line in lines))
        bodies = self.bodies or (self.body,) * len(heads)
        return {"rate": self.rate, "heads": heads, "bodies": bodies, "status": self.status}


@attrs.frozen(kw_only=True)
class Outcome:
    """Milliseconds of those that were answered, and of those that were refused."""

    answered: tuple[float, ...]
    refused: tuple[float, ...]

    @property
    def p99(self) -> float:
        return percentiles(self.answered)[2]


class Visitors:
    """The process that sends."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def come(self, shop: Served, *streams: Stream, seconds: float) -> list[Outcome]:
        """Raises `WrongAnswer`."""
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("the visitors have no pipes")
        order = {"port": shop.port, "seconds": seconds, "streams": [stream.order() for stream in streams]}
        print(json.dumps(order), file=self._process.stdin, flush=True)
        outcomes = json.loads(self._process.stdout.readline())
        for stream, outcome in zip(streams, outcomes, strict=True):
            if outcome["failure"] or not outcome["latencies_us"]:
                raise WrongAnswer(f"{stream.path}: {outcome['failure']}")
        return [
            Outcome(
                answered=tuple(each / 1000 for each in outcome["latencies_us"]),
                refused=tuple(each / 1000 for each in outcome["refused_us"]),
            )
            for outcome in outcomes
        ]


def percentiles(latencies_ms: tuple[float, ...]) -> tuple[float, float, float]:
    """The 50th, 95th and 99th, in milliseconds."""
    cuts = statistics.quantiles(latencies_ms, n=100)
    return cuts[49], cuts[94], cuts[98]


@contextmanager
def visiting() -> Iterator[Visitors]:
    """It ends with its standard input, and so with this process at the latest."""
    command = [sys.executable, "-m", "benchmarks.arrivals"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Visitors(process)

"""Bursts of requests to two servers in turn, so that a busy machine slows both."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from benchmarks.pairs import Ratio
from benchmarks.servers import cpu_seconds


class WrongAnswer(Exception):
    """A server answered something else than the benchmark is about."""


@attrs.frozen(kw_only=True)
class Request:
    """One kind of request; `{key}` in a header becomes new with each. `file` is a body on the disk."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: str = ""
    file: Path | None = None

    def order(self) -> dict[str, Any]:
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        body = {"file": str(self.file)} if self.file else {"body": self.body}
        return {"head": "".join(f"{line}\r\n" for line in lines), "status": self.status, **body}


@attrs.frozen(kw_only=True)
class Side:
    """A server and what it is asked. Its effort is that of `processes`, with their children."""

    port: int
    request: Request
    processes: tuple[int, ...]


@attrs.frozen(kw_only=True)
class Effort:
    """What one burst took. `client_share` is the load generator's part of the processors' time."""

    latencies_ms: tuple[float, ...]
    wall_s: float
    cpu_s: float
    client_share: float
    body: str

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies_ms) / self.wall_s

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of processor a request."""
        return self.cpu_s * 1000 / len(self.latencies_ms)


@attrs.frozen(kw_only=True)
class Paired:
    """The bursts of both sides, each beside its neighbour."""

    ours: tuple[Effort, ...]
    peer: tuple[Effort, ...]

    @property
    def cpu(self) -> Ratio:
        """Our processor time for a request as a multiple of the peer's."""
        return Ratio.of([one.cpu_ms / other.cpu_ms for one, other in zip(self.ours, self.peer, strict=True)])

    @property
    def rate(self) -> Ratio:
        """Our requests a second as a share of the peer's."""
        return Ratio.of([one.rate / other.rate for one, other in zip(self.ours, self.peer, strict=True)])


class LoadGenerator:
    """The process that sends, one burst at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def burst(self, side: Side, *, seconds: float, connections: int) -> Effort:
        """Raises `WrongAnswer`."""
        order = {"port": side.port, "seconds": seconds, "connections": connections, **side.request.order()}
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("the load generator has no pipes")
        before = sum(map(cpu_seconds, side.processes))
        print(json.dumps(order), file=self._process.stdin, flush=True)
        measured = json.loads(self._process.stdout.readline())
        cpu_s = sum(map(cpu_seconds, side.processes)) - before
        if measured["failure"] or not measured["latencies_us"]:
            raise WrongAnswer(f"{side.request.method} {side.request.path}: {measured['failure']}")
        return Effort(
            latencies_ms=tuple(each / 1000 for each in measured["latencies_us"]),
            wall_s=measured["wall_s"],
            cpu_s=cpu_s,
            client_share=measured["cpu_s"] / (measured["cpu_s"] + cpu_s),
            body=measured["body"],
        )


@contextmanager
def load_generator() -> Iterator[LoadGenerator]:
    """It ends with its standard input, and so with this process at the latest."""
    command = [sys.executable, "-m", "benchmarks.load"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield LoadGenerator(process)


def alternated(
    load: LoadGenerator, ours: Side, peer: Side, *, pairs: int, seconds: float, connections: int
) -> Paired:
    """Warm both up, then alternate, who is first changing with every pair."""
    measured: list[tuple[Effort, Effort]] = []

    def burst(side: Side, times: float = 1) -> Effort:
        return load.burst(side, seconds=seconds * times, connections=connections)

    burst(ours, 2)
    burst(peer, 2)
    for turn in range(pairs):
        if turn % 2:
            theirs, mine = burst(peer), burst(ours)
        else:
            mine, theirs = burst(ours), burst(peer)
        measured.append((mine, theirs))
    mine_all, theirs_all = zip(*measured, strict=True)
    return Paired(ours=mine_all, peer=theirs_all)


def percentiles(efforts: tuple[Effort, ...]) -> tuple[float, float, float]:
    """The 50th, 95th and 99th of all latencies, in milliseconds."""
    cuts = statistics.quantiles([ms for effort in efforts for ms in effort.latencies_ms], n=100)
    return cuts[49], cuts[94], cuts[98]

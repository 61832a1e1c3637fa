"""The servers that are measured: `printapic serve` as a shop runs it, the bare peer, and PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs
import httpx
import psycopg

from tests.servers.postgres import running_postgres
from tests.servers.processes import dying_with_parent, end, free_ports, wait_until

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_AS_A_SHOP_RUNS_IT = ("fsync = on", "full_page_writes = on", "shared_buffers = '128MB'")


@attrs.frozen(kw_only=True)
class Served:
    """A server process that answers on `port`, and the environment that it runs in."""

    port: int
    pid: int
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def shop_server(
    folder: Path, *options: str, database: str | None = None, bcrypt_cost: int = 4
) -> Iterator[Served]:
    """`printapic serve` with embedded defaults on a free port; on SQLite unless `database` is a URL."""
    variables = {
        "PRINTAPIC_DATA": str(folder),
        "PRINTAPIC_BCRYPT_COST": str(bcrypt_cost),
        "PRINTAPIC_RATE_LIMITS": "off",
    }
    if database:
        variables["PRINTAPIC_DATABASE_URL"] = database

    def command(port: int) -> list[str]:
        return ["printapic.entrypoints.cli.main", "serve", "--port", str(port), *options]

    with _running(command, folder, variables, ready="/health/ready") as served:
        yield served


@contextmanager
def notified_server(
    folder: Path, certificates: Path, variables: Mapping[str, str], *, database: str | None = None
) -> Iterator[Served]:
    """`printapic serve` without jobs, paid as `variables` say, with PayPal's `certificates` in a folder."""
    more = {"PRINTAPIC_DATA": str(folder), "PRINTAPIC_RATE_LIMITS": "off", **variables}
    if database:
        more["PRINTAPIC_DATABASE_URL"] = database

    def command(port: int) -> list[str]:
        return ["benchmarks.notified", str(port), str(certificates)]

    with _running(command, folder, more, ready="/health/ready") as served:
        yield served


@contextmanager
def bare_server(folder: Path, *, database: str, sample: str) -> Iterator[Served]:
    """`benchmarks.bare` on the same database; `sample` is the order that it reads and copies."""

    def command(port: int) -> list[str]:
        return ["benchmarks.bare", str(port), sample]

    with _running(command, folder, {"PRINTAPIC_DATABASE_URL": database}, ready="/ready") as served:
        yield served


@contextmanager
def _running(
    command: Callable[[int], list[str]], folder: Path, variables: Mapping[str, str], *, ready: str
) -> Iterator[Served]:
    """Start a module as a server and end it by SIGTERM; it dies with this process at the latest."""
    [port] = free_ports(1)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PRINTAPIC_")}
    environment = {**inherited, "TMPDIR": str(folder), **variables}
    log = folder / f"{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*dying_with_parent("TERM"), sys.executable, "-m", *command(port)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: _answers(f"http://127.0.0.1:{port}{ready}"), process, log)
        yield Served(port=port, pid=process.pid, environment=environment)
    finally:
        end(process, signal.SIGTERM, patience=40)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def postgres() -> Iterator[tuple[str, int]]:
    """The URL of an empty database of a PostgreSQL of one's own, durable as a shop's, and its process.

    Raises `ServerUnavailable` where its wheel is not installed.
    """
    with running_postgres() as process:
        server = process.server
        with psycopg.connect(server.url(), autocommit=True) as connection:
            for setting in _AS_A_SHOP_RUNS_IT:
                connection.execute(f"ALTER SYSTEM SET {setting}".encode())
        process.stop()
        process.start()
        with psycopg.connect(server.url()) as connection:
            [written] = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone() or [""]
        yield server.create_database("benchmark"), int(str(written).splitlines()[0])


def cpu_seconds(pid: int) -> float:
    """The processor time of a process, its children that ended, and those that live, a clock tick exact."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(map(_ticks, [str(pid), *children])) / _TICKS_A_SECOND


def _ticks(pid: str) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it ended a moment ago, and its parent counts it now
    return sum(map(int, fields[11:15]))


def memory_mb(pid: int) -> Mapping[str, float]:
    """`Rss` and `Pss` of a process in megabytes, and `VmHWM`, the most that was resident ever."""
    files = (Path(f"/proc/{pid}/smaps_rollup"), Path(f"/proc/{pid}/status"))
    lines = [line.split() for file in files for line in file.read_text().splitlines()]
    wanted = ("Rss:", "Pss:", "VmHWM:")
    return {line[0].rstrip(":"): int(line[1]) / 1000 for line in lines if line and line[0] in wanted}

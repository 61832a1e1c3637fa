"""`printapic serve` as a process that a test may kill at any moment and start again."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.servers.loopback import loopback_client

COMMAND = "printapic.entrypoints.cli.main"
ROOT = Path(__file__).parent.parent.parent.parent
_READY_S = 60


class ShopProcess:
    """Serves one data folder on one port. Every start is a new process on what the last one left."""

    def __init__(self, folder: Path, variables: Mapping[str, str], module: str = COMMAND) -> None:
        self.folder = folder
        self._module = module
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PRINTAPIC_")}
        self.environment = {
            **inherited,
            "PRINTAPIC_DATA": str(folder),
            "PRINTAPIC_BCRYPT_COST": "4",
            "PRINTAPIC_RATE_LIMITS": "off",
            **variables,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and return when it is ready to serve."""
        with (self.folder / "server.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", self._module, "serve", "--port", str(self.port)],
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        with self._lock:
            self._process = process
        deadline = time.monotonic() + _READY_S
        with loopback_client(self.url, timeout=2) as client:
            while time.monotonic() < deadline and process.poll() is None:
                try:
                    if client.get("/health/ready").status_code == 200:
                        return
                except httpx.TransportError:
                    time.sleep(0.02)
        if process.poll() is None or process.returncode != -signal.SIGKILL:
            raise AssertionError(f"the server did not start: {self.log()[-2000:]}")

    def kill(self) -> None:
        """`kill -9`, as a machine that loses its power would."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self._process is None:
            return 0
        self._process.terminate()
        return self._process.wait(60)

    def log(self) -> str:
        return (self.folder / "server.log").read_text("utf-8", "replace")


class Killer:
    """Kills the server after a random while, starts it again, and so on, until `kills` are done."""

    def __init__(self, shop: ShopProcess, *, kills: int, longest_life_s: float, seed: int) -> None:
        self._shop = shop
        self._random = random.Random(seed)
        self._longest_life_s = longest_life_s
        self._stop = threading.Event()
        self._wanted = kills
        self.kills = 0
        self.failure: BaseException | None = None

    @property
    def done(self) -> bool:
        return self.kills >= self._wanted

    def _run(self) -> None:
        try:
            while not self.done and not self._stop.wait(self._random.uniform(0, self._longest_life_s)):
                self._shop.kill()
                self.kills += 1
                self._shop.start()
        except BaseException as failure:
            self.failure = failure

    @contextmanager
    def at_work(self) -> Iterator[None]:
        thread = threading.Thread(target=self._run, name="killer")
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()
        if self.failure is not None:
            raise self.failure

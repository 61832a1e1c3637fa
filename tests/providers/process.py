"""A simulated provider as a process of its own, to be killed and started again on the same books."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


class ProviderProcess:
    """Runs until `close` or `kill`; `url` is where. Raises `RuntimeError` where it does not come up."""

    def __init__(self, provider: str, *, books: Path, port: int = 0, webhook_url: str | None = None) -> None:
        command = [sys.executable, "-m", "tests.providers.run", provider, "--books", str(books)]
        command += ["--port", str(port)] + (["--webhook-url", webhook_url] if webhook_url else [])
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            self._end()
            raise RuntimeError(f"the simulated {provider} did not start")
        self.port = int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        """As if the machine had lost it: `kill -9`."""
        self._process.kill()
        self._end()

    def close(self) -> None:
        """Let it end by itself."""
        self._process.terminate()
        self._end()

    def _end(self) -> None:
        self._process.wait(timeout=20)
        assert self._process.stdout is not None
        self._process.stdout.close()

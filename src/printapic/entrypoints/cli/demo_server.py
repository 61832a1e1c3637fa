"""A server process of the demo's own, and the files in which its mails arrive."""

from __future__ import annotations

import email
import email.policy
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import attrs
import httpx

from printapic.entrypoints.cli.demo_client import Failed

_START_S = 90
_MAIL_S = 90


@attrs.frozen(kw_only=True)
class DemoServer:
    """A running `printapic serve`, its data folder and its log."""

    url: str
    data: Path
    environment: dict[str, str]

    def mails(self, to: str) -> list[EmailMessage]:
        """Every mail to one address that arrived so far, oldest first."""
        files = sorted((self.data / "mail").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        messages = []
        for path in files:
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if to in message["To"]:
                messages.append(message)
        return messages

    def wait_for_mail(self, to: str, wanted: Callable[[EmailMessage], bool], what: str) -> EmailMessage:
        """The first mail that is `wanted`. Raises `Failed` when it does not come."""
        deadline = time.monotonic() + _MAIL_S
        while time.monotonic() < deadline:
            for message in self.mails(to):
                if wanted(message):
                    return message
            time.sleep(0.05)
        raise Failed(f"no mail came: {what}", step="mail")

    def command(self, *arguments: str) -> str:
        """Run a `printapic` command on this shop's data, as its keeper would in a shell."""
        done = subprocess.run(
            [sys.executable, "-m", "printapic.entrypoints.cli.main", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise Failed(done.stderr.strip() or "no word", step=f"printapic {' '.join(arguments)}")
        return done.stdout.strip()


@contextmanager
def running_server(data: Path) -> Iterator[DemoServer]:
    """Start `printapic serve` on a free port with embedded defaults; stop it by SIGTERM at the end."""
    data.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PRINTAPIC_")}
    environment = {**inherited, "PRINTAPIC_DATA": str(data.absolute())}
    log = data / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "printapic.entrypoints.cli.main", "serve", "--port", str(port)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url, process, log)
        yield DemoServer(url=url, data=data.absolute(), environment=environment)
        process.terminate()
        if process.wait(60) != 0:
            raise Failed(f"it ended with {process.returncode}; see {log}", step="stop the server")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    with httpx.Client(base_url=url, timeout=2, trust_env=False) as client:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if client.get("/health/ready").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
    raise Failed(f"it did not start; see {log}", step="start the server")

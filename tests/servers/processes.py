"""Starting a server process, waiting until it answers, and being sure that it ends."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LOOPBACK = "127.0.0.1"
START_TIMEOUT = 60.0
_POLL = 0.02


class ServerUnavailable(Exception):
    """This machine cannot run the server at all: its wheel is absent. Tests skip on it."""


class ServerFailed(Exception):
    """The server is there but did not come up. Never a reason to skip."""


def free_ports(count: int) -> list[int]:
    """Return ports nobody listens on now; all are held until the last is found, so they differ."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [int(each.getsockname()[1]) for each in sockets]


def dying_with_parent(with_signal: str) -> list[str]:
    """Return a command prefix that ties the server's life to the thread that starts it.

    Without it a killed test run would leave servers behind. It must be the last prefix before the
    server itself, because changing credentials or name spaces clears the setting.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", with_signal] if setpriv else []


def launch(command: Sequence[str], *, log: Path, directory: Path) -> subprocess.Popen[bytes]:
    """Start the server in a session of its own, so that Ctrl-C reaches the tests first.

    Whatever it puts into the temporary folder goes where it will be swept up.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=directory,
            env={**os.environ, "TMPDIR": str(directory)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Return as soon as the server answers; fail with the end of its log if it ends or never does."""
    deadline = time.monotonic() + START_TIMEOUT
    while not ready():
        if process.poll() is not None:
            raise ServerFailed(f"ended with {process.returncode} while starting:\n{_tail(log)}")
        if time.monotonic() > deadline:
            end(process, signal.SIGKILL)
            raise ServerFailed(f"not ready after {START_TIMEOUT:.0f} s:\n{_tail(log)}")
        time.sleep(_POLL)


def end(process: subprocess.Popen[bytes], with_signal: signal.Signals, patience: float = 10.0) -> None:
    """Ask the server to end, and make it end when it does not listen."""
    if process.poll() is not None:
        return
    process.send_signal(with_signal)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tail(log: Path, characters: int = 2000) -> str:
    return log.read_text(errors="replace")[-characters:] if log.exists() else "(no log)"

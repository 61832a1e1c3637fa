"""One server of each kind per test run, started when the first test asks, shared by all workers.

pytest-xdist's workers are processes that come and go; a server must outlive them and end with the run.
So the controlling process keeps the servers, and workers ask it over a connection. The thread that
answers them also starts the servers and lives as long as the run: "die with the parent" follows the
thread that started the child, not the process.
"""

from __future__ import annotations

import os
import secrets
import threading
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener
from typing import TYPE_CHECKING, Protocol

from tests.servers.postgres import PostgresServer, running_postgres
from tests.servers.processes import LOOPBACK, ServerFailed, ServerUnavailable
from tests.servers.s3 import S3Server, running_s3
from tests.servers.valkey import RedisServer, running_valkey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

Server = PostgresServer | S3Server | RedisServer
Answer = Server | ServerUnavailable | ServerFailed

POSTGRES_VARIABLE = "PRINTAPIC_TEST_POSTGRES"
S3_VARIABLE = "PRINTAPIC_TEST_S3"
REDIS_VARIABLE = "PRINTAPIC_TEST_REDIS"


class Servers(Protocol):
    """Whoever can tell where a server is, starting it if need be."""

    def ask(self, kind: str) -> Answer:
        """Return the server of that kind, or the reason why there is none."""
        ...


class KeptServers:
    """The servers this process started; each starts at most once and ends with `close`."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._answers: dict[str, Answer] = {}
        self._lock = threading.Lock()

    def ask(self, kind: str) -> Answer:
        """Return the server of that kind, or the reason why there is none."""
        with self._lock:
            if kind not in self._answers:
                self._answers[kind] = self._start(kind)
            return self._answers[kind]

    def listen(self) -> str:
        """Answer other processes from now on; return the line that tells them where and with which key."""
        key = secrets.token_hex(16)
        listener = self._stack.enter_context(Listener((LOOPBACK, 0), authkey=key.encode()))
        threading.Thread(target=self._serve, args=(listener,), daemon=True, name="servers").start()
        _, port = listener.address
        return f"{port} {key}"

    def close(self) -> None:
        """End every server."""
        self._stack.close()

    def _start(self, kind: str) -> Answer:
        try:
            return self._stack.enter_context(_KINDS[kind]())
        except (ServerUnavailable, ServerFailed) as failure:
            return failure

    def _serve(self, listener: Listener) -> None:
        while True:
            with suppress(EOFError, AuthenticationError, ConnectionError):
                try:
                    connection = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.send(self.ask(connection.recv()))


class RemoteServers:
    """The servers another process keeps, asked for by one of its workers."""

    def __init__(self, where: str) -> None:
        port, _, key = where.partition(" ")
        self._address, self._key = (LOOPBACK, int(port)), key.encode()

    def ask(self, kind: str) -> Answer:
        """Return the server of that kind, or the reason why there is none."""
        with Client(self._address, authkey=self._key) as connection:
            connection.send(kind)
            answer: Answer = connection.recv()
            return answer


@contextmanager
def _postgres() -> Iterator[PostgresServer]:
    elsewhere = os.environ.get(POSTGRES_VARIABLE)
    if elsewhere:
        yield PostgresServer.at(elsewhere)
        return
    with running_postgres() as process:
        yield process.server


@contextmanager
def _s3() -> Iterator[S3Server]:
    elsewhere = os.environ.get(S3_VARIABLE)
    if elsewhere:
        yield S3Server.at(elsewhere)
        return
    with running_s3() as server:
        yield server


@contextmanager
def _redis() -> Iterator[RedisServer]:
    elsewhere = os.environ.get(REDIS_VARIABLE)
    if elsewhere:
        yield RedisServer(elsewhere)
        return
    with running_valkey() as process:
        yield process.server


_KINDS: dict[str, Callable[[], AbstractContextManager[Server]]] = {
    "postgres": _postgres,
    "s3": _s3,
    "redis": _redis,
}

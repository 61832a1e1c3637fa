"""A simulated provider's HTTP/1.1 server on loopback, with everything that can go wrong on a wire."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol

import attrs

from tests.providers import faults
from tests.providers.books import ProviderBooks
from tests.providers.counter import Call, WireFault
from tests.providers.routes import Reply, Request

HOST = "127.0.0.1"
DELAY_S = 0.2
LONGEST_BODY = 1_000_000
LOOK_AT_DOOR_S = 0.02
SPOILT = "X-Deliberate-Fault"
"""Says to those who check contracts that an answer is broken on purpose."""
DOOR_DEADLINE_S = 10


class ProviderApp(Protocol):
    """What a provider answers. Called by many threads at once."""

    books: ProviderBooks

    def call_of(self, request: Request) -> Call | None:
        """Which call of the port this request belongs to, for planned faults."""

    def answer(self, request: Request, fault: WireFault | None) -> Reply:
        """Do what was asked, or what `fault` says.

        The wire's own faults (drops, delays, cut bodies, forgotten keys) are done by the server and never
        come here: what comes is BUSY, TOO_MANY, EXPIRED_CREDENTIALS, UNAVAILABLE, SERVER_ERROR_BEFORE and
        _AFTER, UNKNOWN_WORD and MISSING_FIELD.
        """


class ProviderServer:
    """Serves an app in threads until closed. `url` is where; `port` 0 takes any free one.

    A server opened on the same books and port goes on where a killed one was.
    """

    def __init__(self, app: ProviderApp, *, port: int = 0) -> None:
        self.app = app
        self.broken: list[BaseException] = []
        """What no provider would ever do: errors of the simulator itself."""
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._stop = threading.Event()
        # Bound, but deaf: keeps the port while the door is closed.
        self._holder = _bound(port)
        self.port: int = self._holder.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self._listener: socket.socket | None = None
        self._closed: bool | None = None
        self._turn_door(wanted_closed=app.books.look("door_closed") is True)
        self._porter = threading.Thread(target=self._accept, name=f"provider-{self.port}", daemon=True)
        self._porter.start()

    def close(self) -> None:
        """End all connections. Raises `RuntimeError` where the simulator itself broke on the way."""
        self._stop.set()
        self._porter.join()
        self._hang_up()
        if self._listener:
            self._listener.close()
        self._holder.close()
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join()
        with self.app.books.entry() as entry:
            entry.keep("server", None)
        if self.broken:
            raise RuntimeError("the simulator broke") from self.broken[0]

    def _accept(self) -> None:
        while not self._stop.is_set():
            self._turn_door(wanted_closed=self.app.books.look("door_closed") is True)
            if self._listener is None:
                self._stop.wait(LOOK_AT_DOOR_S)
                continue
            try:
                connection, address = self._listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(None)
            thread = threading.Thread(target=self._serve, args=(connection, address), daemon=True)
            with self._lock:
                self._connections.add(connection)
                self._threads.add(thread)
            thread.start()

    def _turn_door(self, *, wanted_closed: bool) -> None:
        if wanted_closed == self._closed:
            return
        if wanted_closed and self._listener:
            self._listener.close()
            self._listener = None
            self._hang_up()
        elif not wanted_closed and not self._listener:
            self._listener = _bound(self.port)
            self._listener.listen(128)
            self._listener.settimeout(LOOK_AT_DOOR_S)
        self._closed = wanted_closed
        with self.app.books.entry() as entry:
            entry.keep("server", {"pid": os.getpid(), "closed": wanted_closed})

    def _hang_up(self) -> None:
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _serve(self, connection: socket.socket, address: Any) -> None:
        try:
            _Conversation(connection, address, self)  # type: ignore[arg-type]
        except (ConnectionError, ValueError):
            pass  # The client went away, or spoke no HTTP: its own affair.
        except BaseException as error:
            self.broken.append(error)
        finally:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
            with self._lock:
                self._connections.discard(connection)
                self._threads.discard(threading.current_thread())

    def reply_to(self, request: Request) -> Reply | None:
        """What goes back over the wire; None ends the connection without a word."""
        if self._listener is None:
            return None
        with self.app.books.entry() as entry:
            fault = faults.draw(entry, self.app.call_of(request))
            if fault is WireFault.FORGOTTEN_KEYS:
                entry.forget_answers()
        match fault:
            case WireFault.DROP_BEFORE:
                return None
            case WireFault.DROP_AFTER:
                self.app.answer(request, None)
                return None
            case WireFault.DELAY:
                reply = self.app.answer(request, None)
                time.sleep(DELAY_S)
                return reply
            case WireFault.MALFORMED:
                reply = self.app.answer(request, None)
                return _spoilt(attrs.evolve(reply, body=reply.body[: len(reply.body) // 2]))
            case WireFault.UNKNOWN_WORD | WireFault.MISSING_FIELD:
                return _spoilt(self.app.answer(request, fault))
            case WireFault.FORGOTTEN_KEYS:
                return self.app.answer(request, None)
            case _:
                return self.app.answer(request, fault)


def _spoilt(reply: Reply) -> Reply:
    return attrs.evolve(reply, headers={**reply.headers, SPOILT: "yes"})


def close_door(books: ProviderBooks, closed: bool) -> None:
    """Let the server on these books refuse connections, or take them again; returns when it does.

    Raises `TimeoutError` where a living server does not obey.
    """
    with books.entry() as entry:
        entry.keep("door_closed", closed)
    ends_at = time.monotonic() + DOOR_DEADLINE_S
    while (server := books.look("server")) and server["closed"] != closed and _lives(server["pid"]):
        if time.monotonic() > ends_at:
            raise TimeoutError("the server does not mind its door")
        time.sleep(0.005)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound


class _Conversation(BaseHTTPRequestHandler):
    """One connection: requests one after the other, until either side has had enough."""

    protocol_version = "HTTP/1.1"
    server_version = "nginx"
    sys_version = ""
    wbufsize = -1
    disable_nagle_algorithm = True
    server: ProviderServer  # type: ignore[assignment]

    def _talk(self) -> None:
        length = self.headers.get("content-length", "0")
        if "transfer-encoding" in self.headers or not length.isdigit() or int(length) > LONGEST_BODY:
            self._say(Reply(status=413))
            self.close_connection = True
            return
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return
        reply = self.server.reply_to(
            Request(
                method=self.command,
                path=path,
                query=query,
                headers={name.lower(): value for name, value in self.headers.items()},
                body=body,
            )
        )
        if reply is None:
            self.close_connection = True
        else:
            self._say(reply)

    do_GET = do_POST = do_PATCH = do_DELETE = _talk  # noqa: N815

    def _say(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: a test's output is its own."""

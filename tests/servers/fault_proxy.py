"""A network that can be told to fail: a TCP proxy in a thread, between a program and a real server."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum

from tests.servers.processes import LOOPBACK

_PIECE = 65_536
_PATIENCE_S = 10
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Fault(Enum):
    """What happens to all connections, old and new ones.

    `SWALLOWING` acknowledges what either side sends and hands nothing on, as a firewall does that has
    forgotten a connection. `RESETTING` ends connections in the middle. `REFUSING` does so and lets
    nobody in.
    """

    NONE = "none"
    SWALLOWING = "swallowing"
    RESETTING = "resetting"
    REFUSING = "refusing"


class FaultProxy:
    """Hands on what it gets between `port` and the server, later by `delay_s` each way."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = (host, port)
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._fault = Fault.NONE
        self.delay_s = 0.0
        self.port = 0

    @property
    def open_connections(self) -> int:
        """How many clients are connected right now."""
        return len(self._writers) // 2

    def fail(self, fault: Fault) -> None:
        """Fail like this from now on; `Fault.NONE` is a network that works."""
        asyncio.run_coroutine_threadsafe(self._become(fault), self._loop).result(10)

    def run(self) -> None:
        self._loop.run_forever()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    def begin(self) -> None:
        """Listen. Called once the loop runs."""
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, LOOPBACK, self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _become(self, fault: Fault) -> None:
        self._fault = fault
        if fault in (Fault.RESETTING, Fault.REFUSING):
            for writer in list(self._writers):
                _reset(writer)
        if fault is Fault.REFUSING and self._server is not None:
            self._server.close()
            self._server = None
        elif self._server is None:
            await self._listen()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._fault is Fault.RESETTING:
            _reset(writer)
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._upstream)
        except OSError:
            _reset(writer)
            return
        both = {writer, far_writer}
        self._writers |= both
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            self._writers -= both
            for each in both:
                each.close()

    async def _pump(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        """One direction, until either side ends it."""
        with suppress(OSError):
            while piece := await source.read(_PIECE):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if self._fault is not Fault.SWALLOWING:
                    to.write(piece)
                    await to.drain()
        with suppress(OSError):
            to.close()

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        if left := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(left, timeout=_PATIENCE_S)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    raw: socket.socket = writer.get_extra_info("socket")
    with suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()


@contextmanager
def fault_proxy(host: str, port: int) -> Iterator[FaultProxy]:
    """A proxy before `host:port` that works until it is told to fail."""
    proxy = FaultProxy(host, port)
    thread = threading.Thread(target=proxy.run, name="fault-proxy")
    thread.start()
    try:
        proxy.begin()
        yield proxy
    finally:
        proxy.stop()
        thread.join()

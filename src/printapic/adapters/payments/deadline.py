"""A deadline over a whole exchange with a provider, from connecting to the answer's last byte.

Time-outs are about each read alone: an answer that drips, in its headers or in its body, keeps to all of
them and lasts for ever.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

import httpcore
import httpx

SocketOption: TypeAlias = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)
_ends_at: ContextVar[float | None] = ContextVar("_ends_at", default=None)


@contextmanager
def done_within(seconds: float) -> Iterator[None]:
    """Whatever this thread reads and writes on a `PunctualTransport` meanwhile is over by then.

    Past it, httpx raises `ReadTimeout` or `WriteTimeout`.
    """
    before = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(before)


class PunctualTransport(httpx.HTTPTransport):
    """httpx's own, whose reads and writes keep to the deadline."""

    def __init__(self, *, limits: httpx.Limits) -> None:
        context = httpx.create_ssl_context(trust_env=False)
        super().__init__(limits=limits, verify=context, trust_env=False)
        # httpx lets nobody choose what a pool reads with.
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=PunctualBackend(),
        )


class PunctualBackend(httpcore.SyncBackend):
    """Connects as ever."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        return PunctualStream(super().connect_tcp(host, port, timeout, local_address, socket_options))


class PunctualStream(httpcore.NetworkStream):
    """Waits no longer for a single read than all of them together may take."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return PunctualStream(
            self._inner.start_tls(ssl_context, server_hostname, _left(timeout, httpcore.ConnectTimeout))
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(timeout: float | None, over: type[httpcore.TimeoutException]) -> float | None:
    ends_at = _ends_at.get()
    if ends_at is None:
        return timeout
    left = ends_at - time.monotonic()
    if left <= 0:
        raise over("the time for the whole exchange is over")
    return left if timeout is None else min(timeout, left)

"""What uvicorn's HTTP protocol lacks: an end to request heads, in bytes and in time, and a proper refusal."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

import msgspec
import uuid_utils
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from printapic.entrypoints.http.problems import MEDIA_TYPE, problem

MAX_HEAD_BYTES = 64 * 1024
"""Request line and headers together. The first read of a request is let through whatever its size."""
DRAIN_S = 25
"""For requests in hand, when the server is told to stop."""
MAX_HEAD_S = 10.0
"""From the first byte of a request, or the opening of the connection, to the end of its headers."""


def server_config(app: Any, *, log_level: str) -> uvicorn.Config:
    """How uvicorn has to serve the API.

    It must leave forwarded addresses alone: by default it believes them of everybody on this machine.
    """
    return uvicorn.Config(
        app,
        http=GuardedHttpProtocol,
        proxy_headers=False,
        access_log=False,
        server_header=False,
        log_level=log_level,
        timeout_graceful_shutdown=DRAIN_S,
    )


class GuardedHttpProtocol(HttpToolsProtocol):
    """For `uvicorn.Config(http=GuardedHttpProtocol)`.

    Without it a client may send one header for ever, which is kept in memory, or one byte a minute.
    """

    _head_bytes = 0
    _in_head = True
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_over()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431, "request-head-too-large", "The request line and headers are too long.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        self._head_is_over()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "http-malformed", "This is not a valid HTTP request.")

    def _expect_head(self) -> None:
        self._stop_the_clock()
        self._in_head = True
        self._deadline = self.loop.call_later(MAX_HEAD_S, self._too_late)

    def _head_is_over(self) -> None:
        self._in_head, self._head_bytes = False, 0
        self._stop_the_clock()

    def _stop_the_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        if not self.transport.is_closing():
            self._refuse(408, "request-head-too-slow", "The request did not arrive in time.")

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Answer without the application, which has not seen this request, and hang up."""
        self._head_is_over()
        request_id = str(uuid_utils.uuid7())
        body = msgspec.json.encode(problem(code, detail, status=status, request_id=request_id))
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: {MEDIA_TYPE}\r\n"
            f"content-length: {len(body)}\r\nx-request-id: {request_id}\r\n"
            "x-content-type-options: nosniff\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

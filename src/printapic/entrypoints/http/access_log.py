"""The access log: one line for each request, of which no part was chosen by whoever sent it."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from printapic.entrypoints.http.headers import request_id

_HEALTH = "/health/"
_FINE = 400


class AccessLog:
    """Says of each request its method, route, status, duration and id, and nothing else.

    The route is the template, `/v1/orders/{order_id}`: paths, query strings, headers and addresses may
    tell of people. `status` is 0 where the client had gone before it was answered. Health that is fine is
    not worth a line a second.
    """

    def __init__(self, app: ASGIApp, clock: Callable[[], float] = time.perf_counter) -> None:
        self._app = app
        self._clock = clock
        self._log = structlog.get_logger(__name__).bind()  # once: that is half of the work of a line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, status = self._clock(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            if not (0 < status < _FINE and scope["path"].startswith(_HEALTH)):
                self._write(scope, status, self._clock() - started)

    def _write(self, scope: Scope, status: int, seconds: float) -> None:
        self._log.info(
            "request",
            method=scope.get("method"),
            route=scope.get("path_template"),
            status=status,
            duration_ms=round(seconds * 1000, 1),
            request_id=request_id(scope),
        )

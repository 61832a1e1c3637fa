"""Which pages of other origins may call the API (the CORS protocol of the Fetch standard)."""

from __future__ import annotations

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from printapic.domain.errors import Denied
from printapic.entrypoints.http.errors import refuse

METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
ACCEPTED = (
    "authorization",
    "content-digest",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-api-key",
    "x-one-time-code",
)
EXPOSED = (
    "content-disposition",
    "etag",
    "idempotency-replayed",
    "location",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "x-request-id",
)
_REMEMBERED_S = 600
_VARY = (b"vary", b"Origin")


class OriginNotAllowed(Denied):
    """Only asked by browsers, on behalf of a page: its author learns why nothing works."""

    code = "origin-not-allowed"

    def __init__(self) -> None:
        super().__init__("Pages of this origin may not call this shop.")


class ListedOrigins:
    """Lets pages of exactly these origins read answers; credentials are never part of it.

    The framework's own answers a refused preflight as bare text, allows headers to origins that it does
    not list, and replaces the `Vary` that a handler sets.
    """

    def __init__(self, app: ASGIApp, origins: frozenset[str]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers.from_scope(scope)
        origin = headers.get("origin", "")
        listed = origin in self._origins
        asks_first = scope["type"] == ScopeType.HTTP and scope["method"] == "OPTIONS"
        if not asks_first or "access-control-request-method" not in headers:
            await self._app(scope, receive, _sharing(send, origin if listed else None))
        elif listed:
            await _allow(send, origin)
        else:
            await refuse(scope, receive, _sharing(send, None), OriginNotAllowed())


def _sharing(send: Send, origin: str | None) -> Send:
    """Say on an answer who may read it; caches must know in any case that this depends on who asks."""
    more = [_VARY]
    if origin is not None:
        more += [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-expose-headers", ", ".join(EXPOSED).encode()),
        ]

    async def share(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *more]
        await send(message)

    return share


async def _allow(send: Send, origin: str) -> None:
    """Say what pages may send. Whether that is enough for the request in hand, the browser decides."""
    headers = [
        _VARY,
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-methods", ", ".join(METHODS).encode()),
        (b"access-control-allow-headers", ", ".join(ACCEPTED).encode()),
        (b"access-control-max-age", str(_REMEMBERED_S).encode()),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})

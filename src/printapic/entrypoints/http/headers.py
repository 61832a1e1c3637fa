"""Headers that every answer carries: its request id, and what keeps browsers out of mischief."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import uuid_utils
from litestar.datastructures import Headers
from litestar.types import Message, Scope

from printapic.entrypoints.http.addresses import Proxies, sent
from printapic.entrypoints.http.limits import fields
from printapic.entrypoints.http.methods import allowed

MAX_IGNORED_BYTES = 64 * 1024
PROXIES = "proxies"
_REQUEST_ID = "printapic.request_id"
_GIVEN_ID = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)
_DEFAULTS = {
    b"x-content-type-options": b"nosniff",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}
_HSTS = {b"strict-transport-security": b"max-age=31536000; includeSubDomains"}


def request_id(scope: Mapping[str, Any]) -> str:
    """This request's id: what one of our own proxies calls it, or else made when first asked for."""
    state = scope["state"]
    if _REQUEST_ID not in state:
        state[_REQUEST_ID] = _given_id(scope) or str(uuid_utils.uuid7())
    return str(state[_REQUEST_ID])


def proxies_of(scope: Mapping[str, Any]) -> Proxies:
    """The trusted proxies of the application that this request came to."""
    app = scope.get("litestar_app")
    proxies: Proxies | None = app.state.get(PROXIES) if app is not None else None
    return proxies or Proxies()


def _given_id(scope: Mapping[str, Any]) -> str | None:
    given = sent(scope, b"x-request-id")
    if len(given) != 1 or not _GIVEN_ID.fullmatch(given[0]):
        return None
    return given[0] if proxies_of(scope).speak(scope) else None


def finishing(*, https: bool) -> Callable[[Message, Scope], Awaitable[None]]:
    """A hook that completes the headers of every answer. What a handler set itself stays."""
    defaults = _DEFAULTS | _HSTS if https else _DEFAULTS

    async def finish(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = [
            (name, allowed(scope, value) if name.lower() == b"allow" else value)
            for name, value in message.get("headers", [])
        ]
        names = {name.lower() for name, _ in headers}
        headers += [(name, value) for name, value in defaults.items() if name not in names]
        headers += fields(scope)
        headers.append((b"x-request-id", request_id(scope).encode()))
        if _unread(scope):
            headers.append((b"connection", b"close"))
        message["headers"] = headers

    return finish


def _unread(scope: Scope) -> bool:
    """Whether the client may still be sending much that nobody wants any more."""
    if scope["state"].get("printapic.body_read"):
        return False
    headers = Headers.from_scope(scope)
    length = headers.get("content-length", "0")
    return "transfer-encoding" in headers or not length.isdecimal() or int(length[:20]) > MAX_IGNORED_BYTES

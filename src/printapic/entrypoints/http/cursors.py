"""Cursors: where the next page of a list begins, in a form that only the same list takes back."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from litestar import Request

from printapic.application.users.principal import Principal
from printapic.domain.errors import Invalid

MAC_BYTES = 16
"""HMAC-SHA256 cut to half, as RFC 2104, 5 allows: 128 bits are beyond guessing."""
_NO_FILTERS = frozenset({"cursor", "limit"})


class CursorInvalid(Invalid):
    """Altered, made by somebody else, or given for another list, other filters or another caller."""

    code = "cursor-invalid"

    def __init__(self) -> None:
        super().__init__("This cursor is not one that a page of this list gave.")


class Cursors:
    """Makes cursors under the first of the `secrets`, and takes those made under any of them.

    `place` says what a cursor is for. What is in it is no secret, and nothing that the caller did not see.
    """

    def __init__(self, secrets: Callable[[], Sequence[bytes]]) -> None:
        self._secrets = secrets

    def make(self, key: bytes, *, place: bytes) -> str:
        """A cursor that leads on from the item with this key."""
        return _encoded(key + _mac(self._secrets()[0], key, place))

    def read(self, cursor: str, *, place: bytes) -> bytes:
        """The key that a cursor was made of. Raises `CursorInvalid`."""
        raw = _decoded(cursor)
        key, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
        # All of them are tried, whichever fits: how long it takes tells nothing.
        if not sum(hmac.compare_digest(mac, _mac(secret, key, place)) for secret in self._secrets()):
            raise CursorInvalid
        return key


def place_of(request: Request[Any, Any, Any]) -> bytes:
    """Which list, filtered how, shown to whom; the limit may change from page to page."""
    sent = request.query_params.multi_items()
    filters = sorted((name, value) for name, value in sent if name not in _NO_FILTERS)
    principal: Principal | None = request.scope.get("user")
    who = str(principal.user_id) if principal else ""
    return msgspec.json.encode([request.scope["path"], filters, who])


def _mac(secret: bytes, key: bytes, place: bytes) -> bytes:
    """JSON holds no NUL, so that nothing of the place can be taken for the key."""
    return hmac.new(secret, place + b"\0" + key, hashlib.sha256).digest()[:MAC_BYTES]


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(cursor: str) -> bytes:
    """The bytes of which this is the one spelling: the last letter has bits that mean nothing."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise CursorInvalid from None
    if _encoded(raw) != cursor:
        raise CursorInvalid
    return raw

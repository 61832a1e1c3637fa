"""One request at PayPal's desk, and what PayPal-Request-Id means there.

Under an id that was seen before PayPal repeats nothing and compares nothing: it shows what became of the
first request under it, as that stands now, however different the second one is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import attrs

from tests.providers.books import Json
from tests.providers.paypal.desk import Desk

ORDERS_KEPT_FOR = timedelta(hours=6)
PAYMENTS_KEPT_FOR = timedelta(days=45)
_LONGEST_KEY = 108


@attrs.frozen(kw_only=True)
class Exchange:
    """`args` are the places of the path."""

    desk: Desk
    args: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def key(self) -> str | None:
        return self.headers.get("paypal-request-id") or None

    @property
    def whole(self) -> bool:
        """Whether the shop prefers a whole representation to the minimal one, which is usual."""
        return self.headers.get("prefer", "return=minimal") == "return=representation"


Handler = Callable[[Exchange], tuple[int, Json | None]]
"""Status and JSON; None for an answer without a body. Raises `Refusal`."""


def keeping_key(
    scope: str,
    *,
    act: Callable[[Exchange], str],
    show: Callable[[Exchange, str], tuple[int, Json]],
    kept_for: timedelta,
    again: int,
) -> Handler:
    """A handler with one effect per key within `kept_for`. `act` names what `show` then describes.

    `again` is the status of an answer about an earlier request. Refusals are not kept: who was refused
    may try again under the same key.
    """

    def handler(exchange: Exchange) -> tuple[int, Json]:
        entry, key = exchange.desk.entry, f"{scope} {exchange.key}"
        known = None if exchange.key is None else entry.answer(key)
        if known is not None and entry.now < known.at + kept_for:
            _, body = show(exchange, known.body.decode())
            return again, body
        name = act(exchange)
        if exchange.key is not None:
            entry.remember(key, "", 0, {}, name.encode())
        return show(exchange, name)

    return handler


def key_too_long(headers: Mapping[str, str]) -> bool:
    return len(headers.get("paypal-request-id", "")) > _LONGEST_KEY

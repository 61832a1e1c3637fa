"""What a PayPal notification is about, as far as we believe it: a name to ask PayPal for, and no amount."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import msgspec

SUBSCRIBED = frozenset(
    {
        "CHECKOUT.ORDER.APPROVED",
        "CHECKOUT.ORDER.COMPLETED",
        "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
        "PAYMENT.AUTHORIZATION.CREATED",
        "PAYMENT.AUTHORIZATION.VOIDED",
        "PAYMENT.CAPTURE.COMPLETED",
        "PAYMENT.CAPTURE.PENDING",
        "PAYMENT.CAPTURE.DENIED",
        "PAYMENT.CAPTURE.DECLINED",
        "PAYMENT.CAPTURE.REFUNDED",
        "PAYMENT.CAPTURE.REVERSED",
        "PAYMENT.REFUND.PENDING",
        "PAYMENT.REFUND.FAILED",
        "CUSTOMER.DISPUTE.CREATED",
        "CUSTOMER.DISPUTE.UPDATED",
        "CUSTOMER.DISPUTE.RESOLVED",
    }
)
"""The events that a shop's webhook at PayPal is to be subscribed to. No other one leads to a look."""
_REF = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_PARENT = re.compile(
    r"https?://[^/]+/v2/(?:checkout/orders|payments/authorizations|payments/captures)/([A-Za-z0-9-]{1,64})",
    re.ASCII,
)


class _RelatedIds(msgspec.Struct):
    order_id: str | None = None


class _SupplementaryData(msgspec.Struct):
    related_ids: _RelatedIds | None = None


class _DisputedTransaction(msgspec.Struct):
    seller_transaction_id: str | None = None


class _Link(msgspec.Struct):
    rel: str = ""
    href: str = ""


class _Resource(msgspec.Struct):
    """The names that an order, a payment, a refund or a dispute has for itself and its relatives."""

    id: str | None = None
    order_id: str | None = None
    dispute_id: str | None = None
    supplementary_data: _SupplementaryData | None = None
    disputed_transactions: tuple[_DisputedTransaction, ...] = ()
    links: tuple[_Link, ...] = ()

    def names(self) -> Iterator[str | None]:
        """From the order, which the shop knows from the start, to what it may never have heard of."""
        if self.supplementary_data and self.supplementary_data.related_ids:
            yield self.supplementary_data.related_ids.order_id
        yield self.order_id
        yield from (each.seller_transaction_id for each in self.disputed_transactions)
        for link in self.links:
            parent = _PARENT.fullmatch(link.href)
            if link.rel == "up" and parent:
                yield parent[1]
        yield self.id
        yield self.dispute_id


class PayPalEvent(msgspec.Struct, kw_only=True):
    """A notification's body. The patterns keep out what no database column and no log should meet."""

    id: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{1,128}\Z")]
    event_type: Annotated[str, msgspec.Meta(pattern=r"\A[A-Z0-9._-]{1,128}\Z")]
    create_time: Annotated[datetime, msgspec.Meta(tz=True)]
    resource: msgspec.Raw = msgspec.Raw(b"{}")

    @classmethod
    def read(cls, body: bytes) -> PayPalEvent:
        """Raises `ValueError` for everything that is not one well-formed event in UTF-8."""
        try:
            event = msgspec.json.decode(body.decode(), type=cls)
            event.create_time = event.create_time.astimezone(UTC)
        except (RecursionError, OverflowError):
            raise ValueError("too deep, or out of time") from None
        return event

    @property
    def ref(self) -> str | None:
        """The checkout or its nearest relative; None of other events, and where nothing can be read."""
        if self.event_type not in SUBSCRIBED:
            return None
        try:
            resource = msgspec.json.decode(self.resource, type=_Resource)
        except (ValueError, RecursionError):
            return None
        return next((name for name in resource.names() if name and _REF.fullmatch(name)), None)

"""What we read of PayPal's objects: never a name, a mail address or an account of the payer.

Members that we do not know are passed over; a status that we do not know makes the whole unreadable.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from printapic.adapters.payments.paypal.currencies import Amount
from printapic.adapters.payments.paypal.refusals import Link

Ref: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9]{1,64}\Z")]
"""PayPal's names, which go into addresses and into our tables."""


class Breakdown(msgspec.Struct, frozen=True):
    """What the seller gets of a capture."""

    paypal_fee: Amount | None = None
    paypal_fee_in_receivable_currency: Amount | None = None


class RelatedIds(msgspec.Struct, frozen=True):
    order_id: Ref | None = None
    authorization_id: Ref | None = None
    capture_id: Ref | None = None


class SupplementaryData(msgspec.Struct, frozen=True):
    related_ids: RelatedIds | None = None


class AuthorizationBody(msgspec.Struct, frozen=True):
    """Money that a bank holds."""

    id: Ref
    status: Literal["CREATED", "CAPTURED", "DENIED", "PARTIALLY_CAPTURED", "VOIDED", "PENDING"]
    amount: Amount
    create_time: str
    expiration_time: str | None = None
    supplementary_data: SupplementaryData | None = None
    links: tuple[Link, ...] = ()


class CaptureBody(msgspec.Struct, frozen=True):
    """Money taken, or on its way."""

    id: Ref
    status: Literal["COMPLETED", "DECLINED", "PARTIALLY_REFUNDED", "PENDING", "REFUNDED", "FAILED"]
    amount: Amount
    create_time: str
    invoice_id: str | None = None
    final_capture: bool = False
    seller_receivable_breakdown: Breakdown | None = None
    supplementary_data: SupplementaryData | None = None
    links: tuple[Link, ...] = ()

    @property
    def taken(self) -> bool:
        return self.status in ("COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED")

    @property
    def pending(self) -> bool:
        return self.status == "PENDING"


class RefundBody(msgspec.Struct, frozen=True):
    """Money on its way back."""

    id: Ref
    status: Literal["CANCELLED", "FAILED", "PENDING", "COMPLETED"]
    amount: Amount
    create_time: str
    custom_id: str | None = None
    supplementary_data: SupplementaryData | None = None
    links: tuple[Link, ...] = ()


class Payments(msgspec.Struct, frozen=True):
    authorizations: tuple[AuthorizationBody, ...] = ()
    captures: tuple[CaptureBody, ...] = ()
    refunds: tuple[RefundBody, ...] = ()


class PurchaseUnit(msgspec.Struct, frozen=True):
    amount: Amount | None = None
    custom_id: str | None = None
    payments: Payments = Payments()


class OrderBody(msgspec.Struct, frozen=True):
    """A checkout, with all money that moved for it."""

    id: Ref
    status: Literal["CREATED", "SAVED", "APPROVED", "VOIDED", "COMPLETED", "PAYER_ACTION_REQUIRED"]
    intent: Literal["CAPTURE", "AUTHORIZE"] | None = None
    purchase_units: tuple[PurchaseUnit, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def payments(self) -> Payments:
        return self.purchase_units[0].payments if self.purchase_units else Payments()


def last_segment(links: tuple[Link, ...], collection: str) -> str | None:
    """The id in the link upwards that leads into a collection: `captures` in `.../captures/{id}`."""
    for link in links:
        *_, parent, id_ = ["", "", *link.href.split("/")]
        if link.rel == "up" and parent == collection and id_.isalnum():
            return id_
    return None

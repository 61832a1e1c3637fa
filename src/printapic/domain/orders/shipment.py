"""Shipments: what left the house in which parcel."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum

import attrs

from printapic.domain.errors import Invalid, NotFound
from printapic.domain.events import aware_utc
from printapic.domain.ids import LineId, ShipmentId

_HTTPS = re.compile(r"https://[a-z0-9.-]+(:[0-9]{1,5})?([/?#][!#-;=?-Z_a-z~]*)?", re.ASCII | re.IGNORECASE)
"""A host by name, and no credentials, blanks, quotes, brackets or backslashes: it ends up in a mail."""


class ShipmentInvalid(Invalid):
    code = "shipment-invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This shipment {reason}.")


class ShipmentNotFound(NotFound):
    code = "shipment-not-found"

    def __init__(self) -> None:
        super().__init__("There is no such shipment.")


class ShipmentState(StrEnum):
    HANDED_OVER = "handed_over"
    DELIVERED = "delivered"


@attrs.frozen
class ShippedItem:
    line_id: LineId
    quantity: int


def _tracking_url(instance: object, attribute: object, value: str) -> None:
    if len(value) > 500 or not _HTTPS.fullmatch(value):
        raise ShipmentInvalid("has a tracking link that is not an https address")


def _short_text(instance: object, attribute: object, value: str) -> None:
    if not (value.strip() and len(value) <= 80 and value.isprintable()):
        raise ShipmentInvalid("names a carrier or tracking number that is empty, too long or not printable")


@attrs.frozen(kw_only=True)
class Shipment:
    """One parcel. Raises `ShipmentInvalid` for a tracking link that a mail should not carry."""

    id: ShipmentId
    carrier: str = attrs.field(validator=_short_text)
    tracking_number: str | None = attrs.field(default=None, validator=attrs.validators.optional(_short_text))
    tracking_url: str | None = attrs.field(default=None, validator=attrs.validators.optional(_tracking_url))
    items: tuple[ShippedItem, ...]
    state: ShipmentState = ShipmentState.HANDED_OVER
    handed_over_at: datetime = attrs.field(validator=aware_utc)
    delivered_at: datetime | None = attrs.field(default=None, validator=aware_utc)

    def forgotten(self) -> Shipment:
        """This parcel without the number under which its carrier knows the address."""
        return attrs.evolve(self, tracking_number=None, tracking_url=None)

    def delivered(self, *, at: datetime) -> Shipment:
        """This parcel, arrived."""
        return attrs.evolve(self, state=ShipmentState.DELIVERED, delivered_at=at)

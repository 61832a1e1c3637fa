"""What an order looks like on the wire, coming and going."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from printapic.application.orders.checkout import OrderLineRequest
from printapic.application.ports.orders import OrderSummary
from printapic.domain.addresses import Address
from printapic.domain.crops import MILLION, CropRecipe
from printapic.domain.ids import ImageId, Sku
from printapic.domain.orders.line import OrderLine
from printapic.domain.orders.order import Action, HistoryEntry, Order
from printapic.domain.orders.shipment import Shipment
from printapic.entrypoints.http.amounts import Amount, amount
from printapic.entrypoints.http.bodies import RequestBody, ResponseBody
from printapic.entrypoints.http.quotes import Copies, CropBody


class AddressBody(RequestBody, kw_only=True):
    """Where the parcel goes: one line of text per field."""

    name: str
    line1: str
    line2: str | None = None
    postal_code: str
    city: str
    region: str | None = None
    country: str

    example: ClassVar[Mapping[str, object]] = {
        "name": "Anna Example",
        "line1": "Musterstr. 1",
        "postal_code": "10115",
        "city": "Berlin",
        "country": "DE",
    }

    def address(self) -> Address:
        """Raises `AddressInvalid`."""
        return Address(
            name=self.name,
            line1=self.line1,
            line2=self.line2,
            postal_code=self.postal_code,
            city=self.city,
            region=self.region,
            country=self.country,
        )


class OrderLineBody(RequestBody, kw_only=True):
    """One photo on one product. Without `crop` we crop centrally."""

    sku: str
    image_id: UUID
    quantity: Copies
    crop: CropBody | None = None
    acknowledged_warnings: list[str] = msgspec.field(default_factory=list)

    def request(self) -> OrderLineRequest:
        """Raises `CropInvalid`."""
        return OrderLineRequest(
            sku=Sku(self.sku),
            image_id=ImageId(self.image_id),
            quantity=self.quantity,
            crop=self.crop.recipe() if self.crop else None,
            acknowledged_warnings=frozenset(self.acknowledged_warnings),
        )


class PlaceOrderRequest(RequestBody, kw_only=True):
    """`quote_hash` says which price the customer accepted."""

    quote_hash: str
    lines: list[OrderLineBody]
    ship_to: AddressBody
    shipping_method: str
    currency: str
    voucher: str | None = None

    example: ClassVar[Mapping[str, object]] = {
        "quote_hash": "06a1d2f30-9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "lines": [
            {
                "sku": "print-10x15-glossy",
                "image_id": "019a1c5e-7c1b-7d0e-8f3a-2b6c9d1e4f50",
                "quantity": 2,
                "crop": {"x": 0.1, "y": 0.15, "width": 0.6, "height": 0.675},
                "acknowledged_warnings": ["LOW_RESOLUTION"],
            }
        ],
        "ship_to": AddressBody.example,
        "shipping_method": "standard",
        "currency": "EUR",
    }


class CropShown(ResponseBody, kw_only=True):
    """Fractions of the upright photo, as decimal text."""

    x: str
    y: str
    width: str
    height: str


class LineShown(ResponseBody, kw_only=True):
    id: UUID
    sku: str
    name: str
    image_id: UUID
    quantity: int
    unit_price: Amount
    line_total: Amount
    crop: CropShown | None
    verdict: str
    effective_dpi: str
    warnings: list[str]
    acknowledged_warnings: list[str]
    print_state: str


class AddressShown(ResponseBody, kw_only=True):
    name: str
    line1: str
    line2: str | None
    postal_code: str
    city: str
    region: str | None
    country: str


class OrderBody(ResponseBody, kw_only=True):
    """`tax` is contained in `total`. The `ETag` of the answer names the version."""

    id: UUID
    number: str
    customer_id: UUID
    status: str
    hold_reason: str | None
    lines: list[LineShown]
    ship_to: AddressShown
    shipping_method: str
    items_total: Amount
    shipping: Amount
    discount: Amount
    tax: Amount
    total: Amount
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    edit_until: datetime | None
    claims_until: datetime | None


class OrderSummaryBody(ResponseBody, kw_only=True):
    id: UUID
    number: str
    status: str
    total: Amount
    line_count: int
    created_at: datetime


class HistoryEntryBody(ResponseBody, kw_only=True):
    """One step: who took it, in which role, and why. The first one has no `from`."""

    from_: str | None = msgspec.field(name="from")
    to: str
    trigger: str
    actor_id: UUID | None
    role: str
    reason: str | None
    at: datetime


class ActionBody(ResponseBody, kw_only=True):
    """Whether the caller may pull this trigger now; if not, why; if so, and the chance ends, until when."""

    trigger: str
    available: bool
    reason_code: str | None
    until: datetime | None


class ShippedItemBody(RequestBody, kw_only=True):
    line_id: UUID
    quantity: Copies


class ShipmentBody(ResponseBody, kw_only=True):
    id: UUID
    carrier: str
    tracking_number: str | None
    tracking_url: str | None
    state: str
    items: list[ShippedItemBody]
    handed_over_at: datetime
    delivered_at: datetime | None


def order_body(order: Order) -> OrderBody:
    address = order.ship_to
    return OrderBody(
        id=order.id,
        number=order.number,
        customer_id=order.user_id,
        status=order.status.value,
        hold_reason=order.hold_reason.value if order.hold_reason else None,
        lines=[_line(line) for line in order.lines],
        ship_to=AddressShown(
            name=address.name,
            line1=address.line1,
            line2=address.line2,
            postal_code=address.postal_code,
            city=address.city,
            region=address.region,
            country=address.country,
        ),
        shipping_method=order.shipping_method,
        items_total=amount(order.amounts.items),
        shipping=amount(order.amounts.shipping),
        discount=amount(order.amounts.discount),
        tax=amount(order.amounts.tax),
        total=amount(order.amounts.total),
        created_at=order.created_at,
        updated_at=order.updated_at,
        expires_at=order.expires_at,
        edit_until=order.edit_until,
        claims_until=order.claims_until,
    )


def _line(line: OrderLine) -> LineShown:
    crop = line.crop
    return LineShown(
        id=line.id,
        sku=line.sku,
        name=line.product_name,
        image_id=line.image_id,
        quantity=line.quantity,
        unit_price=amount(line.unit_price),
        line_total=amount(line.line_total),
        crop=_crop(crop) if crop else None,
        verdict=line.check.verdict,
        effective_dpi=line.check.effective_dpi,
        warnings=list(line.check.warnings),
        acknowledged_warnings=[consent.code for consent in line.acknowledgements],
        print_state=line.print_state.value,
    )


def _crop(crop: CropRecipe) -> CropShown:
    return CropShown(
        x=_fraction(crop.x), y=_fraction(crop.y), width=_fraction(crop.width), height=_fraction(crop.height)
    )


def _fraction(millionths: int) -> str:
    return f"{millionths // MILLION}.{millionths % MILLION:06}"


def summary_body(summary: OrderSummary) -> OrderSummaryBody:
    return OrderSummaryBody(
        id=summary.id,
        number=summary.number,
        status=summary.status.value,
        total=Amount(amount=summary.total_amount, currency=summary.currency),
        line_count=summary.line_count,
        created_at=summary.created_at,
    )


def history_body(entry: HistoryEntry) -> HistoryEntryBody:
    return HistoryEntryBody(
        from_=entry.source.value if entry.source else None,
        to=entry.target.value,
        trigger=entry.trigger,
        actor_id=entry.actor_id,
        role=entry.role.value,
        reason=entry.reason,
        at=entry.at,
    )


def action_body(action: Action) -> ActionBody:
    return ActionBody(
        trigger=action.trigger.value,
        available=action.available,
        reason_code=action.reason_code,
        until=action.until,
    )


def shipment_body(shipment: Shipment) -> ShipmentBody:
    return ShipmentBody(
        id=shipment.id,
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        tracking_url=shipment.tracking_url,
        state=shipment.state.value,
        items=[ShippedItemBody(line_id=item.line_id, quantity=item.quantity) for item in shipment.items],
        handed_over_at=shipment.handed_over_at,
        delivered_at=shipment.delivered_at,
    )

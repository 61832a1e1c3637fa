"""What happens to orders."""

from __future__ import annotations

from datetime import datetime

import attrs

from printapic.domain.events import DomainEvent
from printapic.domain.ids import OrderId, ShipmentId


@attrs.frozen(kw_only=True)
class OrderPlaced(DomainEvent):
    order_id: OrderId
    expires_at: datetime


@attrs.frozen(kw_only=True)
class OrderConfirmed(DomainEvent):
    """The money is there. Production may start when the edit window closes."""

    order_id: OrderId
    edit_until: datetime


@attrs.frozen(kw_only=True)
class OrderExpired(DomainEvent):
    order_id: OrderId


@attrs.frozen(kw_only=True)
class OrderCancelled(DomainEvent):
    order_id: OrderId


@attrs.frozen(kw_only=True)
class OrderHeld(DomainEvent):
    order_id: OrderId
    reason: str


@attrs.frozen(kw_only=True)
class OrderReleased(DomainEvent):
    order_id: OrderId


@attrs.frozen(kw_only=True)
class ProductionStarted(DomainEvent):
    order_id: OrderId


@attrs.frozen(kw_only=True)
class ParcelHandedOver(DomainEvent):
    order_id: OrderId
    shipment_id: ShipmentId


@attrs.frozen(kw_only=True)
class OrderDelivered(DomainEvent):
    order_id: OrderId
    claims_until: datetime


@attrs.frozen(kw_only=True)
class OrderCompleted(DomainEvent):
    order_id: OrderId

"""Fulfilling orders: production, parcels, doormats."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from printapic.application.orders.tracking import visible_to
from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.actors import Actor
from printapic.domain.ids import OrderId, ShipmentId
from printapic.domain.orders.order import Order
from printapic.domain.orders.shipment import Shipment, ShippedItem


@attrs.frozen(kw_only=True)
class StartProduction:
    """Send an order to the printer."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, order_id: OrderId, actor: Actor) -> Order:
        """Raises `OrderNotFound`, `TransitionRefused` or `TransitionDenied`."""
        with self.unit_of_work() as work:
            order = work.orders.get(order_id, owner_id=visible_to(actor))
            order.start_production(actor, at=self.clock.now())
            work.orders.save(order)
            work.commit()
        return order


@attrs.frozen(kw_only=True)
class ShipParcel:
    """Hand a parcel over to the carrier."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers

    def __call__(
        self,
        *,
        order_id: OrderId,
        actor: Actor,
        carrier: str,
        tracking_number: str | None = None,
        tracking_url: str | None = None,
        items: Sequence[ShippedItem] | None = None,
    ) -> Order:
        """`items` None means everything that has not left yet.

        Raises `OrderNotFound`, `ShipmentInvalid`, `TransitionRefused` or `TransitionDenied`.
        """
        now = self.clock.now()
        with self.unit_of_work() as work:
            order = work.orders.get(order_id, owner_id=visible_to(actor))
            if items is None:
                items = [ShippedItem(line_id, quantity) for line_id, quantity in order.unshipped().items()]
            shipment = Shipment(
                id=ShipmentId(self.identifiers.uuid()),
                carrier=carrier,
                tracking_number=tracking_number,
                tracking_url=tracking_url,
                items=tuple(items),
                handed_over_at=now,
            )
            order.ship(actor, shipment, at=now)
            work.orders.save(order)
            work.commit()
        return order


@attrs.frozen(kw_only=True)
class MarkDelivered:
    """A parcel arrived. Saying it twice changes nothing."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, order_id: OrderId, shipment_id: ShipmentId, actor: Actor) -> Order:
        """Raises `OrderNotFound`, `ShipmentNotFound`, `TransitionRefused` or `TransitionDenied`."""
        with self.unit_of_work() as work:
            order = work.orders.get(order_id, owner_id=visible_to(actor))
            order.deliver(actor, shipment_id, at=self.clock.now())
            work.orders.save(order)
            work.commit()
        return order

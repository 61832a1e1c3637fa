"""Fulfilling orders: production, parcels, doormats."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from printapic.application.orders.collecting import MoneyNotCollected, collect_money, demand_fulfillable
from printapic.application.orders.commands import change_order
from printapic.application.orders.tracking import visible_to
from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.application.ports.versions import Versions, demand_version
from printapic.domain.actors import Actor
from printapic.domain.ids import OrderId, ShipmentId
from printapic.domain.orders.order import Order
from printapic.domain.orders.shipment import Shipment, ShippedItem


@attrs.frozen(kw_only=True)
class StartProduction:
    """Send an order to the printer. Money that a bank only holds is taken first."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers

    def __call__(self, *, order_id: OrderId, actor: Actor, versions: Versions = None) -> Order:
        """`MoneyNotCollected` is raised where production has to wait for the bank; it starts by itself then.

        Also raises `OrderNotFound`, `VersionDiffers`, `TransitionRefused`, `TransitionDenied` or
        `PaymentInReview`.
        """
        at = self.clock.now()
        with self.unit_of_work() as work:
            order = work.orders.get(order_id, owner_id=visible_to(actor))
            demand_version(order, versions)
            order.start_production(actor, at=at)
            demand_fulfillable(work, order_id)
            came = collect_money(work, order_id, self.identifiers, at=at)
            if came:
                work.orders.save(order)
            work.commit()
        if not came:
            raise MoneyNotCollected
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
        versions: Versions = None,
    ) -> Order:
        """`items` None means everything that has not left yet.

        Raises `OrderNotFound`, `VersionDiffers`, `ShipmentInvalid`, `TransitionRefused`,
        `TransitionDenied` or `PaymentInReview`.
        """
        at = self.clock.now()

        def ship(work: UnitOfWork, order: Order) -> None:
            demand_fulfillable(work, order_id)
            everything = [ShippedItem(line_id, quantity) for line_id, quantity in order.unshipped().items()]
            shipment = Shipment(
                id=ShipmentId(self.identifiers.uuid()),
                carrier=carrier,
                tracking_number=tracking_number,
                tracking_url=tracking_url,
                items=tuple(everything if items is None else items),
                handed_over_at=at,
            )
            order.ship(actor, shipment, at=at)

        return change_order(self.unit_of_work, order_id, actor, versions, ship)


@attrs.frozen(kw_only=True)
class MarkDelivered:
    """A parcel arrived. Saying it twice changes nothing."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(
        self, *, order_id: OrderId, shipment_id: ShipmentId, actor: Actor, versions: Versions = None
    ) -> Order:
        """`shipment_id` is one of the order's.

        Raises `OrderNotFound`, `VersionDiffers`, `ShipmentNotFound`, `TransitionRefused` or
        `TransitionDenied`.
        """
        at = self.clock.now()
        return change_order(
            self.unit_of_work,
            order_id,
            actor,
            versions,
            lambda _, order: order.deliver(actor, shipment_id, at=at),
        )

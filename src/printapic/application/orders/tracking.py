"""Following orders."""

from __future__ import annotations

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.orders import OrderSummary
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.actors import Actor, Role
from printapic.domain.ids import OrderId, UserId
from printapic.domain.orders.order import Action, Order
from printapic.domain.orders.status import OrderStatus

STAFF = frozenset({Role.OPERATOR, Role.SUPPORT, Role.ADMIN})


def visible_to(actor: Actor) -> UserId | None:
    """Whose orders somebody finds: everybody's for staff (None), their own for a customer.

    Raises `ValueError` for a customer without an id, who would otherwise pass for staff.
    """
    if actor.roles & STAFF:
        return None
    if actor.user_id is None:
        raise ValueError("only staff acts without an id of their own")
    return actor.user_id


@attrs.frozen(kw_only=True)
class ReadOrder:
    """One order with its lines, shipments and history."""

    unit_of_work: UnitOfWorkFactory

    def __call__(self, *, order_id: OrderId, actor: Actor) -> Order:
        """Raises `OrderNotFound`, for a foreign order too."""
        with self.unit_of_work.reading() as work:
            return work.orders.get(order_id, owner_id=visible_to(actor))


@attrs.frozen(kw_only=True)
class ListOrders:
    """A page of orders, newest first: everybody's for staff, their own for a customer."""

    unit_of_work: UnitOfWorkFactory

    def __call__(
        self,
        *,
        actor: Actor,
        status: OrderStatus | None = None,
        before: OrderId | None = None,
        limit: int = 20,
    ) -> tuple[OrderSummary, ...]:
        with self.unit_of_work.reading() as work:
            return work.orders.page(owner_id=visible_to(actor), status=status, before=before, limit=limit)


@attrs.frozen(kw_only=True)
class ReadActions:
    """What the caller may do with an order now, and what they may not, and why."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, order_id: OrderId, actor: Actor) -> tuple[Action, ...]:
        """Raises `OrderNotFound`."""
        with self.unit_of_work.reading() as work:
            order = work.orders.get(order_id, owner_id=visible_to(actor))
        return order.actions(actor, at=self.clock.now())

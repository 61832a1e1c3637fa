"""How every command changes an order: found, compared with what the caller has seen, changed, stored."""

from __future__ import annotations

from collections.abc import Callable

from printapic.application.orders.tracking import visible_to
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.application.ports.versions import Versions, demand_version
from printapic.domain.actors import Actor
from printapic.domain.ids import OrderId
from printapic.domain.orders.order import Order


def change_order(
    unit_of_work: UnitOfWorkFactory,
    order_id: OrderId,
    actor: Actor,
    versions: Versions,
    act: Callable[[UnitOfWork, Order], None],
) -> Order:
    """Let `act` change one order, and what belongs to it, in a transaction of its own.

    Raises `OrderNotFound`, for a foreign order too, `VersionDiffers`, or whatever `act` raises.
    """
    with unit_of_work() as work:
        order = work.orders.get(order_id, owner_id=visible_to(actor))
        demand_version(order, versions)
        act(work, order)
        work.orders.save(order)
        work.commit()
    return order

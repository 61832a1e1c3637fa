"""How every command changes an order: found, compared with what the caller has seen, changed, stored."""

from __future__ import annotations

from collections.abc import Callable

from printapic.application.orders.tracking import visible_to
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.actors import Actor
from printapic.domain.errors import Conflict
from printapic.domain.ids import OrderId
from printapic.domain.orders.order import Order

Versions = frozenset[int] | None
"""The versions of an order that its caller would change; None stands for any."""


class VersionDiffers(Conflict):
    """The order is not the one that the caller has seen: somebody changed it meanwhile."""

    code = "version-differs"

    def __init__(self) -> None:
        super().__init__("This changed since you read it. Please read it again.")


def change_order(
    unit_of_work: UnitOfWorkFactory,
    order_id: OrderId,
    actor: Actor,
    versions: Versions,
    act: Callable[[Order], None],
) -> Order:
    """Let `act` change one order in a transaction of its own.

    Raises `OrderNotFound`, for a foreign order too, `VersionDiffers`, or whatever `act` raises.
    """
    with unit_of_work() as work:
        order = work.orders.get(order_id, owner_id=visible_to(actor))
        if versions is not None and order.version not in versions:
            raise VersionDiffers
        act(order)
        work.orders.save(order)
        work.commit()
    return order

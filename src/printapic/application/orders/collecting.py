"""Before production: money that a bank only holds for an order is taken first."""

from __future__ import annotations

from datetime import datetime

from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.unit_of_work import UnitOfWork
from printapic.domain.errors import Conflict
from printapic.domain.ids import OperationId, OrderId


class MoneyNotCollected(Conflict):
    """The bank was just asked for it. Production starts by itself when it has come."""

    code = "money-not-collected"

    def __init__(self) -> None:
        super().__init__("The money for this order is being collected; production starts when it has come.")


def collected(work: UnitOfWork, order_id: OrderId, identifiers: Identifiers, *, at: datetime) -> bool:
    """Whether the order's money is ours. Where a bank only holds it, taking it is prepared in `work`."""
    payment = work.payments.of_order(order_id)
    if payment is None:
        return False
    came = payment.collect(new_operation_id=lambda: OperationId(identifiers.uuid()), at=at)
    if not came:
        work.payments.save(payment)
    return came

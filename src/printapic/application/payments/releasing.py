"""Letting go of an order that was called off: its pages are closed, and what came goes back."""

from __future__ import annotations

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.ids import OperationId, OrderId


@attrs.frozen(kw_only=True)
class ReleasePayment:
    """Reaction: an order was called off. Close its open checkouts and refund everything that came.

    The refunds and voids are stored as operations here; further reactions send them. Repeating it
    changes nothing, since a capture is refunded once.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers

    def __call__(self, *, order_id: OrderId) -> None:
        with self.unit_of_work() as work:
            work.orders.get(order_id)
            payment = work.payments.of_order(order_id)
            if payment is None:
                return
            payment.release(
                reason="order-cancelled",
                new_operation_id=lambda: OperationId(self.identifiers.uuid()),
                at=self.clock.now(),
            )
            work.payments.save(payment)
            work.commit()

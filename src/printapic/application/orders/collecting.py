"""Before production and before a parcel leaves: what the order's payment has to say about that."""

from __future__ import annotations

from datetime import datetime

from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.unit_of_work import UnitOfWork
from printapic.domain.errors import Conflict
from printapic.domain.ids import OperationId, OrderId


class MoneyNotCollected(Conflict):
    """Its bank is asked for it. Production starts by itself when it has come."""

    code = "money-not-collected"

    def __init__(self) -> None:
        super().__init__("The money for this order is being collected; production starts when it has come.")


class PaymentInReview(Conflict):
    """A person has to look at the order's payment, or all that paid it went back."""

    code = "payment-in-review"

    def __init__(self) -> None:
        super().__init__("This order's payment has to be looked at before anything is printed or sent.")


def fulfillable(work: UnitOfWork, order_id: OrderId) -> bool:
    """Whether nothing about the order's payment speaks against printing and sending it."""
    payment = work.payments.of_order(order_id)
    return payment is None or payment.fulfillable


def demand_fulfillable(work: UnitOfWork, order_id: OrderId) -> None:
    """Raises `PaymentInReview`."""
    if not fulfillable(work, order_id):
        raise PaymentInReview


def collect_money(work: UnitOfWork, order_id: OrderId, identifiers: Identifiers, *, at: datetime) -> bool:
    """Whether the order's money is ours. Where a bank only holds it, taking it is prepared in `work`."""
    payment = work.payments.of_order(order_id)
    if payment is None:
        return False
    came = payment.collect(new_operation_id=lambda: OperationId(identifiers.uuid()), at=at)
    if not came:
        work.payments.save(payment)
    return came

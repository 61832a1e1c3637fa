"""Payments in memory."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter

from printapic.adapters.persistence.memory.state import MemoryTransaction, copy_of
from printapic.application.ports.payments import PaymentRepository
from printapic.application.ports.unit_of_work import ConcurrentUpdate
from printapic.domain.ids import AttemptId, OrderId, PaymentId, UserId
from printapic.domain.payments import ledger
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.payment import Payment, PaymentNotFound

_Names = set[tuple[object, ...]]


class MemoryPaymentRepository(PaymentRepository):
    """Payments by id, by order, and by the provider's name for an attempt."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, payment: Payment) -> None:
        """Raises `ConcurrentUpdate` where the order has a payment already."""
        self._transaction.add("payments", payment, payment.id, self._conflict(payment))

    def get(self, payment_id: PaymentId, *, owner_id: UserId | None = None) -> Payment:
        """Raises `PaymentNotFound`."""
        payment: Payment | None = self._transaction.find("payments", payment_id)
        if payment is None or owner_id not in (None, payment.user_id):
            raise PaymentNotFound
        return payment

    def of_order(self, order_id: OrderId) -> Payment | None:
        """The order's payment."""
        return next((copy_of(payment) for payment in self._all() if payment.order_id == order_id), None)

    def by_ref(self, provider: Provider, livemode: bool, ref: str) -> tuple[PaymentId, AttemptId] | None:
        """The attempt whose checkout, or anything in it, has this name at the provider."""
        for payment in self._all():
            for attempt in payment.attempts:
                here = (attempt.provider, attempt.livemode) == (provider, livemode)
                if here and ref in (attempt.ref, *attempt.other_refs):
                    return payment.id, attempt.id
        return None

    def by_reference(self, our_reference: str) -> tuple[PaymentId, AttemptId] | None:
        """The attempt that we called so at the provider."""
        return next(
            (
                (payment.id, attempt.id)
                for payment in self._all()
                for attempt in payment.attempts
                if str(attempt.id) == our_reference
            ),
            None,
        )

    def save(self, payment: Payment) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.save("payments", payment, payment.id, self._conflict(payment))

    def of_user(self, user_id: UserId, *, after: PaymentId | None, limit: int) -> tuple[Payment, ...]:
        """The oldest first."""
        mine = sorted((each for each in self._all() if each.user_id == user_id), key=attrgetter("id"))
        return tuple(copy_of(payment) for payment in mine if after is None or payment.id > after)[:limit]

    def page(self, *, review: bool, before: PaymentId | None, limit: int) -> tuple[Payment, ...]:
        """Newest first."""
        wanted = [each for each in self._all() if each.review_reasons or not review]
        return _page(wanted, before, limit)

    def undecided(
        self, *, created_until: datetime, before: PaymentId | None, limit: int
    ) -> tuple[Payment, ...]:
        """Newest first."""
        wanted = [
            each
            for each in self._all()
            if any(call.undecided and call.created_at <= created_until for call in each.operations)
        ]
        return _page(wanted, before, limit)

    def changed(self, *, since: datetime, before: PaymentId | None, limit: int) -> tuple[Payment, ...]:
        """Newest first."""
        wanted = [each for each in self._all() if any(row.recorded_at >= since for row in each.transactions)]
        return _page(wanted, before, limit)

    def in_suspense(self, *, before: PaymentId | None, limit: int) -> tuple[Payment, ...]:
        """Newest first."""
        wanted = [
            each
            for each in self._all()
            if any(account == ledger.SUSPENSE for account, _ in ledger.balances(each.log))
        ]
        return _page(wanted, before, limit)

    def _all(self) -> list[Payment]:
        return list(self._transaction.table("payments").values())

    def _conflict(self, payment: Payment) -> ConcurrentUpdate | None:
        """One payment per order, one attempt per name at the provider, one row per movement of money."""
        names = _names(payment)
        for other in self._all():
            if other.id != payment.id and (other.order_id == payment.order_id or names & _names(other)):
                return ConcurrentUpdate()
        return None


def _page(wanted: list[Payment], before: PaymentId | None, limit: int) -> tuple[Payment, ...]:
    newest = sorted(wanted, key=attrgetter("id"), reverse=True)
    return tuple(copy_of(payment) for payment in newest if before is None or payment.id < before)[:limit]


def _names(payment: Payment) -> _Names:
    """What must occur in no other payment."""
    attempts: _Names = {(a.provider, a.livemode, a.ref) for a in payment.attempts if a.ref is not None}
    refs: _Names = {(a.provider, a.livemode, ref, "ref") for a in payment.attempts for ref in a.other_refs}
    rows: _Names = {(t.provider, t.livemode, t.ref, t.type) for t in payment.transactions}
    return attempts | refs | rows

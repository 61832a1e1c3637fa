"""Ending doubts: a call to a provider is decided in the end, whoever made it and whatever became of them."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from printapic.application.payments.dispatch import DispatchOperation, ProviderUnreachable
from printapic.application.payments.lookup import LookForEffect
from printapic.application.payments.settlement import ProviderSilent, hold_for_review
from printapic.application.ports.clock import Clock
from printapic.application.ports.jobs import Job
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.ids import OperationId, PaymentId
from printapic.domain.orders.order import Order
from printapic.domain.payments.operation import LEASE, Operation, OperationKind
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.review import Review

PAUSES = (
    LEASE,
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=6),
    *(timedelta(days=1),) * 5,
)
"""How long each try waits for the one before it; after the last one a person is asked."""


@attrs.frozen(kw_only=True)
class ResolveOperation:
    """Reaction: send a call that is not decided, again and again, under its one key.

    A page that nobody waits for any more is not opened; it is given up where it certainly does not exist.
    What is still undecided after six days and more waits for a person. Repeating it, or doing it in two
    places at once, has the effect of doing it once.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    dispatch: DispatchOperation
    look: LookForEffect

    def __call__(self, *, payment_id: PaymentId, operation_id: OperationId, tries: int) -> None:
        """`tries` counts those before this one."""
        with self.unit_of_work.reading() as work:
            payment = work.payments.get(payment_id)
            order = work.orders.get(payment.order_id)
        operation = payment.operation(operation_id)
        try:
            if self._unwanted(payment, operation, order):
                self._give_up(payment, operation)
            else:
                self.dispatch(payment_id=payment_id, operation_id=operation_id)
        except (ProviderUnreachable, ProviderSilent):
            self._later(payment, operation_id, tries + 1)

    def _unwanted(self, payment: Payment, operation: Operation, order: Order) -> bool:
        """A page to be opened that came to its end, or of whose order nothing more is to be paid."""
        over = self.clock.now() >= payment.attempt(operation.attempt_id).expires_at
        opening = operation.kind is OperationKind.OPEN and operation.undecided
        return opening and (over or not order.wants_payment)

    def _give_up(self, payment: Payment, operation: Operation) -> None:
        """Raises `ProviderUnreachable` where the page may exist, or somebody is asking for it right now."""
        if not operation.due(at=self.clock.now()):
            raise ProviderUnreachable
        if not operation.never_sent and not self.look.absent(payment, operation):
            self._insist_on_decision(payment, operation)
            return
        with self.unit_of_work() as work:
            payment = work.payments.get(payment.id)
            payment.give_up(operation.id, sends=operation.sends)
            work.payments.save(payment)
            work.commit()
        self._insist_on_decision(payment, operation)

    def _insist_on_decision(self, payment: Payment, operation: Operation) -> None:
        with self.unit_of_work.reading() as work:
            undecided = work.payments.get(payment.id).operation(operation.id).undecided
        if undecided:
            raise ProviderUnreachable

    def _later(self, before: Payment, operation_id: OperationId, tries: int) -> None:
        now = self.clock.now()
        with self.unit_of_work() as work:
            order = work.orders.get(before.order_id)
            payment = work.payments.get(before.id)
            operation = payment.operation(operation_id)
            if operation.undecided and not operation.due(at=now):
                # Whoever has it may be dead, which is certain when their lease ends: this was no try.
                again = resolving(payment.id, operation_id, tries=tries - 1, now=now)
                work.jobs.enqueue(attrs.evolve(again, run_at=operation.leased_until or now))
            elif tries <= len(PAUSES):
                work.jobs.enqueue(resolving(payment.id, operation_id, tries=tries, now=now))
            elif operation.undecided:
                reviewed = len(payment.review_reasons)
                payment.review(Review.UNDECIDED.of(operation_id))
                if hold_for_review(order, payment, reviewed, now):
                    work.orders.save(order)
                work.payments.save(payment)
            work.commit()


def resolving(payment_id: PaymentId, operation_id: OperationId, *, tries: int, now: datetime) -> Job:
    """The promise to see to a call after so many tries, of which somebody made the first."""
    return Job(
        name=ResolveOperation.__name__,
        payload={"payment_id": str(payment_id), "operation_id": str(operation_id), "tries": tries},
        run_at=now + PAUSES[tries - 1],
        lock=f"payment:{payment_id}",
    )

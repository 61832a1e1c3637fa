"""Dispatching: the one place where money-moving calls leave the house.

Prepared and committed, sent, and its outcome committed again: whatever dies in between, the operation
is found in the database and sent again under the same key, which has one effect at the provider.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

import attrs

from printapic.application.payments.lookup import LookForEffect
from printapic.application.payments.settlement import SyncPayment, demand, poll_job
from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.payments import (
    ActionRequired,
    CheckoutRequest,
    Declined,
    Done,
    NotSent,
    Opened,
    Outcome,
    PaymentGateway,
    Pending,
    Rejected,
    Unknown,
)
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.errors import Unavailable
from printapic.domain.ids import OperationId, PaymentId
from printapic.domain.orders.order import Order
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.operation import LEASE, Operation, OperationKind, OperationState
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.snapshot import RefundFact, Snapshot
from printapic.domain.payments.status import Demand
from printapic.domain.payments.transaction import Source


class ProviderUnreachable(Unavailable):
    """The provider did not answer, or somebody else is talking to it about this. Nothing is lost."""

    code = "payment-provider-unreachable"

    def __init__(self) -> None:
        super().__init__("The payment provider does not answer. Please try again in a moment.")


@attrs.frozen(kw_only=True)
class DispatchOperation:
    """Send one prepared operation to its provider and write down what became of it.

    A key that the provider may have forgotten protects nothing: then its books are asked first, and the
    call is made again only if they certainly show no effect of it.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    gateways: Mapping[Provider, PaymentGateway]
    sync: SyncPayment
    look: LookForEffect

    def __call__(self, *, payment_id: PaymentId, operation_id: OperationId) -> None:
        """Raises `ProviderUnreachable` where nothing was decided: the caller tries again later."""
        payment, operation = self._take(payment_id, operation_id)
        if operation is None and self._forgotten(payment.operation(operation_id), payment):
            self._look_first(payment, operation_id)
            payment, operation = self._take(payment_id, operation_id)
        if operation is not None:
            payment = self._send(payment, operation)
        decided = payment.operation(operation_id)
        if decided.undecided:
            raise ProviderUnreachable
        if decided.kind is not OperationKind.OPEN:
            self.sync(payment_id=payment_id, source=Source.SYSTEM, attempt_id=decided.attempt_id)

    def _take(self, payment_id: PaymentId, operation_id: OperationId) -> tuple[Payment, Operation | None]:
        """The operation to be sent; None where it is decided, in other hands, or must be looked for first."""
        with self.unit_of_work() as work:
            payment = work.payments.get(payment_id)
            if self._forgotten(payment.operation(operation_id), payment):
                return payment, None
            operation = payment.dispatch(operation_id, at=self.clock.now())
            if operation is not None:
                work.payments.save(payment)
                work.commit()
        return payment, operation

    def _forgotten(self, operation: Operation, payment: Payment) -> bool:
        """Whether it may have been sent so long ago that its key would not outlive another sending."""
        gateway = self.gateways.get(payment.attempt(operation.attempt_id).provider)
        now, since = self.clock.now(), operation.first_sent_at
        if gateway is None or since is None or not operation.due(at=now):
            return False
        return now + LEASE >= since + gateway.capabilities().key_lifetime

    def _look_first(self, payment: Payment, operation_id: OperationId) -> None:
        operation = payment.operation(operation_id)
        if self.look.absent(payment, operation):
            with self.unit_of_work() as work:
                order = work.orders.get(payment.order_id)
                payment = work.payments.get(payment.id)
                payment.disprove(operation_id, sends=operation.sends)
                self._close_if_unwanted(payment, order)
                work.payments.save(payment)
                work.commit()

    def _send(self, payment: Payment, operation: Operation) -> Payment:
        with self.unit_of_work.reading() as work:
            order = work.orders.get(payment.order_id)
        attempt = payment.attempt(operation.attempt_id)
        gateway = self.gateways.get(attempt.provider)
        outcome = self._call(gateway, order, payment, operation) if gateway else NotSent()
        if isinstance(outcome, Declined | Rejected) and self._may_be_done(payment, operation):
            outcome = Unknown(reason=outcome.code)
        return self._record(payment, operation, outcome)

    def _may_be_done(self, payment: Payment, operation: Operation) -> bool:
        """A refusal speaks of one sending only: an earlier one may have arrived, and the books tell.

        Not asked of pages to be opened: nobody was ever shown one that we do not know.
        """
        again = operation.sent_before and operation.kind is not OperationKind.OPEN
        return again and not self.look.absent(payment, operation)

    def _call(
        self, gateway: PaymentGateway, order: Order, payment: Payment, operation: Operation
    ) -> Outcome[Opened] | Outcome[Snapshot] | Outcome[RefundFact]:
        attempt = payment.attempt(operation.attempt_id)
        match operation.kind:
            case OperationKind.OPEN:
                return gateway.open(
                    checkout=CheckoutRequest(
                        our_reference=str(attempt.id),
                        payment_reference=str(payment.id),
                        order_number=order.number,
                        amount=attempt.expected,
                        return_url=attempt.return_url,
                        cancel_url=attempt.cancel_url,
                        expires_at=attempt.expires_at,
                        started_at=attempt.created_at,
                        locale=attempt.locale,
                        manual_capture=attempt.manual_capture,
                    ),
                    key=operation.id,
                )
            case OperationKind.REFUND:
                return gateway.refund(
                    capture_ref=operation.capture_ref or "",
                    amount=operation.amount,
                    reason=operation.reason or "",
                    key=operation.id,
                )
            case OperationKind.VOID:
                return gateway.void(ref=attempt.ref or "", key=operation.id)
            case OperationKind.COMPLETE:
                return gateway.complete(ref=attempt.ref or "", key=operation.id)
            case OperationKind.CAPTURE:
                return gateway.capture(
                    ref=attempt.ref or "", amount=operation.amount, final=True, key=operation.id
                )
            case _:
                assert_never(operation.kind)

    def _record(
        self,
        before: Payment,
        operation: Operation,
        outcome: Outcome[Opened] | Outcome[Snapshot] | Outcome[RefundFact],
    ) -> Payment:
        """Store the outcome; an operation that stays undecided is sent again later."""
        now = self.clock.now()
        with self.unit_of_work() as work:
            order = work.orders.get(before.order_id)
            payment = work.payments.get(before.id)
            payment.answered(operation.id, provider_request_id=outcome.trace.request_id)
            match outcome:
                case Done(value=Opened() as opened):
                    payment.opened(
                        operation.id,
                        ref=opened.ref,
                        redirect_url=opened.redirect_url,
                        expires_at=opened.expires_at,
                        at=now,
                    )
                    self._close_if_unwanted(payment, order)
                case Done(value=RefundFact() as fact):
                    payment.decide(operation.id, OperationState.SUCCEEDED, provider_ref=fact.ref)
                case Done():
                    payment.decide(operation.id, OperationState.SUCCEEDED)
                case Pending(ref=ref):
                    payment.decide(operation.id, OperationState.PENDING, provider_ref=ref)
                    work.jobs.enqueue(poll_job(payment.id, operation.attempt_id, poll=0, now=now))
                case ActionRequired():
                    payment.decide(operation.id, OperationState.PAYER_ACTION)
                case Declined(code=code):
                    payment.refuse(operation.id, OperationState.DECLINED, code, at=now)
                case Rejected(code=code):
                    payment.refuse(operation.id, OperationState.REJECTED, code, at=now)
                case NotSent():
                    payment.decide(operation.id, OperationState.NOT_SENT)
                case Unknown(reason=reason):
                    payment.decide(operation.id, OperationState.UNKNOWN, code=reason)
                case _:
                    assert_never(outcome)
            work.payments.save(payment)
            work.commit()
        return payment

    def _close_if_unwanted(self, payment: Payment, order: Order) -> None:
        """The order was called off, or paid, while nobody knew of this call: nobody should pay any more."""
        if not order.wants_payment:
            payment.close_checkouts(
                reason="order-closed",
                new_operation_id=lambda: OperationId(self.identifiers.uuid()),
                at=self.clock.now(),
                but=None if demand(order) is Demand.WITHDRAWN else payment.holding,
            )

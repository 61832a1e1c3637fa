"""Giving back: refunds, closing what is open, and what a person decides about money that fits to nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from printapic.domain.errors import Conflict, NotFound
from printapic.domain.ids import OperationId, UserId
from printapic.domain.money import Money
from printapic.domain.payments.account import IdempotencyKeyReused, PaymentAccount, refusal
from printapic.domain.payments.attempt import Attempt
from printapic.domain.payments.events import MoneyCollected, PaymentSucceeded, ReviewResolved
from printapic.domain.payments.operation import Operation, OperationKind, OperationState
from printapic.domain.payments.review import Review
from printapic.domain.payments.status import Demand
from printapic.domain.payments.transaction import Source, Transaction, TransactionType

NewOperationId = Callable[[], OperationId]


class CaptureNotFound(NotFound):
    """No money of that name came for this payment."""

    code = "payment-capture-not-found"

    def __init__(self) -> None:
        super().__init__("No such money came for this payment.")


class RefundTooLarge(Conflict):
    """More than is left of the capture, counting every refund that is under way."""

    code = "refund-too-large"

    def __init__(self, left: Money) -> None:
        super().__init__(
            "That much is not left of this payment.", left=left.amount, currency=left.currency.code
        )


class CaptureDisputed(Conflict):
    """The customer's bank may take the same money back by itself."""

    code = "payment-disputed"

    def __init__(self) -> None:
        super().__init__("The customer's bank contests this payment: nothing may be refunded meanwhile.")


class MoneyNotAcceptable(Conflict):
    """The order does not wait for money, or this is not enough, or some of it is on its way back."""

    code = "parked-money-not-acceptable"

    def __init__(self) -> None:
        super().__init__("This money cannot pay the order: refund it.")


@attrs.frozen(kw_only=True)
class RefundRequest:
    """What somebody asks for. `amount` None is all that is left.

    `client_key` and `digest` are the asking person's, if it was one: the same again is the same refund.
    """

    capture_ref: str
    amount: Money | None = None
    reason: str
    requested_by: UserId | None = None
    client_key: str | None = None
    digest: str | None = None


@attrs.define(kw_only=True, eq=False)
class PaymentReturns(PaymentAccount):
    """The half of a payment that gives money back."""

    def capture(self, ref: str) -> Transaction:
        """The money of that name. Raises `CaptureNotFound`."""
        found = self.log.capture(ref)
        if found is None:
            raise CaptureNotFound
        return found

    def refund_for(self, client_key: str, digest: str) -> Operation | None:
        """The refund that this key asked for. Raises `IdempotencyKeyReused` for another request."""
        for operation in self.operations:
            if operation.client_key == client_key:
                if operation.request_digest != digest:
                    raise IdempotencyKeyReused
                return operation
        return None

    def refund(self, request: RefundRequest, *, operation_id: OperationId, at: datetime) -> Operation:
        """Promise to give back some of one capture, or all that is left of it; a reaction sends it.

        Raises `CaptureNotFound`, `CaptureDisputed`, `IdempotencyKeyReused`, and `RefundTooLarge`, also
        where nothing is left.
        """
        if request.client_key is not None:
            known = self.refund_for(request.client_key, request.digest or "")
            if known is not None:
                return known
        capture = self.capture(request.capture_ref)
        self._demand_uncontested(capture)
        left = self.refundable(capture)
        amount = left if request.amount is None else request.amount
        if amount.currency != left.currency or not 0 < amount.minor <= left.minor:
            raise RefundTooLarge(left)
        return self._promise(capture, amount, request, operation_id=operation_id, at=at)

    def _demand_uncontested(self, capture: Transaction) -> None:
        if self.contested(capture):
            raise CaptureDisputed

    def _promise(
        self,
        capture: Transaction,
        amount: Money,
        request: RefundRequest,
        *,
        operation_id: OperationId,
        at: datetime,
    ) -> Operation:
        attempt = next(each for each in self.attempts if each.id == capture.attempt_id)
        operation = Operation(
            id=operation_id,
            attempt_id=attempt.id,
            kind=OperationKind.REFUND,
            amount=amount,
            capture_ref=capture.ref,
            reason=request.reason,
            requested_by=request.requested_by,
            client_key=request.client_key,
            request_digest=request.digest,
            created_at=at,
        )
        self._add_operation(operation)
        self._write(
            Transaction(
                type=TransactionType.REFUND_REQUESTED,
                attempt_id=attempt.id,
                provider=capture.provider,
                livemode=capture.livemode,
                ref=str(operation_id),
                amount=amount,
                source=Source.STAFF if request.requested_by else Source.SYSTEM,
                capture_ref=capture.ref,
                operation_id=operation_id,
                occurred_at=at,
                recorded_at=at,
            )
        )
        return operation

    def _give_back(
        self, capture: Transaction, *, reason: str, new_operation_id: NewOperationId, at: datetime
    ) -> None:
        """All that is left of a capture, without being asked. What a bank contests waits for a person."""
        try:
            request = RefundRequest(capture_ref=capture.ref, reason=reason)
            self.refund(request, operation_id=new_operation_id(), at=at)
        except CaptureDisputed:
            self.review(Review.REFUND_WAITS.of(capture.ref))
        except RefundTooLarge:
            return

    def release(self, *, reason: str, new_operation_id: NewOperationId, at: datetime) -> None:
        """The order is called off: give back all that came, and close every checkout still open.

        Repeating it changes nothing: a refund that failed waits for a person, not for the next repetition.
        """
        wanted = self.due - self.allocated
        if wanted and not self.log.has(TransactionType.DUE_WITHDRAWN, str(self.id)):
            self._claim(TransactionType.DUE_WITHDRAWN, wanted, at=at)
        refused = {op.capture_ref for op in self.operations if op.failed}
        for capture in self.log.captures():
            if capture.ref not in refused:
                self._give_back(capture, reason=reason, new_operation_id=new_operation_id, at=at)
            elif self.refundable(capture):
                self.review(Review.REFUND_WAITS.of(capture.ref))
        self.close_checkouts(reason=reason, new_operation_id=new_operation_id, at=at)

    def close_checkouts(
        self,
        *,
        reason: str,
        new_operation_id: NewOperationId,
        at: datetime,
        but: Attempt | None = None,
        changed: Attempt | None = None,
    ) -> None:
        """Nobody shall pay any more; money that came stays. Repeating it changes nothing.

        A checkout at the provider is voided, and where that was refused again when it has `changed` since;
        one that certainly never reached the provider is given up.
        One that may be opening right now is closed by the next look. Money that nobody was asked for yet
        is not asked for any more.
        """
        for attempt in self.attempts:
            operations = [op for op in self.operations if op.attempt_id == attempt.id]
            if attempt.finished or (but is not None and attempt.id == but.id):
                continue
            for taking in operations:
                if taking.takes_money and taking.never_sent:
                    self.decide(taking.id, OperationState.ABANDONED, code="given-up")
            if attempt.ref is None:
                opening = next((op for op in operations if op.never_sent), None)
                if opening is not None:
                    self.give_up(opening.id, sends=opening.sends)
                continue
            again = changed is not None and attempt.id == changed.id
            voids = [op for op in operations if op.kind is OperationKind.VOID]
            if not voids or (again and voids[-1].failed and refusal(voids[-1]) not in self.review_reasons):
                self._prepare(OperationKind.VOID, attempt, new_operation_id(), at=at, reason=reason)

    # What a person decides

    def accept_parked(
        self,
        capture_ref: str,
        *,
        new_operation_id: NewOperationId,
        at: datetime,
        demand: Demand = Demand.OPEN,
        accepted_by: UserId | None = None,
    ) -> None:
        """Let money that was parked pay the order after all; what is too much of it goes back.

        An order that went on already, on a promise that its bank broke, is not covered a second time.
        Raises `CaptureNotFound`, `CaptureDisputed` and `MoneyNotAcceptable`.
        """
        capture = self.capture(capture_ref)
        self._demand_uncontested(capture)
        left = self.refundable(capture)
        fits = left.currency == self.due.currency and left >= self.due
        withdrawn = self.log.has(TransactionType.DUE_WITHDRAWN, str(self.id))
        if self.covered or not fits or withdrawn or demand is Demand.WITHDRAWN:
            raise MoneyNotAcceptable
        self._write(
            attrs.evolve(
                capture,
                type=TransactionType.PARKED_ACCEPTED,
                amount=self.due,
                source=Source.STAFF,
                occurred_at=at,
                recorded_at=at,
                postings=(),
            )
        )
        self._resolve(Review.CAPTURE_AMOUNT.of(capture.ref))
        happened = PaymentSucceeded if demand is Demand.OPEN else MoneyCollected
        self._record(happened(at=at, payment_id=self.id, order_id=self.order_id))
        surplus = left - self.due
        if surplus:
            request = RefundRequest(
                capture_ref=capture.ref, amount=surplus, reason="overpaid", requested_by=accepted_by
            )
            self.refund(request, operation_id=new_operation_id(), at=at)

    def resolve_review(
        self, reason: str, *, demand: Demand, new_operation_id: NewOperationId, at: datetime
    ) -> bool:
        """A person looked, and it is all right now; False where nobody asked for that.

        A page that could not be taken up or ended is tried again, where that is still wanted. Money that a
        bank holds is asked for again as the order goes on.
        """
        if reason not in self.review_reasons:
            return False
        self._resolve(reason)
        for refused in [op for op in self.operations if refusal(op) == reason]:
            attempt = self.attempt(refused.attempt_id)
            taking_up = refused.kind is OperationKind.COMPLETE and demand is Demand.OPEN and not self.covered
            if not attempt.finished and (taking_up or refused.kind is OperationKind.VOID):
                self._prepare(refused.kind, attempt, new_operation_id(), at=at, reason=refused.reason)
        self._record(ReviewResolved(at=at, payment_id=self.id, order_id=self.order_id))
        return True

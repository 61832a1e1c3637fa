"""The payment aggregate: what one order owes, and everything that was done to settle it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

import attrs

from printapic.domain.errors import Conflict, Invalid, NotFound
from printapic.domain.events import Aggregate, aware_utc
from printapic.domain.ids import AttemptId, OperationId, OrderId, PaymentId, UserId
from printapic.domain.money import Money, total
from printapic.domain.payments.attempt import Attempt, AttemptState
from printapic.domain.payments.events import (
    AttemptFailed,
    AttemptOpened,
    OperationPrepared,
    PaymentSucceeded,
    RefundSucceeded,
)
from printapic.domain.payments.operation import Operation, OperationKind, OperationState
from printapic.domain.payments.transaction import (
    CaptureFact,
    RefundFact,
    RefundState,
    Snapshot,
    Source,
    Transaction,
    TransactionType,
)

LEASE = timedelta(seconds=45)


class PaymentNotFound(NotFound):
    code = "payment-not-found"

    def __init__(self) -> None:
        super().__init__("There is no such payment.")


class AlreadyPaid(Conflict):
    code = "payment-already-paid"

    def __init__(self) -> None:
        super().__init__("This order is paid.")


class IdempotencyKeyReused(Invalid):
    code = "idempotency-key-reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used before, for another request.")


class ForeignSnapshot(Conflict):
    """The provider's object belongs to another attempt, or to another environment."""

    code = "payment-snapshot-foreign"

    def __init__(self) -> None:
        super().__init__("The provider's answer is about another payment.")


class PaymentStatus(StrEnum):
    """Derived, never stored as truth."""

    NONE = "none"
    PROCESSING = "processing"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    NEEDS_REVIEW = "needs_review"


@attrs.define(kw_only=True, eq=False)
class Payment(Aggregate):
    """What is `due` for an order.

    The customer may try more than once: each try is an attempt with its own hosted checkout. Money that
    fits is allocated, at most once; money that does not fit is parked, and given back where it came late
    or twice, or looked at by a person where its amount is wrong. `sync_ticket` numbers the looks at the
    provider.
    """

    id: PaymentId = attrs.field(on_setattr=attrs.setters.frozen)
    order_id: OrderId
    user_id: UserId
    due: Money
    created_at: datetime = attrs.field(validator=aware_utc)
    sync_ticket: int = 0
    attempts: tuple[Attempt, ...] = ()
    operations: tuple[Operation, ...] = ()
    transactions: tuple[Transaction, ...] = ()
    review_reasons: tuple[str, ...] = ()

    @classmethod
    def open(cls, *, id: PaymentId, order_id: OrderId, user_id: UserId, due: Money, at: datetime) -> Self:  # noqa: A002
        return cls(id=id, order_id=order_id, user_id=user_id, due=due, created_at=at)

    # What the facts add up to

    def sum_of(self, *types: TransactionType) -> Money:
        """The sum in the currency that is due; foreign money is logged and reviewed, never added."""
        amounts = [t.amount for t in self.transactions if t.type in types]
        return total([amount for amount in amounts if amount.currency == self.due.currency], self.due.currency)

    @property
    def allocated(self) -> Money:
        return self.sum_of(TransactionType.CAPTURE)

    @property
    def captured(self) -> Money:
        return self.sum_of(TransactionType.CAPTURE, TransactionType.CAPTURE_PARKED)

    @property
    def refunded(self) -> Money:
        return self.sum_of(TransactionType.REFUND_SUCCEEDED)

    @property
    def status(self) -> PaymentStatus:
        if self.review_reasons:
            return PaymentStatus.NEEDS_REVIEW
        if self.refunded and self.refunded >= self.captured:
            return PaymentStatus.REFUNDED
        if self.allocated:
            refunded = self.refunded_of(self._captures(TransactionType.CAPTURE)[0].ref)
            return PaymentStatus.PARTIALLY_REFUNDED if refunded else PaymentStatus.PAID
        processing = (AttemptState.APPROVED, AttemptState.PROCESSING, AttemptState.AUTHORIZED)
        if any(attempt.state in processing for attempt in self.attempts):
            return PaymentStatus.PROCESSING
        return PaymentStatus.NONE

    def refunded_of(self, capture_ref: str) -> Money:
        """What was given back of one capture."""
        operations = {op.id for op in self.operations if op.capture_ref == capture_ref}
        return total(
            [
                t.amount
                for t in self.transactions
                if t.type is TransactionType.REFUND_SUCCEEDED and t.operation_id in operations
            ],
            self.due.currency,
        )

    # Attempts

    def attempt(self, attempt_id: AttemptId) -> Attempt:
        return next(attempt for attempt in self.attempts if attempt.id == attempt_id)

    def attempt_for(self, client_key: str, request_digest: str) -> Attempt | None:
        """The attempt that this key began. Raises `IdempotencyKeyReused` if it came with another request."""
        for attempt in self.attempts:
            if attempt.client_key == client_key:
                if attempt.request_digest != request_digest:
                    raise IdempotencyKeyReused
                return attempt
        return None

    def start(self, attempt: Attempt, *, operation_id: OperationId, at: datetime) -> None:
        """Begin a checkout: the call to open it is remembered before it is made. Raises `AlreadyPaid`."""
        if self.allocated:
            raise AlreadyPaid
        self.attempts = (*self.attempts, attempt)
        self.operations = (
            *self.operations,
            Operation(
                id=operation_id,
                attempt_id=attempt.id,
                kind=OperationKind.OPEN,
                amount=attempt.expected,
                created_at=at,
            ),
        )

    def opened(
        self, operation_id: OperationId, *, ref: str, redirect_url: str, expires_at: datetime, at: datetime
    ) -> None:
        """The provider made the hosted page. A second answer to the same call changes nothing."""
        operation = self.operation(operation_id)
        attempt = self.attempt(operation.attempt_id)
        self.decide(operation_id, OperationState.SUCCEEDED, provider_ref=ref)
        if attempt.ref is None:
            state = AttemptState.OPEN if attempt.state is AttemptState.CREATED else attempt.state
            self._replace_attempt(
                attrs.evolve(
                    attempt, state=state, ref=ref, redirect_url=redirect_url, expires_at=expires_at
                )
            )
            self._record(
                AttemptOpened(at=at, payment_id=self.id, attempt_id=attempt.id, expires_at=expires_at)
            )

    # Operations

    def operation(self, operation_id: OperationId) -> Operation:
        return next(operation for operation in self.operations if operation.id == operation_id)

    def dispatch(self, operation_id: OperationId, *, at: datetime) -> Operation | None:
        """Take an operation into one's hands, to send it; None where it is decided or in other hands."""
        operation = self.operation(operation_id)
        if not operation.due(at=at):
            return None
        sent = attrs.evolve(
            operation,
            state=OperationState.DISPATCHED,
            sends=operation.sends + 1,
            leased_until=at + LEASE,
            first_sent_at=operation.first_sent_at or at,
        )
        self._replace_operation(sent)
        return sent

    def decide(
        self,
        operation_id: OperationId,
        state: OperationState,
        *,
        provider_ref: str | None = None,
        code: str | None = None,
    ) -> None:
        """Write down what became of an operation. What was decided before stays decided."""
        operation = self.operation(operation_id)
        if operation.undecided:
            self._replace_operation(
                attrs.evolve(
                    operation,
                    state=state,
                    leased_until=None,
                    provider_ref=provider_ref or operation.provider_ref,
                    outcome_code=code,
                )
            )

    def refuse(self, operation_id: OperationId, state: OperationState, code: str, *, at: datetime) -> None:
        """The provider said no. A checkout that cannot open has failed; a refund needs a person."""
        operation = self.operation(operation_id)
        self.decide(operation_id, state, code=code)
        if operation.kind is OperationKind.OPEN:
            attempt = self.attempt(operation.attempt_id)
            self._replace_attempt(attrs.evolve(attempt, state=AttemptState.FAILED))
        elif operation.kind is OperationKind.REFUND:
            self.review(f"refund-refused:{operation.id}")

    def review(self, reason: str) -> None:
        """Ask a person to look; while they have not, nothing is fulfilled from this payment."""
        if reason not in self.review_reasons:
            self.review_reasons = (*self.review_reasons, reason)

    # Settlement

    def next_ticket(self) -> int:
        """The number of a look at the provider that is about to be taken."""
        self.sync_ticket += 1
        return self.sync_ticket

    def settle(
        self,
        attempt_id: AttemptId,
        snapshot: Snapshot,
        *,
        ticket: int,
        order_wants_payment: bool,
        source: Source,
        new_operation_id: Callable[[], OperationId],
        at: datetime,
    ) -> None:
        """Take in what the provider says. Repeated, late or reordered looks lead to the same facts.

        Raises `ForeignSnapshot` for somebody else's checkout; nothing is changed then.
        """
        attempt = self.attempt(attempt_id)
        foreign = snapshot.our_reference != str(attempt.id) or snapshot.provider is not attempt.provider
        if foreign or snapshot.livemode is not attempt.livemode or snapshot.ref != attempt.ref:
            raise ForeignSnapshot
        for capture in snapshot.captures:
            self._take_capture(attempt, capture, order_wants_payment, source, new_operation_id, at)
        for refund in snapshot.refunds:
            self._take_refund(attempt, refund, source, at)
        seen = attempt.seen(snapshot.state, ticket)
        self._replace_attempt(seen)
        if seen.state is AttemptState.FAILED and attempt.state is not AttemptState.FAILED:
            self._record(
                AttemptFailed(at=at, payment_id=self.id, order_id=self.order_id, attempt_id=attempt.id)
            )
        if seen.state is AttemptState.VOIDED:
            for operation in self.operations:
                if operation.attempt_id == attempt.id and operation.kind is OperationKind.VOID:
                    self.decide(operation.id, OperationState.SUCCEEDED)

    def _take_capture(
        self,
        attempt: Attempt,
        capture: CaptureFact,
        order_wants_payment: bool,
        source: Source,
        new_operation_id: Callable[[], OperationId],
        at: datetime,
    ) -> None:
        known = [t for t in self._captures() if t.ref == capture.ref and t.attempt_id == attempt.id]
        if known:
            if known[0].amount != capture.amount:
                self.review(f"capture-changed:{capture.ref}")
            return
        fits = capture.amount == self.due == attempt.expected
        wanted = order_wants_payment and not self.allocated
        self.transactions = (
            *self.transactions,
            Transaction(
                type=TransactionType.CAPTURE if fits and wanted else TransactionType.CAPTURE_PARKED,
                attempt_id=attempt.id,
                provider=attempt.provider,
                livemode=attempt.livemode,
                ref=capture.ref,
                amount=capture.amount,
                source=source,
                occurred_at=capture.occurred_at,
                recorded_at=at,
            ),
        )
        if fits and wanted:
            self._record(PaymentSucceeded(at=at, payment_id=self.id, order_id=self.order_id))
        elif not fits:
            self.review(f"capture-amount:{capture.ref}")
        else:
            self.refund(capture.ref, reason="late-or-duplicate", operation_id=new_operation_id(), at=at)

    def _take_refund(self, attempt: Attempt, refund: RefundFact, source: Source, at: datetime) -> None:
        types = {
            RefundState.PENDING: None,
            RefundState.SUCCEEDED: TransactionType.REFUND_SUCCEEDED,
            RefundState.FAILED: TransactionType.REFUND_FAILED,
            RefundState.CANCELLED: TransactionType.REFUND_FAILED,
        }
        outcome = types[refund.state]
        if outcome is None or any(t.ref == refund.ref and t.type is outcome for t in self.transactions):
            return
        self.transactions = (
            *self.transactions,
            Transaction(
                type=outcome,
                attempt_id=attempt.id,
                provider=attempt.provider,
                livemode=attempt.livemode,
                ref=refund.ref,
                amount=refund.amount,
                source=source,
                capture_ref=refund.capture_ref,
                operation_id=refund.operation_id,
                occurred_at=refund.occurred_at,
                recorded_at=at,
            ),
        )
        if refund.operation_id is not None and any(o.id == refund.operation_id for o in self.operations):
            self.decide(refund.operation_id, OperationState.SUCCEEDED, provider_ref=refund.ref)
        if outcome is TransactionType.REFUND_SUCCEEDED:
            self._record(
                RefundSucceeded(at=at, payment_id=self.id, order_id=self.order_id, refund_ref=refund.ref)
            )
        else:
            self.review(f"refund-failed:{refund.ref}")

    # Giving back

    def refund(self, capture_ref: str, *, reason: str, operation_id: OperationId, at: datetime) -> None:
        """Give back the whole of one capture, once: a capture with a refund under way is left alone."""
        if any(op.capture_ref == capture_ref for op in self.operations):
            return
        capture = next(t for t in self._captures() if t.ref == capture_ref)
        operation = Operation(
            id=operation_id,
            attempt_id=capture.attempt_id,
            kind=OperationKind.REFUND,
            amount=capture.amount,
            capture_ref=capture_ref,
            reason=reason,
            created_at=at,
        )
        self.operations = (*self.operations, operation)
        self.transactions = (
            *self.transactions,
            Transaction(
                type=TransactionType.REFUND_REQUESTED,
                attempt_id=capture.attempt_id,
                provider=capture.provider,
                livemode=capture.livemode,
                ref=str(operation_id),
                amount=capture.amount,
                source=Source.SYSTEM,
                capture_ref=capture_ref,
                operation_id=operation_id,
                occurred_at=at,
                recorded_at=at,
            ),
        )
        self._record(OperationPrepared(at=at, payment_id=self.id, operation_id=operation_id))

    def release(self, *, reason: str, new_operation_id: Callable[[], OperationId], at: datetime) -> None:
        """The order is called off: give back all that came, and close every checkout still open."""
        for capture in self._captures():
            self.refund(capture.ref, reason=reason, operation_id=new_operation_id(), at=at)
        voided = {op.attempt_id for op in self.operations if op.kind is OperationKind.VOID}
        for attempt in self.attempts:
            if not attempt.finished and attempt.ref is not None and attempt.id not in voided:
                operation = Operation(
                    id=new_operation_id(),
                    attempt_id=attempt.id,
                    kind=OperationKind.VOID,
                    amount=attempt.expected,
                    reason=reason,
                    created_at=at,
                )
                self.operations = (*self.operations, operation)
                self._record(OperationPrepared(at=at, payment_id=self.id, operation_id=operation.id))

    def _captures(
        self, *types: TransactionType
    ) -> tuple[Transaction, ...]:
        wanted = types or (TransactionType.CAPTURE, TransactionType.CAPTURE_PARKED)
        return tuple(t for t in self.transactions if t.type in wanted)

    def _replace_attempt(self, attempt: Attempt) -> None:
        self.attempts = tuple(attempt if attempt.id == old.id else old for old in self.attempts)

    def _replace_operation(self, operation: Operation) -> None:
        self.operations = tuple(operation if operation.id == old.id else old for old in self.operations)

"""The payment aggregate: what becomes of the money that a provider reports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from printapic.domain.errors import Conflict, NotFound
from printapic.domain.ids import AttemptId, OperationId
from printapic.domain.payments.account import (
    AlreadyPaid,
    IdempotencyKeyReused,
    PaymentAccount,
    PaymentNotFound,
)
from printapic.domain.payments.attempt import Attempt, AttemptState
from printapic.domain.payments.events import AttemptFailed, PaymentSucceeded, RefundSucceeded
from printapic.domain.payments.operation import Operation, OperationKind, OperationState
from printapic.domain.payments.snapshot import CaptureFact, RefundFact, RefundState, Snapshot
from printapic.domain.payments.status import PaymentStatus
from printapic.domain.payments.transaction import Look, Source, Transaction, TransactionType

__all__ = [
    "AlreadyPaid",
    "CaptureNotFound",
    "ForeignSnapshot",
    "IdempotencyKeyReused",
    "Payment",
    "PaymentNotFound",
    "PaymentStatus",
]

_PROOFS = {
    OperationKind.OPEN: frozenset(AttemptState),
    OperationKind.COMPLETE: frozenset({AttemptState.AUTHORIZED, AttemptState.CAPTURED}),
    OperationKind.CAPTURE: frozenset({AttemptState.CAPTURED}),
    OperationKind.VOID: frozenset({AttemptState.VOIDED}),
    OperationKind.REFUND: frozenset[AttemptState](),
}
"""In which states of its checkout a call has evidently had its effect. Refunds have facts of their own."""


class ForeignSnapshot(Conflict):
    """The provider's object belongs to another attempt, or to another environment."""

    code = "payment-snapshot-foreign"

    def __init__(self) -> None:
        super().__init__("The provider's answer is about another payment.")


class CaptureNotFound(NotFound):
    """No money of that name came for this payment."""

    code = "payment-capture-not-found"

    def __init__(self) -> None:
        super().__init__("No such money came for this payment.")


@attrs.define(kw_only=True, eq=False)
class Payment(PaymentAccount):
    """What is `due` for an order.

    The customer may try more than once: each try is an attempt with its own hosted checkout. Money that
    fits is allocated, at most once; money that does not fit is parked, and given back where it came late
    or twice, or looked at by a person where its amount is wrong.
    """

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

        A checkout of which we never heard the answer is recognised by our reference. Where the order is
        paid or wants no money any more, every checkout still open is closed. Raises `ForeignSnapshot`
        for somebody else's checkout; nothing is changed then.
        """
        attempt = self.attempt(attempt_id)
        foreign = snapshot.our_reference != str(attempt.id) or snapshot.provider is not attempt.provider
        if foreign or snapshot.livemode is not attempt.livemode or attempt.ref not in (None, snapshot.ref):
            raise ForeignSnapshot
        look = Look(attempt=attempt, source=source, at=at)
        for capture in snapshot.captures:
            self._take_capture(look, capture, order_wants_payment, new_operation_id)
        for refund in snapshot.refunds:
            self._take_refund(look, refund)
        self._check_refunds(snapshot)
        self._see(attempt, snapshot, ticket, at)
        if self.allocated or not order_wants_payment:
            self.close_checkouts(reason="not-wanted", new_operation_id=new_operation_id, at=at)
        elif snapshot.state is AttemptState.APPROVED:
            self._complete(attempt, new_operation_id, at)

    def _take_capture(
        self, look: Look, fact: CaptureFact, wanted: bool, new_operation_id: Callable[[], OperationId]
    ) -> None:
        known = self.log.capture(fact.ref)
        if known is not None:
            if (known.amount, known.attempt_id) != (fact.amount, look.attempt.id):
                self.review(f"capture-changed:{fact.ref}")
            return
        fits = fact.amount == self.due == look.attempt.expected
        if fits and wanted and not self.allocated:
            self._write(look.capture(fact, TransactionType.CAPTURE))
            self._record(PaymentSucceeded(at=look.at, payment_id=self.id, order_id=self.order_id))
            return
        self._write(look.capture(fact, TransactionType.CAPTURE_PARKED))
        if fits:
            self.refund(fact.ref, reason="late-or-duplicate", operation_id=new_operation_id(), at=look.at)
        else:
            self.review(f"capture-amount:{fact.ref}")

    def _take_refund(self, look: Look, fact: RefundFact) -> None:
        log = self.log
        succeeded = log.has(TransactionType.REFUND_SUCCEEDED, fact.ref)
        failed = log.has(TransactionType.REFUND_FAILED, fact.ref)
        if fact.state is RefundState.SUCCEEDED and not succeeded:
            self._write(look.refund(fact, TransactionType.REFUND_SUCCEEDED))
            if not failed:
                self._record(
                    RefundSucceeded(
                        at=look.at, payment_id=self.id, order_id=self.order_id, refund_ref=fact.ref
                    )
                )
        elif fact.state in (RefundState.FAILED, RefundState.CANCELLED) and not failed:
            self._write(look.refund(fact, TransactionType.REFUND_FAILED))
            self.review(f"refund-failed:{fact.ref}")
        self._conclude(fact)

    def _conclude(self, fact: RefundFact) -> None:
        """Our own refund became this: decided by the log, whichever look arrived last."""
        operation = next((op for op in self.operations if op.id == fact.operation_id), None)
        if operation is None:
            return
        if self.log.has(TransactionType.REFUND_FAILED, fact.ref):
            operation = operation.proven(OperationState.REJECTED, provider_ref=fact.ref, code="refund-failed")
        elif self.log.has(TransactionType.REFUND_SUCCEEDED, fact.ref):
            operation = operation.proven(OperationState.SUCCEEDED, provider_ref=fact.ref)
            self._resolve(f"refund-refused:{operation.id}")
        else:
            operation = operation.decided(OperationState.PENDING, provider_ref=fact.ref, code=None)
        self._replace_operation(operation)

    def _check_refunds(self, snapshot: Snapshot) -> None:
        """Refunds that do not fit to the captures, for a person to look at."""
        log = self.log
        for ref in {fact.capture_ref: None for fact in snapshot.refunds}:
            capture = log.capture(ref)
            if capture is None or log.rest_of(capture).minor < 0:
                self.review(f"refund-mismatch:{ref}")

    def _see(self, attempt: Attempt, snapshot: Snapshot, ticket: int, at: datetime) -> None:
        seen = attrs.evolve(attempt, ref=snapshot.ref).seen(snapshot.state, ticket)
        self._replace_attempt(seen)
        for operation in self.operations:
            own = operation.attempt_id == attempt.id and operation.undecided
            if own and seen.state in _PROOFS[operation.kind]:
                self._replace_operation(operation.proven(OperationState.SUCCEEDED, provider_ref=snapshot.ref))
        failed_now = seen.state is AttemptState.FAILED and attempt.state is not AttemptState.FAILED
        if failed_now and not self.allocated:
            self._record(
                AttemptFailed(at=at, payment_id=self.id, order_id=self.order_id, attempt_id=attempt.id)
            )

    def _complete(self, before: Attempt, new_operation_id: Callable[[], OperationId], at: datetime) -> None:
        """The customer agreed: take the money, once for each time they agree, and one at a time."""
        tried = [op for op in self.operations if op.kind is OperationKind.COMPLETE]
        again = any(op.attempt_id == before.id for op in tried) and before.state is AttemptState.APPROVED
        if not again and not any(op.undecided for op in tried):
            self._prepare(OperationKind.COMPLETE, before, new_operation_id(), at=at)

    # Giving back

    def refund(self, capture_ref: str, *, reason: str, operation_id: OperationId, at: datetime) -> None:
        """Give back what is left of one capture. One refund at a time, and a new one only after a failure.

        Raises `CaptureNotFound`.
        """
        capture = self.log.capture(capture_ref)
        if capture is None:
            raise CaptureNotFound
        rest = self.log.rest_of(capture)
        under_way = any(op.capture_ref == capture_ref and not op.failed for op in self.operations)
        if under_way or rest.minor <= 0:
            return
        self._add_operation(
            Operation(
                id=operation_id,
                attempt_id=capture.attempt_id,
                kind=OperationKind.REFUND,
                amount=rest,
                capture_ref=capture_ref,
                reason=reason,
                created_at=at,
            )
        )
        self._write(
            Transaction(
                type=TransactionType.REFUND_REQUESTED,
                attempt_id=capture.attempt_id,
                provider=capture.provider,
                livemode=capture.livemode,
                ref=str(operation_id),
                amount=rest,
                source=Source.SYSTEM,
                capture_ref=capture_ref,
                operation_id=operation_id,
                occurred_at=at,
                recorded_at=at,
            )
        )

    def release(self, *, reason: str, new_operation_id: Callable[[], OperationId], at: datetime) -> None:
        """The order is called off: give back all that came, and close every checkout still open.

        Repeating it changes nothing: a refund that failed waits for a person, not for the next repetition.
        """
        tried = {op.capture_ref for op in self.operations}
        for capture in self.log.captures():
            if capture.ref not in tried:
                self.refund(capture.ref, reason=reason, operation_id=new_operation_id(), at=at)
        self.close_checkouts(reason=reason, new_operation_id=new_operation_id, at=at)

    def close_checkouts(
        self, *, reason: str, new_operation_id: Callable[[], OperationId], at: datetime
    ) -> None:
        """Nobody shall pay any more; money that came stays. Repeating it changes nothing.

        A checkout at the provider is voided; one that certainly never reached the provider is given up.
        One that may be opening right now is closed by the next look.
        """
        for attempt in self.attempts:
            operations = [op for op in self.operations if op.attempt_id == attempt.id]
            if attempt.finished:
                continue
            if attempt.ref is None:
                opening = next((op for op in operations if op.never_sent), None)
                if opening is not None:
                    self.decide(opening.id, OperationState.REJECTED, code="given-up")
                    self._replace_attempt(attempt.seen(AttemptState.VOIDED, attempt.last_ticket))
            elif not any(op.kind is OperationKind.VOID for op in operations):
                self._prepare(OperationKind.VOID, attempt, new_operation_id(), at=at, reason=reason)

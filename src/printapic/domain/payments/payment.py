"""The payment aggregate: what becomes of the money that a provider reports."""

from __future__ import annotations

from datetime import datetime

import attrs

from printapic.domain.errors import Conflict
from printapic.domain.ids import AttemptId
from printapic.domain.money import Money
from printapic.domain.payments.account import AlreadyPaid, IdempotencyKeyReused, PaymentNotFound, refusal
from printapic.domain.payments.attempt import TERMINAL, Attempt, AttemptState
from printapic.domain.payments.dispute import Dispute
from printapic.domain.payments.events import (
    AttemptFailed,
    DisputeOpened,
    MoneyCollected,
    PaymentSucceeded,
    RefundSucceeded,
)
from printapic.domain.payments.giving_back import CaptureNotFound, NewOperationId, PaymentReturns
from printapic.domain.payments.operation import Operation, OperationKind, OperationState
from printapic.domain.payments.review import Review
from printapic.domain.payments.snapshot import (
    AuthorizationFact,
    CaptureFact,
    DisputeFact,
    DisputeState,
    RefundFact,
    RefundState,
    Snapshot,
)
from printapic.domain.payments.status import Demand, PaymentStatus
from printapic.domain.payments.transaction import Look, Source, TransactionType

__all__ = [
    "AlreadyPaid",
    "CaptureNotFound",
    "Demand",
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
    OperationKind.VOID: TERMINAL,
    OperationKind.REFUND: frozenset[AttemptState](),
}
"""In which states of its checkout a call has evidently had its effect. Refunds have facts of their own."""


_OF_PAGES = frozenset({OperationKind.COMPLETE, OperationKind.VOID})
_TOLD = frozenset({Source.WEBHOOK, Source.RETURN})
"""What makes us look because something happened, and not because time went by."""


class ForeignSnapshot(Conflict):
    """The provider's object belongs to another attempt, or to another environment."""

    code = "payment-snapshot-foreign"

    def __init__(self) -> None:
        super().__init__("The provider's answer is about another payment.")


@attrs.define(kw_only=True, eq=False)
class Payment(PaymentReturns):
    """What is `due` for an order.

    The customer may try more than once: each try is an attempt with its own hosted checkout. Money that
    fits is allocated, at most once; money that does not fit is parked, and given back where it came late
    or twice, or looked at by a person where its amount is wrong. Where a bank only holds the money, the
    order is covered by that, and the money is taken when production starts (`collect`).
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
        demand: Demand,
        source: Source,
        new_operation_id: NewOperationId,
        at: datetime,
    ) -> None:
        """Take in what the provider says. Repeated, late or reordered looks lead to the same facts.

        A checkout of which we never heard the answer is recognised by our reference. Where the order is
        covered or called off, every checkout still open is closed. Raises `ForeignSnapshot` for somebody
        else's checkout; nothing is changed then.
        """
        attempt = self.attempt(attempt_id)
        foreign = snapshot.our_reference != str(attempt.id) or snapshot.provider is not attempt.provider
        if foreign or snapshot.livemode is not attempt.livemode or attempt.ref not in (None, snapshot.ref):
            raise ForeignSnapshot
        look = Look(attempt=attempt, source=source, at=at)
        covered, allocated, rows = self.covered, bool(self.allocated), len(self.transactions)
        for dispute in snapshot.disputes:  # First: what a bank contests is not given back below.
            self._know_dispute(look, dispute)
        if snapshot.authorization is not None:
            self._take_authorization(look, snapshot.authorization, demand)
        for capture in snapshot.captures:
            self._take_capture(look, capture, demand, new_operation_id)
            self._take_fee(look, capture.ref, capture.fee, capture.occurred_at)
        for refund in snapshot.refunds:
            self._take_refund(look, refund)
        for dispute in snapshot.disputes:
            before = len(self.transactions)
            self._move_disputed(look, dispute)
            self._judge_dispute(dispute, moved=len(self.transactions) > before)
        if len(self.transactions) > rows:
            self._check_sums(snapshot)
        changed = self._see(attempt, snapshot, ticket, demand, at)
        self._announce(demand, covered=covered, allocated=allocated, at=at)
        if self.covered or demand is not Demand.OPEN:
            but = None if demand is Demand.WITHDRAWN else self.holding
            self.close_checkouts(
                reason="not-wanted",
                new_operation_id=new_operation_id,
                at=at,
                but=but,
                changed=attempt if changed else None,
            )
        elif snapshot.state is AttemptState.APPROVED:
            self._complete(attempt, snapshot, look, new_operation_id)

    def collect(self, *, new_operation_id: NewOperationId, at: datetime) -> bool:
        """Production wants to start: take the money that a bank holds. False while it has not come.

        One capture at a time; after a refused one a person says whether to ask again (`resolve_review`).
        """
        held = self.holding
        if self.allocated or held is None:
            return bool(self.allocated)
        tried = [op for op in self.operations if op.attempt_id == held.id and not self._may_retry(op)]
        if not any(op.kind is OperationKind.CAPTURE for op in tried):
            self._prepare(OperationKind.CAPTURE, held, new_operation_id(), at=at)
        return False

    def _may_retry(self, operation: Operation) -> bool:
        return operation.failed and refusal(operation) not in self.review_reasons

    def _announce(self, demand: Demand, *, covered: bool, allocated: bool, at: datetime) -> None:
        """Say what this look changed for the order, going by what it was before."""
        if self.covered and not covered and demand is Demand.OPEN:
            self._record(PaymentSucceeded(at=at, payment_id=self.id, order_id=self.order_id))
        elif self.allocated and not allocated:
            self._record(MoneyCollected(at=at, payment_id=self.id, order_id=self.order_id))

    def _take_authorization(self, look: Look, fact: AuthorizationFact, demand: Demand) -> None:
        kinds = (TransactionType.AUTHORIZED, TransactionType.AUTHORIZATION_PARKED)
        if any(self.log.has(kind, fact.ref) for kind in kinds):
            return
        fits = fact.amount == self.due == look.attempt.expected
        pays = any(row.attempt_id == look.attempt.id for row in self._allocated())
        if fits and (pays or (demand is Demand.OPEN and not self.covered)):
            self._write(look.row(TransactionType.AUTHORIZED, fact.ref, fact.amount, fact.occurred_at))
            return
        self._write(look.row(TransactionType.AUTHORIZATION_PARKED, fact.ref, fact.amount, fact.occurred_at))
        if not fits:
            self.review(Review.AUTHORIZATION_AMOUNT.of(fact.ref))

    def _take_capture(
        self, look: Look, fact: CaptureFact, demand: Demand, new_operation_id: NewOperationId
    ) -> None:
        known = self.log.capture(fact.ref)
        if known is not None:
            if (known.amount, known.attempt_id) != (fact.amount, look.attempt.id):
                self._note_conflict(look, fact)
            return
        fits = fact.amount == self.due == look.attempt.expected
        promised = demand is Demand.MET and self._is_for_us(look.attempt)
        if fits and (demand is Demand.OPEN or promised) and not self.allocated:
            self._write(look.row(TransactionType.CAPTURE, fact.ref, fact.amount, fact.occurred_at))
            return
        self._write(look.row(TransactionType.CAPTURE_PARKED, fact.ref, fact.amount, fact.occurred_at))
        if fits:
            capture = self.capture(fact.ref)
            self._give_back(
                capture, reason="late-or-duplicate", new_operation_id=new_operation_id, at=look.at
            )
        else:
            self.review(Review.CAPTURE_AMOUNT.of(fact.ref))

    def _note_conflict(self, look: Look, fact: CaptureFact) -> None:
        """Write down what cannot be true as well, and ask a person: once for each story that is told."""
        kind = TransactionType.CONFLICT
        told = [row for row in self.transactions if row.type is kind and row.capture_ref == fact.ref]
        if any((row.amount, row.attempt_id) == (fact.amount, look.attempt.id) for row in told):
            return
        ref = f"{fact.ref}/{len(told) + 1}"
        self._write(look.row(kind, ref, fact.amount, fact.occurred_at, capture_ref=fact.ref))
        self.review(Review.CAPTURE_CHANGED.of(fact.ref))

    def _take_fee(self, look: Look, ref: str, fee: Money | None, occurred_at: datetime) -> None:
        """A fee below zero is one that came back, as after a dispute that was won."""
        returned = fee is not None and fee.minor < 0
        type_ = TransactionType.FEE_RETURNED if returned else TransactionType.FEE
        if fee and not self.log.has(type_, ref):
            self._write(look.row(type_, ref, -fee if returned else fee, occurred_at))

    def _take_refund(self, look: Look, fact: RefundFact) -> None:
        log = self.log
        succeeded = log.has(TransactionType.REFUND_SUCCEEDED, fact.ref)
        failed = log.has(TransactionType.REFUND_FAILED, fact.ref)
        if fact.state is RefundState.SUCCEEDED and not succeeded:
            self._note_refund(look, fact, TransactionType.REFUND_SUCCEEDED)
            if not failed:
                self._record(
                    RefundSucceeded(
                        at=look.at, payment_id=self.id, order_id=self.order_id, refund_ref=fact.ref
                    )
                )
        elif fact.state in (RefundState.FAILED, RefundState.CANCELLED) and not failed:
            self._note_refund(look, fact, TransactionType.REFUND_FAILED)
            self.review(Review.REFUND_FAILED.of(fact.ref))
        self._conclude(fact)

    def _note_refund(self, look: Look, fact: RefundFact, type_: TransactionType) -> None:
        row = look.row(
            type_,
            fact.ref,
            fact.amount,
            fact.occurred_at,
            capture_ref=fact.capture_ref,
            operation_id=fact.operation_id,
        )
        self._write(row)

    def _conclude(self, fact: RefundFact) -> None:
        """Our own refund became this: decided by the log, whichever look arrived last."""
        operation = next((op for op in self.operations if op.id == fact.operation_id), None)
        if operation is None:
            return
        if self.log.has(TransactionType.REFUND_FAILED, fact.ref):
            operation = operation.proven(OperationState.REJECTED, provider_ref=fact.ref, code="refund-failed")
        elif self.log.has(TransactionType.REFUND_SUCCEEDED, fact.ref):
            operation = operation.proven(OperationState.SUCCEEDED, provider_ref=fact.ref)
            self._resolve(Review.REFUND_REFUSED.of(operation.id))
        else:
            operation = operation.decided(OperationState.PENDING, provider_ref=fact.ref, code=None)
        self._replace_operation(operation)

    def _check_sums(self, snapshot: Snapshot) -> None:
        """What does not fit to the captures, for a person to look at: asked once, as it is first seen."""
        log = self.log
        for ref in {fact.capture_ref: None for fact in snapshot.refunds}:
            capture = log.capture(ref)
            if capture is None or log.rest_of(capture).minor < 0:
                self.review(Review.REFUND_MISMATCH.of(ref))
        for ref in {fact.capture_ref: None for fact in snapshot.disputes}:
            capture = log.capture(ref)
            if capture is None:
                self.review(Review.DISPUTE_MISMATCH.of(ref))
            elif log.disputed_of(capture) > log.rest_of(capture):
                self.review(Review.DOUBLE_LOSS.of(ref))
            else:
                self._resolve(Review.DOUBLE_LOSS.of(ref))

    def _know_dispute(self, look: Look, fact: DisputeFact) -> None:
        known = next((each for each in self.disputes if each.ref == fact.ref), None)
        if known is None:
            self.disputes = (*self.disputes, Dispute.of(fact, look.attempt.id))
            if fact.state is not DisputeState.WON:
                self.review(Review.DISPUTE.of(fact.ref))
            self._record(
                DisputeOpened(at=look.at, payment_id=self.id, order_id=self.order_id, dispute_ref=fact.ref)
            )
        else:
            self.disputes = tuple(each.seen(fact) if each is known else each for each in self.disputes)

    def _judge_dispute(self, fact: DisputeFact, *, moved: bool) -> None:
        """A person need not look at one that was won, unless money is taken again after that."""
        if next(each for each in self.disputes if each.ref == fact.ref).state is not DisputeState.WON:
            return
        capture = self.log.capture(fact.capture_ref)
        if capture is None or not self.contested(capture):
            self._resolve(Review.DISPUTE.of(fact.ref))
        elif moved:
            self.review(Review.DISPUTE.of(fact.ref))

    def _move_disputed(self, look: Look, fact: DisputeFact) -> None:
        for movement in fact.movements:
            self._take_fee(look, movement.ref, movement.fee, movement.occurred_at)
            taken = movement.amount.minor < 0
            type_ = TransactionType.DISPUTE_TAKEN if taken else TransactionType.DISPUTE_RETURNED
            if movement.amount and not self.log.has(type_, movement.ref):
                amount = -movement.amount if taken else movement.amount
                self._write(
                    look.row(type_, movement.ref, amount, movement.occurred_at, capture_ref=fact.capture_ref)
                )
        if fact.state is DisputeState.LOST and not self.log.has(TransactionType.DISPUTE_LOST, fact.ref):
            lost = TransactionType.DISPUTE_LOST
            self._write(look.row(lost, fact.ref, fact.amount, look.at, capture_ref=fact.capture_ref))

    def _see(self, attempt: Attempt, snapshot: Snapshot, ticket: int, demand: Demand, at: datetime) -> bool:
        """Take in where the checkout stands; whether it stood elsewhere before."""
        named = attrs.evolve(attempt, ref=snapshot.ref).known_as(snapshot.other_refs)
        seen = named.seen(snapshot.state, ticket)
        self._replace_attempt(seen)
        for operation in self.operations:
            own = operation.attempt_id == attempt.id and operation.undecided
            if own and seen.state in _PROOFS[operation.kind]:
                self._replace_operation(operation.proven(OperationState.SUCCEEDED, provider_ref=snapshot.ref))
            if operation.attempt_id == attempt.id and seen.finished:
                self._forget_refusal(operation, seen)
        if demand is Demand.MET:
            self._check_promise(seen, attempt)
        failed_now = seen.state is AttemptState.FAILED and attempt.state is not AttemptState.FAILED
        if failed_now and not self.allocated:
            self._record(
                AttemptFailed(at=at, payment_id=self.id, order_id=self.order_id, attempt_id=attempt.id)
            )
        return seen.state is not attempt.state

    def _forget_refusal(self, operation: Operation, ended: Attempt) -> None:
        """The checkout ended as it should, or nobody needs any more what was refused."""
        captured = ended.state is AttemptState.CAPTURED
        if operation.kind in _OF_PAGES or (captured and operation.kind is OperationKind.CAPTURE):
            self._resolve(refusal(operation))

    def _check_promise(self, seen: Attempt, before: Attempt) -> None:
        """The bank let go of money that the order was confirmed for: nothing may be printed on that."""
        lost = seen.finished and seen.state is not AttemptState.CAPTURED and not before.finished
        if lost and self._is_for_us(seen) and not self.allocated:
            self.review(Review.AUTHORIZATION_LOST.of(seen.id))

    def _complete(
        self, before: Attempt, snapshot: Snapshot, look: Look, new_operation_id: NewOperationId
    ) -> None:
        """The customer agreed: take the money, once for each time they agree, and one at a time.

        That they agreed again, after their bank had asked for that, is seen by the page, which waited for
        it, or told by their coming back and by news of the provider.

        They may have agreed to another amount than the order costs now: then the page is given up, and a
        person asked. On a page that we gave up, and the provider could not end, nothing is taken either.
        """
        given_up = [op for op in self.operations if op.kind is OperationKind.VOID]
        if any(op.attempt_id == before.id for op in given_up):
            return
        if snapshot.amount not in (None, self.due) or before.expected != self.due:
            self.review(Review.APPROVED_AMOUNT.of(before.id))
            self._prepare(OperationKind.VOID, before, new_operation_id(), at=look.at, reason="amount-differs")
            return
        tried = [op for op in self.operations if op.kind is OperationKind.COMPLETE]
        own = [op for op in tried if op.attempt_id == before.id]
        asked_again = bool(own) and own[-1].state is OperationState.PAYER_ACTION and look.source in _TOLD
        once = not own or before.state is not AttemptState.APPROVED or asked_again
        if once and not any(op.undecided for op in tried):
            self._prepare(OperationKind.COMPLETE, before, new_operation_id(), at=look.at)

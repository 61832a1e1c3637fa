"""What is known of one payment, and what that adds up to."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from printapic.domain.events import Aggregate, aware_utc
from printapic.domain.ids import OrderId, PaymentId, UserId
from printapic.domain.money import Money, total
from printapic.domain.payments import ledger
from printapic.domain.payments.attempt import Attempt, AttemptState
from printapic.domain.payments.dispute import FINAL, Dispute
from printapic.domain.payments.operation import Operation, OperationKind
from printapic.domain.payments.snapshot import DisputeState, RefundState
from printapic.domain.payments.status import PaymentStatus
from printapic.domain.payments.transaction import Transaction, TransactionType
from printapic.domain.payments.transaction_log import TransactionLog

BANKS_TAKE = timedelta(days=30)
"""How long money may be on its way after a checkout has ended."""
_WAITING = frozenset({AttemptState.APPROVED, AttemptState.PROCESSING, AttemptState.AUTHORIZED})
_HELD = frozenset({AttemptState.AUTHORIZED, AttemptState.PROCESSING})


@attrs.define(kw_only=True, eq=False)
class PaymentFacts(Aggregate):
    """Everything that was written down about a payment. `sync_ticket` numbers the looks at the provider.

    `other_refs` are the names under which the providers' news may speak of our checkouts.
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
    disputes: tuple[Dispute, ...] = ()
    review_reasons: tuple[str, ...] = ()

    @property
    def log(self) -> TransactionLog:
        """The transactions, to be added up."""
        return TransactionLog(self.transactions, self.due.currency)

    @property
    def allocated(self) -> Money:
        """What pays the order: nothing, or exactly what is due."""
        return self.log.sum_of(TransactionType.CAPTURE, TransactionType.PARKED_ACCEPTED)

    @property
    def captured(self) -> Money:
        """All that came."""
        return self.log.sum_of(TransactionType.CAPTURE, TransactionType.CAPTURE_PARKED)

    @property
    def refunded(self) -> Money:
        """All that went back for good."""
        return self.log.refunded

    @property
    def holding(self) -> Attempt | None:
        """The checkout whose money a bank holds for this order."""
        return next((each for each in self.attempts if self._is_for_us(each) and each.state in _HELD), None)

    @property
    def covered(self) -> bool:
        """The order may go on: its money came, or a bank holds all of it for us."""
        return bool(self.allocated) or self.holding is not None

    @property
    def was_covered(self) -> bool:
        """It was `covered` at some time, whatever became of the money then."""
        held = any(row.type is TransactionType.AUTHORIZED for row in self.transactions)
        return held or bool(self.allocated)

    @property
    def disputed(self) -> bool:
        """A bank contests some of the money, and nobody decided yet."""
        contested = any(self.contested(capture) for capture in self.log.captures())
        return contested or any(dispute.open for dispute in self.disputes)

    def contested(self, capture: Transaction) -> bool:
        """A bank may take this money, or took it: also after a dispute that we won, on an appeal."""
        states = {each.state for each in self.disputes if each.capture_ref == capture.ref}
        won = states == {DisputeState.WON}
        return bool(states - FINAL) or (won and self.log.disputed_of(capture).minor > 0)

    @property
    def status(self) -> PaymentStatus:
        """Derived from the facts alone."""
        refunded, captured = self.refunded, self.captured
        if self.review_reasons:
            return PaymentStatus.NEEDS_REVIEW
        if refunded and refunded >= captured:
            return PaymentStatus.REFUNDED
        if self.allocated:
            surplus = [self._surplus_of(row) < self.log.refunded_of(row) for row in self._allocated()]
            return PaymentStatus.PARTIALLY_REFUNDED if any(surplus) else PaymentStatus.PAID
        if self.holding is not None:
            return PaymentStatus.AUTHORIZED
        if captured or any(attempt.state in _WAITING for attempt in self.attempts):
            return PaymentStatus.PROCESSING
        return PaymentStatus.VOIDED if self.was_covered else PaymentStatus.NONE

    @property
    def fulfillable(self) -> bool:
        """Nothing speaks against printing and sending: nobody has to look, and what pays did not go back."""
        return not self.review_reasons and not self.paid_back

    @property
    def paid_back(self) -> bool:
        """All that paid the order went back, in whichever way."""
        paid = self._allocated()
        return bool(paid) and all(self.log.rest_of(capture).minor <= 0 for capture in paid)

    def on_its_way(self, *, at: datetime) -> bool:
        """A bank decides about the customer's money, or a call that takes it may have had its effect."""
        return self.taking or any(
            attempt.state is AttemptState.PROCESSING and at < attempt.expires_at + BANKS_TAKE
            for attempt in self.attempts
        )

    @property
    def taking(self) -> bool:
        """A call that may take the customer's money right now is not decided."""
        return any(op.takes_money and op.undecided and not op.never_sent for op in self.operations)

    def pays(self, capture: Transaction) -> bool:
        """Whether this money pays the order, in whole or with a part of it."""
        return capture.type is TransactionType.CAPTURE or bool(self.log.accepted_of(capture))

    def refundable(self, capture: Transaction) -> Money:
        """What of a capture nobody was promised, got back, or contests."""
        promised = [op for op in self.operations if op.capture_ref == capture.ref and not op.failed]
        ids = {op.id for op in promised}
        others = [
            row.amount
            for row in self.log.refunds
            if row.capture_ref == capture.ref and row.operation_id not in ids
        ]
        gone = total([*(op.amount for op in promised), *others], capture.amount.currency)
        return capture.amount - gone - max(self.log.disputed_of(capture), self._lost_of(capture))

    def _lost_of(self, capture: Transaction) -> Money:
        """What banks took for good, also where nobody told us how; all of it if in another currency."""
        lost = [
            dispute.amount
            for dispute in self.disputes
            if dispute.capture_ref == capture.ref and dispute.state is DisputeState.LOST
        ]
        if any(amount.currency != capture.amount.currency for amount in lost):
            return capture.amount
        return total(lost, capture.amount.currency)

    @property
    def refunds_asked(self) -> tuple[Operation, ...]:
        """Every refund that the shop asked for, oldest first."""
        return tuple(op for op in self.operations if op.kind is OperationKind.REFUND)

    def refund_state(self, operation: Operation) -> RefundState:
        """What became of a refund: the log decides, not what the provider answered at first."""
        if operation.failed:
            return RefundState.FAILED
        back = any(row.operation_id == operation.id for row in self.log.refunds)
        return RefundState.SUCCEEDED if back else RefundState.PENDING

    def settled(self, *, earned: bool, at: datetime) -> bool:
        """Nobody expects anything more: no money is on its way or owed, and no person has to look.

        `earned` says that the order was fulfilled; what came for any other goes back first. A checkout of
        which nothing was heard counts for a month after it expired: banks take so long.
        """
        owed = not earned and self.refunded < self.captured
        if owed or self.review_reasons or self.disputed:
            return False
        # What becomes of any other call is told by its checkout; refunds have facts of their own.
        return not any(
            operation.kind is OperationKind.REFUND and operation.under_way for operation in self.operations
        ) and not any(
            not attempt.finished and at < attempt.expires_at + BANKS_TAKE for attempt in self.attempts
        )

    def _is_for_us(self, attempt: Attempt) -> bool:
        """Whether a bank ever promised this checkout's money for the order."""
        return any(
            row.type is TransactionType.AUTHORIZED and row.attempt_id == attempt.id
            for row in self.transactions
        )

    def _allocated(self) -> list[Transaction]:
        """The captures that pay the order."""
        return [row for row in self.log.captures() if self.pays(row)]

    def _surplus_of(self, capture: Transaction) -> Money:
        """What of an allocated capture does not pay the order."""
        if capture.type is TransactionType.CAPTURE:
            return Money.zero(capture.amount.currency)
        return capture.amount - self.log.accepted_of(capture)

    def _write(self, row: Transaction) -> None:
        """Add a row to the log, with what it does to the ledger."""
        row = attrs.evolve(row, postings=ledger.postings(row, self.log))
        self.transactions = (*self.transactions, row)

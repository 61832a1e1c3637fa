"""The transaction log: every movement of money that a provider confirmed, written once and never changed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from printapic.domain.events import aware_utc
from printapic.domain.ids import AttemptId, OperationId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import Attempt, Provider
from printapic.domain.payments.snapshot import CaptureFact, RefundFact


class TransactionType(StrEnum):
    """`CAPTURE` pays the order. `CAPTURE_PARKED` is money that came but does not fit: wrong, late, twice."""

    CAPTURE = "capture"
    CAPTURE_PARKED = "capture_parked"
    REFUND_REQUESTED = "refund_requested"
    REFUND_SUCCEEDED = "refund_succeeded"
    REFUND_FAILED = "refund_failed"


class Source(StrEnum):
    """What made us look."""

    WEBHOOK = "webhook"
    RETURN = "return"
    POLLER = "poller"
    STAFF = "staff"
    SYSTEM = "system"


@attrs.frozen(kw_only=True)
class Transaction:
    """One row of the log. (`provider`, `livemode`, `ref`, `type`) is unique in the whole shop.

    A row about a refund names in `capture_ref` what it gives back, also where the refund was made in the
    provider's dashboard and has no `operation_id`.
    """

    type: TransactionType
    attempt_id: AttemptId
    provider: Provider
    livemode: bool
    ref: str
    amount: Money
    source: Source
    capture_ref: str | None = None
    operation_id: OperationId | None = None
    occurred_at: datetime = attrs.field(validator=aware_utc)
    recorded_at: datetime = attrs.field(validator=aware_utc)


@attrs.frozen(kw_only=True)
class Look:
    """One look that is being taken in: whose checkout, what made us look, and when we write it down."""

    attempt: Attempt
    source: Source
    at: datetime = attrs.field(validator=aware_utc)

    def capture(self, fact: CaptureFact, type_: TransactionType) -> Transaction:
        """The row for money that came."""
        return self._row(type_, fact.ref, fact.amount, fact.occurred_at)

    def refund(self, fact: RefundFact, type_: TransactionType) -> Transaction:
        """The row for money that went back, or did not."""
        row = self._row(type_, fact.ref, fact.amount, fact.occurred_at)
        return attrs.evolve(row, capture_ref=fact.capture_ref, operation_id=fact.operation_id)

    def _row(self, type_: TransactionType, ref: str, amount: Money, occurred_at: datetime) -> Transaction:
        return Transaction(
            type=type_,
            attempt_id=self.attempt.id,
            provider=self.attempt.provider,
            livemode=self.attempt.livemode,
            ref=ref,
            amount=amount,
            source=self.source,
            occurred_at=occurred_at,
            recorded_at=self.at,
        )

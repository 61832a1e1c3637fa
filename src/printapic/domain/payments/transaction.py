"""The transaction log: what became of the money, written once and never changed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from printapic.domain.events import aware_utc
from printapic.domain.ids import AttemptId, OperationId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import Attempt, Provider


class TransactionType(StrEnum):
    """What happened to the money, or to the claim on it.

    `DUE`: the order wants to be paid; `DUE_WITHDRAWN`: it does not any more. `AUTHORIZED`: a bank holds
    it for us. `CAPTURE` pays the order. `CAPTURE_PARKED` is money that came but does not fit: wrong,
    late, twice (`AUTHORIZATION_PARKED`: was promised so). `PARKED_ACCEPTED` is the part of it that a
    person let pay the order after all. `FEE` is what the provider keeps, `FEE_RETURNED` what it
    gives back of one. `REFUND_ABANDONED`: a refund that was asked for will certainly not happen.
    `CONFLICT`: a provider told of a capture otherwise than before; what it told first stands.
    `DISPUTE_TAKEN` and `DISPUTE_RETURNED` move money that a bank contests; with `DISPUTE_LOST` it is gone.
    """

    DUE = "due"
    DUE_WITHDRAWN = "due_withdrawn"
    AUTHORIZED = "authorized"
    AUTHORIZATION_PARKED = "authorization_parked"
    CAPTURE = "capture"
    CAPTURE_PARKED = "capture_parked"
    PARKED_ACCEPTED = "parked_accepted"
    CONFLICT = "conflict"
    FEE = "fee"
    FEE_RETURNED = "fee_returned"
    REFUND_REQUESTED = "refund_requested"
    REFUND_ABANDONED = "refund_abandoned"
    REFUND_SUCCEEDED = "refund_succeeded"
    REFUND_FAILED = "refund_failed"
    DISPUTE_TAKEN = "dispute_taken"
    DISPUTE_RETURNED = "dispute_returned"
    DISPUTE_LOST = "dispute_lost"


class Source(StrEnum):
    """What made us look."""

    WEBHOOK = "webhook"
    RETURN = "return"
    POLLER = "poller"
    RECONCILER = "reconciler"
    STAFF = "staff"
    SYSTEM = "system"


@attrs.frozen(kw_only=True)
class Posting:
    """An amount above zero that leaves one account for another: so nothing unbalanced can be written."""

    debit: str
    credit: str
    amount: Money

    def __attrs_post_init__(self) -> None:
        if self.amount.minor <= 0 or self.debit == self.credit:
            raise ValueError("a posting moves an amount above zero from one account to another")

    def reversed(self) -> Posting:
        """The correction of this one: nothing in a ledger is ever taken out."""
        return Posting(debit=self.credit, credit=self.debit, amount=self.amount)


@attrs.frozen(kw_only=True)
class Transaction:
    """One row of the log. (`provider`, `livemode`, `ref`, `type`) is unique in the whole shop.

    `provider` and `attempt_id` are None in rows about the order's own claim. `capture_ref` names the
    capture that a row is about, in a refund's also where it was made in the provider's dashboard and has
    no `operation_id`. `postings` is what the row does to the ledger.
    """

    type: TransactionType
    attempt_id: AttemptId | None
    provider: Provider | None
    livemode: bool
    ref: str
    amount: Money
    source: Source
    capture_ref: str | None = None
    operation_id: OperationId | None = None
    occurred_at: datetime = attrs.field(validator=aware_utc)
    recorded_at: datetime = attrs.field(validator=aware_utc)
    postings: tuple[Posting, ...] = ()

    @property
    def about(self) -> str:
        """The capture that this row is about, or whatever it names."""
        return self.capture_ref or self.ref


@attrs.frozen(kw_only=True)
class Look:
    """One look that is being taken in: whose checkout, what made us look, and when we write it down."""

    attempt: Attempt
    source: Source
    at: datetime = attrs.field(validator=aware_utc)

    def row(
        self,
        type_: TransactionType,
        ref: str,
        amount: Money,
        occurred_at: datetime,
        *,
        capture_ref: str | None = None,
        operation_id: OperationId | None = None,
    ) -> Transaction:
        """A row of the log about what was seen."""
        return Transaction(
            type=type_,
            attempt_id=self.attempt.id,
            provider=self.attempt.provider,
            livemode=self.attempt.livemode,
            ref=ref,
            amount=amount,
            source=self.source,
            capture_ref=capture_ref,
            operation_id=operation_id,
            occurred_at=occurred_at,
            recorded_at=self.at,
        )

"""Our own books, read across payments, and what comparing them with the providers' books found."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Protocol, TypeAlias
from uuid import UUID

import attrs

from printapic.domain.ids import FindingId, PaymentId, UserId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.finding import Finding, FindingState
from printapic.domain.payments.transaction import Transaction
from printapic.domain.payments.treasury import TreasuryEntry


@attrs.frozen(kw_only=True)
class LogEntry:
    """A row of the transaction log and whose it is; `position` counts within the payment, from 0."""

    payment_id: PaymentId
    position: int
    transaction: Transaction


JournalEntry: TypeAlias = LogEntry | TreasuryEntry
"""What the journal has: rows of payments, and entries of no payment."""


@attrs.frozen(kw_only=True)
class LogPosition:
    """Where a page of the log ends: the next one begins with what is later than this entry.

    `owner` is the payment whose row it is, or an entry of no payment itself, which has the position 0.
    """

    at: datetime
    owner: UUID
    position: int


@attrs.frozen(kw_only=True)
class Balance:
    """Debits less credits of one account in one currency."""

    account: str
    amount: Money


class Journal(Protocol):
    """The transaction log and the treasury with their postings. Nothing is ever written through it."""

    @abstractmethod
    def recorded(
        self, *, since: datetime, until: datetime, after: LogPosition | None, limit: int
    ) -> tuple[JournalEntry, ...]:
        """What was written down at `since` <= time < `until`, the oldest first; `after` has that time too."""

    @abstractmethod
    def occurred(
        self,
        *,
        provider: Provider,
        livemode: bool,
        since: datetime,
        until: datetime,
        after: LogPosition | None,
        limit: int,
    ) -> tuple[LogEntry, ...]:
        """Payments' rows about what happened at this provider in that time, the oldest first."""

    @abstractmethod
    def about(self, *, provider: Provider, livemode: bool, refs: frozenset[str]) -> tuple[LogEntry, ...]:
        """Every payment's row that has one of these refs, in no particular order."""

    @abstractmethod
    def balances(self) -> tuple[Balance, ...]:
        """Of all accounts that are not even, by account and currency."""


class Treasury(Protocol):
    """What happened to our accounts at the providers without being of a payment.

    It is only ever added to: the store itself refuses to change or delete an entry.
    """

    @abstractmethod
    def add(self, entry: TreasuryEntry) -> bool:
        """Write an entry down; False where its provider, livemode, ref and type are taken. One statement."""

    @abstractmethod
    def about(self, *, provider: Provider, livemode: bool, refs: frozenset[str]) -> tuple[TreasuryEntry, ...]:
        """Every entry that has one of these refs, in no particular order."""

    @abstractmethod
    def occurred(
        self,
        *,
        provider: Provider,
        livemode: bool,
        since: datetime,
        until: datetime,
        after: LogPosition | None,
        limit: int,
    ) -> tuple[TreasuryEntry, ...]:
        """Entries about what happened at this provider at `since` <= time < `until`, the oldest first."""


@attrs.frozen(kw_only=True)
class FindingQuery:
    """Which findings to list: in this state, of this provider, seen by this comparison; None is any."""

    state: FindingState | None = None
    provider: Provider | None = None
    run_id: UUID | None = None


class PaymentFindings(Protocol):
    """What comparisons found. Of one difference at most one finding is open."""

    @abstractmethod
    def report(self, finding: Finding) -> bool:
        """Store a finding. True if it is new.

        Where the same difference is open already, that one gets the amounts and the run of this one, unless
        a later run has seen it meanwhile. Runs are in the order of their ids.
        """

    @abstractmethod
    def get(self, finding_id: FindingId) -> Finding:
        """Raises `FindingNotFound`."""

    @abstractmethod
    def close(self, finding_id: FindingId, *, by: UserId | None, note: str, at: datetime) -> bool:
        """Close a finding; False where it is not open. One statement."""

    @abstractmethod
    def close_gone(
        self,
        *,
        run_id: UUID,
        provider: Provider,
        livemode: bool,
        since: datetime,
        until: datetime,
        at: datetime,
    ) -> int:
        """Close what is about `since` <= time < `until`, and was seen last by a run before this one.

        Returns how many that were. One statement.
        """

    @abstractmethod
    def page(self, query: FindingQuery, *, before: FindingId | None, limit: int) -> tuple[Finding, ...]:
        """Newest first."""

"""Our own books in memory, read across payments, and findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import chain
from operator import itemgetter
from typing import TypeVar
from uuid import UUID

import attrs

from printapic.adapters.persistence.memory.state import MemoryTransaction
from printapic.application.ports.bookkeeping import (
    Balance,
    FindingQuery,
    Journal,
    JournalEntry,
    LogEntry,
    LogPosition,
    PaymentFindings,
    Treasury,
)
from printapic.domain.ids import FindingId, UserId
from printapic.domain.money import Currency, Money
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.finding import Finding, FindingNotFound, FindingState
from printapic.domain.payments.transaction import Posting, Transaction
from printapic.domain.payments.treasury import TreasuryEntry

E = TypeVar("E", LogEntry, TreasuryEntry, JournalEntry)
_FINDINGS, _TREASURY = "findings", "treasury"


class MemoryJournal(Journal):
    """The transaction logs of all payments, and the treasury."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def recorded(
        self, *, since: datetime, until: datetime, after: LogPosition | None, limit: int
    ) -> tuple[JournalEntry, ...]:
        """By the time at which they were written down."""
        everything = chain[JournalEntry](self._entries(), _treasury(self._transaction))
        return _page(everything, lambda row: row.recorded_at, since, until, after, limit)

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
        """By the time that the provider says."""
        own = self._of(provider, livemode)
        return _page(own, lambda row: row.occurred_at, since, until, after, limit)

    def about(self, *, provider: Provider, livemode: bool, refs: frozenset[str]) -> tuple[LogEntry, ...]:
        """Every row with one of these refs."""
        return tuple(entry for entry in self._of(provider, livemode) if entry.transaction.ref in refs)

    def balances(self) -> tuple[Balance, ...]:
        """Sums over all postings."""
        sums: dict[tuple[str, Currency], int] = {}
        for posting in self._postings():
            for account, minor in (
                (posting.debit, posting.amount.minor),
                (posting.credit, -posting.amount.minor),
            ):
                key = account, posting.amount.currency
                sums[key] = sums.get(key, 0) + minor
        ordered = sorted(sums.items(), key=lambda item: (item[0][0], item[0][1].code))
        return tuple(
            Balance(account=account, amount=Money(minor, currency))
            for (account, currency), minor in ordered
            if minor
        )

    def _of(self, provider: Provider, livemode: bool) -> Iterator[LogEntry]:
        for entry in self._entries():
            if (entry.transaction.provider, entry.transaction.livemode) == (provider, livemode):
                yield entry

    def _postings(self) -> Iterator[Posting]:
        for entry in self._entries():
            yield from entry.transaction.postings
        for written in _treasury(self._transaction):
            yield written.posting

    def _entries(self) -> Iterator[LogEntry]:
        for payment in self._transaction.table("payments").values():
            for position, row in enumerate(payment.transactions):
                yield LogEntry(payment_id=payment.id, position=position, transaction=row)


class MemoryTreasury(Treasury):
    """Entries by what is unique about them."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, entry: TreasuryEntry) -> bool:
        """Unless it is there."""
        self._transaction.check(writing=True)
        key = entry.provider, entry.livemode, entry.ref, entry.type
        if key in self._transaction.table(_TREASURY):
            return False
        self._transaction.put(_TREASURY, key, entry)
        return True

    def about(self, *, provider: Provider, livemode: bool, refs: frozenset[str]) -> tuple[TreasuryEntry, ...]:
        """By their refs."""
        return tuple(entry for entry in self._of(provider, livemode) if entry.ref in refs)

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
        """By the time that the provider says."""
        own = self._of(provider, livemode)
        return _page(own, lambda row: row.occurred_at, since, until, after, limit)

    def _of(self, provider: Provider, livemode: bool) -> list[TreasuryEntry]:
        here = (provider, livemode)
        return [each for each in _treasury(self._transaction) if (each.provider, each.livemode) == here]


def _treasury(transaction: MemoryTransaction) -> list[TreasuryEntry]:
    return list(transaction.table(_TREASURY).values())


def _page(
    entries: Iterable[E],
    time: Callable[[Transaction | TreasuryEntry], datetime],
    since: datetime,
    until: datetime,
    after: LogPosition | None,
    limit: int,
) -> tuple[E, ...]:
    def place(entry: LogEntry | TreasuryEntry) -> tuple[datetime, UUID, int]:
        if isinstance(entry, TreasuryEntry):
            return time(entry), entry.id, 0
        return time(entry.transaction), entry.payment_id, entry.position

    end = None if after is None else (after.at, after.owner, after.position)
    placed = sorted(((place(entry), entry) for entry in entries), key=itemgetter(0))
    return tuple(entry for at, entry in placed if since <= at[0] < until and (end is None or at > end))[
        :limit
    ]


class MemoryPaymentFindings(PaymentFindings):
    """Findings by id."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def report(self, finding: Finding) -> bool:
        """Store, or renew the open one of the same difference."""
        self._transaction.check(writing=True)
        known = next((each for each in self._open() if _difference(each) == _difference(finding)), None)
        if known is None:
            self._transaction.put(_FINDINGS, finding.id, finding)
            return True
        if known.run_id > finding.run_id:
            return False
        renewed = attrs.evolve(
            known,
            run_id=finding.run_id,
            theirs=finding.theirs,
            ours=finding.ours,
            payment_id=finding.payment_id,
        )
        self._transaction.put(_FINDINGS, known.id, renewed)
        return False

    def get(self, finding_id: FindingId) -> Finding:
        """Raises `FindingNotFound`."""
        found: Finding | None = self._transaction.table(_FINDINGS).get(finding_id)
        if found is None:
            raise FindingNotFound
        return found

    def close(self, finding_id: FindingId, *, by: UserId | None, note: str, at: datetime) -> bool:
        """Unless it is closed."""
        self._transaction.check(writing=True)
        found = next((each for each in self._open() if each.id == finding_id), None)
        if found is None:
            return False
        closed = attrs.evolve(found, state=FindingState.CLOSED, closed_by=by, note=note, closed_at=at)
        self._transaction.put(_FINDINGS, finding_id, closed)
        return True

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
        """Those of this time that an earlier run saw last."""
        self._transaction.check(writing=True)
        gone = [
            each
            for each in self._open()
            if (each.provider, each.livemode) == (provider, livemode)
            and since <= each.occurred_at < until
            and each.run_id < run_id
        ]
        for each in gone:
            closed = attrs.evolve(each, state=FindingState.CLOSED, closed_at=at)
            self._transaction.put(_FINDINGS, each.id, closed)
        return len(gone)

    def page(self, query: FindingQuery, *, before: FindingId | None, limit: int) -> tuple[Finding, ...]:
        """Newest first."""
        wanted = [
            each
            for each in self._all()
            if query.state in (None, each.state)
            and query.provider in (None, each.provider)
            and query.run_id in (None, each.run_id)
            and (before is None or each.id < before)
        ]
        return tuple(sorted(wanted, key=lambda each: each.id, reverse=True)[:limit])

    def _open(self) -> list[Finding]:
        return [each for each in self._all() if each.state is FindingState.OPEN]

    def _all(self) -> list[Finding]:
        return list(self._transaction.table(_FINDINGS).values())


def _difference(finding: Finding) -> tuple[object, ...]:
    return finding.provider, finding.livemode, finding.kind, finding.movement, finding.ref

"""Bookkeeping: the journal, the ledger and every payment, for whoever keeps the books."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import attrs

from printapic.application.payments.periods import EARLIEST, check_period
from printapic.application.ports.bookkeeping import Balance, JournalEntry, LogEntry, LogPosition
from printapic.application.ports.clock import Clock
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.ids import PaymentId
from printapic.domain.payments.payment import Payment

_AT_ONCE = 500


@attrs.frozen(kw_only=True)
class ReadTransactions:
    """A page of the journal: what was written down in a time, of payments and of none, the oldest first.

    It goes by the time of writing, since nothing is ever added to a time that is over: an export of last
    month is the same whenever it is made, whatever came to light since.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        after: LogPosition | None = None,
        limit: int,
    ) -> tuple[JournalEntry, ...]:
        """From the beginning and until now, unless told otherwise. Raises `PeriodInvalid`."""
        begin, end = since or EARLIEST, until or self.clock.now()
        check_period(begin, end)
        with self.unit_of_work.reading() as work:
            return work.journal.recorded(since=begin, until=end, after=after, limit=limit)


@attrs.frozen(kw_only=True)
class ExportTransactions:
    """All of it, a page at a time: however long it is, little of it is in memory."""

    read: ReadTransactions
    clock: Clock

    def __call__(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[JournalEntry]:
        """Raises `PeriodInvalid` at once, and what reading raises as it goes on."""
        end = until or self.clock.now()
        return self._from(self.read(since=since, until=end, limit=_AT_ONCE), since, end)

    def _from(
        self, page: tuple[JournalEntry, ...], since: datetime | None, until: datetime
    ) -> Iterator[JournalEntry]:
        yield from page
        while len(page) == _AT_ONCE:
            page = self.read(since=since, until=until, after=recorded_place(page[-1]), limit=_AT_ONCE)
            yield from page


def recorded_place(entry: JournalEntry) -> LogPosition:
    """Where the next page begins that is read by the time of writing."""
    if isinstance(entry, LogEntry):
        return LogPosition(at=entry.transaction.recorded_at, owner=entry.payment_id, position=entry.position)
    return LogPosition(at=entry.recorded_at, owner=entry.id, position=0)


@attrs.frozen(kw_only=True)
class ReadBalances:
    """Debits less credits of every account of the ledger. All of a currency's together are zero."""

    unit_of_work: UnitOfWorkFactory

    def __call__(self) -> tuple[Balance, ...]:
        with self.unit_of_work.reading() as work:
            return work.journal.balances()


@attrs.frozen(kw_only=True)
class ListPayments:
    """Everybody's payments, or with `review` those that a person has to look at, the newest first."""

    unit_of_work: UnitOfWorkFactory

    def __call__(
        self, *, review: bool = False, before: PaymentId | None = None, limit: int
    ) -> tuple[Payment, ...]:
        with self.unit_of_work.reading() as work:
            return work.payments.page(review=review, before=before, limit=limit)

"""Our own books in SQL, read across payments, and findings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ColumnElement, and_, func, select, tuple_, union_all, update

from printapic.adapters.persistence.sql.documents import money
from printapic.adapters.persistence.sql.finding_rows import finding_of, finding_values
from printapic.adapters.persistence.sql.payment_rows import read_transaction
from printapic.adapters.persistence.sql.tables import (
    ledger_postings,
    payment_findings,
    payment_transactions,
    treasury_entries,
)
from printapic.adapters.persistence.sql.transaction import SqlTransaction, Values
from printapic.adapters.persistence.sql.treasury import treasury_entry, treasury_page
from printapic.application.ports.bookkeeping import (
    Balance,
    FindingQuery,
    Journal,
    JournalEntry,
    LogEntry,
    LogPosition,
    PaymentFindings,
)
from printapic.domain.ids import FindingId, PaymentId, UserId
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.finding import Finding, FindingNotFound, FindingState

_LOG, _POSTINGS, _FOUND = payment_transactions.c, ledger_postings.c, payment_findings.c
_SIDES = union_all(
    *(
        select(account.label("account"), table.c.currency, minor.label("minor"))
        for table in (ledger_postings, treasury_entries)
        for account, minor in ((table.c.debit, table.c.amount_minor), (table.c.credit, -table.c.amount_minor))
    )
).subquery()
_SUM = func.sum(_SIDES.c.minor)
_BALANCES = (
    select(_SIDES.c.account, _SIDES.c.currency, _SUM.label("minor"))
    .group_by(_SIDES.c.account, _SIDES.c.currency)
    .having(_SUM != 0)
)


class SqlJournal(Journal):
    """A page at a time: the log in one statement, its postings in a second, the treasury in a third."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    def recorded(
        self, *, since: datetime, until: datetime, after: LogPosition | None, limit: int
    ) -> tuple[JournalEntry, ...]:
        """By the time at which they were written down: a page of each, of which the first are one of both."""
        rows = self._page(_LOG.recorded_at, (), since, until, after, limit)
        page = treasury_page(treasury_entries.c.recorded_at, since, until, after, limit)
        both: list[JournalEntry] = [*rows, *map(treasury_entry, self._transaction.rows(page))]
        return tuple(sorted(both, key=_written)[:limit])

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
        own = (_LOG.provider == provider, _LOG.livemode == livemode)
        return self._page(_LOG.occurred_at, own, since, until, after, limit)

    def about(self, *, provider: Provider, livemode: bool, refs: frozenset[str]) -> tuple[LogEntry, ...]:
        """By the log's unique key."""
        own = and_(_LOG.provider == provider, _LOG.livemode == livemode, _LOG.ref.in_(sorted(refs)))
        return self._whole(self._transaction.rows(select(payment_transactions).where(own)))

    def balances(self) -> tuple[Balance, ...]:
        """The database adds; sorted here, since databases sort words in different ways."""
        rows = self._transaction.rows(_BALANCES)
        sums = [
            Balance(account=row["account"], amount=money(int(row["minor"]), row["currency"])) for row in rows
        ]
        return tuple(sorted(sums, key=lambda each: (each.account, each.amount.currency.code)))

    def _page(
        self,
        time: Column[datetime],
        conditions: Sequence[ColumnElement[bool]],
        since: datetime,
        until: datetime,
        after: LogPosition | None,
        limit: int,
    ) -> tuple[LogEntry, ...]:
        place = (time, _LOG.payment_id, _LOG.position)
        statement = (
            select(payment_transactions)
            .where(*conditions, time >= since, time < until)
            .order_by(*place)
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(tuple_(*place) > (after.at, after.owner, after.position))
        return self._whole(self._transaction.rows(statement))

    def _whole(self, rows: Sequence[Values]) -> tuple[LogEntry, ...]:
        if not rows:
            return ()
        # By payment alone, which has an index: the others of a payment are few.
        of_these = _POSTINGS.payment_id.in_(sorted({row["payment_id"] for row in rows}))
        found = self._transaction.rows(
            select(ledger_postings).where(of_these).order_by(_POSTINGS.payment_id, _POSTINGS.position)
        )
        postings: dict[tuple[UUID, int], list[Values]] = {}
        for posting in found:
            postings.setdefault((posting["payment_id"], posting["entry"]), []).append(posting)
        return tuple(
            LogEntry(
                payment_id=PaymentId(row["payment_id"]),
                position=row["position"],
                transaction=read_transaction(
                    row, tuple(postings.get((row["payment_id"], row["position"]), ()))
                ),
            )
            for row in rows
        )


def _written(entry: JournalEntry) -> tuple[datetime, UUID, int]:
    if isinstance(entry, LogEntry):
        return entry.transaction.recorded_at, entry.payment_id, entry.position
    return entry.recorded_at, entry.id, 0


class SqlPaymentFindings(PaymentFindings):
    """Findings; a unique index sees to it that a difference is open once."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    def report(self, finding: Finding) -> bool:
        """Insert, or else renew the open one."""
        values = finding_values(finding)
        if self._transaction.insert_new(payment_findings, values):
            return True
        same = [_FOUND[name] == values[name] for name in _DIFFERENCE]
        renewed = {name: values[name] for name in _RENEWED}
        mine = (_OPEN, *same, _FOUND.run_id <= finding.run_id)
        self._transaction.write(update(payment_findings).where(*mine).values(renewed))
        return False

    def get(self, finding_id: FindingId) -> Finding:
        """Raises `FindingNotFound`."""
        row = self._transaction.row(select(payment_findings).where(_FOUND.id == finding_id))
        if row is None:
            raise FindingNotFound
        return finding_of(row)

    def close(self, finding_id: FindingId, *, by: UserId | None, note: str, at: datetime) -> bool:
        """Unless it is closed."""
        closing = (
            update(payment_findings)
            .where(_OPEN, _FOUND.id == finding_id)
            .values(state=FindingState.CLOSED, closed_at=at, closed_by=by, note=note)
        )
        return self._transaction.write(closing).rowcount == 1

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
        closing = (
            update(payment_findings)
            .where(
                _OPEN,
                _FOUND.provider == provider,
                _FOUND.livemode == livemode,
                _FOUND.occurred_at >= since,
                _FOUND.occurred_at < until,
                _FOUND.run_id < run_id,
            )
            .values(state=FindingState.CLOSED, closed_at=at)
        )
        return self._transaction.write(closing).rowcount

    def page(self, query: FindingQuery, *, before: FindingId | None, limit: int) -> tuple[Finding, ...]:
        """Newest first, in one statement."""
        statement = select(payment_findings).order_by(_FOUND.id.desc()).limit(limit)
        for column in (_FOUND.state, _FOUND.provider, _FOUND.run_id):
            wanted = getattr(query, column.name)
            if wanted is not None:
                statement = statement.where(column == wanted)
        if before is not None:
            statement = statement.where(_FOUND.id < before)
        return tuple(finding_of(row) for row in self._transaction.rows(statement))


_OPEN = _FOUND.state == FindingState.OPEN
_DIFFERENCE = ("provider", "livemode", "kind", "movement", "ref")
_RENEWED = ("run_id", "theirs_minor", "theirs_currency", "ours_minor", "ours_currency", "payment_id")

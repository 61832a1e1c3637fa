"""The treasury in SQL, and its entries as rows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Select, select, tuple_

from printapic.adapters.persistence.sql.documents import money
from printapic.adapters.persistence.sql.tables import treasury_entries
from printapic.adapters.persistence.sql.transaction import SqlTransaction, Values
from printapic.application.ports.bookkeeping import LogPosition, Treasury
from printapic.domain.ids import TreasuryEntryId
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.transaction import Posting
from printapic.domain.payments.treasury import TreasuryEntry, TreasuryType

_OURS = treasury_entries.c


class SqlTreasury(Treasury):
    """Entries; a unique rule sees to it that a line is written down once."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    def add(self, entry: TreasuryEntry) -> bool:
        """Insert, or else do nothing."""
        return self._transaction.insert_new(treasury_entries, _values(entry))

    def about(self, *, provider: Provider, livemode: bool, refs: frozenset[str]) -> tuple[TreasuryEntry, ...]:
        """By the unique key."""
        statement = select(treasury_entries).where(
            _OURS.provider == provider, _OURS.livemode == livemode, _OURS.ref.in_(sorted(refs))
        )
        return tuple(treasury_entry(row) for row in self._transaction.rows(statement))

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
        page = treasury_page(_OURS.occurred_at, since, until, after, limit)
        own = page.where(_OURS.provider == provider, _OURS.livemode == livemode)
        return tuple(treasury_entry(row) for row in self._transaction.rows(own))


def treasury_page(
    time: Column[datetime], since: datetime, until: datetime, after: LogPosition | None, limit: int
) -> Select[tuple[object, ...]]:
    """The entries of a time behind a place, in the order of both."""
    statement = (
        select(treasury_entries).where(time >= since, time < until).order_by(time, _OURS.id).limit(limit)
    )
    if after is None:
        return statement
    # An entry has the position 0: at the place of its own id it is over.
    return statement.where(tuple_(time, _OURS.id) > (after.at, after.owner))


def treasury_entry(row: Values) -> TreasuryEntry:
    """The entry that a row holds."""
    return TreasuryEntry(
        id=TreasuryEntryId(row["id"]),
        provider=Provider(row["provider"]),
        livemode=row["livemode"],
        type=TreasuryType(row["type"]),
        ref=row["ref"],
        about=row["about"],
        posting=Posting(
            debit=row["debit"], credit=row["credit"], amount=money(row["amount_minor"], row["currency"])
        ),
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
    )


def _values(entry: TreasuryEntry) -> Values:
    return {
        "id": entry.id,
        "provider": entry.provider,
        "livemode": entry.livemode,
        "type": entry.type,
        "ref": entry.ref,
        "about": entry.about,
        "debit": entry.posting.debit,
        "credit": entry.posting.credit,
        "amount_minor": entry.posting.amount.minor,
        "currency": entry.posting.amount.currency.code,
        "occurred_at": entry.occurred_at,
        "recorded_at": entry.recorded_at,
    }

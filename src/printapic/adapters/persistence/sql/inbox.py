"""The inbox of webhooks in SQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select, tuple_, update

from printapic.adapters.persistence.sql.tables import webhook_inbox
from printapic.adapters.persistence.sql.transaction import SqlTransaction, Values
from printapic.application.ports.inbox import InboxPosition, InboxQuery, PaymentInbox
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.inbox import DONE_WITH, InboxEntry, InboxState

_ROWS = webhook_inbox.c
_PLACE = (_ROWS.received_at, _ROWS.provider, _ROWS.event_id, _ROWS.livemode)


class SqlPaymentInbox(PaymentInbox):
    """Every verified webhook, once."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    def receive(self, entry: InboxEntry) -> bool:
        """Store, unless it is stored already."""
        return self._transaction.insert_new(webhook_inbox, _values(entry))

    def get(self, provider: Provider, livemode: bool, event_id: str) -> InboxEntry | None:
        """The notification of this environment, locked in a writing unit."""
        row = self._transaction.row_to_change(
            select(webhook_inbox).where(_named(provider, livemode, _ROWS.event_id == event_id))
        )
        return _entry(row) if row else None

    def distrust(self, entry: InboxEntry) -> None:
        """One statement."""
        same = _ROWS.event_id == entry.event_id
        if entry.delivery_id is not None:
            same = or_(same, _ROWS.delivery_id == entry.delivery_id)
        self._transaction.write(
            update(webhook_inbox)
            .where(
                _named(entry.provider, entry.livemode, same),
                _ROWS.body_sha256 != entry.body_sha256,
                _ROWS.altered_at.is_(None),
            )
            .values(altered_at=entry.received_at)
        )

    def page(self, query: InboxQuery, *, before: InboxPosition | None, limit: int) -> tuple[InboxEntry, ...]:
        """Newest first, in one statement."""
        statement = select(webhook_inbox).order_by(*(column.desc() for column in _PLACE)).limit(limit)
        if query.state is not None:
            statement = statement.where(_ROWS.state == query.state)
        if query.provider is not None:
            statement = statement.where(_ROWS.provider == query.provider)
        if query.received_before is not None:
            statement = statement.where(_ROWS.received_at < query.received_before)
        if before is not None:
            place = (before.received_at, before.provider, before.event_id, before.livemode)
            statement = statement.where(tuple_(*_PLACE) < place)
        return tuple(_entry(row) for row in self._transaction.rows(statement))

    def close(self, entry: InboxEntry, state: InboxState) -> None:
        """Write down what became of a notification."""
        own = _named(entry.provider, entry.livemode, _ROWS.event_id == entry.event_id)
        self._transaction.write(update(webhook_inbox).where(own).values(state=state))

    def purge(self, *, received_before: datetime, limit: int) -> int:
        """Remove old ones that nobody waits for."""
        over = and_(_ROWS.received_at < received_before, _ROWS.state.in_(DONE_WITH))
        return self._transaction.remove_some(webhook_inbox, over, limit=limit)


def _named(provider: Provider, livemode: bool, name: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(_ROWS.provider == provider, _ROWS.livemode == livemode, name)


def _values(entry: InboxEntry) -> Values:
    return {
        "provider": entry.provider,
        "event_id": entry.event_id,
        "livemode": entry.livemode,
        "type": entry.type,
        "ref": entry.ref,
        "body_sha256": entry.body_sha256,
        "delivery_id": entry.delivery_id,
        "warning": entry.warning,
        "received_at": entry.received_at,
        "state": entry.state,
        "altered_at": entry.altered_at,
    }


def _entry(values: Values) -> InboxEntry:
    return InboxEntry(
        provider=Provider(values["provider"]),
        livemode=values["livemode"],
        event_id=values["event_id"],
        type=values["type"],
        delivery_id=values["delivery_id"],
        ref=values["ref"],
        warning=values["warning"],
        body_sha256=values["body_sha256"],
        received_at=values["received_at"],
        state=InboxState(values["state"]),
        altered_at=values["altered_at"],
    )

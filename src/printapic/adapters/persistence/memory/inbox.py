"""The inbox of webhooks in memory."""

from __future__ import annotations

from datetime import datetime

import attrs

from printapic.adapters.persistence.memory.state import MemoryTransaction
from printapic.application.ports.inbox import InboxPosition, InboxQuery, PaymentInbox
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.inbox import DONE_WITH, InboxEntry, InboxState

_INBOX = "inbox"


class MemoryPaymentInbox(PaymentInbox):
    """Every verified webhook, once."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def receive(self, entry: InboxEntry) -> bool:
        """Store, unless it is stored already."""
        self._transaction.check(writing=True)
        if self._in_place_of(entry):
            return False
        self._transaction.put(_INBOX, _key(entry), entry)
        return True

    def get(self, provider: Provider, livemode: bool, event_id: str) -> InboxEntry | None:
        """The notification of this environment."""
        entry: InboxEntry | None = self._transaction.table(_INBOX).get((provider, event_id, livemode))
        return entry

    def distrust(self, entry: InboxEntry) -> None:
        """Remember when another body first came."""
        self._transaction.check(writing=True)
        for stored in self._in_place_of(entry):
            if stored.body_sha256 != entry.body_sha256 and stored.altered_at is None:
                altered = attrs.evolve(stored, altered_at=entry.received_at)
                self._transaction.put(_INBOX, _key(stored), altered)

    def page(self, query: InboxQuery, *, before: InboxPosition | None, limit: int) -> tuple[InboxEntry, ...]:
        """Newest first."""
        wanted = sorted((each for each in self._all() if _answers(each, query)), key=_place, reverse=True)
        if before is not None:
            wanted = [each for each in wanted if _place(each) < _place(before)]
        return tuple(wanted[:limit])

    def close(self, entry: InboxEntry, state: InboxState) -> None:
        """Write down what became of a notification."""
        stored = self._transaction.table(_INBOX).get(_key(entry))
        self._transaction.check(writing=True)
        if stored is not None:
            self._transaction.put(_INBOX, _key(entry), attrs.evolve(stored, state=state))

    def purge(self, *, received_before: datetime, limit: int) -> int:
        """Remove old ones that nobody waits for."""
        return self._transaction.drop(
            _INBOX,
            lambda entry: entry.received_at < received_before and entry.state in DONE_WITH,
            limit=limit,
        )

    def _all(self) -> list[InboxEntry]:
        return list(self._transaction.table(_INBOX).values())

    def _in_place_of(self, entry: InboxEntry) -> list[InboxEntry]:
        """What was stored of the same event, or of the same delivery."""
        return [
            each
            for each in self._all()
            if (each.provider, each.livemode) == (entry.provider, entry.livemode)
            and (
                each.event_id == entry.event_id
                or (entry.delivery_id is not None and each.delivery_id == entry.delivery_id)
            )
        ]


def _key(entry: InboxEntry) -> tuple[Provider, str, bool]:
    return entry.provider, entry.event_id, entry.livemode


def _place(entry: InboxEntry | InboxPosition) -> tuple[object, ...]:
    return entry.received_at, entry.provider, entry.event_id, entry.livemode


def _answers(entry: InboxEntry, query: InboxQuery) -> bool:
    return (
        query.state in (None, entry.state)
        and query.provider in (None, entry.provider)
        and (query.received_before is None or entry.received_at < query.received_before)
    )

"""The audit log in memory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs

from printapic.adapters.persistence.memory.state import MemoryTransaction
from printapic.application.audit.sealing import Draft, Notary
from printapic.application.ports.audit import AuditLog, AuditPosition, AuditQuery
from printapic.domain.audit.chain import ChainHead
from printapic.domain.audit.entry import AuditEntry, AuditRecord
from printapic.domain.audit.event import AuditEvent
from printapic.domain.ids import UserId

_LOG, _KEYS = "audit_log", "subject_keys"


class MemoryAuditLog(AuditLog):
    """Entries are drafted as they come, and chained when the unit commits."""

    def __init__(self, transaction: MemoryTransaction, notary: Notary) -> None:
        self._transaction = transaction
        self._notary = notary
        self._drafts: list[Draft] = []

    def append(self, event: AuditEvent) -> None:
        """Seal the caller, and remember the event until the unit commits."""
        self._transaction.check(writing=True)
        self._drafts.append(self._notary.draft(event, self._key_of))

    def chain_up(self) -> None:
        """Write the entries, last before the commit."""
        for draft in self._drafts:
            entry = self._notary.entry(draft, self.head(draft.event.action.stream))
            self._transaction.put(_LOG, (entry.stream, entry.sequence), entry)

    def forget(self, user_id: UserId) -> None:
        """Put None in the key's place."""
        self._transaction.put(_KEYS, user_id, None)

    def page(self, query: AuditQuery, *, before: AuditPosition | None, limit: int) -> tuple[AuditRecord, ...]:
        """Newest first."""
        wanted = (entry for entry in self._entries() if _answers(entry, query))
        newest_first = sorted(wanted, key=_place, reverse=True)
        if before is not None:
            end = (before.at, before.stream, before.sequence)
            newest_first = [entry for entry in newest_first if _place(entry) < end]
        return tuple(self._record(entry) for entry in newest_first[:limit])

    def streams(self) -> tuple[str, ...]:
        """Sorted by name."""
        return tuple(sorted({entry.stream for entry in self._entries()}))

    def head(self, stream: str) -> ChainHead:
        """The entry with the highest number."""
        last = max(self._of(stream), key=_number, default=None)
        if last is None:
            return ChainHead(stream=stream)
        return ChainHead(stream=stream, sequence=last.sequence, mac=last.mac)

    def chain(self, stream: str, *, since: int | None, limit: int) -> tuple[AuditEntry, ...]:
        """In the order of their numbers. Nothing in memory can be damaged."""
        wanted = (entry for entry in self._of(stream) if since is None or entry.sequence >= since)
        return tuple(sorted(wanted, key=_number))[:limit]

    def _key_of(self, user_id: UserId) -> str | None:
        """The wrapped data key, made where there is none yet; None where it was destroyed."""
        keys = self._transaction.table(_KEYS)
        if user_id not in keys:
            self._transaction.put(_KEYS, user_id, self._notary.cipher.new_key(user_id))
        wrapped_key: str | None = self._transaction.table(_KEYS)[user_id]
        return wrapped_key

    def _record(self, entry: AuditEntry) -> AuditRecord:
        return self._notary.record(entry, self._transaction.table(_KEYS).get(entry.owner_id))

    def _of(self, stream: str) -> list[AuditEntry]:
        return [entry for entry in self._entries() if entry.stream == stream]

    def _entries(self) -> Iterable[AuditEntry]:
        return self._transaction.table(_LOG).values()


def _number(entry: AuditEntry) -> int:
    return entry.sequence


def _place(entry: AuditEntry) -> tuple[datetime, str, int]:
    return entry.at, entry.stream, entry.sequence


def _answers(entry: AuditEntry, query: AuditQuery) -> bool:
    asked = attrs.asdict(query)
    return all(wanted is None or getattr(entry, name) == wanted for name, wanted in asked.items())

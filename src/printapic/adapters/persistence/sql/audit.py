"""The audit log in SQL."""

from __future__ import annotations

from itertools import groupby
from zlib import crc32

from sqlalchemy import bindparam, func, select, tuple_, update

from printapic.adapters.persistence.sql.audit_rows import AS_STORED, entry_of, values_of
from printapic.adapters.persistence.sql.audit_tables import audit_log, subject_keys
from printapic.adapters.persistence.sql.transaction import SqlTransaction, Values
from printapic.application.audit.sealing import Draft, Notary
from printapic.application.ports.audit import AuditLog, AuditLogDamaged, AuditPosition, AuditQuery
from printapic.domain.audit.chain import ChainHead
from printapic.domain.audit.entry import AuditEntry, AuditRecord, DamagedEntry
from printapic.domain.audit.event import AuditEvent
from printapic.domain.ids import UserId

_LOCK_CLASS = 0x6175_6469
"""Names our advisory locks of PostgreSQL: the letters "audi". The second half of the name is the stream's."""

_LOCK = select(func.pg_advisory_xact_lock(_LOCK_CLASS, bindparam("stream_number")))
_HEAD = (
    select(audit_log.c.sequence, audit_log.c.mac)
    .where(audit_log.c.stream == bindparam("stream"))
    .order_by(audit_log.c.sequence.desc())
    .limit(1)
)
_FIRST_STREAM = select(audit_log.c.stream).order_by(audit_log.c.stream).limit(1)
_NEXT_STREAM = (
    select(audit_log.c.stream)
    .where(audit_log.c.stream > bindparam("after"))
    .order_by(audit_log.c.stream)
    .limit(1)
)
_KEY = select(subject_keys.c.wrapped_key).where(subject_keys.c.user_id == bindparam("user_id"))
_OWNER = func.coalesce(audit_log.c.subject_id, audit_log.c.actor_id)
_PLACE = (audit_log.c.at, audit_log.c.stream, audit_log.c.sequence)
_RECORDS = (
    select(*AS_STORED, subject_keys.c.wrapped_key)
    .select_from(audit_log.outerjoin(subject_keys, subject_keys.c.user_id == _OWNER))
    .order_by(*(column.desc() for column in _PLACE))
)


class SqlAuditLog(AuditLog):
    """Entries are drafted as they come and chained when the unit commits, so that the lock is short."""

    def __init__(self, transaction: SqlTransaction, notary: Notary) -> None:
        self._transaction = transaction
        self._notary = notary
        self._drafts: list[Draft] = []

    def append(self, event: AuditEvent) -> None:
        """Seal the caller, in one statement, and remember the event until the unit commits."""
        with self._transaction.guarded(writing=True):
            pass
        self._drafts.append(self._notary.draft(event, self._key_of))

    def chain_up(self) -> None:
        """Write the entries. To be called last before COMMIT: it keeps other writers of the stream waiting.

        Locks are taken in the order of the streams' names, so that no two units wait for each other.
        """
        drafts = sorted(self._drafts, key=_stream)
        for stream, of_stream in groupby(drafts, key=_stream):
            self._lock(stream)
            head, rows = self.head(stream), []
            for draft in of_stream:
                entry = self._notary.entry(draft, head)
                head = ChainHead(stream=stream, sequence=entry.sequence, mac=entry.mac)
                rows.append(values_of(entry))
            self._transaction.append(audit_log, rows)

    def forget(self, user_id: UserId) -> None:
        """Overwrite the key with NULL, which also keeps the place of a key that never was."""
        gone = {"user_id": user_id, "wrapped_key": None}
        if not self._transaction.insert_new(subject_keys, gone):
            self._transaction.write(
                update(subject_keys).where(subject_keys.c.user_id == user_id).values(wrapped_key=None)
            )

    def page(self, query: AuditQuery, *, before: AuditPosition | None, limit: int) -> tuple[AuditRecord, ...]:
        """Newest first, by one statement that brings the keys along."""
        statement = _RECORDS.limit(limit)
        for column in (audit_log.c.stream, audit_log.c.action, audit_log.c.actor_id, audit_log.c.subject_id):
            wanted = getattr(query, column.name)
            if wanted is not None:
                statement = statement.where(column == wanted)
        if before is not None:
            place = (before.at, before.stream, before.sequence)
            statement = statement.where(tuple_(*_PLACE) < place)
        return tuple(self._record(row) for row in self._transaction.rows(statement))

    def streams(self) -> tuple[str, ...]:
        """By jumping from each stream in the index to the next: entries are many, streams are few."""
        found: list[str] = []
        row = self._transaction.row(_FIRST_STREAM)
        while row is not None:
            found.append(row["stream"])
            row = self._transaction.row(_NEXT_STREAM, {"after": found[-1]})
        return tuple(map(str, found))

    def head(self, stream: str) -> ChainHead:
        """The stream's last row."""
        row = self._transaction.row(_HEAD, {"stream": stream})
        return ChainHead(stream=stream, **row) if row else ChainHead(stream=stream)

    def chain(self, stream: str, *, since: int | None, limit: int) -> tuple[AuditEntry | DamagedEntry, ...]:
        """Rows as they are, the damaged ones among them."""
        statement = (
            select(*AS_STORED).where(audit_log.c.stream == stream).order_by(audit_log.c.sequence).limit(limit)
        )
        if since is not None:
            statement = statement.where(audit_log.c.sequence >= since)
        return tuple(entry_of(row) for row in self._transaction.rows(statement))

    def _lock(self, stream: str) -> None:
        """Wait for one's turn, until the transaction ends; who writes to SQLite has had it from the start."""
        if self._transaction.locking:
            self._transaction.rows(_LOCK, {"stream_number": crc32(stream.encode()) & 0x7FFF_FFFF})

    def _key_of(self, user_id: UserId) -> str | None:
        """The wrapped data key, made where there is none yet; None where it was destroyed.

        Two units may make one at once: the second waits for the first and takes what that has made.
        """
        while True:
            row = self._transaction.row(_KEY, {"user_id": user_id})
            if row is not None:
                wrapped_key: str | None = row["wrapped_key"]
                return wrapped_key
            made = self._notary.cipher.new_key(user_id)
            if self._transaction.insert_new(subject_keys, {"user_id": user_id, "wrapped_key": made}):
                return made

    def _record(self, row: Values) -> AuditRecord:
        entry = entry_of(row)
        if isinstance(entry, DamagedEntry):
            raise AuditLogDamaged
        return self._notary.record(entry, row["wrapped_key"])


def _stream(draft: Draft) -> str:
    return draft.event.action.stream.value

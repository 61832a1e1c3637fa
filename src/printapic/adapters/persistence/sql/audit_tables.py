"""The audit log, which only grows; the keys of its personal parts, which may go; its timers."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, PrimaryKeyConstraint, String, Table, Text, Uuid

from printapic.adapters.persistence.sql.columns import UtcDateTime
from printapic.adapters.persistence.sql.schema import metadata, one_of
from printapic.domain.audit.event import AuditStream

# No foreign keys: an entry outlives what it tells of. No list of actions: a release may add some.
audit_log = Table(
    "audit_log",
    metadata,
    Column("stream", String(20), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("action", Text, nullable=False),
    Column("actor_id", Uuid),
    Column("subject_id", Uuid),
    Column("session_id", Uuid),
    Column("api_key_id", Uuid),
    Column("request_id", Text),
    Column("network", Text),
    Column("sealed", Text),
    Column("details", Text, nullable=False),
    Column("key_id", String(32), nullable=False),
    Column("mac", String(64), nullable=False),
    PrimaryKeyConstraint("stream", "sequence"),
    # One for each filter of a page, which is read from its newest entry on.
    Index("audit_log_at_idx", "at", "stream", "sequence"),
    Index("audit_log_stream_at_idx", "stream", "at"),
    Index("audit_log_action_at_idx", "action", "at"),
    Index("audit_log_actor_id_at_idx", "actor_id", "at"),
    Index("audit_log_subject_id_at_idx", "subject_id", "at"),
    one_of("stream", AuditStream),
)

subject_keys = Table(
    "subject_keys",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("wrapped_key", Text),
)
"""NULL stands for a key that was destroyed: this subject never gets another one."""

timers = Table(
    "timers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("slot", UtcDateTime, nullable=False),
)

"""The table of idempotency keys: which requests are in hand, and what was answered to those done."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, String, Table, Text, Uuid

from printapic.adapters.persistence.sql.columns import JsonDocument, UtcDateTime
from printapic.adapters.persistence.sql.schema import metadata

# Without a foreign key to users: the row is written on its own, and gone within a day or with its user.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("scope", String(64), nullable=False),
    Column("key", String(255), nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("token", Text, nullable=False),
    Column("leased_until", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("status", Integer),
    Column("headers", JsonDocument),
    Column("body", LargeBinary),
    PrimaryKeyConstraint("scope", "key"),
    Index("idempotency_keys_user_id_idx", "user_id"),
    Index("idempotency_keys_expires_at_idx", "expires_at"),
)

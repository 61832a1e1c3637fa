"""The table of what happened to our accounts at the providers without being of a payment."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from printapic.adapters.persistence.sql.columns import UtcDateTime
from printapic.adapters.persistence.sql.schema import metadata, one_of
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.treasury import TreasuryType

treasury_entries = Table(
    "treasury_entries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("provider", String(20), nullable=False),
    Column("livemode", Boolean, nullable=False),
    Column("type", String(20), nullable=False),
    Column("ref", Text, nullable=False),
    Column("about", Text),
    Column("debit", String(40), nullable=False),
    Column("credit", String(40), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    UniqueConstraint("provider", "livemode", "ref", "type"),
    one_of("provider", Provider),
    one_of("type", TreasuryType),
    CheckConstraint("amount_minor > 0", name="amount_minor"),
    CheckConstraint("debit <> credit", name="debit"),
    Index("treasury_entries_recorded_at_idx", "recorded_at", "id"),
    Index("treasury_entries_occurred_at_idx", "provider", "livemode", "occurred_at", "id"),
)

"""The table of what comparisons with the providers' books found."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, String, Table, Text, Uuid, text

from printapic.adapters.persistence.sql.columns import UtcDateTime
from printapic.adapters.persistence.sql.schema import metadata, one_of
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.finding import FindingKind, FindingState

payment_findings = Table(
    "payment_findings",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("run_id", Uuid, nullable=False),
    Column("provider", String(20), nullable=False),
    Column("livemode", Boolean, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("movement", String(20), nullable=False),
    Column("ref", Text, nullable=False),
    Column("theirs_minor", BigInteger),
    Column("theirs_currency", String(3)),
    Column("ours_minor", BigInteger),
    Column("ours_currency", String(3)),
    Column("payment_id", Uuid, ForeignKey("payments.id")),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("found_at", UtcDateTime, nullable=False),
    Column("state", String(20), nullable=False),
    Column("closed_at", UtcDateTime),
    Column("closed_by", Uuid),
    Column("note", Text),
    one_of("provider", Provider),
    one_of("kind", FindingKind),
    one_of("state", FindingState),
)
Index(
    "payment_findings_open_key",
    payment_findings.c.provider,
    payment_findings.c.livemode,
    payment_findings.c.kind,
    payment_findings.c.movement,
    payment_findings.c.ref,
    unique=True,
    postgresql_where=text("state = 'open'"),
    sqlite_where=text("state = 'open'"),
)

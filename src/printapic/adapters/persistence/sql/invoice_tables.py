"""The table of invoices that are kept for the tax office when their customers are erased."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table, Text, UniqueConstraint, Uuid

from printapic.adapters.persistence.sql.columns import UtcDateTime
from printapic.adapters.persistence.sql.schema import metadata

retained_invoices = Table(
    "retained_invoices",
    metadata,
    Column("order_id", Uuid, ForeignKey("orders.id"), primary_key=True),
    Column("number", String(40), nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("keep_until", UtcDateTime, nullable=False, index=True),
    Column("document_sealed", Text, nullable=False),
    UniqueConstraint("number"),
)

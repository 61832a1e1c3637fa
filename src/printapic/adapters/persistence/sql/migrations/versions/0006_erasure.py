"""Erasure: when it was asked for and done, what the tax office wants kept, reasons that can be forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from printapic.adapters.persistence.sql.migrations.append_only import (
    only_forget,
    protect,
    release,
    release_forgetting,
)
from printapic.adapters.persistence.sql.migrations.ddl import MOMENT, foreign, index, primary, unique

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_LEAVING = "erasure_requested_at IS NOT NULL AND erased_at IS NULL"
_HISTORY = ("order_id", "position", "source", "target", "pulled", "actor_id", "role", "happened_at")


def upgrade() -> None:
    """Add columns and a table, and let reasons in the history of orders be overwritten with nothing."""
    op.add_column("users", sa.Column("erasure_requested_at", MOMENT))
    op.add_column("users", sa.Column("erased_at", MOMENT))
    index("users_leaving_idx", "users", "id", where=_LEAVING)
    op.create_table(
        "retained_invoices",
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("keep_until", MOMENT, nullable=False),
        sa.Column("document_sealed", sa.Text, nullable=False),
        primary("retained_invoices", "order_id"),
        unique("retained_invoices", "number"),
        foreign("retained_invoices", "order_id", "orders"),
    )
    index("retained_invoices_keep_until_idx", "retained_invoices", "keep_until")
    release("order_history")
    only_forget("order_history", "reason", kept=_HISTORY)


def downgrade() -> None:
    """Drop what came. Invoices that were kept are lost; who was erased stays erased, and disabled."""
    release_forgetting("order_history")
    protect("order_history")
    op.drop_table("retained_invoices")
    op.drop_index("users_leaving_idx", "users")
    op.drop_column("users", "erased_at")
    op.drop_column("users", "erasure_requested_at")

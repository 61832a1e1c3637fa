"""Idempotency keys: which requests are in hand, and what was answered to those done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from printapic.adapters.persistence.sql.migrations.ddl import DOCUMENT, MOMENT, index, primary

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table. Nothing that an older release does touches it."""
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("leased_until", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("headers", DOCUMENT),
        sa.Column("body", sa.LargeBinary),
        primary("idempotency_keys", "scope", "key"),
    )
    index("idempotency_keys_user_id_idx", "idempotency_keys", "user_id")
    index("idempotency_keys_expires_at_idx", "idempotency_keys", "expires_at")


def downgrade() -> None:
    """Drop it: what is answered twice within a day is then found by the orders' and payments' own keys."""
    op.drop_table("idempotency_keys")

"""Findings of comparisons with the providers' books, and the log in the order of time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from printapic.adapters.persistence.sql.migrations.ddl import MOMENT, foreign, index, primary, words

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_LOG = "payment_transactions"


def upgrade() -> None:
    """Create a table and three indexes."""
    op.create_table(
        "payment_findings",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("livemode", sa.Boolean, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("movement", sa.String(20), nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("theirs_minor", sa.BigInteger),
        sa.Column("theirs_currency", sa.String(3)),
        sa.Column("ours_minor", sa.BigInteger),
        sa.Column("ours_currency", sa.String(3)),
        sa.Column("payment_id", sa.Uuid),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("closed_at", MOMENT),
        sa.Column("closed_by", sa.Uuid),
        sa.Column("note", sa.Text),
        primary("payment_findings", "id"),
        foreign("payment_findings", "payment_id", "payments"),
        words("payment_findings", "provider", "stripe paypal simulated"),
        words("payment_findings", "kind", "missing_here missing_there amount fee"),
        words("payment_findings", "state", "open closed"),
    )
    of_difference = ("provider", "livemode", "kind", "movement", "ref")
    index(
        "payment_findings_open_key",
        "payment_findings",
        *of_difference,
        unique=True,
        where="state = 'open'",
    )
    index("payments_review_idx", "payments", "id", where="review_reasons <> '[]'")
    index("payment_transactions_recorded_at_idx", _LOG, "recorded_at", "payment_id", "position")
    by_provider = ("provider", "livemode", "occurred_at", "payment_id", "position")
    index("payment_transactions_occurred_at_idx", _LOG, *by_provider)


def downgrade() -> None:
    """Forget what was found."""
    op.drop_index("payment_transactions_occurred_at_idx", _LOG)
    op.drop_index("payment_transactions_recorded_at_idx", _LOG)
    op.drop_index("payments_review_idx", "payments")
    op.drop_table("payment_findings")

"""The treasury: what happens to our accounts at the providers without being of a payment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from printapic.adapters.persistence.sql.migrations.append_only import protect, release
from printapic.adapters.persistence.sql.migrations.ddl import MOMENT, index, primary, unique, words

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TABLE = "treasury_entries"
_TYPES = (
    "payout payout_returned top_up converted_from converted_into account_fee kept_fee unexplained claimed"
)


def upgrade() -> None:
    """Create a table, which the database itself refuses to change."""
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("livemode", sa.Boolean, nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("about", sa.Text),
        sa.Column("debit", sa.String(40), nullable=False),
        sa.Column("credit", sa.String(40), nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        primary(_TABLE, "id"),
        unique(_TABLE, "provider", "livemode", "ref", "type"),
        words(_TABLE, "provider", "stripe paypal simulated"),
        words(_TABLE, "type", _TYPES),
        sa.CheckConstraint("amount_minor > 0", name=op.f(f"{_TABLE}_amount_minor_check")),
        sa.CheckConstraint("debit <> credit", name=op.f(f"{_TABLE}_debit_check")),
    )
    index(f"{_TABLE}_recorded_at_idx", _TABLE, "recorded_at", "id")
    index(f"{_TABLE}_occurred_at_idx", _TABLE, "provider", "livemode", "occurred_at", "id")
    protect(_TABLE)


def downgrade() -> None:
    """Forget the treasury."""
    release(_TABLE)
    op.drop_table(_TABLE)

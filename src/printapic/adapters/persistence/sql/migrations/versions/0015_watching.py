"""Indexes for what is looked at every few minutes: undecided calls, and money in suspense."""

from __future__ import annotations

from alembic import op

from printapic.adapters.persistence.sql.migrations.ddl import index

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create two indexes of few rows each."""
    undecided = "state IN ('prepared', 'dispatched', 'not_sent', 'unknown')"
    index("payment_operations_undecided_idx", "payment_operations", "created_at", where=undecided)
    suspense = "debit = 'suspense' OR credit = 'suspense'"
    index("ledger_postings_suspense_idx", "ledger_postings", "payment_id", where=suspense)


def downgrade() -> None:
    """Look through all rows again."""
    op.drop_index("ledger_postings_suspense_idx", "ledger_postings")
    op.drop_index("payment_operations_undecided_idx", "payment_operations")

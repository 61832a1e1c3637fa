"""Inbox: when another body came under an event's name, and lists of what waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from printapic.adapters.persistence.sql.migrations.ddl import MOMENT, index

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column that may be empty, and two indexes."""
    op.add_column("webhook_inbox", sa.Column("altered_at", MOMENT))
    index("webhook_inbox_received_at_idx", "webhook_inbox", "received_at")
    index("webhook_inbox_waiting_idx", "webhook_inbox", "received_at", where="state = 'received'")


def downgrade() -> None:
    """Forget which events came altered."""
    op.drop_index("webhook_inbox_waiting_idx", "webhook_inbox")
    op.drop_index("webhook_inbox_received_at_idx", "webhook_inbox")
    op.drop_column("webhook_inbox", "altered_at")

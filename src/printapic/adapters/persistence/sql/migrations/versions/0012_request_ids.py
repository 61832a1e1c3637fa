"""How providers call the calls that we made, for their support."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column that may be empty."""
    op.add_column("payment_operations", sa.Column("provider_request_id", sa.Text))


def downgrade() -> None:
    """Forget how providers called our calls."""
    op.drop_column("payment_operations", "provider_request_id")

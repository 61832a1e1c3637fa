"""The language that a page for paying was asked for in, to ask for the same again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep it with each attempt; those that there are were begun in the language of their customer."""
    locale = sa.Column("locale", sa.String(10), nullable=False, server_default="en")
    op.add_column("payment_attempts", locale)
    op.execute(
        "UPDATE payment_attempts SET locale = (SELECT users.locale FROM payments"
        " JOIN users ON users.id = payments.user_id WHERE payments.id = payment_attempts.payment_id)"
    )


def downgrade() -> None:
    """Ask in the language that the customer has at the moment."""
    op.drop_column("payment_attempts", "locale")

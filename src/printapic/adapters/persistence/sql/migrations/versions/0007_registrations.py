"""Registrations: no password belongs to a wish that anybody may have made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NO_PASSWORD = "!"  # noqa: S105 - in the place of a hash, this is the hash of nothing


def upgrade() -> None:
    """Drop the hashes; links that are under way stay good, and set a password when they are redeemed."""
    op.drop_column("registrations", "password_hash")


def downgrade() -> None:
    """Give wishes a hash again, by default that of nothing: accounts from them are entered by a reset."""
    op.add_column(
        "registrations",
        sa.Column("password_hash", sa.Text, nullable=False, server_default=_NO_PASSWORD),
    )

"""The audit log, and the keys of the subjects whom it tells of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from printapic.adapters.persistence.sql.migrations.append_only import protect, release
from printapic.adapters.persistence.sql.migrations.ddl import MOMENT, index, primary, words

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_INDEXES = {
    "audit_log_at_idx": ("at", "stream", "sequence"),
    "audit_log_stream_at_idx": ("stream", "at"),
    "audit_log_action_at_idx": ("action", "at"),
    "audit_log_actor_id_at_idx": ("actor_id", "at"),
    "audit_log_subject_id_at_idx": ("subject_id", "at"),
}


def upgrade() -> None:
    """Create the log, which refuses every change, the keys, and the timers of its checkpoints."""
    op.create_table(
        "audit_log",
        sa.Column("stream", sa.String(20), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("actor_id", sa.Uuid),
        sa.Column("subject_id", sa.Uuid),
        sa.Column("session_id", sa.Uuid),
        sa.Column("api_key_id", sa.Uuid),
        sa.Column("request_id", sa.Text),
        sa.Column("network", sa.Text),
        sa.Column("sealed", sa.Text),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("mac", sa.String(64), nullable=False),
        words("audit_log", "stream", "auth admin money"),
        primary("audit_log", "stream", "sequence"),
    )
    for name, columns in _INDEXES.items():
        index(name, "audit_log", *columns)
    op.create_table(
        "subject_keys",
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("wrapped_key", sa.Text),
        primary("subject_keys", "user_id"),
    )
    op.create_table(
        "timers",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("slot", MOMENT, nullable=False),
        primary("timers", "name"),
    )
    protect("audit_log")


def downgrade() -> None:
    """Drop all of it. What the log knew is lost."""
    release("audit_log")
    op.drop_table("timers")
    op.drop_table("subject_keys")
    op.drop_table("audit_log")

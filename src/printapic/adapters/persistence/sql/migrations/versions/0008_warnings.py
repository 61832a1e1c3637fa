"""Warnings: mails about roles, closed accounts, erasure and API keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from printapic.adapters.persistence.sql.migrations.ddl import MOMENT, foreign, primary, unique, words

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_MAILS_BEFORE = (
    "verify-email account-exists password-reset password-changed change-email email-change-notice "
    "email-changed session-compromised mfa-enabled mfa-disabled mfa-reset-requested recovery-code-used "
    "order-placed payment-received payment-failed in-production shipped delivered order-cancelled "
    "order-expired refunded"
)
_NEW = "roles-changed account-disabled account-enabled erasure-requested api-key-issued"
_MAILS = _MAILS_BEFORE.replace("order-placed", f"{_NEW} order-placed")


def upgrade() -> None:
    """Allow mails of the new kinds."""
    _allow_mails(_MAILS, before=_MAILS_BEFORE)


def downgrade() -> None:
    """Forget mails of the new kinds, and allow no more of them."""
    listed = ", ".join(f"'{kind}'" for kind in _NEW.split())
    op.execute(f"DELETE FROM notifications WHERE kind IN ({listed})")  # noqa: S608
    _allow_mails(_MAILS_BEFORE, before=_MAILS)


def _allow_mails(kinds: str, *, before: str) -> None:
    with op.batch_alter_table("notifications", copy_from=_notifications(before)) as notifications:
        notifications.drop_constraint(op.f("notifications_kind_check"), type_="check")
        notifications.create_check_constraint(
            op.f("notifications_kind_check"), str(words("notifications", "kind", kinds).sqltext)
        )


def _notifications(kinds: str) -> sa.Table:
    """As revision 0005 left it: SQLite changes a table by copying it into a new one."""
    table = "notifications"
    return sa.Table(
        table,
        sa.MetaData(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Uuid),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT),
        sa.Column("version", sa.Integer, nullable=False),
        primary(table, "id"),
        foreign(table, "user_id", "users"),
        unique(table, "kind", "subject_id"),
        sa.Index("notifications_user_id_id_idx", "user_id", "id"),
        words(table, "kind", kinds),
    )

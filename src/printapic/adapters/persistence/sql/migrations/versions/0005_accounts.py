"""Accounts: sessions that know their device and idle away, requests by mail, second factors, API keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from printapic.adapters.persistence.sql.migrations.ddl import (
    DOCUMENT,
    MOMENT,
    foreign,
    index,
    primary,
    unique,
    words,
)

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ENDS = (
    "logged-out revoked token-reused password-changed email-changed roles-changed second-factor-changed "
    "disabled erased"
)
_MAILS_BEFORE = (
    "verify-email account-exists order-placed payment-received payment-failed in-production shipped "
    "delivered order-cancelled order-expired refunded"
)
_MAILS = (
    "verify-email account-exists password-reset password-changed change-email email-change-notice "
    "email-changed session-compromised mfa-enabled mfa-disabled mfa-reset-requested recovery-code-used "
    "order-placed payment-received payment-failed in-production shipped delivered order-cancelled "
    "order-expired refunded"
)
_STAFF_IDLE_S, _CUSTOMER_IDLE_S = 30 * 60, 14 * 24 * 60 * 60


def upgrade() -> None:
    """Widen what is there, and create the rest."""
    op.add_column("users", sa.Column("password_changed_at", MOMENT))
    index("registrations_email_key_id_idx", "registrations", "email_key", "id")
    _widen_sessions()
    _allow_mails(_MAILS)
    _account_requests()
    _second_factors()
    _api_keys()


def downgrade() -> None:
    """Drop what came; mails of the new kinds are forgotten with it."""
    for table in ("api_keys", "second_factors", "account_requests"):
        op.drop_table(table)
    listed = ", ".join(f"'{kind}'" for kind in _MAILS_BEFORE.split())
    op.execute(f"DELETE FROM notifications WHERE kind NOT IN ({listed})")  # noqa: S608
    _allow_mails(_MAILS_BEFORE)
    with op.batch_alter_table(
        "sessions", copy_from=_sessions(words("sessions", "ended_by", _ENDS))
    ) as sessions:
        sessions.drop_constraint(op.f("sessions_ended_by_check"), type_="check")
        for column in (
            "ended_by",
            "device",
            "address",
            "second_factor",
            "idle_s",
            "authenticated_at",
            "used_at",
        ):
            sessions.drop_column(column)
    op.drop_index("registrations_email_key_id_idx", "registrations")
    op.drop_column("users", "password_changed_at")


def _widen_sessions() -> None:
    """Sessions from before keep their absolute end; those of staff idle away as fast as new ones."""
    op.add_column("sessions", sa.Column("used_at", MOMENT))
    op.add_column("sessions", sa.Column("authenticated_at", MOMENT))
    op.add_column("sessions", sa.Column("idle_s", sa.Integer))
    op.add_column("sessions", sa.Column("second_factor", sa.Boolean))
    op.add_column("sessions", sa.Column("address", sa.Text))
    op.add_column("sessions", sa.Column("device", sa.Text))
    op.add_column("sessions", sa.Column("ended_by", sa.String(30)))
    op.execute(
        sa.text(
            "UPDATE sessions SET authenticated_at = created_at, second_factor = :no, ended_by = "
            "CASE WHEN revoked_at IS NULL THEN NULL ELSE 'logged-out' END, idle_s = CASE WHEN user_id IN "
            "(SELECT id FROM users WHERE roles <> '[\"customer\"]') THEN :staff ELSE :customer END"
        ).bindparams(no=False, staff=_STAFF_IDLE_S, customer=_CUSTOMER_IDLE_S)
    )
    with op.batch_alter_table("sessions", copy_from=_sessions()) as sessions:
        sessions.alter_column("authenticated_at", existing_type=MOMENT, nullable=False)
        sessions.alter_column("idle_s", existing_type=sa.Integer(), nullable=False)
        sessions.alter_column("second_factor", existing_type=sa.Boolean(), nullable=False)
        sessions.create_check_constraint(
            op.f("sessions_ended_by_check"), str(words("sessions", "ended_by", _ENDS).sqltext)
        )


def _allow_mails(kinds: str) -> None:
    before = _notifications(_MAILS_BEFORE if kinds == _MAILS else _MAILS)
    with op.batch_alter_table("notifications", copy_from=before) as notifications:
        notifications.drop_constraint(op.f("notifications_kind_check"), type_="check")
        notifications.create_check_constraint(
            op.f("notifications_kind_check"), str(words("notifications", "kind", kinds).sqltext)
        )


# SQLite changes a table by copying it into a new one. Without these descriptions the old one would have to
# be read from a database, and the revisions could not be written as a script.


def _sessions(*checks: sa.CheckConstraint) -> sa.Table:
    table = "sessions"
    return sa.Table(
        table,
        sa.MetaData(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("refreshed_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.Column("authenticated_at", MOMENT),
        sa.Column("idle_s", sa.Integer),
        sa.Column("second_factor", sa.Boolean),
        sa.Column("address", sa.Text),
        sa.Column("device", sa.Text),
        sa.Column("ended_by", sa.String(30)),
        primary(table, "id"),
        foreign(table, "user_id", "users"),
        sa.Index("sessions_user_id_idx", "user_id"),
        *checks,
    )


def _notifications(kinds: str) -> sa.Table:
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


def _account_requests() -> None:
    table = "account_requests"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("email_address", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("user_id", sa.Uuid),
        sa.Column("session_id", sa.Uuid),
        sa.Column("undoes", sa.Uuid),
        sa.Column("token_sha256", sa.String(64)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.Column("version", sa.Integer, nullable=False),
        primary(table, "id"),
        unique(table, "token_sha256"),
        words(table, "kind", "verification-mail password-reset email-change email-revert"),
    )
    index("account_requests_user_id_idx", table, "user_id")
    index("account_requests_expires_at_idx", table, "expires_at")


def _second_factors() -> None:
    table = "second_factors"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("secret_sealed", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT),
        sa.Column("last_step", sa.Integer, nullable=False),
        sa.Column("recovery", DOCUMENT, nullable=False),
        sa.Column("reset_due_at", MOMENT),
        sa.Column("version", sa.Integer, nullable=False),
        primary(table, "id"),
        foreign(table, "id", "users"),
    )


def _api_keys() -> None:
    table = "api_keys"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", DOCUMENT, nullable=False),
        sa.Column("networks", DOCUMENT, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.Column("version", sa.Integer, nullable=False),
        primary(table, "id"),
        foreign(table, "owner_id", "users"),
    )
    index("api_keys_owner_id_idx", table, "owner_id")

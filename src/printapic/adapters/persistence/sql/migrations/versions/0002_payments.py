"""Payments: what is due, the calls to providers, and the log of the money that moved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from printapic.adapters.persistence.sql.migrations.append_only import protect, release
from printapic.adapters.persistence.sql.migrations.ddl import (
    DOCUMENT,
    MOMENT,
    foreign,
    primary,
    unique,
    words,
)

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ATTEMPT_STATES = "created open action_required approved processing authorized captured failed expired voided"
_OPERATION_STATES = "prepared dispatched not_sent unknown succeeded pending payer_action declined rejected"
_APPEND_ONLY = ("payment_transactions",)
_TABLES = (
    "payments",
    "payment_attempts",
    "payment_operations",
    "payment_transactions",
    "webhook_inbox",
)


def upgrade() -> None:
    """Create the tables, and protect those that only grow."""
    _payments()
    protect(*_APPEND_ONLY)


def downgrade() -> None:
    """Drop everything."""
    release(*_APPEND_ONLY)
    for table in reversed(_TABLES):
        op.drop_table(table)


def _payments() -> None:
    """What is due, the calls to providers, the log of the money that moved, and the webhooks."""
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("due_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("sync_ticket", sa.Integer, nullable=False),
        sa.Column("review_reasons", DOCUMENT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        foreign("payments", "order_id", "orders"),
        foreign("payments", "user_id", "users"),
        primary("payments", "id"),
        unique("payments", "order_id"),
    )
    op.create_table(
        "payment_attempts",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("payment_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("livemode", sa.Boolean, nullable=False),
        sa.Column("expected_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("client_key", sa.Text, nullable=False),
        sa.Column("request_digest", sa.Text, nullable=False),
        sa.Column("return_url", sa.Text, nullable=False),
        sa.Column("cancel_url", sa.Text, nullable=False),
        sa.Column("ref", sa.Text),
        sa.Column("redirect_url", sa.Text),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_ticket", sa.Integer, nullable=False),
        words("payment_attempts", "provider", "stripe paypal simulated"),
        words("payment_attempts", "state", _ATTEMPT_STATES),
        foreign("payment_attempts", "payment_id", "payments"),
        primary("payment_attempts", "id"),
        unique("payment_attempts", "payment_id", "position"),
        unique("payment_attempts", "provider", "livemode", "ref"),
    )
    op.create_table(
        "payment_operations",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("payment_id", sa.Uuid, nullable=False),
        sa.Column("attempt_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("capture_ref", sa.Text),
        sa.Column("provider_ref", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("outcome_code", sa.Text),
        sa.Column("sends", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("leased_until", MOMENT),
        sa.Column("first_sent_at", MOMENT),
        words("payment_operations", "kind", "open complete capture void refund"),
        words("payment_operations", "state", _OPERATION_STATES),
        foreign("payment_operations", "attempt_id", "payment_attempts"),
        foreign("payment_operations", "payment_id", "payments"),
        primary("payment_operations", "id"),
        unique("payment_operations", "payment_id", "position"),
    )
    op.create_table(
        "payment_transactions",
        sa.Column("payment_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("attempt_id", sa.Uuid, nullable=False),
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("livemode", sa.Boolean, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("capture_ref", sa.Text),
        sa.Column("operation_id", sa.Uuid),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        words("payment_transactions", "provider", "stripe paypal simulated"),
        words("payment_transactions", "source", "webhook return poller staff system"),
        words(
            "payment_transactions",
            "type",
            "capture capture_parked refund_requested refund_succeeded refund_failed",
        ),
        foreign("payment_transactions", "attempt_id", "payment_attempts"),
        foreign("payment_transactions", "payment_id", "payments"),
        primary("payment_transactions", "payment_id", "position"),
        unique("payment_transactions", "provider", "livemode", "ref", "type"),
    )
    op.create_table(
        "webhook_inbox",
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("livemode", sa.Boolean, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("ref", sa.Text),
        sa.Column("body_sha256", sa.String(64), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        words("webhook_inbox", "provider", "stripe paypal simulated"),
        words("webhook_inbox", "state", "received processed ignored"),
        primary("webhook_inbox", "provider", "event_id", "livemode"),
    )

"""Conflicts in the log, what a provider told of a capture otherwise than before, and fees that came back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from printapic.adapters.persistence.sql.migrations.append_only import protect, release
from printapic.adapters.persistence.sql.migrations.ddl import MOMENT, foreign, primary, unique, words

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TABLE = "payment_transactions"
_POSTINGS = "ledger_postings"
_BEFORE = (
    "due due_withdrawn authorized authorization_parked capture capture_parked parked_accepted fee "
    "refund_requested refund_abandoned refund_succeeded refund_failed dispute_taken dispute_returned "
    "dispute_lost"
)
_AFTER = _BEFORE.replace("parked_accepted fee", "parked_accepted conflict fee fee_returned")


def upgrade() -> None:
    """Let the log say so."""
    _change_words(_BEFORE, _AFTER)


def downgrade() -> None:
    """Forget what older versions have no word for."""
    release(_POSTINGS)
    op.execute(
        "DELETE FROM ledger_postings WHERE (payment_id, entry) IN"
        " (SELECT payment_id, position FROM payment_transactions WHERE type = 'fee_returned')"
    )
    protect(_POSTINGS)
    release(_TABLE)
    op.execute("DELETE FROM payment_transactions WHERE type IN ('conflict', 'fee_returned')")
    protect(_TABLE)
    _change_words(_AFTER, _BEFORE)


def _change_words(before: str, after: str) -> None:
    release(_TABLE)
    name = op.f(f"{_TABLE}_type_check")
    with op.batch_alter_table(_TABLE, copy_from=_log(before)) as log:
        log.drop_constraint(name, type_="check")
        log.create_check_constraint(name, str(words(_TABLE, "type", after).sqltext))
    protect(_TABLE)


def _log(types: str) -> sa.Table:
    """SQLite changes a table by copying it into a new one: this is the one before."""
    return sa.Table(
        _TABLE,
        sa.MetaData(),
        sa.Column("payment_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("attempt_id", sa.Uuid),
        sa.Column("provider", sa.String(20)),
        sa.Column("livemode", sa.Boolean, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("capture_ref", sa.Text),
        sa.Column("operation_id", sa.Uuid),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        words(_TABLE, "provider", "stripe paypal simulated"),
        words(_TABLE, "source", "webhook return poller reconciler staff system"),
        words(_TABLE, "type", types),
        foreign(_TABLE, "attempt_id", "payment_attempts"),
        foreign(_TABLE, "payment_id", "payments"),
        primary(_TABLE, "payment_id", "position"),
        unique(_TABLE, "provider", "livemode", "ref", "type"),
        sa.Index(f"{_TABLE}_recorded_at_idx", "recorded_at", "payment_id", "position"),
        sa.Index(
            f"{_TABLE}_occurred_at_idx", "provider", "livemode", "occurred_at", "payment_id", "position"
        ),
    )

"""Ledger: postings, disputes, other names of checkouts, and what a refund's asking person said.

Payments from before have a log but no postings: the ledger begins here.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from printapic.adapters.persistence.sql.migrations.append_only import protect, release
from printapic.adapters.persistence.sql.migrations.ddl import (
    MOMENT,
    foreign,
    index,
    primary,
    unique,
    words,
)

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_PROVIDERS = "stripe paypal simulated"
_STATES_BEFORE = "prepared dispatched not_sent unknown succeeded pending payer_action declined rejected"
_STATES = f"{_STATES_BEFORE} abandoned"
_TYPES_BEFORE = "capture capture_parked refund_requested refund_succeeded refund_failed"
_TYPES = (
    "due due_withdrawn authorized authorization_parked capture capture_parked parked_accepted fee "
    "refund_requested refund_abandoned refund_succeeded refund_failed dispute_taken dispute_returned "
    "dispute_lost"
)
_SOURCES_BEFORE = "webhook return poller staff system"
_SOURCES = "webhook return poller reconciler staff system"


def upgrade() -> None:
    """Create the ledger, which the database itself refuses to change."""
    automatic = sa.Column("manual_capture", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("payment_attempts", automatic)
    with op.batch_alter_table("payment_attempts", copy_from=_attempts(sa.false())) as attempts:
        attempts.alter_column("manual_capture", existing_type=sa.Boolean(), server_default=None)
    _remember_who_asked()
    _allow_more_in_the_log()
    _create_ledger()
    with op.batch_alter_table("webhook_inbox", copy_from=_inbox()) as inbox:
        inbox.add_column(sa.Column("delivery_id", sa.Text))
        inbox.add_column(sa.Column("warning", sa.Text))
        inbox.create_unique_constraint(
            op.f("webhook_inbox_provider_livemode_delivery_id_key"), ["provider", "livemode", "delivery_id"]
        )


def downgrade() -> None:
    """Forget the ledger, and whatever older versions have no word for."""
    with op.batch_alter_table("webhook_inbox", copy_from=_inbox(*_delivery())) as inbox:
        inbox.drop_constraint(op.f("webhook_inbox_provider_livemode_delivery_id_key"), type_="unique")
        inbox.drop_column("warning")
        inbox.drop_column("delivery_id")
    release("ledger_postings")
    for table in ("payment_refs", "payment_disputes", "ledger_postings"):
        op.drop_table(table)
    _forget_more_in_the_log()
    with op.batch_alter_table("payment_operations", copy_from=_operations(_STATES, asked=True)) as operations:
        operations.drop_constraint(op.f("payment_operations_payment_id_client_key_key"), type_="unique")
        for column in ("request_digest", "client_key", "requested_by"):
            operations.drop_column(column)
        operations.drop_constraint(op.f("payment_operations_state_check"), type_="check")
    op.execute("UPDATE payment_operations SET state = 'rejected' WHERE state = 'abandoned'")
    with op.batch_alter_table("payment_operations", copy_from=_operations(None, asked=False)) as operations:
        operations.create_check_constraint(
            op.f("payment_operations_state_check"),
            str(words("payment_operations", "state", _STATES_BEFORE).sqltext),
        )
    with op.batch_alter_table("payment_attempts", copy_from=_attempts()) as attempts:
        attempts.drop_column("manual_capture")


def _remember_who_asked() -> None:
    before = _operations(_STATES_BEFORE, asked=False)
    with op.batch_alter_table("payment_operations", copy_from=before) as operations:
        operations.add_column(sa.Column("requested_by", sa.Uuid))
        operations.add_column(sa.Column("client_key", sa.Text))
        operations.add_column(sa.Column("request_digest", sa.Text))
        operations.create_unique_constraint(
            op.f("payment_operations_payment_id_client_key_key"), ["payment_id", "client_key"]
        )
        operations.drop_constraint(op.f("payment_operations_state_check"), type_="check")
        operations.create_check_constraint(
            op.f("payment_operations_state_check"), str(words("payment_operations", "state", _STATES).sqltext)
        )


def _allow_more_in_the_log() -> None:
    release("payment_transactions")
    before = _log(_TYPES_BEFORE, _SOURCES_BEFORE, required=True)
    with op.batch_alter_table("payment_transactions", copy_from=before) as log:
        log.alter_column("attempt_id", existing_type=sa.Uuid(), nullable=True)
        log.alter_column("provider", existing_type=sa.String(20), nullable=True)
        _change_words(log, "type", _TYPES)
        _change_words(log, "source", _SOURCES)
    protect("payment_transactions")


def _forget_more_in_the_log() -> None:
    release("payment_transactions")
    new = sorted({*_TYPES.split()} - {*_TYPES_BEFORE.split()})
    listed = ", ".join(f"'{type_}'" for type_ in new)
    op.execute(f"DELETE FROM payment_transactions WHERE type IN ({listed})")  # noqa: S608
    op.execute("UPDATE payment_transactions SET source = 'poller' WHERE source = 'reconciler'")
    now = _log(_TYPES, _SOURCES, required=False)
    with op.batch_alter_table("payment_transactions", copy_from=now) as log:
        log.alter_column("attempt_id", existing_type=sa.Uuid(), nullable=False)
        log.alter_column("provider", existing_type=sa.String(20), nullable=False)
        _change_words(log, "type", _TYPES_BEFORE)
        _change_words(log, "source", _SOURCES_BEFORE)
    protect("payment_transactions")


def _change_words(log: op.BatchOperations, column: str, allowed: str) -> None:  # type: ignore[name-defined]
    name = op.f(f"payment_transactions_{column}_check")
    log.drop_constraint(name, type_="check")
    log.create_check_constraint(name, str(words("payment_transactions", column, allowed).sqltext))


def _create_ledger() -> None:
    op.create_table(
        "ledger_postings",
        sa.Column("payment_id", sa.Uuid, nullable=False),
        sa.Column("entry", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("debit", sa.String(40), nullable=False),
        sa.Column("credit", sa.String(40), nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        primary("ledger_postings", "payment_id", "position"),
        sa.ForeignKeyConstraint(
            ["payment_id", "entry"],
            ["payment_transactions.payment_id", "payment_transactions.position"],
            name=op.f("ledger_postings_payment_id_fkey"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ledger_postings_amount_minor_check")),
        sa.CheckConstraint("debit <> credit", name=op.f("ledger_postings_debit_check")),
    )
    protect("ledger_postings")
    op.create_table(
        "payment_disputes",
        sa.Column("payment_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("attempt_id", sa.Uuid, nullable=False),
        sa.Column("capture_ref", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("evidence_due_at", MOMENT),
        sa.Column("opened_at", MOMENT, nullable=False),
        primary("payment_disputes", "payment_id", "position"),
        unique("payment_disputes", "payment_id", "ref"),
        foreign("payment_disputes", "payment_id", "payments"),
        foreign("payment_disputes", "attempt_id", "payment_attempts"),
        words("payment_disputes", "state", "inquiry open won lost"),
    )
    op.create_table(
        "payment_refs",
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("livemode", sa.Boolean, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("payment_id", sa.Uuid, nullable=False),
        sa.Column("attempt_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        primary("payment_refs", "attempt_id", "position"),
        unique("payment_refs", "provider", "livemode", "ref"),
        foreign("payment_refs", "payment_id", "payments"),
        foreign("payment_refs", "attempt_id", "payment_attempts"),
        words("payment_refs", "provider", _PROVIDERS),
    )
    index("payment_refs_payment_id_idx", "payment_refs", "payment_id")


# SQLite changes a table by copying it into a new one: these are the tables before each change.


def _delivery() -> tuple[sa.Column[str] | sa.UniqueConstraint, ...]:
    return (
        sa.Column("delivery_id", sa.Text),
        sa.Column("warning", sa.Text),
        unique("webhook_inbox", "provider", "livemode", "delivery_id"),
    )


def _attempts(default: sa.False_ | None = None) -> sa.Table:
    table = "payment_attempts"
    states = "created open action_required approved processing authorized captured failed expired voided"
    return sa.Table(
        table,
        sa.MetaData(),
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
        sa.Column("manual_capture", sa.Boolean, nullable=False, server_default=default),
        words(table, "provider", _PROVIDERS),
        words(table, "state", states),
        foreign(table, "payment_id", "payments"),
        primary(table, "id"),
        unique(table, "payment_id", "position"),
        unique(table, "provider", "livemode", "ref"),
    )


def _operations(states: str | None, *, asked: bool) -> sa.Table:
    table = "payment_operations"
    more = [
        sa.Column("requested_by", sa.Uuid),
        sa.Column("client_key", sa.Text),
        sa.Column("request_digest", sa.Text),
        unique(table, "payment_id", "client_key"),
    ]
    return sa.Table(
        table,
        sa.MetaData(),
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
        *(more if asked else []),
        words(table, "kind", "open complete capture void refund"),
        *([words(table, "state", states)] if states else []),
        foreign(table, "attempt_id", "payment_attempts"),
        foreign(table, "payment_id", "payments"),
        primary(table, "id"),
        unique(table, "payment_id", "position"),
    )


def _log(types: str, sources: str, *, required: bool) -> sa.Table:
    table = "payment_transactions"
    return sa.Table(
        table,
        sa.MetaData(),
        sa.Column("payment_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("attempt_id", sa.Uuid, nullable=not required),
        sa.Column("provider", sa.String(20), nullable=not required),
        sa.Column("livemode", sa.Boolean, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("capture_ref", sa.Text),
        sa.Column("operation_id", sa.Uuid),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        words(table, "provider", _PROVIDERS),
        words(table, "source", sources),
        words(table, "type", types),
        foreign(table, "attempt_id", "payment_attempts"),
        foreign(table, "payment_id", "payments"),
        primary(table, "payment_id", "position"),
        unique(table, "provider", "livemode", "ref", "type"),
    )


def _inbox(*more: sa.Column[str] | sa.UniqueConstraint) -> sa.Table:
    table = "webhook_inbox"
    return sa.Table(
        table,
        sa.MetaData(),
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("livemode", sa.Boolean, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("ref", sa.Text),
        sa.Column("body_sha256", sa.String(64), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        *more,
        words(table, "provider", _PROVIDERS),
        words(table, "state", "received processed ignored"),
        primary(table, "provider", "event_id", "livemode"),
    )

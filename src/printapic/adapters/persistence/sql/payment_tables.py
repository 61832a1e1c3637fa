"""The tables of payments: what is due, every call to a provider, and the log of the money that moved."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from printapic.adapters.persistence.sql.columns import JsonDocument, UtcDateTime
from printapic.adapters.persistence.sql.schema import metadata, one_of
from printapic.domain.payments.attempt import AttemptState, Provider
from printapic.domain.payments.inbox import InboxState
from printapic.domain.payments.operation import OperationKind, OperationState
from printapic.domain.payments.snapshot import DisputeState
from printapic.domain.payments.transaction import Source, TransactionType

UNDECIDED_CALLS = text("state IN ('prepared', 'dispatched', 'not_sent', 'unknown')")
SUSPENSE_POSTINGS = text("debit = 'suspense' OR credit = 'suspense'")
"""Written out, here and in queries: so a database sees that an index of some rows has those in question."""

payments = Table(
    "payments",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("order_id", Uuid, ForeignKey("orders.id"), nullable=False),
    Column("user_id", Uuid, ForeignKey("users.id"), nullable=False),
    Column("due_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("sync_ticket", Integer, nullable=False),
    Column("review_reasons", JsonDocument, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("order_id"),
    Index(
        "payments_review_idx",
        "id",
        postgresql_where=text("review_reasons <> '[]'"),
        sqlite_where=text("review_reasons <> '[]'"),
    ),
)

payment_attempts = Table(
    "payment_attempts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("payment_id", Uuid, ForeignKey("payments.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("provider", String(20), nullable=False),
    Column("livemode", Boolean, nullable=False),
    Column("expected_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("manual_capture", Boolean, nullable=False),
    Column("state", String(20), nullable=False),
    Column("client_key", Text, nullable=False),
    Column("request_digest", Text, nullable=False),
    Column("return_url", Text, nullable=False),
    Column("cancel_url", Text, nullable=False),
    Column("ref", Text),
    Column("redirect_url", Text),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_ticket", Integer, nullable=False),
    Column("locale", String(10), nullable=False, server_default="en"),
    UniqueConstraint("payment_id", "position"),
    UniqueConstraint("provider", "livemode", "ref"),
    one_of("provider", Provider),
    one_of("state", AttemptState),
)

payment_operations = Table(
    "payment_operations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("payment_id", Uuid, ForeignKey("payments.id"), nullable=False),
    Column("attempt_id", Uuid, ForeignKey("payment_attempts.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("state", String(20), nullable=False),
    Column("capture_ref", Text),
    Column("provider_ref", Text),
    Column("reason", Text),
    Column("requested_by", Uuid),
    Column("client_key", Text),
    Column("request_digest", Text),
    Column("outcome_code", Text),
    Column("provider_request_id", Text),
    Column("sends", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("leased_until", UtcDateTime),
    Column("first_sent_at", UtcDateTime),
    UniqueConstraint("payment_id", "position"),
    UniqueConstraint("payment_id", "client_key"),
    Index(
        "payment_operations_undecided_idx",
        "created_at",
        postgresql_where=UNDECIDED_CALLS,
        sqlite_where=UNDECIDED_CALLS,
    ),
    one_of("kind", OperationKind),
    one_of("state", OperationState),
)

payment_transactions = Table(
    "payment_transactions",
    metadata,
    Column("payment_id", Uuid, ForeignKey("payments.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("type", String(20), nullable=False),
    Column("attempt_id", Uuid, ForeignKey("payment_attempts.id")),
    Column("provider", String(20)),
    Column("livemode", Boolean, nullable=False),
    Column("ref", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("source", String(20), nullable=False),
    Column("capture_ref", Text),
    Column("operation_id", Uuid),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("payment_id", "position"),
    UniqueConstraint("provider", "livemode", "ref", "type"),
    one_of("type", TransactionType),
    one_of("provider", Provider),
    one_of("source", Source),
    Index("payment_transactions_recorded_at_idx", "recorded_at", "payment_id", "position"),
    Index(
        "payment_transactions_occurred_at_idx",
        "provider",
        "livemode",
        "occurred_at",
        "payment_id",
        "position",
    ),
)

ledger_postings = Table(
    "ledger_postings",
    metadata,
    Column("payment_id", Uuid, nullable=False),
    Column("entry", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("debit", String(40), nullable=False),
    Column("credit", String(40), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    PrimaryKeyConstraint("payment_id", "position"),
    ForeignKeyConstraint(
        ["payment_id", "entry"], ["payment_transactions.payment_id", "payment_transactions.position"]
    ),
    CheckConstraint("amount_minor > 0", name="amount_minor"),
    CheckConstraint("debit <> credit", name="debit"),
    Index(
        "ledger_postings_suspense_idx",
        "payment_id",
        postgresql_where=SUSPENSE_POSTINGS,
        sqlite_where=SUSPENSE_POSTINGS,
    ),
)

payment_disputes = Table(
    "payment_disputes",
    metadata,
    Column("payment_id", Uuid, ForeignKey("payments.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("ref", Text, nullable=False),
    Column("attempt_id", Uuid, ForeignKey("payment_attempts.id"), nullable=False),
    Column("capture_ref", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("state", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence_due_at", UtcDateTime),
    Column("opened_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("payment_id", "position"),
    UniqueConstraint("payment_id", "ref"),
    one_of("state", DisputeState),
)

payment_refs = Table(
    "payment_refs",
    metadata,
    Column("provider", String(20), nullable=False),
    Column("livemode", Boolean, nullable=False),
    Column("ref", Text, nullable=False),
    Column("payment_id", Uuid, ForeignKey("payments.id"), nullable=False),
    Column("attempt_id", Uuid, ForeignKey("payment_attempts.id"), nullable=False),
    Column("position", Integer, nullable=False),
    PrimaryKeyConstraint("attempt_id", "position"),
    UniqueConstraint("provider", "livemode", "ref"),
    one_of("provider", Provider),
)
Index("payment_refs_payment_id_idx", payment_refs.c.payment_id)

webhook_inbox = Table(
    "webhook_inbox",
    metadata,
    Column("provider", String(20), nullable=False),
    Column("event_id", Text, nullable=False),
    Column("livemode", Boolean, nullable=False),
    Column("delivery_id", Text),
    Column("type", Text, nullable=False),
    Column("ref", Text),
    Column("warning", Text),
    Column("body_sha256", String(64), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("state", String(20), nullable=False),
    Column("altered_at", UtcDateTime),
    PrimaryKeyConstraint("provider", "event_id", "livemode"),
    UniqueConstraint("provider", "livemode", "delivery_id"),
    one_of("provider", Provider),
    one_of("state", InboxState),
)
Index("webhook_inbox_received_at_idx", webhook_inbox.c.received_at)
Index(
    "webhook_inbox_waiting_idx",
    webhook_inbox.c.received_at,
    postgresql_where=text("state = 'received'"),
    sqlite_where=text("state = 'received'"),
)

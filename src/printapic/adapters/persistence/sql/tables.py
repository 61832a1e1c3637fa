"""The schema. What is looked for has a column; what is only read back is a JSON document.

Money is whole minor units beside a currency; an order's total is a DECIMAL. The migrations say the same in
their own words, and a test compares the two. They also make the append-only tables refuse every change.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
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

from printapic.adapters.persistence.sql.account_tables import (
    account_requests,
    api_keys,
    registrations,
    second_factors,
    sessions,
    users,
)
from printapic.adapters.persistence.sql.audit_tables import audit_log, subject_keys, timers
from printapic.adapters.persistence.sql.columns import SERIAL, JsonDocument, MoneyAmount, UtcDateTime
from printapic.adapters.persistence.sql.finding_tables import payment_findings
from printapic.adapters.persistence.sql.idempotency_tables import idempotency_keys
from printapic.adapters.persistence.sql.invoice_tables import retained_invoices
from printapic.adapters.persistence.sql.payment_tables import (
    ledger_postings,
    payment_attempts,
    payment_disputes,
    payment_operations,
    payment_refs,
    payment_transactions,
    payments,
    webhook_inbox,
)
from printapic.adapters.persistence.sql.schema import metadata, one_of
from printapic.adapters.persistence.sql.treasury_tables import treasury_entries
from printapic.application.ports.jobs import JobState
from printapic.domain.actors import Role
from printapic.domain.images.formats import ImageFormat
from printapic.domain.images.image import ColourProfile, ColourSpace, ImageState
from printapic.domain.notifications.notification import NotificationKind
from printapic.domain.orders.line import PrintState
from printapic.domain.orders.shipment import ShipmentState
from printapic.domain.orders.status import HoldReason, OrderStatus

__all__ = [
    "account_requests",
    "api_keys",
    "audit_log",
    "idempotency_keys",
    "images",
    "jobs",
    "ledger_postings",
    "metadata",
    "notifications",
    "order_history",
    "order_lines",
    "orders",
    "payment_attempts",
    "payment_disputes",
    "payment_findings",
    "payment_operations",
    "payment_refs",
    "payment_transactions",
    "payments",
    "price_lists",
    "production_batches",
    "registrations",
    "retained_invoices",
    "second_factors",
    "sessions",
    "shipments",
    "subject_keys",
    "timers",
    "treasury_entries",
    "users",
    "webhook_inbox",
]

images = Table(
    "images",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner_id", Uuid, ForeignKey("users.id"), nullable=False),
    Column("file_name", Text),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("state", String(20), nullable=False),
    Column("format", String(20), nullable=False),
    Column("width_px", Integer, nullable=False),
    Column("height_px", Integer, nullable=False),
    Column("orientation", Integer, nullable=False),
    Column("colour_space", String(20), nullable=False),
    Column("colour_profile", String(20), nullable=False),
    Column("has_alpha", Boolean, nullable=False),
    Column("bits_per_channel", Integer, nullable=False),
    Column("taken_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
    Index("images_owner_id_id_idx", "owner_id", "id"),
    Index(
        "images_owner_id_sha256_live_key",
        "owner_id",
        "sha256",
        unique=True,
        postgresql_where=text("state <> 'deleted'"),
        sqlite_where=text("state <> 'deleted'"),
    ),
    one_of("state", ImageState),
    one_of("format", ImageFormat),
    one_of("colour_space", ColourSpace),
    one_of("colour_profile", ColourProfile),
)

price_lists = Table(
    "price_lists",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("version", Text, nullable=False),
    Column("loaded_at", UtcDateTime, nullable=False),
    Column("document", JsonDocument, nullable=False),
    sqlite_autoincrement=True,
)

orders = Table(
    "orders",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", String(40), nullable=False),
    Column("user_id", Uuid, ForeignKey("users.id"), nullable=False),
    Column("status", String(50), nullable=False),
    Column("total_amount", MoneyAmount, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("items_minor", BigInteger, nullable=False),
    Column("shipping_minor", BigInteger, nullable=False),
    Column("discount_minor", BigInteger, nullable=False),
    Column("tax_minor", BigInteger, nullable=False),
    Column("ship_to", JsonDocument, nullable=False),
    Column("shipping_method", Text, nullable=False),
    Column("quote_hash", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("request_digest", Text, nullable=False),
    Column("hold_reason", String(20)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("edit_until", UtcDateTime),
    Column("claims_until", UtcDateTime),
    Column("version", Integer, nullable=False),
    UniqueConstraint("number"),
    UniqueConstraint("user_id", "idempotency_key"),
    Index("orders_user_id_id_idx", "user_id", "id"),
    Index("orders_status_id_idx", "status", "id"),
    one_of("status", OrderStatus),
    one_of("hold_reason", HoldReason),
)

# An order's lines outlive the photo's row: the order froze what it needs, so nothing points at it.
order_lines = Table(
    "order_lines",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("order_id", Uuid, ForeignKey("orders.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("sku", Text, nullable=False),
    Column("product_name", Text, nullable=False),
    Column("specification", JsonDocument, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_price_minor", BigInteger, nullable=False),
    Column("line_total_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("image_id", Uuid, nullable=False, index=True),
    Column("image_sha256", String(64), nullable=False),
    Column("crop", JsonDocument),
    Column("print_check", JsonDocument, nullable=False),
    Column("acknowledgements", JsonDocument, nullable=False),
    Column("print_state", String(20), nullable=False),
    Column("print_file", JsonDocument),
    Column("print_failure", Text),
    UniqueConstraint("order_id", "position"),
    one_of("print_state", PrintState),
)

order_history = Table(
    "order_history",
    metadata,
    Column("order_id", Uuid, ForeignKey("orders.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("source", String(50)),
    Column("target", String(50), nullable=False),
    Column("pulled", String(50), nullable=False),
    Column("actor_id", Uuid),
    Column("role", String(20), nullable=False),
    Column("reason", Text),
    Column("happened_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("order_id", "position"),
    one_of("source", OrderStatus),
    one_of("target", OrderStatus),
    one_of("role", Role),
)

shipments = Table(
    "shipments",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("order_id", Uuid, ForeignKey("orders.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("carrier", Text, nullable=False),
    Column("tracking_number", Text),
    Column("tracking_url", Text),
    Column("items", JsonDocument, nullable=False),
    Column("state", String(20), nullable=False),
    Column("handed_over_at", UtcDateTime, nullable=False),
    Column("delivered_at", UtcDateTime),
    UniqueConstraint("order_id", "position"),
    one_of("state", ShipmentState),
)

production_batches = Table(
    "production_batches",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("created_by", Uuid, ForeignKey("users.id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("lines", JsonDocument, nullable=False),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("user_id", Uuid, ForeignKey("users.id")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    UniqueConstraint("kind", "subject_id"),
    Index("notifications_user_id_id_idx", "user_id", "id"),
    one_of("kind", NotificationKind),
)

_QUEUED = text("state IN ('waiting', 'running')")
_RUNNING = text("state = 'running'")

jobs = Table(
    "jobs",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("name", Text, nullable=False),
    Column("payload", JsonDocument, nullable=False),
    Column("run_at", UtcDateTime, nullable=False),
    Column("lock", Text),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("leased_until", UtcDateTime),
    Column("token", Text),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    # The queue, in the order in which it is served; what is over and done does not lengthen it.
    Index("jobs_due_idx", "run_at", "id", postgresql_where=_QUEUED, sqlite_where=_QUEUED),
    Index("jobs_line_idx", "lock", "run_at", "id", postgresql_where=_QUEUED, sqlite_where=_QUEUED),
    Index("jobs_running_lock_key", "lock", unique=True, postgresql_where=_RUNNING, sqlite_where=_RUNNING),
    Index("jobs_state_id_idx", "state", "id"),
    one_of("state", JobState),
    sqlite_autoincrement=True,
)

"""The shop: people, photos, prices, orders and jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from printapic.adapters.persistence.sql.migrations.append_only import (
    create_guard,
    drop_guard,
    protect,
    release,
)
from printapic.adapters.persistence.sql.migrations.ddl import (
    AMOUNT,
    DOCUMENT,
    MOMENT,
    SERIAL,
    foreign,
    index,
    primary,
    unique,
    words,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ORDER_STATES = (
    "awaiting_payment confirmed on_hold in_production partially_shipped shipped delivered "
    "completed expired cancelled"
)
_KINDS_OF_MAIL = (
    "verify-email account-exists order-placed payment-received payment-failed in-production "
    "shipped delivered order-cancelled order-expired refunded"
)
_APPEND_ONLY = ("order_history", "price_lists")
_TABLES = (
    "users",
    "registrations",
    "sessions",
    "notifications",
    "images",
    "price_lists",
    "orders",
    "order_lines",
    "order_history",
    "shipments",
    "production_batches",
    "jobs",
)


def upgrade() -> None:
    """Create the tables, and protect those that only grow."""
    _people()
    _goods()
    _orders()
    _jobs()
    create_guard()
    protect(*_APPEND_ONLY)


def downgrade() -> None:
    """Drop everything."""
    release(*_APPEND_ONLY)
    drop_guard()
    for table in reversed(_TABLES):
        op.drop_table(table)


def _people() -> None:
    """Users, the registrations they come from, their sessions, and what they were told."""
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("email_address", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("locale", sa.String(10), nullable=False),
        sa.Column("roles", DOCUMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("disabled_at", MOMENT),
        sa.Column("version", sa.Integer, nullable=False),
        words("users", "locale", "en de"),
        primary("users", "id"),
        unique("users", "email_key"),
    )
    op.create_table(
        "registrations",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("email_address", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("locale", sa.String(10), nullable=False),
        sa.Column("token_sha256", sa.String(64)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.Column("version", sa.Integer, nullable=False),
        words("registrations", "locale", "en de"),
        primary("registrations", "id"),
        unique("registrations", "token_sha256"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("refreshed_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.Column("version", sa.Integer, nullable=False),
        foreign("sessions", "user_id", "users"),
        primary("sessions", "id"),
    )
    index("sessions_user_id_idx", "sessions", "user_id")
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Uuid),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT),
        sa.Column("version", sa.Integer, nullable=False),
        words("notifications", "kind", _KINDS_OF_MAIL),
        foreign("notifications", "user_id", "users"),
        primary("notifications", "id"),
        unique("notifications", "kind", "subject_id"),
    )
    index("notifications_user_id_id_idx", "notifications", "user_id", "id")


def _goods() -> None:
    """Photos, and what can be made of them at which price."""
    op.create_table(
        "images",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("file_name", sa.Text),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("format", sa.String(20), nullable=False),
        sa.Column("width_px", sa.Integer, nullable=False),
        sa.Column("height_px", sa.Integer, nullable=False),
        sa.Column("orientation", sa.Integer, nullable=False),
        sa.Column("colour_space", sa.String(20), nullable=False),
        sa.Column("colour_profile", sa.String(20), nullable=False),
        sa.Column("has_alpha", sa.Boolean, nullable=False),
        sa.Column("bits_per_channel", sa.Integer, nullable=False),
        sa.Column("taken_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        words("images", "colour_profile", "srgb other missing invalid"),
        words("images", "colour_space", "rgb grey cmyk"),
        words("images", "format", "jpeg png webp"),
        words("images", "state", "processing ready rejected deleted"),
        foreign("images", "owner_id", "users"),
        primary("images", "id"),
    )
    index("images_owner_id_id_idx", "images", "owner_id", "id")
    index(
        "images_owner_id_sha256_live_key",
        "images",
        "owner_id",
        "sha256",
        unique=True,
        where="state <> 'deleted'",
    )
    op.create_table(
        "price_lists",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("loaded_at", MOMENT, nullable=False),
        sa.Column("document", DOCUMENT, nullable=False),
        primary("price_lists", "id"),
        sqlite_autoincrement=True,
    )


def _orders() -> None:
    """Orders with their lines, history and parcels, and the batches in which they are printed."""
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("status", sa.String(50), nullable=False),
        sa.Column("total_amount", AMOUNT, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("items_minor", sa.BigInteger, nullable=False),
        sa.Column("shipping_minor", sa.BigInteger, nullable=False),
        sa.Column("discount_minor", sa.BigInteger, nullable=False),
        sa.Column("tax_minor", sa.BigInteger, nullable=False),
        sa.Column("ship_to", DOCUMENT, nullable=False),
        sa.Column("shipping_method", sa.Text, nullable=False),
        sa.Column("quote_hash", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.Text, nullable=False),
        sa.Column("request_digest", sa.Text, nullable=False),
        sa.Column("hold_reason", sa.String(20)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("edit_until", MOMENT),
        sa.Column("claims_until", MOMENT),
        sa.Column("version", sa.Integer, nullable=False),
        words("orders", "hold_reason", "proof replace_image material quality fraud_check other"),
        words("orders", "status", _ORDER_STATES),
        foreign("orders", "user_id", "users"),
        primary("orders", "id"),
        unique("orders", "number"),
        unique("orders", "user_id", "idempotency_key"),
    )
    index("orders_status_id_idx", "orders", "status", "id")
    index("orders_user_id_id_idx", "orders", "user_id", "id")
    op.create_table(
        "order_lines",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("product_name", sa.Text, nullable=False),
        sa.Column("specification", DOCUMENT, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger, nullable=False),
        sa.Column("line_total_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("image_id", sa.Uuid, nullable=False),
        sa.Column("image_sha256", sa.String(64), nullable=False),
        sa.Column("crop", DOCUMENT),
        sa.Column("print_check", DOCUMENT, nullable=False),
        sa.Column("acknowledgements", DOCUMENT, nullable=False),
        sa.Column("print_state", sa.String(20), nullable=False),
        sa.Column("print_file", DOCUMENT),
        sa.Column("print_failure", sa.Text),
        words("order_lines", "print_state", "pending ready failed"),
        foreign("order_lines", "order_id", "orders"),
        primary("order_lines", "id"),
        unique("order_lines", "order_id", "position"),
    )
    index("order_lines_image_id_idx", "order_lines", "image_id")
    op.create_table(
        "order_history",
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("source", sa.String(50)),
        sa.Column("target", sa.String(50), nullable=False),
        sa.Column("pulled", sa.String(50), nullable=False),
        sa.Column("actor_id", sa.Uuid),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("happened_at", MOMENT, nullable=False),
        words("order_history", "role", "customer operator support admin system"),
        words("order_history", "source", _ORDER_STATES),
        words("order_history", "target", _ORDER_STATES),
        foreign("order_history", "order_id", "orders"),
        primary("order_history", "order_id", "position"),
    )
    op.create_table(
        "shipments",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("carrier", sa.Text, nullable=False),
        sa.Column("tracking_number", sa.Text),
        sa.Column("tracking_url", sa.Text),
        sa.Column("items", DOCUMENT, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("handed_over_at", MOMENT, nullable=False),
        sa.Column("delivered_at", MOMENT),
        words("shipments", "state", "handed_over delivered"),
        foreign("shipments", "order_id", "orders"),
        primary("shipments", "id"),
        unique("shipments", "order_id", "position"),
    )
    op.create_table(
        "production_batches",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("lines", DOCUMENT, nullable=False),
        foreign("production_batches", "created_by", "users"),
        primary("production_batches", "id"),
    )


def _jobs() -> None:
    """What is to happen after a transaction."""
    op.create_table(
        "jobs",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("payload", DOCUMENT, nullable=False),
        sa.Column("run_at", MOMENT, nullable=False),
        sa.Column("lock", sa.Text),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("leased_until", MOMENT),
        sa.Column("token", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        words("jobs", "state", "waiting running done dead"),
        primary("jobs", "id"),
        sqlite_autoincrement=True,
    )
    index("jobs_due_idx", "jobs", "run_at", "id", where="state IN ('waiting', 'running')")
    index("jobs_line_idx", "jobs", "lock", "run_at", "id", where="state IN ('waiting', 'running')")
    index("jobs_running_lock_key", "jobs", "lock", unique=True, where="state = 'running'")
    index("jobs_state_id_idx", "jobs", "state", "id")

"""The tables of accounts: users, what proves who they are, and what they asked for by mail."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from printapic.adapters.persistence.sql.columns import JsonDocument, UtcDateTime
from printapic.adapters.persistence.sql.schema import metadata, one_of
from printapic.domain.users.account_request import RequestKind
from printapic.domain.users.session import SessionEnd
from printapic.domain.users.user import Locale

_LEAVING = text("erasure_requested_at IS NOT NULL AND erased_at IS NULL")

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email_address", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("name", Text),
    Column("locale", String(10), nullable=False),
    Column("roles", JsonDocument, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
    Column("password_changed_at", UtcDateTime),
    Column("erasure_requested_at", UtcDateTime),
    Column("erased_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    UniqueConstraint("email_key"),
    Index("users_leaving_idx", "id", postgresql_where=_LEAVING, sqlite_where=_LEAVING),
    one_of("locale", Locale),
)

registrations = Table(
    "registrations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email_address", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("name", Text),
    Column("locale", String(10), nullable=False),
    Column("token_sha256", String(64)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    UniqueConstraint("token_sha256"),
    Index("registrations_email_key_id_idx", "email_key", "id"),
    one_of("locale", Locale),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.id"), nullable=False, index=True),
    Column("generation", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("refreshed_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("authenticated_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("idle_s", Integer, nullable=False),
    Column("second_factor", Boolean, nullable=False),
    Column("address", Text),
    Column("device", Text),
    Column("revoked_at", UtcDateTime),
    Column("ended_by", String(30)),
    Column("version", Integer, nullable=False),
    one_of("ended_by", SessionEnd),
)

# A user who is erased takes the request along, but a stranger's request belongs to nobody yet.
account_requests = Table(
    "account_requests",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", String(30), nullable=False),
    Column("email_address", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("user_id", Uuid, index=True),
    Column("session_id", Uuid),
    Column("undoes", Uuid),
    Column("token_sha256", String(64)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("used_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    UniqueConstraint("token_sha256"),
    one_of("kind", RequestKind),
)

second_factors = Table(
    "second_factors",
    metadata,
    Column("id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("secret_sealed", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime),
    Column("last_step", Integer, nullable=False),
    Column("recovery", JsonDocument, nullable=False),
    Column("reset_due_at", UtcDateTime),
    Column("version", Integer, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner_id", Uuid, ForeignKey("users.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("scopes", JsonDocument, nullable=False),
    Column("networks", JsonDocument, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("version", Integer, nullable=False),
)

"""What the database refuses, said in the words of the domain: one table of constraint names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Column, Connection, Index, Table, UniqueConstraint, and_, literal, select
from sqlalchemy.exc import IntegrityError

from printapic.adapters.persistence.sql.tables import metadata
from printapic.application.ports.orders import OrderKeyTaken, OrderNumberTaken
from printapic.application.ports.unit_of_work import ConcurrentUpdate
from printapic.application.ports.users import EmailTaken
from printapic.domain.errors import Conflict

ERRORS: dict[str, Callable[[], Conflict]] = {
    "users_email_key_key": EmailTaken,
    "orders_user_id_idempotency_key_key": OrderKeyTaken,
    "orders_number_key": OrderNumberTaken,
    "images_owner_id_sha256_live_key": ConcurrentUpdate,
    "payments_order_id_key": ConcurrentUpdate,
    "payment_attempts_provider_livemode_ref_key": ConcurrentUpdate,
    "payment_operations_payment_id_client_key_key": ConcurrentUpdate,
    "payment_refs_provider_livemode_ref_key": ConcurrentUpdate,
    "payment_transactions_provider_livemode_ref_type_key": ConcurrentUpdate,
}
"""Two writers can meet at these. Any other constraint that fails is a bug and stays an `IntegrityError`."""


def conflict_from(error: IntegrityError) -> Conflict | None:
    """The domain's name for what the database refused, or None where it has none."""
    return _error(_name(error))


def conflict_with_stored(connection: Connection, table: Table, values: Mapping[str, Any]) -> Conflict:
    """Why an insert that does nothing on conflict did nothing: asks which unique rule a stored row fills.

    The answer is `ConcurrentUpdate` where that row has gone again meanwhile.
    """
    rules = _unique_rules(table)
    for name, error in ERRORS.items():
        if name not in rules:
            continue
        same = and_(*(column == values[column.name] for column in rules[name]))
        if connection.execute(select(literal(1)).where(same).limit(1)).first():
            return error()
    return ConcurrentUpdate()


def _error(name: str | None) -> Conflict | None:
    error = ERRORS.get(name or "")
    return error() if error else None


def _name(error: IntegrityError) -> str | None:
    diagnosis = getattr(error.orig, "diag", None)
    return diagnosis.constraint_name if diagnosis is not None else _sqlite_name(str(error.orig))


def _sqlite_name(message: str) -> str | None:
    """SQLite names the columns instead: `UNIQUE constraint failed: users.email_key`."""
    _, found, listed = message.partition("UNIQUE constraint failed: ")
    columns = listed.split(", ") if found else []
    table = metadata.tables.get(columns[0].partition(".")[0]) if columns else None
    if table is None:
        return None
    for name, of_rule in _unique_rules(table).items():
        if [f"{table.name}.{column.name}" for column in of_rule] == columns:
            return name
    return None


def _unique_rules(table: Table) -> dict[str, list[Column[Any]]]:
    """The columns of each unique constraint and unique index, by its name."""
    constraints = [rule for rule in table.constraints if isinstance(rule, UniqueConstraint)]
    indexes = [index for index in table.indexes if index.unique]
    rules: list[UniqueConstraint | Index] = [*constraints, *indexes]
    return {str(rule.name): list(rule.columns) for rule in rules}

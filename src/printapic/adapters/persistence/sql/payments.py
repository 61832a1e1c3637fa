"""Payments and the inbox of webhooks in SQL."""

from __future__ import annotations

from uuid import UUID

import attrs
from sqlalchemy import ColumnElement, select, update

from printapic.adapters.persistence.sql.parts import parts, rows_of
from printapic.adapters.persistence.sql.payment_rows import (
    attempt_values,
    operation_values,
    payment_values,
    read_payment,
    transaction_values,
)
from printapic.adapters.persistence.sql.tables import (
    payment_attempts,
    payment_operations,
    payment_transactions,
    payments,
    webhook_inbox,
)
from printapic.adapters.persistence.sql.transaction import SqlTransaction, Values
from printapic.application.ports.payments import PaymentInbox, PaymentRepository
from printapic.domain.ids import AttemptId, OrderId, PaymentId, UserId
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.inbox import InboxEntry, InboxState
from printapic.domain.payments.payment import Payment, PaymentNotFound

_WHOLE = select(
    payments,
    parts(payment_attempts, payment_attempts.c.payment_id, payments.c.id),
    parts(payment_operations, payment_operations.c.payment_id, payments.c.id),
    parts(payment_transactions, payment_transactions.c.payment_id, payments.c.id),
)


@attrs.frozen
class _Stored:
    """The rows of a payment's parts as they are in the database at one version of the payment."""

    version: int
    attempts: tuple[Values, ...]
    operations: tuple[Values, ...]
    log: tuple[Values, ...]


class SqlPaymentRepository(PaymentRepository):
    """Payments, read whole in one statement and written where they changed."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction
        self._stored: dict[UUID, _Stored] = {}

    def add(self, payment: Payment) -> None:
        """Raises `ConcurrentUpdate` where the order has a payment already."""
        self._transaction.add(payments, payment_values(payment), payment)
        self._transaction.append(payment_attempts, attempt_values(payment))
        self._transaction.append(payment_operations, operation_values(payment))
        self._transaction.append(payment_transactions, transaction_values(payment))

    def get(self, payment_id: PaymentId, *, owner_id: UserId | None = None) -> Payment:
        """Raises `PaymentNotFound`."""
        conditions = [payments.c.id == payment_id]
        if owner_id is not None:
            conditions.append(payments.c.user_id == owner_id)
        payment = self._one(*conditions)
        if payment is None:
            raise PaymentNotFound
        return payment

    def of_order(self, order_id: OrderId) -> Payment | None:
        """The order's payment, locked in a writing unit."""
        return self._one(payments.c.order_id == order_id)

    def by_ref(self, provider: Provider, livemode: bool, ref: str) -> tuple[PaymentId, AttemptId] | None:
        """The attempt whose checkout has this name at the provider."""
        row = self._transaction.row(
            select(payment_attempts.c.payment_id, payment_attempts.c.id).where(
                payment_attempts.c.provider == provider,
                payment_attempts.c.livemode == livemode,
                payment_attempts.c.ref == ref,
            )
        )
        return (PaymentId(row["payment_id"]), AttemptId(row["id"])) if row else None

    def save(self, payment: Payment) -> None:
        """Raises `ConcurrentUpdate`. The log is only ever added to."""
        version = payment.version
        self._transaction.change(payments, payment_values(payment), payment)
        stored = self._stored.get(payment.id)
        if stored is None or stored.version != version:
            stored = self._parts(self._transaction.row(_WHOLE.where(payments.c.id == payment.id)))
        self._transaction.change_parts(payment_attempts, stored.attempts, attempt_values(payment))
        self._transaction.change_parts(payment_operations, stored.operations, operation_values(payment))
        self._transaction.append(payment_transactions, transaction_values(payment)[len(stored.log) :])
        self._stored[payment.id] = _Stored(
            payment.version,
            tuple(attempt_values(payment)),
            tuple(operation_values(payment)),
            tuple(transaction_values(payment)),
        )

    def of_user(self, user_id: UserId, *, after: PaymentId | None, limit: int) -> tuple[Payment, ...]:
        """One statement for all of them."""
        statement = _WHOLE.where(payments.c.user_id == user_id).order_by(payments.c.id).limit(limit)
        if after is not None:
            statement = statement.where(payments.c.id > after)
        return tuple(self._read(row) for row in self._transaction.rows(statement))

    def _one(self, *conditions: ColumnElement[bool]) -> Payment | None:
        # Lock first, then read in a second statement: see `SqlOrderRepository.get`.
        if self._transaction.locking:
            self._transaction.row_to_change(select(payments.c.id).where(*conditions))
        row = self._transaction.row(_WHOLE.where(*conditions))
        return None if row is None else self._read(row)

    def _read(self, row: Values) -> Payment:
        stored = self._stored[row["id"]] = self._parts(row)
        return read_payment(row, stored.attempts, stored.operations, stored.log)

    def _parts(self, row: Values | None) -> _Stored:
        if row is None:
            raise PaymentNotFound
        tables = (payment_attempts, payment_operations, payment_transactions)
        attempts, operations, log = (rows_of(table, row) for table in tables)
        return _Stored(row["version"], attempts, operations, log)


class SqlPaymentInbox(PaymentInbox):
    """Every verified webhook, once."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    def receive(self, entry: InboxEntry) -> bool:
        """Store, unless it is stored already."""
        return self._transaction.insert_new(webhook_inbox, _entry_values(entry))

    def get(self, provider: Provider, event_id: str) -> InboxEntry | None:
        """The notification; the live one, should a test environment have used the same id."""
        row = self._transaction.row_to_change(
            select(webhook_inbox)
            .where(webhook_inbox.c.provider == provider, webhook_inbox.c.event_id == event_id)
            .order_by(webhook_inbox.c.livemode.desc())
            .limit(1)
        )
        return _entry(row) if row else None

    def close(self, entry: InboxEntry, state: InboxState) -> None:
        """Write down what became of a notification."""
        self._transaction.write(
            update(webhook_inbox)
            .where(
                webhook_inbox.c.provider == entry.provider,
                webhook_inbox.c.event_id == entry.event_id,
                webhook_inbox.c.livemode == entry.livemode,
            )
            .values(state=state)
        )


def _entry_values(entry: InboxEntry) -> Values:
    return {
        "provider": entry.provider,
        "event_id": entry.event_id,
        "livemode": entry.livemode,
        "type": entry.type,
        "ref": entry.ref,
        "body_sha256": entry.body_sha256,
        "received_at": entry.received_at,
        "state": entry.state,
    }


def _entry(values: Values) -> InboxEntry:
    return InboxEntry(
        provider=Provider(values["provider"]),
        livemode=values["livemode"],
        event_id=values["event_id"],
        type=values["type"],
        ref=values["ref"],
        body_sha256=values["body_sha256"],
        received_at=values["received_at"],
        state=InboxState(values["state"]),
    )

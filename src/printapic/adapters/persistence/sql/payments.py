"""Payments in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Table,
    TextClause,
    case,
    delete,
    func,
    select,
    text,
    tuple_,
    union_all,
)

from printapic.adapters.persistence.sql.parts import parts, rows_of
from printapic.adapters.persistence.sql.payment_rows import (
    PaymentParts,
    attempt_values,
    dispute_values,
    operation_values,
    payment_values,
    posting_values,
    read_payment,
    ref_values,
    transaction_values,
)
from printapic.adapters.persistence.sql.payment_tables import SUSPENSE_POSTINGS, UNDECIDED_CALLS
from printapic.adapters.persistence.sql.tables import (
    ledger_postings,
    payment_attempts,
    payment_disputes,
    payment_operations,
    payment_refs,
    payment_transactions,
    payments,
)
from printapic.adapters.persistence.sql.transaction import SqlTransaction, Values
from printapic.application.ports.payments import PaymentRepository
from printapic.domain.ids import AttemptId, OrderId, PaymentId, UserId
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.ledger import SUSPENSE
from printapic.domain.payments.payment import Payment, PaymentNotFound

_PARTS = (
    payment_attempts,
    payment_operations,
    payment_transactions,
    ledger_postings,
    payment_disputes,
    payment_refs,
)
_WHOLE = select(
    payments,
    parts(payment_attempts, payment_attempts.c.payment_id, payments.c.id),
    parts(payment_operations, payment_operations.c.payment_id, payments.c.id),
    parts(payment_transactions, payment_transactions.c.payment_id, payments.c.id),
    parts(ledger_postings, ledger_postings.c.payment_id, payments.c.id),
    parts(payment_disputes, payment_disputes.c.payment_id, payments.c.id),
    parts(payment_refs, payment_refs.c.payment_id, payments.c.id),
)


class SqlPaymentRepository(PaymentRepository):
    """Payments, read whole in one statement and written where they changed."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction
        self._stored: dict[UUID, PaymentParts] = {}

    def add(self, payment: Payment) -> None:
        """Raises `ConcurrentUpdate` where the order has a payment already."""
        self._transaction.add(payments, payment_values(payment), payment)
        self._transaction.append(payment_attempts, attempt_values(payment))
        self._transaction.append(payment_operations, operation_values(payment))
        self._transaction.append(payment_transactions, transaction_values(payment))
        self._transaction.append(ledger_postings, posting_values(payment))
        self._transaction.append(payment_disputes, dispute_values(payment))
        self._transaction.append(payment_refs, ref_values(payment))

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
        """The attempt whose checkout, or anything in it, has this name at the provider."""
        names = union_all(
            *(
                select(table.c.payment_id, attempt_id.label("attempt_id")).where(
                    table.c.provider == provider, table.c.livemode == livemode, table.c.ref == ref
                )
                for table, attempt_id in (
                    (payment_attempts, payment_attempts.c.id),
                    (payment_refs, payment_refs.c.attempt_id),
                )
            )
        ).limit(1)
        row = self._transaction.row(names)
        return (PaymentId(row["payment_id"]), AttemptId(row["attempt_id"])) if row else None

    def by_reference(self, our_reference: str) -> tuple[PaymentId, AttemptId] | None:
        """The attempt that we called so at the provider."""
        try:
            attempt_id = UUID(our_reference)
        except ValueError:
            return None
        row = self._transaction.row(
            select(payment_attempts.c.payment_id).where(payment_attempts.c.id == attempt_id)
        )
        return (PaymentId(row["payment_id"]), AttemptId(attempt_id)) if row else None

    def save(self, payment: Payment) -> None:
        """Raises `ConcurrentUpdate`. The log is only ever added to."""
        version = payment.version
        self._transaction.change(payments, payment_values(payment), payment)
        stored = self._stored.get(payment.id)
        if stored is None or stored.version != version:
            stored = self._parts(self._transaction.row(_WHOLE.where(payments.c.id == payment.id)))
        self._transaction.change_parts(payment_attempts, stored.attempts, attempt_values(payment))
        self._transaction.change_parts(payment_operations, stored.operations, operation_values(payment))
        self._replace(payment_disputes, "payment_id", stored.disputes, dispute_values(payment))
        self._transaction.append(payment_transactions, transaction_values(payment)[len(stored.log) :])
        self._transaction.append(ledger_postings, posting_values(payment)[len(stored.postings) :])
        self._replace(payment_refs, "attempt_id", stored.refs, ref_values(payment))
        self._stored[payment.id] = PaymentParts(
            payment.version,
            tuple(attempt_values(payment)),
            tuple(operation_values(payment)),
            tuple(transaction_values(payment)),
            tuple(posting_values(payment)),
            tuple(dispute_values(payment)),
            tuple(ref_values(payment)),
        )

    def _replace(self, table: Table, owner: str, old: Sequence[Values], new: Sequence[Values]) -> None:
        """Write small parts that have no id of their own: they are known by their owner and position."""
        if gone := [row for row in old if row not in new]:
            places = [(row[owner], row["position"]) for row in gone]
            at = tuple_(table.c[owner], table.c.position)
            self._transaction.write(delete(table).where(at.in_(places)))
        self._transaction.append(table, [row for row in new if row not in old])

    def of_user(self, user_id: UserId, *, after: PaymentId | None, limit: int) -> tuple[Payment, ...]:
        """One statement for all of them."""
        statement = _WHOLE.where(payments.c.user_id == user_id).order_by(payments.c.id).limit(limit)
        if after is not None:
            statement = statement.where(payments.c.id > after)
        return tuple(self._read(row) for row in self._transaction.rows(statement))

    def page(self, *, review: bool, before: PaymentId | None, limit: int) -> tuple[Payment, ...]:
        """Newest first, in one statement."""
        conditions = [text("payments.review_reasons <> '[]'")] if review else []
        return self._page(*conditions, before=before, limit=limit)

    def undecided(
        self, *, created_until: datetime, before: PaymentId | None, limit: int
    ) -> tuple[Payment, ...]:
        """By an index of the undecided calls alone."""
        waiting = select(payment_operations.c.payment_id).where(
            UNDECIDED_CALLS, payment_operations.c.created_at <= created_until
        )
        return self._page(payments.c.id.in_(waiting), before=before, limit=limit)

    def in_suspense(self, *, before: PaymentId | None, limit: int) -> tuple[Payment, ...]:
        """By an index of the postings from and to that account alone; the database adds."""
        side = case((ledger_postings.c.debit == SUSPENSE, 1), else_=-1)
        parked = (
            select(ledger_postings.c.payment_id)
            .where(SUSPENSE_POSTINGS)
            .group_by(ledger_postings.c.payment_id, ledger_postings.c.currency)
            .having(func.sum(ledger_postings.c.amount_minor * side) != 0)
        )
        return self._page(payments.c.id.in_(parked), before=before, limit=limit)

    def changed(self, *, since: datetime, before: PaymentId | None, limit: int) -> tuple[Payment, ...]:
        """By the log's index of times."""
        written = select(payment_transactions.c.payment_id).where(payment_transactions.c.recorded_at >= since)
        return self._page(payments.c.id.in_(written), before=before, limit=limit)

    def _page(
        self, *conditions: ColumnElement[bool] | TextClause, before: PaymentId | None, limit: int
    ) -> tuple[Payment, ...]:
        statement = _WHOLE.where(*conditions).order_by(payments.c.id.desc()).limit(limit)
        if before is not None:
            statement = statement.where(payments.c.id < before)
        return tuple(self._read(row) for row in self._transaction.rows(statement))

    def _one(self, *conditions: ColumnElement[bool]) -> Payment | None:
        # Lock first, then read in a second statement: see `SqlOrderRepository.get`.
        if self._transaction.locking:
            self._transaction.row_to_change(select(payments.c.id).where(*conditions))
        row = self._transaction.row(_WHOLE.where(*conditions))
        return None if row is None else self._read(row)

    def _read(self, row: Values) -> Payment:
        stored = self._stored[row["id"]] = self._parts(row)
        return read_payment(row, stored)

    def _parts(self, row: Values | None) -> PaymentParts:
        if row is None:
            raise PaymentNotFound
        return PaymentParts(row["version"], *(rows_of(table, row) for table in _PARTS))

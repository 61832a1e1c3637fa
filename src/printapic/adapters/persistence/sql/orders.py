"""Orders and production batches in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import Select, bindparam, exists, func, literal, select, update

from printapic.adapters.persistence.sql.order_rows import (
    history_values,
    line_values,
    order_values,
    read_order,
    shipment_values,
    total_of,
)
from printapic.adapters.persistence.sql.parts import parts, rows_of
from printapic.adapters.persistence.sql.tables import (
    order_history,
    order_lines,
    orders,
    production_batches,
    shipments,
)
from printapic.adapters.persistence.sql.transaction import SqlTransaction, Values
from printapic.application.ports.orders import (
    Batch,
    BatchRepository,
    OrderRepository,
    OrderSummary,
    QueueEntry,
)
from printapic.application.ports.unit_of_work import ConcurrentUpdate
from printapic.domain.ids import BatchId, ImageId, LineId, OrderId, Sku, UserId
from printapic.domain.orders.order import Order, OrderNotFound
from printapic.domain.orders.status import OVER, OrderStatus

_WHOLE = select(
    orders,
    parts(order_lines, order_lines.c.order_id, orders.c.id),
    parts(order_history, order_history.c.order_id, orders.c.id),
    parts(shipments, shipments.c.order_id, orders.c.id),
)
_MINE = orders.c.user_id == bindparam("owner_id")
_BY_ID = _WHOLE.where(orders.c.id == bindparam("order_id"))
_OWNED = _BY_ID.where(_MINE)
_BY_KEY = _WHOLE.where(_MINE, orders.c.idempotency_key == bindparam("key"))
_LOCK = select(orders.c.id).where(orders.c.id == bindparam("order_id")).with_for_update()
_OWNED_LOCK = _LOCK.where(_MINE)


@attrs.frozen
class _Stored:
    """The rows of an order's parts as they are in the database at one version of the order."""

    version: int
    lines: tuple[Values, ...]
    history: tuple[Values, ...]
    shipments: tuple[Values, ...]


class SqlOrderRepository(OrderRepository):
    """Orders, read whole in one statement and written where they changed."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction
        self._stored: dict[UUID, _Stored] = {}

    def add(self, order: Order) -> None:
        """Raises `OrderKeyTaken` or `OrderNumberTaken`."""
        self._transaction.add(orders, order_values(order), order)
        self._transaction.append(order_lines, line_values(order))
        self._transaction.append(order_history, history_values(order))
        self._transaction.append(shipments, shipment_values(order))

    def get(self, order_id: OrderId, *, owner_id: UserId | None = None) -> Order:
        """Raises `OrderNotFound`. One statement; on PostgreSQL a writing unit locks the row first."""
        owned, values = owner_id is not None, {"order_id": order_id, "owner_id": owner_id}
        # A statement that waited for a lock sees the locked row as it is now, but everything else as it
        # was when it began: read together, a new order would come with old lines.
        if self._transaction.locking:
            self._transaction.row(_OWNED_LOCK if owned else _LOCK, values)
        row = self._transaction.row(_OWNED if owned else _BY_ID, values)
        if row is None:
            raise OrderNotFound
        return self._read(row)

    def by_key(self, user_id: UserId, idempotency_key: str) -> Order | None:
        """The order that this customer placed under this key; it is not locked."""
        row = self._transaction.row(_BY_KEY, {"owner_id": user_id, "key": idempotency_key})
        return None if row is None else self._read(row)

    def save(self, order: Order) -> None:
        """Raises `ConcurrentUpdate`. History rows are only ever added; their reasons may be forgotten."""
        version = order.version
        self._transaction.change(orders, order_values(order), order)
        stored = self._stored.get(order.id)
        if stored is None or stored.version != version:
            stored = self._parts(self._transaction.row(_BY_ID, {"order_id": order.id}))
        self._transaction.change_parts(order_lines, stored.lines, line_values(order))
        self._transaction.change_parts(shipments, stored.shipments, shipment_values(order))
        history = history_values(order)
        self._forget_reasons(stored.history, history)
        self._transaction.append(order_history, history[len(stored.history) :])
        self._stored[order.id] = _Stored(
            order.version,
            tuple(line_values(order)),
            tuple(history_values(order)),
            tuple(shipment_values(order)),
        )

    def open_of(self, user_id: UserId) -> int:
        """How many are not over."""
        mine = select(func.count()).where(orders.c.user_id == user_id, orders.c.status.not_in(OVER))
        row = self._transaction.row(mine)
        return int(row["count_1"]) if row else 0

    def page(
        self,
        *,
        owner_id: UserId | None,
        status: OrderStatus | None = None,
        before: OrderId | None = None,
        limit: int,
    ) -> tuple[OrderSummary, ...]:
        """Newest first: ids of version 7 sort by time."""
        count = select(func.count()).where(order_lines.c.order_id == orders.c.id).scalar_subquery()
        statement = (
            select(
                orders.c.id,
                orders.c.number,
                orders.c.status,
                orders.c.total_amount,
                orders.c.currency,
                orders.c.created_at,
                count.label("line_count"),
            )
            .order_by(orders.c.id.desc())
            .limit(limit)
        )
        if owner_id is not None:
            statement = statement.where(orders.c.user_id == owner_id)
        if status is not None:
            statement = statement.where(orders.c.status == status)
        if before is not None:
            statement = statement.where(orders.c.id < before)
        return tuple(_summary(row) for row in self._transaction.rows(statement))

    def uses_image(self, image_id: ImageId) -> bool:
        """Whether an order that goes on needs this image."""
        found = exists().where(
            order_lines.c.image_id == image_id,
            orders.c.id == order_lines.c.order_id,
            orders.c.status.not_in(OVER),
        )
        return self._transaction.row(select(literal(1)).where(found)) is not None

    def production_queue(self, *, limit: int) -> tuple[QueueEntry, ...]:
        """Oldest first, and within an order in the customer's order."""
        return tuple(_queue_entry(row) for row in self._transaction.rows(_queue().limit(limit)))

    def _forget_reasons(self, old: Sequence[Values], new: Sequence[Values]) -> None:
        """The one change that the history's own guard lets through."""
        gone = [
            then["position"]
            for then, now in zip(old, new, strict=False)
            if then["reason"] is not None and now["reason"] is None
        ]
        if gone:
            self._transaction.write(
                update(order_history)
                .where(order_history.c.order_id == new[0]["order_id"], order_history.c.position.in_(gone))
                .values(reason=None)
            )

    def _read(self, row: Values) -> Order:
        stored = self._stored[row["id"]] = self._parts(row)
        return read_order(row, stored.lines, stored.history, stored.shipments)

    def _parts(self, row: Values | None) -> _Stored:
        if row is None:
            raise OrderNotFound
        lines, history, parcels = (rows_of(table, row) for table in (order_lines, order_history, shipments))
        return _Stored(row["version"], lines, history, parcels)


class SqlBatchRepository(BatchRepository):
    """Production batches, each one row."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    def add(self, batch: Batch) -> None:
        """Store a batch with its lines in the order of the manifest; `ConcurrentUpdate` for a taken id."""
        values = {
            "id": batch.id,
            "created_by": batch.created_by,
            "created_at": batch.created_at,
            "lines": [[str(order_id), str(line_id)] for order_id, line_id in batch.lines],
        }
        if not self._transaction.insert_new(production_batches, values):
            raise ConcurrentUpdate

    def get(self, batch_id: BatchId) -> Batch | None:
        """The batch."""
        row = self._transaction.row(select(production_batches).where(production_batches.c.id == batch_id))
        if row is None:
            return None
        return Batch(
            id=BatchId(row["id"]),
            created_by=UserId(row["created_by"]),
            created_at=row["created_at"],
            lines=tuple((OrderId(UUID(order)), LineId(UUID(line))) for order, line in row["lines"]),
        )


def _summary(row: Values) -> OrderSummary:
    total = total_of(row)
    return OrderSummary(
        id=OrderId(row["id"]),
        number=row["number"],
        status=OrderStatus(row["status"]),
        total_amount=total.amount,
        currency=total.currency.code,
        line_count=row["line_count"],
        created_at=row["created_at"],
    )


def _queue() -> Select[Any]:
    since = (
        select(func.max(order_history.c.happened_at))
        .where(order_history.c.order_id == orders.c.id, order_history.c.target == OrderStatus.IN_PRODUCTION)
        .scalar_subquery()
    )
    in_production_since = func.coalesce(since, orders.c.updated_at).label("since")
    return (
        select(
            orders.c.id.label("order_id"),
            orders.c.number.label("order_number"),
            order_lines.c.id.label("line_id"),
            order_lines.c.sku,
            order_lines.c.quantity,
            in_production_since,
        )
        .join(order_lines, order_lines.c.order_id == orders.c.id)
        .where(orders.c.status == OrderStatus.IN_PRODUCTION, order_lines.c.print_file.is_not(None))
        .order_by(in_production_since, orders.c.id, order_lines.c.position)
    )


def _queue_entry(row: Values) -> QueueEntry:
    return QueueEntry(
        order_id=OrderId(row["order_id"]),
        order_number=row["order_number"],
        line_id=LineId(row["line_id"]),
        sku=Sku(row["sku"]),
        quantity=row["quantity"],
        since=row["since"],
    )

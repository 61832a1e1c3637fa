"""Orders and production batches in memory."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter

from printapic.adapters.persistence.memory.state import MemoryTransaction, copy_of
from printapic.application.ports.orders import (
    Batch,
    BatchRepository,
    OrderKeyTaken,
    OrderNumberTaken,
    OrderRepository,
    OrderSummary,
    QueueEntry,
)
from printapic.application.ports.unit_of_work import ConcurrentUpdate
from printapic.domain.errors import Conflict
from printapic.domain.ids import BatchId, ImageId, OrderId, UserId
from printapic.domain.orders.order import Order, OrderNotFound
from printapic.domain.orders.status import OVER, OrderStatus


class MemoryOrderRepository(OrderRepository):
    """Orders by id, by the customer's key, and in pages."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, order: Order) -> None:
        """Raises `OrderKeyTaken` or `OrderNumberTaken`."""
        self._transaction.add("orders", order, order.id, self._conflict(order))

    def get(self, order_id: OrderId, *, owner_id: UserId | None = None) -> Order:
        """Raises `OrderNotFound`."""
        order: Order | None = self._transaction.find("orders", order_id)
        if order is None or owner_id not in (None, order.user_id):
            raise OrderNotFound
        return order

    def by_key(self, user_id: UserId, idempotency_key: str) -> Order | None:
        """The order that this customer placed under this key."""
        for order in self._all():
            if order.user_id == user_id and order.idempotency_key == idempotency_key:
                return copy_of(order)
        return None

    def save(self, order: Order) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.save("orders", order, order.id, self._conflict(order))

    def open_of(self, user_id: UserId) -> int:
        """How many are not over."""
        return sum(order.user_id == user_id and not order.over for order in self._all())

    def page(
        self,
        *,
        owner_id: UserId | None,
        status: OrderStatus | None = None,
        before: OrderId | None = None,
        limit: int,
    ) -> tuple[OrderSummary, ...]:
        """Newest first: ids of version 7 sort by time."""
        wanted = (
            order
            for order in sorted(self._all(), key=attrgetter("id"), reverse=True)
            if owner_id in (None, order.user_id)
            and status in (None, order.status)
            and (before is None or order.id < before)
        )
        return tuple(_summary(order) for order in wanted)[:limit]

    def uses_image(self, image_id: ImageId) -> bool:
        """Whether an order that goes on needs this image."""
        going_on = (order for order in self._all() if order.status not in OVER)
        return any(line.image_id == image_id for order in going_on for line in order.lines)

    def production_queue(self, *, limit: int) -> tuple[QueueEntry, ...]:
        """Oldest first, and within an order in the customer's order."""
        in_production = [order for order in self._all() if order.status is OrderStatus.IN_PRODUCTION]
        oldest_first = sorted(in_production, key=lambda order: (_in_production_since(order), order.id))
        return tuple(entry for order in oldest_first for entry in _queue_entries(order))[:limit]

    def _all(self) -> list[Order]:
        return list(self._transaction.table("orders").values())

    def _conflict(self, order: Order) -> Conflict | None:
        others = [other for other in self._all() if other.id != order.id]
        key = (order.user_id, order.idempotency_key)
        if any((other.user_id, other.idempotency_key) == key for other in others):
            return OrderKeyTaken()
        if any(other.number == order.number for other in others):
            return OrderNumberTaken()
        return None


class MemoryBatchRepository(BatchRepository):
    """Production batches by id."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, batch: Batch) -> None:
        """Store a batch. Raises `ConcurrentUpdate` where its id is taken."""
        if batch.id in self._transaction.table("batches"):
            raise ConcurrentUpdate
        self._transaction.put("batches", batch.id, batch)

    def get(self, batch_id: BatchId) -> Batch | None:
        """The batch, which is frozen."""
        batch: Batch | None = self._transaction.table("batches").get(batch_id)
        return batch


def _summary(order: Order) -> OrderSummary:
    return OrderSummary(
        id=order.id,
        number=order.number,
        status=order.status,
        total_amount=order.total.amount,
        currency=order.total.currency.code,
        line_count=len(order.lines),
        created_at=order.created_at,
    )


def _in_production_since(order: Order) -> datetime:
    entries = [entry.at for entry in order.history if entry.target is OrderStatus.IN_PRODUCTION]
    return max(entries, default=order.updated_at)


def _queue_entries(order: Order) -> list[QueueEntry]:
    return [
        QueueEntry(
            order_id=order.id,
            order_number=order.number,
            line_id=line.id,
            sku=line.sku,
            quantity=line.quantity,
            since=_in_production_since(order),
        )
        for line in order.lines
        if line.print_file is not None
    ]

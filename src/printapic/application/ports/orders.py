"""What orders need."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

import attrs

from printapic.domain.errors import Conflict
from printapic.domain.ids import BatchId, ImageId, LineId, OrderId, UserId
from printapic.domain.orders.order import Order
from printapic.domain.orders.status import OrderStatus


class OrderNumberTaken(Conflict):
    code = "order-number-taken"

    def __init__(self) -> None:
        super().__init__("Two orders drew the same number. Please try again.")


class OrderKeyTaken(Conflict):
    """The customer's idempotency key already made an order; reading again finds it."""

    code = "order-key-taken"

    def __init__(self) -> None:
        super().__init__("This order is being placed already. Please try again.")


@attrs.frozen(kw_only=True)
class OrderSummary:
    """A row of the order list."""

    id: OrderId
    number: str
    status: OrderStatus
    total_amount: str
    currency: str
    line_count: int
    created_at: datetime


@attrs.frozen(kw_only=True)
class QueueEntry:
    """A line that is in production and has a print file."""

    order_id: OrderId
    order_number: str
    line_id: LineId
    sku: str
    quantity: int
    since: datetime


class OrderRepository(Protocol):
    """Orders, whole: lines, shipments and history are read and written with them."""

    @abstractmethod
    def add(self, order: Order) -> None:
        """Raises `OrderNumberTaken`, or `OrderKeyTaken` where (`user_id`, `idempotency_key`) exists."""

    @abstractmethod
    def get(self, order_id: OrderId, *, owner_id: UserId | None = None) -> Order:
        """Raises `OrderNotFound`, for a foreign order too."""

    @abstractmethod
    def by_key(self, user_id: UserId, idempotency_key: str) -> Order | None:
        """The order that this customer placed under this key."""

    @abstractmethod
    def save(self, order: Order) -> None:
        """History is only ever added to, but that the reason of an entry may be forgotten."""

    @abstractmethod
    def open_of(self, user_id: UserId) -> int:
        """How many orders of this customer are not over."""

    @abstractmethod
    def page(
        self,
        *,
        owner_id: UserId | None,
        status: OrderStatus | None = None,
        before: OrderId | None = None,
        limit: int,
    ) -> tuple[OrderSummary, ...]:
        """Newest first, beginning behind `before`; of everybody where `owner_id` is None."""

    @abstractmethod
    def uses_image(self, image_id: ImageId) -> bool:
        """Whether an order that is not cancelled, expired or completed needs this image."""

    @abstractmethod
    def production_queue(self, *, limit: int) -> tuple[QueueEntry, ...]:
        """Lines of orders in production, oldest first."""


@attrs.frozen(kw_only=True)
class Batch:
    """Print files handed to the printer together. The order of `line_ids` is that of the manifest."""

    id: BatchId
    created_by: UserId
    created_at: datetime
    lines: tuple[tuple[OrderId, LineId], ...]


class BatchRepository(Protocol):
    @abstractmethod
    def add(self, batch: Batch) -> None: ...

    @abstractmethod
    def get(self, batch_id: BatchId) -> Batch | None: ...

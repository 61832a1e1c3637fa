"""The order aggregate. Its life is the table in `status.py`; its guards are here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self

import attrs

from printapic.domain.actors import SYSTEM, Actor, Role
from printapic.domain.addresses import Address
from printapic.domain.errors import Conflict, Denied, NotFound
from printapic.domain.events import Aggregate, aware_utc
from printapic.domain.ids import LineId, OrderId, ShipmentId, UserId
from printapic.domain.money import Currency, Money
from printapic.domain.orders.events import (
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderDelivered,
    OrderExpired,
    OrderHeld,
    OrderPlaced,
    OrderReleased,
    ParcelHandedOver,
    ProductionStarted,
)
from printapic.domain.orders.line import OrderLine, PrintFile
from printapic.domain.orders.shipment import Shipment, ShipmentInvalid, ShipmentNotFound, ShipmentState
from printapic.domain.orders.status import (
    CUSTOMER_HOLDS,
    TRANSITIONS,
    HoldReason,
    OrderStatus,
    Trigger,
    transition,
)

PAYMENT_WINDOW = timedelta(hours=24)
EDIT_WINDOW = timedelta(hours=2)
CLAIM_WINDOW = timedelta(days=30)


class OrderNotFound(NotFound):
    code = "order-not-found"

    def __init__(self) -> None:
        super().__init__("There is no such order.")


class TransitionRefused(Conflict):
    """The order's state, or a guard, does not allow this now. `reason` is the guard's stable code."""

    code = "order-transition-refused"

    def __init__(self, trigger: Trigger, status: OrderStatus, reason: str) -> None:
        super().__init__(
            f"The order cannot do '{trigger}' now.", trigger=trigger.value, status=status.value, reason=reason
        )
        self.reason = reason


class TransitionDenied(Denied):
    code = "order-transition-denied"

    def __init__(self, trigger: Trigger) -> None:
        super().__init__(f"You are not the one who may do '{trigger}'.", trigger=trigger.value)


@attrs.frozen(kw_only=True)
class HistoryEntry:
    """One row of the order's history. The first one has no `source`."""

    source: OrderStatus | None
    target: OrderStatus
    trigger: str
    actor_id: UserId | None
    role: Role
    reason: str | None = None
    at: datetime = attrs.field(validator=aware_utc)


@attrs.frozen(kw_only=True)
class Action:
    """Whether one caller may pull one trigger now; if not, why, and if it ends, until when."""

    trigger: Trigger
    available: bool
    reason_code: str | None = None
    until: datetime | None = None


@attrs.frozen(kw_only=True)
class OrderAmounts:
    """What the accepted quote said. `total` is what is paid; `tax` is contained in it."""

    items: Money
    shipping: Money
    discount: Money
    tax: Money
    total: Money

    @property
    def currency(self) -> Currency:
        return self.total.currency


@attrs.define(kw_only=True, eq=False)
class Order(Aggregate):
    """What a customer ordered.

    It is placed and waits for payment. When the money covers it to the cent it is confirmed; the
    customer may still change their mind until `edit_until`. Then its print files go into production,
    parcels leave, arrive, and when the claim window has passed it is complete. Every step leaves a
    history row that says who did it and why.
    """

    id: OrderId = attrs.field(on_setattr=attrs.setters.frozen)
    number: str
    user_id: UserId
    status: OrderStatus
    lines: tuple[OrderLine, ...]
    ship_to: Address
    shipping_method: str
    amounts: OrderAmounts
    quote_hash: str
    idempotency_key: str
    request_digest: str
    created_at: datetime = attrs.field(validator=aware_utc)
    updated_at: datetime = attrs.field(validator=aware_utc)
    expires_at: datetime = attrs.field(validator=aware_utc)
    edit_until: datetime | None = attrs.field(default=None, validator=aware_utc)
    claims_until: datetime | None = attrs.field(default=None, validator=aware_utc)
    hold_reason: HoldReason | None = None
    shipments: tuple[Shipment, ...] = ()
    history: tuple[HistoryEntry, ...] = ()

    @classmethod
    def place(
        cls,
        *,
        id: OrderId,  # noqa: A002
        number: str,
        user_id: UserId,
        lines: Sequence[OrderLine],
        ship_to: Address,
        shipping_method: str,
        amounts: OrderAmounts,
        quote_hash: str,
        idempotency_key: str,
        request_digest: str,
        at: datetime,
    ) -> Self:
        """Accept an order whose quote, address and print checks are settled."""
        order = cls(
            id=id,
            number=number,
            user_id=user_id,
            status=OrderStatus.AWAITING_PAYMENT,
            lines=tuple(lines),
            ship_to=ship_to,
            shipping_method=shipping_method,
            amounts=amounts,
            quote_hash=quote_hash,
            idempotency_key=idempotency_key,
            request_digest=request_digest,
            created_at=at,
            updated_at=at,
            expires_at=at + PAYMENT_WINDOW,
            history=(
                HistoryEntry(
                    source=None,
                    target=OrderStatus.AWAITING_PAYMENT,
                    trigger="place",
                    actor_id=user_id,
                    role=Role.CUSTOMER,
                    at=at,
                ),
            ),
        )
        order._record(OrderPlaced(at=at, order_id=id, expires_at=order.expires_at))
        return order

    @property
    def total(self) -> Money:
        return self.amounts.total

    @property
    def wants_payment(self) -> bool:
        return self.status is OrderStatus.AWAITING_PAYMENT

    def confirm(self, *, paid: Money, at: datetime) -> None:
        """The payment covers the total, exactly and in its currency; anything else is refused."""
        if paid != self.total:
            raise TransitionRefused(Trigger.CONFIRM, self.status, "amount-differs")
        self._go(Trigger.CONFIRM, SYSTEM, at=at)
        self.edit_until = at + EDIT_WINDOW
        self._record(OrderConfirmed(at=at, order_id=self.id, edit_until=self.edit_until))

    def expire(self, *, at: datetime) -> None:
        self._go(Trigger.EXPIRE, SYSTEM, at=at)
        self._record(OrderExpired(at=at, order_id=self.id))

    def cancel(self, actor: Actor, *, reason: str | None, at: datetime) -> None:
        """Call the order off. What was paid is refunded by the reaction to the event."""
        self._go(Trigger.CANCEL, actor, reason=reason, at=at)
        self._record(OrderCancelled(at=at, order_id=self.id))

    def abort(self, actor: Actor, *, reason: str, at: datetime) -> None:
        """Give up an order in production, of which nothing has shipped."""
        self._go(Trigger.ABORT, actor, reason=reason, at=at)
        self._record(OrderCancelled(at=at, order_id=self.id))

    def waive_edit_window(self, actor: Actor, *, at: datetime) -> None:
        """The customer does not need the rest of the edit window: production may start now."""
        self._go(Trigger.WAIVE_EDIT_WINDOW, actor, at=at)
        self.edit_until = at

    def hold(self, actor: Actor, *, reason: HoldReason, at: datetime) -> None:
        self._go(Trigger.HOLD, actor, reason=reason.value, at=at)
        self.hold_reason = reason
        self._record(OrderHeld(at=at, order_id=self.id, reason=reason.value))

    def release(self, actor: Actor, *, at: datetime) -> None:
        self._go(Trigger.RELEASE, actor, at=at)
        self.hold_reason = None
        self._record(OrderReleased(at=at, order_id=self.id))

    def start_production(self, actor: Actor, *, at: datetime) -> None:
        self._go(Trigger.START_PRODUCTION, actor, at=at)
        self._record(ProductionStarted(at=at, order_id=self.id))

    def ship(self, actor: Actor, shipment: Shipment, *, at: datetime) -> None:
        """A parcel leaves. Raises `ShipmentInvalid` where it holds what was not ordered or has left before."""
        self._check(Trigger.SHIP, actor, at=at)
        open_quantities = self.unshipped()
        if not shipment.items or len({item.line_id for item in shipment.items}) != len(shipment.items):
            raise ShipmentInvalid("holds nothing, or names a line twice")
        for item in shipment.items:
            if not 1 <= item.quantity <= open_quantities.get(item.line_id, 0):
                raise ShipmentInvalid("holds something that was not ordered or has left before")
        self.shipments = (*self.shipments, shipment)
        covered = not self.unshipped()
        self._go(
            Trigger.SHIP, actor, to=OrderStatus.SHIPPED if covered else OrderStatus.PARTIALLY_SHIPPED, at=at
        )
        self._record(ParcelHandedOver(at=at, order_id=self.id, shipment_id=shipment.id))

    def deliver(self, actor: Actor, shipment_id: ShipmentId, *, at: datetime) -> None:
        """A parcel arrived; with the last one the order is delivered. Repeating it changes nothing."""
        parcel = self.shipment(shipment_id)
        if parcel.state is ShipmentState.DELIVERED:
            return
        self._check(Trigger.DELIVER, actor, at=at)
        self.shipments = tuple(
            parcel.delivered(at=at) if parcel.id == shipment_id else parcel for parcel in self.shipments
        )
        everything = self.status is OrderStatus.SHIPPED and all(
            parcel.state is ShipmentState.DELIVERED for parcel in self.shipments
        )
        self._go(Trigger.DELIVER, actor, to=OrderStatus.DELIVERED if everything else self.status, at=at)
        if everything:
            self.claims_until = at + CLAIM_WINDOW
            self._record(OrderDelivered(at=at, order_id=self.id, claims_until=self.claims_until))

    def complete(self, *, at: datetime) -> None:
        self._go(Trigger.COMPLETE, SYSTEM, at=at)
        self._record(OrderCompleted(at=at, order_id=self.id))

    def line(self, line_id: LineId) -> OrderLine:
        return next(line for line in self.lines if line.id == line_id)

    def print_file_ready(self, line_id: LineId, file: PrintFile, *, at: datetime) -> None:
        self._replace_line(self.line(line_id).rendered(file), at=at)

    def print_file_failed(self, line_id: LineId, code: str, *, at: datetime) -> None:
        self._replace_line(self.line(line_id).render_failed(code), at=at)

    def shipment(self, shipment_id: ShipmentId) -> Shipment:
        """Raises `ShipmentNotFound`."""
        for shipment in self.shipments:
            if shipment.id == shipment_id:
                return shipment
        raise ShipmentNotFound

    def unshipped(self) -> dict[LineId, int]:
        """What has not left yet, in copies per line; empty when all has."""
        rest = {line.id: line.quantity for line in self.lines}
        for shipment in self.shipments:
            for item in shipment.items:
                rest[item.line_id] -= item.quantity
        return {line_id: quantity for line_id, quantity in rest.items() if quantity}

    def actions(self, actor: Actor, *, at: datetime) -> tuple[Action, ...]:
        """Every trigger that this actor's roles know in the present state, available or not."""
        actions = []
        for row in TRANSITIONS:
            if row.source is self.status and row.roles & actor.roles:
                reason = self._guard(row.trigger, actor, at=at)
                actions.append(
                    Action(
                        trigger=row.trigger,
                        available=reason is None,
                        reason_code=reason,
                        until=self._until(row.trigger, actor, at=at) if reason is None else None,
                    )
                )
        return tuple(actions)

    def _until(self, trigger: Trigger, actor: Actor, *, at: datetime) -> datetime | None:
        if self.status is OrderStatus.AWAITING_PAYMENT:
            return self.expires_at
        only_customer = not actor.roles & {Role.SUPPORT, Role.ADMIN}
        if trigger is Trigger.CANCEL and only_customer:
            return self.edit_until
        return None

    def _guard(self, trigger: Trigger, actor: Actor, *, at: datetime) -> str | None:
        """The stable code of what stands in the way, or None."""
        window_open = self.edit_until is not None and at < self.edit_until
        match trigger:
            case Trigger.EXPIRE if at < self.expires_at:
                return "payment-window-open"
            case Trigger.CANCEL if self.status is not OrderStatus.AWAITING_PAYMENT:
                staff = actor.roles & {Role.SUPPORT, Role.ADMIN}
                return None if window_open or staff else "edit-window-over"
            case Trigger.WAIVE_EDIT_WINDOW if not window_open:
                return "edit-window-over"
            case Trigger.START_PRODUCTION if window_open:
                return "edit-window-open"
            case Trigger.START_PRODUCTION if any(line.print_file is None for line in self.lines):
                return "print-files-not-ready"
            case Trigger.RELEASE if actor.roles == {Role.CUSTOMER} and self.hold_reason not in CUSTOMER_HOLDS:
                return "hold-not-yours"
            case Trigger.COMPLETE if self.claims_until is not None and at < self.claims_until:
                return "claim-window-open"
        return None

    def _check(self, trigger: Trigger, actor: Actor, *, at: datetime) -> tuple[OrderStatus, ...]:
        row = transition(self.status, trigger)
        if row is None:
            raise TransitionRefused(trigger, self.status, "wrong-status")
        if not row.roles & actor.roles:
            raise TransitionDenied(trigger)
        reason = self._guard(trigger, actor, at=at)
        if reason is not None:
            raise TransitionRefused(trigger, self.status, reason)
        return row.targets

    def _go(
        self,
        trigger: Trigger,
        actor: Actor,
        *,
        to: OrderStatus | None = None,
        reason: str | None = None,
        at: datetime,
    ) -> None:
        targets = self._check(trigger, actor, at=at)
        target = targets[0] if to is None else to
        row = transition(self.status, trigger)
        acting = sorted(actor.roles & row.roles) if row else []
        self.history = (
            *self.history,
            HistoryEntry(
                source=self.status,
                target=target,
                trigger=trigger.value,
                actor_id=actor.user_id,
                role=acting[0],
                reason=reason,
                at=at,
            ),
        )
        self.status = target
        self.updated_at = at

    def _replace_line(self, line: OrderLine, *, at: datetime) -> None:
        self.lines = tuple(line if line.id == old.id else old for old in self.lines)
        self.updated_at = at

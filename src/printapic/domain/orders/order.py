"""The order aggregate. Its life is the table in `status.py`; its guards are in `guards.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self

import attrs

from printapic.domain.actors import SYSTEM, Actor, Role
from printapic.domain.addresses import Address
from printapic.domain.errors import NotFound
from printapic.domain.events import Aggregate, aware_utc
from printapic.domain.ids import LineId, OrderId, ShipmentId, UserId
from printapic.domain.money import Money
from printapic.domain.orders.amounts import OrderAmounts, must_be_settled
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
from printapic.domain.orders.guards import Circumstances, available_until, obstacle
from printapic.domain.orders.line import LineNotFound, OrderLine, PrintFile, PrintState
from printapic.domain.orders.shipment import Shipment, ShipmentInvalid, ShipmentNotFound, ShipmentState
from printapic.domain.orders.status import (
    OVER,
    TRANSITIONS,
    HoldReason,
    OrderStatus,
    Transition,
    Trigger,
    transition,
)
from printapic.domain.orders.steps import Action, HistoryEntry, TransitionDenied, TransitionRefused

__all__ = [
    "CLAIM_WINDOW",
    "EDIT_WINDOW",
    "PAYMENT_WINDOW",
    "Action",
    "HistoryEntry",
    "Order",
    "OrderAmounts",
    "OrderNotFound",
    "TransitionDenied",
    "TransitionRefused",
]

PAYMENT_WINDOW = timedelta(hours=24)
EDIT_WINDOW = timedelta(hours=2)
CLAIM_WINDOW = timedelta(days=30)


class OrderNotFound(NotFound):
    code = "order-not-found"

    def __init__(self) -> None:
        super().__init__("There is no such order.")


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
        """Accept an order at the price of its accepted quote.

        Raises `PrintBlocked` or `WarningsUnacknowledged` where a print check is not settled, and
        `ValueError`, which is a bug of the caller, where there are no lines or the amounts do not add up.
        """
        must_be_settled(lines, amounts)
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

    @property
    def was_confirmed(self) -> bool:
        """It was paid at some time, whatever became of it then."""
        return self.edit_until is not None

    @property
    def over(self) -> bool:
        """Nothing can happen to it any more."""
        return self.status in OVER

    @property
    def print_files_ready(self) -> bool:
        """Whether every line has its file for the printer."""
        return all(line.print_state is PrintState.READY for line in self.lines)

    def confirm(self, *, paid: Money, at: datetime) -> None:
        """The payment covers the total, exactly and in its currency; anything else is refused."""
        row, role = self._permit(Trigger.CONFIRM, SYSTEM, at=at)
        if paid != self.total:
            raise TransitionRefused(Trigger.CONFIRM, self.status, "amount-differs")
        self._step(row, SYSTEM, role, at=at)
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
        self._record(OrderReleased(at=at, order_id=self.id))

    def start_production(self, actor: Actor, *, at: datetime) -> None:
        self._go(Trigger.START_PRODUCTION, actor, at=at)
        self._record(ProductionStarted(at=at, order_id=self.id))

    def ship(self, actor: Actor, shipment: Shipment, *, at: datetime) -> None:
        """A parcel leaves. Raises `ShipmentInvalid` if it holds what was not ordered or has left before."""
        row, role = self._permit(Trigger.SHIP, actor, at=at)
        self._must_be_open(shipment)
        self.shipments = (*self.shipments, shipment)
        target = OrderStatus.PARTIALLY_SHIPPED if self.unshipped() else OrderStatus.SHIPPED
        self._step(row, actor, role, to=target, at=at)
        self._record(ParcelHandedOver(at=at, order_id=self.id, shipment_id=shipment.id))

    def deliver(self, actor: Actor, shipment_id: ShipmentId, *, at: datetime) -> None:
        """A parcel arrived; with the last one the order is delivered. Repeating it changes nothing."""
        if self.shipment(shipment_id).state is ShipmentState.DELIVERED:
            return
        row, role = self._permit(Trigger.DELIVER, actor, at=at)
        self.shipments = tuple(
            parcel.delivered(at=at) if parcel.id == shipment_id else parcel for parcel in self.shipments
        )
        arrived = self.status is OrderStatus.SHIPPED and not self._on_its_way()
        self._step(row, actor, role, to=OrderStatus.DELIVERED if arrived else self.status, at=at)
        if arrived:
            self.claims_until = at + CLAIM_WINDOW
            self._record(OrderDelivered(at=at, order_id=self.id, claims_until=self.claims_until))

    def complete(self, *, at: datetime) -> None:
        self._go(Trigger.COMPLETE, SYSTEM, at=at)
        self._record(OrderCompleted(at=at, order_id=self.id))

    def forget(self) -> bool:
        """Let go of whoever ordered it: address, photos, parcels' numbers and whatever anybody wrote.

        What was sold, for how much and when, stays. False where there was nothing left to let go of, or
        where the order is not over, and still needs all that.
        """
        key = f"erased:{self.id}"
        if self.idempotency_key == key or not self.over:
            return False
        self.ship_to = self.ship_to.forgotten()
        self.idempotency_key, self.request_digest = key, ""
        self.lines = tuple(line.forgotten() for line in self.lines)
        self.shipments = tuple(parcel.forgotten() for parcel in self.shipments)
        self.history = tuple(attrs.evolve(entry, reason=None) for entry in self.history)
        return True

    def line(self, line_id: LineId) -> OrderLine:
        """Raises `LineNotFound`."""
        for line in self.lines:
            if line.id == line_id:
                return line
        raise LineNotFound

    def print_file_ready(self, line_id: LineId, file: PrintFile, *, at: datetime) -> None:
        """The file for the printer is made. The first one stays: a repeated rendering changes nothing."""
        self._replace_line(self.line(line_id).rendered(file), at=at)

    def print_file_failed(self, line_id: LineId, code: str, *, at: datetime) -> None:
        """The file cannot be made, for the reason `code`. Changes nothing where there is a file already."""
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
        return tuple(
            self._action(row, actor, at=at)
            for row in TRANSITIONS
            if row.source is self.status and row.roles & self._roles(actor)
        )

    def _action(self, row: Transition, actor: Actor, *, at: datetime) -> Action:
        _, reason = self._capacity(row, actor, at=at)
        until = self._until(row, actor, at=at) if reason is None else None
        return Action(trigger=row.trigger, available=reason is None, reason_code=reason, until=until)

    def _until(self, row: Transition, actor: Actor, *, at: datetime) -> datetime | None:
        """When the last of the actor's roles that may act now loses its chance."""
        now = self._circumstances(at)
        acting = [role for role in row.roles & self._roles(actor) if not obstacle(row.trigger, role, now)]
        ends = [available_until(row.trigger, role, now) for role in acting]
        return None if None in ends else max(end for end in ends if end)

    def _roles(self, actor: Actor) -> frozenset[Role]:
        """What this actor is towards this order: nobody is the customer of somebody else's."""
        return actor.roles if actor.user_id == self.user_id else actor.roles - {Role.CUSTOMER}

    def _capacity(self, row: Transition, actor: Actor, *, at: datetime) -> tuple[Role, str | None]:
        """The least of the actor's roles that may act now; or the greatest, and what stands in its way."""
        roles = row.roles & self._roles(actor)
        now = self._circumstances(at)
        tried = [(role, obstacle(row.trigger, role, now)) for role in Role if role in roles]
        return next((capacity for capacity in tried if capacity[1] is None), tried[-1])

    def _circumstances(self, at: datetime) -> Circumstances:
        return Circumstances(
            at=at,
            status=self.status,
            expires_at=self.expires_at,
            edit_until=self.edit_until,
            claims_until=self.claims_until,
            hold_reason=self.hold_reason,
            was_in_production=any(entry.target is OrderStatus.IN_PRODUCTION for entry in self.history),
            print_files_ready=self.print_files_ready,
            parcels_on_their_way=self._on_its_way(),
        )

    def _on_its_way(self) -> bool:
        return any(parcel.state is ShipmentState.HANDED_OVER for parcel in self.shipments)

    def _must_be_open(self, shipment: Shipment) -> None:
        """Refuse a parcel unless everything in it was ordered and has not left yet."""
        if any(known.id == shipment.id for known in self.shipments):
            raise ShipmentInvalid("has left before")
        if shipment.state is not ShipmentState.HANDED_OVER:
            raise ShipmentInvalid("cannot have arrived before it left")
        if not shipment.items or max(Counter(item.line_id for item in shipment.items).values()) > 1:
            raise ShipmentInvalid("holds nothing, or names a line twice")
        still_open = self.unshipped()
        if not all(1 <= item.quantity <= still_open.get(item.line_id, 0) for item in shipment.items):
            raise ShipmentInvalid("holds something that was not ordered or has left before")

    def _permit(self, trigger: Trigger, actor: Actor, *, at: datetime) -> tuple[Transition, Role]:
        """The row of the table and the role in which the actor pulls the trigger, or a refusal."""
        row = transition(self.status, trigger)
        if row is None:
            raise TransitionRefused(trigger, self.status, "wrong-status")
        if not row.roles & self._roles(actor):
            raise TransitionDenied(trigger)
        role, reason = self._capacity(row, actor, at=at)
        if reason is not None:
            raise TransitionRefused(trigger, self.status, reason)
        return row, role

    def _go(self, trigger: Trigger, actor: Actor, *, reason: str | None = None, at: datetime) -> None:
        row, role = self._permit(trigger, actor, at=at)
        self._step(row, actor, role, reason=reason, at=at)

    def _step(
        self,
        row: Transition,
        actor: Actor,
        role: Role,
        *,
        to: OrderStatus | None = None,
        reason: str | None = None,
        at: datetime,
    ) -> None:
        entry = HistoryEntry(
            source=self.status,
            target=to or row.targets[0],
            trigger=row.trigger.value,
            actor_id=actor.user_id,
            role=role,
            reason=reason,
            at=at,
        )
        self.history = (*self.history, entry)
        self.status = entry.target
        self.hold_reason = None
        self.updated_at = at

    def _replace_line(self, line: OrderLine, *, at: datetime) -> None:
        if line != self.line(line.id):
            self.lines = tuple(line if line.id == old.id else old for old in self.lines)
            self.updated_at = at

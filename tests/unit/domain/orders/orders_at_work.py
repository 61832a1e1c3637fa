"""Orders in every state, brought there by the acts that lead there, and a hand that pulls any trigger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs

from printapic.domain.actors import SYSTEM, Actor, Role
from printapic.domain.addresses import Address
from printapic.domain.ids import ImageId, LineId, OrderId, ShipmentId, Sku, UserId
from printapic.domain.money import Currency, Money, total
from printapic.domain.orders.line import OrderLine, PrintCheck, PrintFile
from printapic.domain.orders.order import EDIT_WINDOW, Order, OrderAmounts
from printapic.domain.orders.shipment import Shipment, ShipmentState, ShippedItem
from printapic.domain.orders.status import HoldReason, OrderStatus, Trigger
from printapic.domain.print_sizes import Orientation, PrintSize, PrintSpecification, default_bands

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EUR = Currency.of("EUR")
CUSTOMER_ID = UserId(UUID(int=1))
PEOPLE = (Role.CUSTOMER, Role.OPERATOR, Role.SUPPORT, Role.ADMIN)
TERMINAL = frozenset({OrderStatus.COMPLETED, OrderStatus.EXPIRED, OrderStatus.CANCELLED})
SYSTEM_ONLY = frozenset({Trigger.CONFIRM, Trigger.EXPIRE, Trigger.COMPLETE})
"""Triggers whose methods take no actor: nobody but a timer or a payment pulls them."""


def actor(*roles: Role, user_id: UserId | None = None) -> Actor:
    """Somebody with these roles: the customer of the order if a customer, else a colleague."""
    if Role.SYSTEM in roles:
        return SYSTEM
    own = CUSTOMER_ID if Role.CUSTOMER in roles else UserId(UUID(int=2))
    return Actor(user_id or own, frozenset(roles))


CUSTOMER, OPERATOR, SUPPORT, ADMIN = (actor(role) for role in PEOPLE)


def money(minor: int) -> Money:
    return Money(minor, EUR)


def line(
    number: int = 1,
    *,
    quantity: int = 2,
    unit_minor: int = 29,
    warnings: Sequence[str] = (),
    blocks: Sequence[str] = (),
) -> OrderLine:
    return OrderLine(
        id=LineId(UUID(int=100 + number)),
        sku=Sku("print-10x15-glossy"),
        product_name="Print",
        specification=PrintSpecification(
            trim=PrintSize(Decimal(100), Decimal(150)),
            bleed_mm=Decimal(3),
            safe_mm=Decimal(4),
            dpi=300,
            orientation=Orientation.EITHER,
            bands=default_bands(29),
        ),
        quantity=quantity,
        unit_price=money(unit_minor),
        line_total=money(unit_minor * quantity),
        image_id=ImageId(UUID(int=200 + number)),
        image_sha256="ab" * 32,
        crop=None,
        check=PrintCheck(
            verdict="clean", effective_dpi="312.5", warnings=tuple(warnings), blocks=tuple(blocks)
        ),
    )


def amounts(lines: Sequence[OrderLine], *, shipping: int = 295, discount: int = 0) -> OrderAmounts:
    items = total([each.line_total for each in lines], EUR)
    return OrderAmounts(
        items=items,
        shipping=money(shipping),
        discount=money(discount),
        tax=money(50),
        total=items + money(shipping) - money(discount),
    )


def placed(lines: Sequence[OrderLine] = (line(1), line(2, quantity=3)), **changes: Any) -> Order:
    given: dict[str, Any] = {
        "id": OrderId(UUID(int=10)),
        "number": "PA-7K3M-92QX",
        "user_id": CUSTOMER_ID,
        "lines": lines,
        "ship_to": Address(name="A. Bee", line1="Way 1", postal_code="10115", city="Berlin", country="DE"),
        "shipping_method": "standard",
        "amounts": changes.get("amounts") or amounts(lines),
        "quote_hash": "0-0",
        "idempotency_key": "key",
        "request_digest": "digest",
        "at": NOON,
    }
    return Order.place(**{**given, **changes})


def confirmed() -> Order:
    order = placed()
    order.confirm(paid=order.total, at=NOON + HOUR)
    return order


def held(reason: HoldReason = HoldReason.PROOF) -> Order:
    order = confirmed()
    order.hold(OPERATOR, reason=reason, at=NOON + HOUR)
    return order


def with_files(order: Order) -> Order:
    for each in order.lines:
        order.print_file_ready(each.id, print_file(), at=order.updated_at)
    return order


def in_production() -> Order:
    order = with_files(confirmed())
    order.start_production(SYSTEM, at=NOON + HOUR + EDIT_WINDOW)
    return order


def partially_shipped() -> Order:
    order = in_production()
    order.ship(OPERATOR, parcel(1, {order.lines[0].id: 1}), at=NOON + DAY)
    return order


def shipped() -> Order:
    order = in_production()
    order.ship(OPERATOR, parcel(1, order.unshipped()), at=NOON + DAY)
    return order


def delivered() -> Order:
    order = shipped()
    order.deliver(SUPPORT, order.shipments[0].id, at=NOON + 3 * DAY)
    return order


def completed() -> Order:
    order = delivered()
    assert order.claims_until is not None
    order.complete(at=order.claims_until)
    return order


def expired() -> Order:
    order = placed()
    order.expire(at=order.expires_at)
    return order


def cancelled() -> Order:
    order = placed()
    order.cancel(CUSTOMER, reason="changed my mind", at=NOON)
    return order


IN_STATE = {
    OrderStatus.AWAITING_PAYMENT: placed,
    OrderStatus.CONFIRMED: confirmed,
    OrderStatus.ON_HOLD: held,
    OrderStatus.IN_PRODUCTION: in_production,
    OrderStatus.PARTIALLY_SHIPPED: partially_shipped,
    OrderStatus.SHIPPED: shipped,
    OrderStatus.DELIVERED: delivered,
    OrderStatus.COMPLETED: completed,
    OrderStatus.EXPIRED: expired,
    OrderStatus.CANCELLED: cancelled,
}


def print_file(content: str = "cd") -> PrintFile:
    return PrintFile(key=f"print/{content}", sha256=content * 32, size_bytes=9, width_px=1252, height_px=1843)


def parcel(number: int, items: dict[LineId, int], *, at: datetime = NOON + DAY) -> Shipment:
    return Shipment(
        id=ShipmentId(UUID(int=300 + number)),
        carrier="Post",
        items=tuple(ShippedItem(line_id, quantity) for line_id, quantity in items.items()),
        handed_over_at=at,
    )


def pull(order: Order, trigger: Trigger, by: Actor, *, at: datetime) -> None:
    """Do it, with arguments that are as good as they can be."""
    match trigger:
        case Trigger.CONFIRM:
            order.confirm(paid=order.total, at=at)
        case Trigger.EXPIRE:
            order.expire(at=at)
        case Trigger.CANCEL:
            order.cancel(by, reason="because", at=at)
        case Trigger.WAIVE_EDIT_WINDOW:
            order.waive_edit_window(by, at=at)
        case Trigger.HOLD:
            order.hold(by, reason=HoldReason.QUALITY, at=at)
        case Trigger.RELEASE:
            order.release(by, at=at)
        case Trigger.START_PRODUCTION:
            order.start_production(by, at=at)
        case Trigger.ABORT:
            order.abort(by, reason="broken printer", at=at)
        case Trigger.SHIP:
            rest = order.unshipped() or {order.lines[0].id: 1}
            line_id = next(iter(rest))
            order.ship(by, parcel(len(order.shipments) + 1, {line_id: rest[line_id]}), at=at)
        case Trigger.DELIVER:
            order.deliver(by, _next_parcel(order), at=at)
        case Trigger.COMPLETE:
            order.complete(at=at)


def _next_parcel(order: Order) -> ShipmentId:
    on_their_way = [each.id for each in order.shipments if each.state is ShipmentState.HANDED_OVER]
    known = on_their_way or [each.id for each in order.shipments]
    return known[0] if known else ShipmentId(UUID(int=999))


def snapshot(order: Order) -> dict[str, Any]:
    """Everything about an order, its recorded events too."""
    return {field.name: _frozen(getattr(order, field.name)) for field in attrs.fields(Order)}


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

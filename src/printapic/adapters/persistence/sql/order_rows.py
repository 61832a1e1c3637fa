"""Orders and their parts as rows, and back."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from printapic.adapters.persistence.sql.documents import (
    money,
    read_acknowledgement,
    read_address,
    read_check,
    read_crop,
    read_print_file,
    read_specification,
    write_acknowledgement,
    write_address,
    write_check,
    write_crop,
    write_print_file,
    write_specification,
)
from printapic.adapters.persistence.sql.transaction import Values
from printapic.domain.actors import Role
from printapic.domain.ids import ImageId, LineId, OrderId, ShipmentId, Sku, UserId
from printapic.domain.money import Currency, CurrencyMismatch, Money
from printapic.domain.orders.line import OrderLine, PrintState
from printapic.domain.orders.order import HistoryEntry, Order, OrderAmounts
from printapic.domain.orders.shipment import Shipment, ShipmentState, ShippedItem
from printapic.domain.orders.status import HoldReason, OrderStatus


def order_values(order: Order) -> Values:
    """The order's own row. Raises `CurrencyMismatch` for amounts in more than one currency."""
    amounts = order.amounts
    if any(part.currency != amounts.currency for part in (amounts.items, amounts.shipping, amounts.tax)):
        raise CurrencyMismatch("an order has one currency")
    return {
        "id": order.id,
        "number": order.number,
        "user_id": order.user_id,
        "status": order.status,
        "total_amount": Decimal(amounts.total.amount),
        "currency": amounts.currency.code,
        "items_minor": amounts.items.minor,
        "shipping_minor": amounts.shipping.minor,
        "discount_minor": amounts.discount.minor,
        "tax_minor": amounts.tax.minor,
        "ship_to": write_address(order.ship_to),
        "shipping_method": order.shipping_method,
        "quote_hash": order.quote_hash,
        "idempotency_key": order.idempotency_key,
        "request_digest": order.request_digest,
        "hold_reason": order.hold_reason,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "expires_at": order.expires_at,
        "edit_until": order.edit_until,
        "claims_until": order.claims_until,
        "version": order.version,
    }


def read_order(
    row: Values, lines: tuple[Values, ...], history: tuple[Values, ...], shipments: tuple[Values, ...]
) -> Order:
    """The order that `order_values` and its parts' functions wrote."""
    return Order(
        id=OrderId(row["id"]),
        number=row["number"],
        user_id=UserId(row["user_id"]),
        status=OrderStatus(row["status"]),
        lines=tuple(_line(values) for values in lines),
        ship_to=read_address(row["ship_to"]),
        shipping_method=row["shipping_method"],
        amounts=OrderAmounts(
            items=money(row["items_minor"], row["currency"]),
            shipping=money(row["shipping_minor"], row["currency"]),
            discount=money(row["discount_minor"], row["currency"]),
            tax=money(row["tax_minor"], row["currency"]),
            total=total_of(row),
        ),
        quote_hash=row["quote_hash"],
        idempotency_key=row["idempotency_key"],
        request_digest=row["request_digest"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        expires_at=row["expires_at"],
        edit_until=row["edit_until"],
        claims_until=row["claims_until"],
        hold_reason=None if row["hold_reason"] is None else HoldReason(row["hold_reason"]),
        shipments=tuple(_shipment(values) for values in shipments),
        history=tuple(_history_entry(values) for values in history),
        version=row["version"],
    )


def total_of(row: Values) -> Money:
    """The total: the DECIMAL has two decimals in every currency, yen too."""
    currency = Currency.known(row["currency"])
    return Money(int(row["total_amount"].scaleb(currency.exponent)), currency)


def line_values(order: Order) -> list[Values]:
    """One row per line, in the customer's order."""
    return [
        {
            "id": line.id,
            "order_id": order.id,
            "position": position,
            "sku": line.sku,
            "product_name": line.product_name,
            "specification": write_specification(line.specification),
            "quantity": line.quantity,
            "unit_price_minor": line.unit_price.minor,
            "line_total_minor": line.line_total.minor,
            "currency": line.line_total.currency.code,
            "image_id": line.image_id,
            "image_sha256": line.image_sha256,
            "crop": write_crop(line.crop),
            "print_check": write_check(line.check),
            "acknowledgements": [write_acknowledgement(consent) for consent in line.acknowledgements],
            "print_state": line.print_state,
            "print_file": write_print_file(line.print_file),
            "print_failure": line.print_failure,
        }
        for position, line in enumerate(order.lines)
    ]


def _line(values: Values) -> OrderLine:
    return OrderLine(
        id=LineId(values["id"]),
        sku=Sku(values["sku"]),
        product_name=values["product_name"],
        specification=read_specification(values["specification"]),
        quantity=values["quantity"],
        unit_price=money(values["unit_price_minor"], values["currency"]),
        line_total=money(values["line_total_minor"], values["currency"]),
        image_id=ImageId(values["image_id"]),
        image_sha256=values["image_sha256"],
        crop=read_crop(values["crop"]),
        check=read_check(values["print_check"]),
        acknowledgements=tuple(read_acknowledgement(consent) for consent in values["acknowledgements"]),
        print_state=PrintState(values["print_state"]),
        print_file=read_print_file(values["print_file"]),
        print_failure=values["print_failure"],
    )


def history_values(order: Order) -> list[Values]:
    """One row per step, oldest first."""
    return [
        {
            "order_id": order.id,
            "position": position,
            "source": entry.source,
            "target": entry.target,
            "pulled": entry.trigger,
            "actor_id": entry.actor_id,
            "role": entry.role,
            "reason": entry.reason,
            "happened_at": entry.at,
        }
        for position, entry in enumerate(order.history)
    ]


def _history_entry(values: Values) -> HistoryEntry:
    return HistoryEntry(
        source=None if values["source"] is None else OrderStatus(values["source"]),
        target=OrderStatus(values["target"]),
        trigger=values["pulled"],
        actor_id=None if values["actor_id"] is None else UserId(values["actor_id"]),
        role=Role(values["role"]),
        reason=values["reason"],
        at=values["happened_at"],
    )


def shipment_values(order: Order) -> list[Values]:
    """One row per parcel, in the order in which they left."""
    return [
        {
            "id": shipment.id,
            "order_id": order.id,
            "position": position,
            "carrier": shipment.carrier,
            "tracking_number": shipment.tracking_number,
            "tracking_url": shipment.tracking_url,
            "items": [{"line_id": str(item.line_id), "quantity": item.quantity} for item in shipment.items],
            "state": shipment.state,
            "handed_over_at": shipment.handed_over_at,
            "delivered_at": shipment.delivered_at,
        }
        for position, shipment in enumerate(order.shipments)
    ]


def _shipment(values: Values) -> Shipment:
    return Shipment(
        id=ShipmentId(values["id"]),
        carrier=values["carrier"],
        tracking_number=values["tracking_number"],
        tracking_url=values["tracking_url"],
        items=tuple(ShippedItem(LineId(UUID(item["line_id"])), item["quantity"]) for item in values["items"]),
        state=ShipmentState(values["state"]),
        handed_over_at=values["handed_over_at"],
        delivered_at=values["delivered_at"],
    )

"""What the customer does on PayPal's page, and their bank afterwards."""

from __future__ import annotations

from printapic.domain.money import Money
from tests.providers.counter import PageClosed
from tests.providers.paypal.authorizations import lapse
from tests.providers.paypal.captures import collect, deny
from tests.providers.paypal.desk import Desk
from tests.providers.paypal.orders import authorization_made
from tests.providers.paypal.records import Authorization, Capture, Means, Order
from tests.providers.paypal.refusals import Refusal
from tests.providers.paypal.representations import order_body


def open_page(desk: Desk, ref: str) -> Order:
    """Raises `PageClosed`."""
    try:
        order = desk.look_up(Order, ref)
    except Refusal:
        raise PageClosed(ref) from None
    if not order.open:
        raise PageClosed(ref)
    return order


def approve(desk: Desk, ref: str, means: Means, *, paid: Money | None = None) -> None:
    """Agree to pay by some means. Raises `PageClosed`."""
    order = open_page(desk, ref)
    order.status, order.approved, order.means, order.paid = "APPROVED", True, means, paid
    order.updated_at = desk.now
    desk.file(order)
    summary = "An order has been approved by buyer"
    desk.announce("CHECKOUT.ORDER.APPROVED", "checkout-order", summary, order_body(desk, order))


def reverse_approval(desk: Desk, ref: str) -> None:
    """The customer's bank takes back what was approved and not captured yet: the order is void.

    Raises `PageClosed` where there is nothing to take back.
    """
    try:
        order = desk.look_up(Order, ref)
    except Refusal:
        raise PageClosed(ref) from None
    if order.status != "APPROVED":
        raise PageClosed(ref)
    order.status, order.updated_at = "VOIDED", desk.now
    desk.file(order)
    whole = order_body(desk, order)
    # No order, though it is about one: this news has a shape of its own.
    resource = {"order_id": order.id, **{name: whole[name] for name in ("purchase_units", "payment_source")}}
    summary = "A payment has been reversed after approval"
    desk.announce("CHECKOUT.PAYMENT-APPROVAL.REVERSED", "payment-approval", summary, resource)


def bank_decides(desk: Desk, ref: str, *, good: bool) -> None:
    """About what is pending under an order. Raises `PageClosed` where nothing is."""
    where: dict[str, str | int] = {"order_id": ref, "status": "PENDING"}
    captures, held = desk.all(Capture, where), desk.all(Authorization, where)
    if not captures and not held:
        raise PageClosed(ref)
    for capture in captures:
        if good:
            collect(desk, capture)
        else:
            deny(desk, capture)
    for authorization in held:
        authorization.status = "CREATED" if good else "DENIED"
        authorization.updated_at = desk.now
        desk.file(authorization)
        if good:
            authorization_made(desk, authorization)


def spend_elsewhere(desk: Desk, ref: str) -> None:
    """Raises `PageClosed` where nothing is held."""
    held = desk.all(Authorization, {"order_id": ref})
    if not held:
        raise PageClosed(ref)
    for authorization in held:
        authorization.empty = True
        desk.file(authorization)


def expire(desk: Desk, ref: str) -> None:
    """The page's time is over, and PayPal forgets the order; or the bank holds the money no longer."""
    order = desk.look_up(Order, ref)
    if order.authorization_id is None:
        if order.status != "COMPLETED":
            order.gone = True
            desk.file(order)
        return
    held = desk.look_up(Authorization, order.authorization_id)
    if held.status in ("CREATED", "PARTIALLY_CAPTURED", "PENDING"):
        held.expires_at = desk.now
        lapse(desk, held)

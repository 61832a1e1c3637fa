"""Orders: opened by the shop, approved by the customer, completed by the shop."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.providers.paypal.amounts import read_amount
from tests.providers.paypal.captures import take
from tests.providers.paypal.desk import Desk, new_id
from tests.providers.paypal.records import Authorization, Capture, Line, Means, Order
from tests.providers.paypal.refusals import back_to_page, bad_request, refused
from tests.providers.paypal.representations import authorization_body, order_body

AUTHORIZED_FOR = timedelta(days=29)
_LONGEST = 127
MOST_REFUSALS = 10
_BACK_TO_PAGE = {Means.DECLINED: "INSTRUMENT_DECLINED", Means.CHALLENGED: "PAYER_ACTION_REQUIRED"}


def create(desk: Desk, body: Mapping[str, Any], *, has_key: bool) -> Order:
    """Raises `Refusal`. With a wallet named, PayPal demands an idempotency key and waits for its owner."""
    intent = body.get("intent")
    if intent is None:
        raise bad_request("MISSING_REQUIRED_PARAMETER", "/intent")
    if intent not in ("CAPTURE", "AUTHORIZE"):
        raise bad_request("INVALID_PARAMETER_VALUE", "/intent")
    units = body.get("purchase_units")
    if not isinstance(units, list) or not units:
        raise bad_request("MISSING_REQUIRED_PARAMETER", "/purchase_units")
    if len(units) > 1:
        raise bad_request("NOT_SUPPORTED", "/purchase_units")
    sources = body.get("payment_source") or {}
    if not isinstance(sources, dict) or set(sources) - {"paypal"}:
        raise bad_request("NOT_SUPPORTED", "/payment_source")
    if sources and not has_key:
        raise bad_request("PAYPAL_REQUEST_ID_REQUIRED")
    unit = units[0]
    if not isinstance(unit, dict):
        raise bad_request("INVALID_PARAMETER_SYNTAX", "/purchase_units/0")
    where = "/purchase_units/@reference_id=='default'"
    order = Order(
        id=new_id(),
        intent=intent,
        status="PAYER_ACTION_REQUIRED" if sources else "CREATED",
        amount=read_amount(unit.get("amount"), f"{where}/amount", if_decimals="DECIMAL_PRECISION"),
        wallet=bool(sources),
        reference_id=text(unit, "reference_id", where, longest=256) or "default",
        custom_id=text(unit, "custom_id", where),
        invoice_id=text(unit, "invoice_id", where),
        description=text(unit, "description", where),
        created_at=desk.now,
        updated_at=desk.now,
    )
    desk.file(order)
    return order


def text(body: Mapping[str, Any], name: str, where: str = "", longest: int = _LONGEST) -> str | None:
    """An optional text of at most `longest` characters. Raises `Refusal`."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise bad_request("INVALID_STRING_LENGTH", f"{where}/{name}")
    return value


def capture(desk: Desk, order_id: str) -> Order:
    """Take what the customer approved. Raises `Refusal`."""
    order = desk.look_up(Order, order_id)
    if order.intent != "CAPTURE":
        raise refused("ACTION_DOES_NOT_MATCH_INTENT")
    if order.status == "COMPLETED":
        raise refused("ORDER_ALREADY_CAPTURED")
    _may_go_on(desk, order)
    _complete(desk, order)
    slow = order.means is Means.SLOW
    take(desk, order, order.paid or order.amount, invoice_id=order.invoice_id, slow=slow)
    if not slow:
        summary = "A checkout order was processed"
        desk.announce("CHECKOUT.ORDER.COMPLETED", "checkout-order", summary, order_body(desk, order))
    return order


def authorize(desk: Desk, order_id: str) -> Order:
    """Let the bank hold what the customer approved. Raises `Refusal`."""
    if desk.forgot(order_id):
        raise refused("ORDER_EXPIRED")
    order = desk.look_up(Order, order_id)
    if order.intent != "AUTHORIZE":
        raise refused("ACTION_DOES_NOT_MATCH_INTENT")
    if order.authorization_id is not None:
        raise refused("ORDER_ALREADY_AUTHORIZED")
    _may_go_on(desk, order)
    slow = order.means is Means.SLOW
    held = Authorization(
        id=new_id(),
        order_id=order.id,
        status="PENDING" if slow else "CREATED",
        amount=order.paid or order.amount,
        custom_id=order.custom_id,
        invoice_id=order.invoice_id,
        expires_at=desk.now + AUTHORIZED_FOR,
        created_at=desk.now,
        updated_at=desk.now,
    )
    desk.file(held)
    _report(desk, held)
    order.authorization_id = held.id
    _complete(desk, order)
    if not slow:
        authorization_made(desk, held)
    return order


def authorization_made(desk: Desk, held: Authorization) -> None:
    summary = "A payment authorization was created"
    desk.announce("PAYMENT.AUTHORIZATION.CREATED", "authorization", summary, authorization_body(desk, held))


def _report(desk: Desk, held: Authorization) -> None:
    """Held money is in the report too, for those who ask for lines that do not move any."""
    desk.file(
        Line(
            id=held.id,
            code="T1300",
            ref=held.id,
            amount=held.amount,
            status="P",
            custom_id=held.custom_id,
            invoice_id=held.invoice_id,
            affects_balance=False,
            at=desk.now,
        )
    )


def _complete(desk: Desk, order: Order) -> None:
    order.status, order.updated_at = "COMPLETED", desk.now
    desk.file(order)


def _may_go_on(desk: Desk, order: Order) -> None:
    if order.status != "APPROVED":
        raise refused("ORDER_NOT_APPROVED")
    if order.invoice_id is not None and _was_paid(desk, order.invoice_id):
        raise refused("DUPLICATE_INVOICE_ID")
    if order.means is Means.REFUSED:
        raise refused("TRANSACTION_REFUSED")
    issue = _BACK_TO_PAGE.get(order.means)
    if issue is not None:
        if order.refusals >= MOST_REFUSALS:
            raise refused("MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED")
        _send_back(desk, order)
        raise back_to_page(issue, order.id)


def _was_paid(desk: Desk, invoice_id: str) -> bool:
    """Our account is set to take each invoice's money once."""
    where: dict[str, str | int] = {"invoice_id": invoice_id}
    declined = ("DECLINED", "FAILED", "DENIED", "VOIDED")
    payments: list[Authorization | Capture] = [*desk.all(Authorization, where), *desk.all(Capture, where)]
    return any(payment.status not in declined for payment in payments)


def _send_back(desk: Desk, order: Order) -> None:
    """The customer may choose again, on the same page."""
    order.status = "PAYER_ACTION_REQUIRED" if order.wallet else "CREATED"
    order.approved, order.refusals, order.updated_at = False, order.refusals + 1, desk.now
    desk.file(order)

"""Authorizations: held by the customer's bank, captured in parts or whole, or given back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from printapic.domain.money import Money
from tests.providers.paypal.amounts import read_amount
from tests.providers.paypal.captures import take
from tests.providers.paypal.desk import Desk, zero
from tests.providers.paypal.orders import text
from tests.providers.paypal.records import Authorization, Capture, Order
from tests.providers.paypal.refusals import bad_request, refused
from tests.providers.paypal.representations import authorization_body

MOST_CAPTURES = 10
HONOURED_FOR = timedelta(days=3)
_OVER = {
    "CAPTURED": "AUTHORIZATION_ALREADY_CAPTURED",
    "VOIDED": "AUTHORIZATION_VOIDED",
    "DENIED": "AUTHORIZATION_DENIED",
    "PENDING": "TRANSACTION_REFUSED",
}


def capture(desk: Desk, authorization_id: str, body: Mapping[str, Any]) -> Capture:
    """Take some or all of what is held; `final_capture` gives the rest back. Raises `Refusal`."""
    held = desk.look_up(Authorization, authorization_id)
    lapse(desk, held)
    if held.expired:
        raise refused("AUTHORIZATION_EXPIRED")
    if held.status in _OVER:
        raise refused(_OVER[held.status])
    earlier = desk.all(Capture, {"authorization_id": held.id})
    if len(earlier) >= MOST_CAPTURES:
        raise refused("MAX_CAPTURE_COUNT_EXCEEDED")
    rest = _rest(held, earlier)
    amount = rest if body.get("amount") is None else read_amount(body["amount"], "/amount")
    if amount.currency != held.amount.currency:
        raise refused("AUTH_CAPTURE_CURRENCY_MISMATCH", "/amount/currency_code")
    # In Europe nothing may be taken beyond what the customer agreed to.
    if amount > rest:
        raise refused("MAX_CAPTURE_AMOUNT_EXCEEDED", "/amount/value")
    final = body.get("final_capture", False)
    if not isinstance(final, bool):
        raise bad_request("INVALID_PARAMETER_SYNTAX", "/final_capture")
    invoice_id = text(body, "invoice_id")
    if invoice_id is not None and desk.all(Capture, {"invoice_id": invoice_id}):
        raise refused("DUPLICATE_INVOICE_ID", "/invoice_id")
    declined = held.empty and desk.now >= held.created_at + HONOURED_FOR
    if not declined:
        held.status = "CAPTURED" if final or amount == rest else "PARTIALLY_CAPTURED"
        held.updated_at = desk.now
        desk.file(held)
    order, invoice_id = desk.look_up(Order, held.order_id), invoice_id or held.invoice_id
    return take(desk, order, amount, invoice_id=invoice_id, declined=declined, held=held, final=final)


def void(desk: Desk, authorization_id: str) -> Authorization:
    """Give back what is held and was not captured. Raises `Refusal`."""
    held = desk.look_up(Authorization, authorization_id)
    lapse(desk, held)
    if held.status == "VOIDED":
        raise refused("PREVIOUSLY_VOIDED")
    if held.status == "CAPTURED":
        raise refused("PREVIOUSLY_CAPTURED")
    _give_back(desk, held)
    return held


def lapse(desk: Desk, held: Authorization) -> None:
    """Banks hold money for 29 days; PayPal calls an authorization voided then."""
    if desk.now >= held.expires_at and held.status in ("CREATED", "PARTIALLY_CAPTURED", "PENDING"):
        held.expired = True
        _give_back(desk, held)


def _give_back(desk: Desk, held: Authorization) -> None:
    held.status, held.updated_at = "VOIDED", desk.now
    desk.file(held)
    summary = "A payment authorization was voided"
    desk.announce("PAYMENT.AUTHORIZATION.VOIDED", "authorization", summary, authorization_body(desk, held))


def _rest(held: Authorization, earlier: list[Capture]) -> Money:
    taken = zero(held.amount)
    for each in earlier:
        if each.status not in ("DECLINED", "FAILED"):
            taken += each.amount
    return held.amount - taken

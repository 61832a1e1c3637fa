"""Refunds: asked for by the shop or made in the dashboard, some of them decided days later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from printapic.application.ports.payments import MovementKind
from printapic.domain.money import Money
from tests.providers.paypal.amounts import read_amount
from tests.providers.paypal.captures import given_back, refunds_of, restate
from tests.providers.paypal.desk import Desk, new_id
from tests.providers.paypal.orders import text
from tests.providers.paypal.records import Capture, Dispute, Line, Refund
from tests.providers.paypal.refusals import refused
from tests.providers.paypal.representations import refund_body

PENDING_FROM_NOW_ON = "refunds_pend"
_LONGEST_NOTE = 255
_NEXT = {
    "PENDING": ("COMPLETED", "FAILED", "CANCELLED"),
    "COMPLETED": ("FAILED", "CANCELLED"),
    "FAILED": (),
    "CANCELLED": (),
}


def give_back(desk: Desk, capture_id: str, body: Mapping[str, Any], *, pends: bool = False) -> Refund:
    """Give a capture back, whole or in part. Raises `Refusal`."""
    capture = desk.look_up(Capture, capture_id)
    rest = _rest(desk, capture)
    whole = body.get("amount") is None
    amount = rest if whole else read_amount(body["amount"], "/amount")
    _check(desk, capture, amount, rest)
    invoice_id = text(body, "invoice_id")
    if invoice_id is not None and desk.all(Refund, {"invoice_id": invoice_id}):
        raise refused("DUPLICATE_INVOICE_ID", "/invoice_id")
    refund = Refund(
        id=new_id(),
        order_id=capture.order_id,
        capture_id=capture.id,
        status="PENDING",
        amount=amount,
        total=capture.amount - rest + amount,
        custom_id=text(body, "custom_id"),
        invoice_id=invoice_id,
        note=text(body, "note_to_payer", longest=_LONGEST_NOTE),
        created_at=desk.now,
        updated_at=desk.now,
    )
    desk.file(refund)
    if pends:
        _announce(desk, "PAYMENT.REFUND.PENDING", "is pending", refund)
    else:
        decide(desk, refund, "COMPLETED")
    return refund


def decide(desk: Desk, refund: Refund, status: str) -> None:
    """What becomes of a refund. One that was completed may fail still: its money comes back to us.

    Raises `ValueError` for a change that PayPal does not know.
    """
    if status not in _NEXT[refund.status]:
        raise ValueError(f"no refund is {refund.status} and then {status}")
    came_back = refund.status == "COMPLETED"
    refund.status, refund.updated_at = status, desk.now
    desk.file(refund)
    restate(desk, desk.look_up(Capture, refund.capture_id))
    if status == "COMPLETED":
        desk.post(_line(desk, refund, refund.id, "T1107", -refund.amount), MovementKind.REFUND)
        _announce(desk, "PAYMENT.CAPTURE.REFUNDED", "was refunded", refund)
    elif came_back:
        desk.post(_line(desk, refund, new_id(), "T1100", refund.amount), MovementKind.REFUND_RETURNED)
    if status == "FAILED":
        _announce(desk, "PAYMENT.REFUND.FAILED", "could not be refunded", refund)


def _rest(desk: Desk, capture: Capture) -> Money:
    if capture.status == "PENDING":
        raise refused("PENDING_CAPTURE")
    if capture.status in ("DECLINED", "FAILED"):
        raise refused("REFUND_NOT_ALLOWED")
    rest = capture.amount - given_back(capture, refunds_of(desk, capture))
    if not rest:
        raise refused("CAPTURE_FULLY_REFUNDED")
    return rest


def _check(desk: Desk, capture: Capture, amount: Money, rest: Money) -> None:
    if amount.currency != capture.amount.currency:
        raise refused("REFUND_CAPTURE_CURRENCY_MISMATCH", "/amount/currency_code")
    if amount > rest:
        raise refused("REFUND_AMOUNT_EXCEEDED", "/amount/value")
    for dispute in desk.all(Dispute, {"capture_id": capture.id}):
        if dispute.took_money and dispute.outcome != "RESOLVED_SELLER_FAVOUR":
            raise refused("REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK")
        if dispute.status != "RESOLVED" and amount != capture.amount:
            raise refused("TRANSACTION_DISPUTED")


def _line(desk: Desk, refund: Refund, id_: str, code: str, amount: Money) -> Line:
    return Line(
        id=id_,
        code=code,
        about=refund.capture_id if id_ == refund.id else refund.id,
        ref=refund.id,
        amount=amount,
        custom_id=refund.custom_id,
        invoice_id=refund.invoice_id,
        at=desk.now,
    )


def _announce(desk: Desk, event_type: str, what: str, refund: Refund) -> None:
    desk.announce(event_type, "refund", f"A {refund.amount} payment {what}", refund_body(desk, refund))

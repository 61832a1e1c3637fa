"""Money taken: at once, or by an electronic cheque that the customer's bank decides about later."""

from __future__ import annotations

from printapic.application.ports.payments import MovementKind
from printapic.domain.money import Money
from tests.providers.paypal.amounts import WITHOUT_DECIMALS
from tests.providers.paypal.desk import Desk, new_id, zero
from tests.providers.paypal.records import Authorization, Capture, Line, Order, Refund
from tests.providers.paypal.representations import capture_body

_FIXED_FEE, _FIXED_FEE_WITHOUT_DECIMALS = 35, 40


def fee_of(amount: Money) -> Money:
    """2.49 % and a fixed part, never more than what came."""
    unit = amount.currency
    fixed = _FIXED_FEE_WITHOUT_DECIMALS * 10**unit.exponent if unit.code in WITHOUT_DECIMALS else _FIXED_FEE
    percentage = amount.share(249, 10_000)
    if unit.code in WITHOUT_DECIMALS:
        percentage = Money(percentage.minor // 10**unit.exponent * 10**unit.exponent, unit)
    return min(Money(percentage.minor + fixed, unit), amount, key=lambda each: each.minor)


def take(
    desk: Desk,
    order: Order,
    amount: Money,
    *,
    invoice_id: str | None,
    slow: bool = False,
    declined: bool = False,
    held: Authorization | None = None,
    final: bool = True,
) -> Capture:
    """Take money under an order, or out of what its authorization holds."""
    capture = Capture(
        id=new_id(),
        order_id=order.id,
        authorization_id=None if held is None else held.id,
        status="PENDING",
        reason="ECHECK",
        amount=amount,
        fee=fee_of(amount),
        final=final,
        custom_id=order.custom_id,
        invoice_id=invoice_id,
        created_at=desk.now,
        updated_at=desk.now,
    )
    if slow:
        desk.file(capture)
        _announce(desk, "PENDING", "Payment pending", capture)
    elif declined:
        deny(desk, capture, word="DECLINED")
    else:
        collect(desk, capture)
    return capture


def collect(desk: Desk, capture: Capture) -> None:
    """The money is ours."""
    capture.status, capture.reason, capture.updated_at = "COMPLETED", None, desk.now
    desk.file(capture)
    line = Line(
        id=capture.id,
        code="T0006",
        about=capture.authorization_id,
        ref=capture.id,
        amount=capture.amount,
        fee=-capture.fee,
        custom_id=capture.custom_id,
        invoice_id=capture.invoice_id,
        at=desk.now,
    )
    desk.post(line, MovementKind.CAPTURE)
    _announce(desk, "COMPLETED", "Payment completed", capture)


def deny(desk: Desk, capture: Capture, *, word: str = "DENIED") -> None:
    """The customer's bank says no: after days, or at once (`DECLINED`)."""
    capture.status, capture.reason, capture.updated_at = "DECLINED", None, desk.now
    desk.file(capture)
    _announce(desk, word, "Payment denied", capture)


def refunds_of(desk: Desk, capture: Capture) -> list[Refund]:
    """All that were not given up."""
    found = desk.all(Refund, {"capture_id": capture.id})
    return [refund for refund in found if refund.status in ("PENDING", "COMPLETED")]


def given_back(capture: Capture, refunds: list[Refund]) -> Money:
    """The sum of these."""
    total = zero(capture.amount)
    for refund in refunds:
        total += refund.amount
    return total


def restate(desk: Desk, capture: Capture) -> None:
    """Say of a capture how much of it went back."""
    gone = given_back(capture, [each for each in refunds_of(desk, capture) if each.status == "COMPLETED"])
    status = "PARTIALLY_REFUNDED" if gone else "COMPLETED"
    capture.status = "REFUNDED" if gone == capture.amount else status
    capture.updated_at = desk.now
    desk.file(capture)


def _announce(desk: Desk, word: str, what: str, capture: Capture) -> None:
    summary = f"{what} for {capture.amount}"
    desk.announce(f"PAYMENT.CAPTURE.{word}", "capture", summary, capture_body(desk, capture))

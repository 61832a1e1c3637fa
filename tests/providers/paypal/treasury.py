"""Our money at PayPal, apart from any checkout: payouts, conversions, and a report that may be wrong."""

from __future__ import annotations

from printapic.application.ports.payments import MovementKind
from printapic.domain.money import Money
from tests.providers.paypal.desk import Desk, new_id
from tests.providers.paypal.records import Line


def pay_out(desk: Desk, amount: Money) -> str:
    """Send money to our bank; the line's id."""
    return _post(desk, "T0400", MovementKind.PAYOUT, -amount)


def charge(desk: Desk, amount: Money) -> str:
    """Charge a month's fee for the account; the line's id."""
    return _post(desk, "T0101", MovementKind.FEE, -amount)


def return_payout(desk: Desk, payout: str) -> str:
    """Our bank sends a payout back; the id of the line that says so. Raises `Refusal`: 404."""
    sent = desk.look_up(Line, payout)
    return _post(desk, "T1101", MovementKind.PAYOUT_RETURNED, -sent.amount, about=payout)


def convert(desk: Desk, gives: Money, gets: Money) -> tuple[str, str]:
    """Change money of one currency into another; the ids of both lines."""
    given = _post(desk, "T0200", MovementKind.CONVERSION, -gives)
    return given, _post(desk, "T0200", MovementKind.CONVERSION, gets, about=given)


def misreport(
    desk: Desk, line_id: str, *, amount: Money | None = None, fee: Money | None = None, hide: bool = False
) -> None:
    """Let the report tell a line wrongly, or not at all; the books stay right. Raises `Refusal`: 404."""
    line = desk.look_up(Line, line_id)
    line.amount = line.amount if amount is None else amount
    line.fee = line.fee if fee is None else -fee
    line.hidden = hide
    desk.file(line)


def _post(desk: Desk, code: str, kind: MovementKind, amount: Money, *, about: str | None = None) -> str:
    line_id = new_id()
    desk.post(Line(id=line_id, code=code, about=about, ref=line_id, amount=amount, at=desk.now), kind)
    return line_id

"""Lines of PayPal's report: what kind of movement each is, and what it is about.

Event codes are those of PayPal's "transaction event codes": `T` and two digits for the group, two for the
kind within it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from printapic.adapters.payments.paypal.answers import moment
from printapic.adapters.payments.paypal.api import PayPalApi
from printapic.adapters.payments.paypal.currencies import Amount, money_of
from printapic.adapters.payments.paypal.disputes import dispute_fact
from printapic.adapters.payments.paypal.lookup import Lookup
from printapic.adapters.payments.paypal.wire import Ref
from printapic.application.ports.payments import Movement, MovementKind
from printapic.domain.money import Money
from printapic.domain.payments.snapshot import DisputeMovement

_PAYMENT, _REFUND, _WITHDRAWAL_RETURNED, _DEPOSIT_RETURNED = "T00", "T1107", "T1101", "T1104"
_GENERAL_REVERSAL = "T1100"
_FEES_RETURNED = frozenset({"T1108", "T1109"})
_CONTESTED = frozenset({"T1106", "T1110", "T1111", "T1201", "T1202", "T1205", "T1207", "T1208"})
_BY_GROUP = {
    "T01": MovementKind.FEE,
    "T02": MovementKind.CONVERSION,
    "T03": MovementKind.TOP_UP,
    "T04": MovementKind.PAYOUT,
}


class Line(msgspec.Struct, frozen=True):
    """One line of the report. D: denied; P: pending; S: done; V: done, and taken back by another line."""

    transaction_id: Ref
    transaction_event_code: str
    transaction_initiation_date: str
    transaction_amount: Amount
    transaction_status: Literal["D", "P", "S", "V"]
    fee_amount: Amount | None = None
    paypal_reference_id: Ref | None = None
    custom_field: str | None = None

    @property
    def moved(self) -> bool:
        return self.transaction_status in ("S", "V")


class KnownDisputes:
    """The disputed money of captures, looked up once for each of them."""

    def __init__(self, api: PayPalApi) -> None:
        self._api = api
        self._movements: dict[str, list[DisputeMovement]] = {}

    def about(self, capture_ref: str) -> list[DisputeMovement]:
        """Raises what a look-up raises."""
        if capture_ref not in self._movements:
            disputes = Lookup(self._api.conversation()).disputes_of(capture_ref)
            facts = [dispute_fact(dispute, capture_ref=capture_ref) for dispute in disputes]
            self._movements[capture_ref] = [movement for fact in facts for movement in fact.movements]
        return self._movements[capture_ref]


def movement_of(line: Line, disputes: KnownDisputes) -> Movement:
    """Raises `Unreadable`, and what a look-up raises."""
    amount = money_of(line.transaction_amount)
    kind = kind_of(line.transaction_event_code, amount)
    return Movement(
        id=line.transaction_id,
        ref=_ref(line, kind, amount, disputes),
        kind=kind,
        amount=amount,
        # PayPal writes what it keeps as a negative amount.
        fee=None if line.fee_amount is None else -money_of(line.fee_amount),
        about=line.paypal_reference_id,
        occurred_at=moment(line.transaction_initiation_date),
    )


def kind_of(code: str, amount: Money) -> MovementKind:
    """What a code means for us, who receive payments: a code of which we do not know more is OTHER."""
    came = amount.minor > 0
    if code.startswith(_PAYMENT):
        return MovementKind.CAPTURE if came else MovementKind.OTHER
    if code == _REFUND or (code == _GENERAL_REVERSAL and came):
        return MovementKind.REFUND_RETURNED if came else MovementKind.REFUND
    if code in _CONTESTED or code == _GENERAL_REVERSAL:
        return MovementKind.DISPUTE_RETURNED if came else MovementKind.DISPUTE
    if code == _WITHDRAWAL_RETURNED:
        return MovementKind.PAYOUT_RETURNED
    if code == _DEPOSIT_RETURNED:
        return MovementKind.TOP_UP
    if code in _FEES_RETURNED:
        return MovementKind.FEE
    return _BY_GROUP.get(code[:3], MovementKind.OTHER)


def _ref(line: Line, kind: MovementKind, amount: Money, disputes: KnownDisputes) -> str:
    about = line.paypal_reference_id
    match kind:
        case MovementKind.DISPUTE | MovementKind.DISPUTE_RETURNED if about:
            return _disputed(line, about, disputes, amount=amount) or line.transaction_id
        case MovementKind.FEE if about:
            return _disputed(line, about, disputes, fee=-amount) or about
        case MovementKind.REFUND_RETURNED:
            return about or line.transaction_id
        case _:
            return line.transaction_id


def _disputed(
    line: Line,
    capture_ref: str,
    disputes: KnownDisputes,
    *,
    amount: Money | None = None,
    fee: Money | None = None,
) -> str | None:
    """The movement of a dispute about this capture that is nearest in time, among those of this amount."""
    at = moment(line.transaction_initiation_date)
    same = [
        movement
        for movement in disputes.about(capture_ref)
        if (amount is not None and movement.amount == amount) or (fee is not None and movement.fee == fee)
    ]
    nearest = min(same, key=lambda movement: (abs(movement.occurred_at - at), movement.ref), default=None)
    return None if nearest is None else nearest.ref

"""Disputes: somebody asks, or a bank takes the money back until PayPal or the bank has decided."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from printapic.application.ports.payments import MovementKind
from printapic.domain.money import Money
from tests.providers.books import Json
from tests.providers.paypal.amounts import WITHOUT_DECIMALS, amount_body
from tests.providers.paypal.desk import Desk, new_id
from tests.providers.paypal.records import Capture, Dispute, Line, MoneyMovement
from tests.providers.paypal.reporting import number
from tests.providers.paypal.representations import capture_body, link, time_text

ANSWER_WITHIN = timedelta(days=10)
_FEE_MINOR = 1600
_USUAL_PAGE, _MOST_IN_PAGE = 10, 50


def open_dispute(desk: Desk, capture: Capture, amount: Money, *, inquiry: bool) -> Dispute:
    """A chargeback takes the money, and a fee; an inquiry only asks."""
    dispute = Dispute(
        id=f"PP-R-{new_id()[:3]}-{secrets.randbelow(10**8):08}",
        order_id=capture.order_id,
        capture_id=capture.id,
        status="OPEN",
        state="OPEN_INQUIRIES",
        stage="INQUIRY",
        channel="INTERNAL",
        reason="MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
        amount=amount,
        respond_by=desk.now + ANSWER_WITHIN,
        created_at=desk.now,
        updated_at=desk.now,
    )
    if not inquiry:
        _charge_back(desk, dispute)
    desk.file(dispute)
    _announce(desk, "CREATED", "A new dispute opened", dispute)
    return dispute


def escalate(desk: Desk, dispute: Dispute) -> None:
    """What began with a question becomes a chargeback. Raises `ValueError` where it is one or was decided."""
    _still_open(dispute)
    if dispute.took_money:
        raise ValueError("the dispute is a chargeback already")
    _charge_back(desk, dispute)
    _update(desk, dispute)


def win(desk: Desk, dispute: Dispute) -> None:
    """The money comes back, the fee does not. Raises `ValueError` where it was decided."""
    _still_open(dispute)
    if dispute.took_money:
        _move(desk, dispute, "CREDIT", "DISPUTE_SETTLEMENT", dispute.amount)
    _resolve(desk, dispute, "RESOLVED_SELLER_FAVOUR")


def lose(desk: Desk, dispute: Dispute) -> None:
    """The customer has the money for good. Raises `ValueError` where it was decided."""
    _still_open(dispute)
    if not dispute.took_money:
        _charge_back(desk, dispute)
    settled = MoneyMovement(
        party="BUYER", kind="CREDIT", reason="DISPUTE_SETTLEMENT", amount=dispute.amount, at=desk.now
    )
    dispute.movements.append(settled)
    _resolve(desk, dispute, "RESOLVED_BUYER_FAVOUR")


def dispute_body(desk: Desk, dispute: Dispute) -> Json:
    body: Json = {
        "dispute_id": dispute.id,
        "create_time": _precise(dispute.created_at),
        "update_time": _precise(dispute.updated_at),
        "disputed_transactions": [_transaction(desk.look_up(Capture, dispute.capture_id), dispute)],
        "reason": dispute.reason,
        "status": dispute.status,
        "dispute_state": dispute.state,
        "dispute_amount": amount_body(dispute.amount),
        "dispute_life_cycle_stage": dispute.stage,
        "dispute_channel": dispute.channel,
        "links": [link(f"{desk.hosts.api}/v1/customer/disputes/{dispute.id}", "self")],
    }
    if dispute.status != "RESOLVED":
        body["seller_response_due_date"] = _precise(dispute.respond_by)
    if dispute.outcome is not None:
        body["dispute_outcome"] = {"outcome_code": dispute.outcome}
    if dispute.movements:
        body["money_movements"] = [_movement_body(movement) for movement in dispute.movements]
    return body


def summary_body(desk: Desk, dispute: Dispute) -> Json:
    """What a list tells of each: no movements, no transactions."""
    whole = dispute_body(desk, dispute)
    left_out = ("disputed_transactions", "dispute_outcome", "money_movements")
    return {name: value for name, value in whole.items() if name not in left_out}


def _still_open(dispute: Dispute) -> None:
    if dispute.status == "RESOLVED":
        raise ValueError("the dispute is decided")


def page(desk: Desk, query: Mapping[str, str]) -> Json:
    """Disputes, of one transaction if the shop names it. The contract knows no empty list."""
    transaction = query.get("disputed_transaction_id")
    found = desk.all(Dispute, None if transaction is None else {"capture_id": transaction})
    size = number(query, "page_size", _USUAL_PAGE, most=_MOST_IN_PAGE)
    begins = number(query, "next_page_token", 0, least=0, most=len(found))
    at = f"{desk.hosts.api}/v1/customer/disputes"
    body: Json = {"links": [link(at, "self")]}
    if shown := found[begins : begins + size]:
        body["items"] = [summary_body(desk, dispute) for dispute in shown]
    if begins + size < len(found):
        body["links"].append(link(f"{at}?page_size={size}&next_page_token={begins + size}", "next"))
    return body


def _charge_back(desk: Desk, dispute: Dispute) -> None:
    dispute.status, dispute.state = "WAITING_FOR_SELLER_RESPONSE", "REQUIRED_ACTION"
    dispute.stage, dispute.channel = "CHARGEBACK", "EXTERNAL"
    _move(desk, dispute, "DEBIT", "DISPUTE_SETTLEMENT", dispute.amount)
    _move(desk, dispute, "DEBIT", "CHARGEBACK_FEE", _fee(dispute.amount))
    capture = desk.look_up(Capture, dispute.capture_id)
    desk.announce(
        "PAYMENT.CAPTURE.REVERSED", "refund", "A payment was reversed", _reversal(desk, dispute, capture)
    )


def _resolve(desk: Desk, dispute: Dispute, outcome: str) -> None:
    dispute.status, dispute.state, dispute.outcome = "RESOLVED", "RESOLVED", outcome
    _update(desk, dispute, "RESOLVED", "A dispute was resolved")


def _update(desk: Desk, dispute: Dispute, word: str = "UPDATED", what: str = "A dispute was updated") -> None:
    dispute.updated_at = desk.now
    desk.file(dispute)
    _announce(desk, word, what, dispute)


_CODES = {
    ("DEBIT", "DISPUTE_SETTLEMENT"): ("T1201", MovementKind.DISPUTE),
    ("CREDIT", "DISPUTE_SETTLEMENT"): ("T1202", MovementKind.DISPUTE_RETURNED),
    ("DEBIT", "CHARGEBACK_FEE"): ("T0106", MovementKind.FEE),
}


def _move(desk: Desk, dispute: Dispute, kind: str, reason: str, amount: Money) -> None:
    movement = MoneyMovement(party="SELLER", kind=kind, reason=reason, amount=amount, at=desk.now)
    dispute.movements.append(movement)
    code, meaning = _CODES[kind, reason]
    line = Line(
        id=new_id(),
        code=code,
        about=dispute.capture_id,
        ref=f"{dispute.id}:{_precise(movement.at)}:{kind}",
        amount=amount if kind == "CREDIT" else -amount,
        at=desk.now,
    )
    desk.post(line, meaning)


def _fee(amount: Money) -> Money:
    unit = amount.currency
    return Money(_FEE_MINOR // 100 * 10**unit.exponent if unit.code in WITHOUT_DECIMALS else _FEE_MINOR, unit)


def _movement_body(movement: MoneyMovement) -> Json:
    return {
        "affected_party": movement.party,
        "amount": amount_body(movement.amount),
        "initiated_time": _precise(movement.at),
        "type": movement.kind,
        "reason": movement.reason,
    }


def _transaction(capture: Capture, dispute: Dispute) -> Json:
    body: Json = {
        "buyer_transaction_id": capture.id[::-1],
        "seller_transaction_id": capture.id,
        "create_time": _precise(capture.created_at),
        "transaction_status": "REVERSED" if dispute.took_money else "COMPLETED",
        "gross_amount": amount_body(capture.amount),
    }
    if capture.invoice_id is not None:
        body["invoice_number"] = capture.invoice_id
    if capture.custom_id is not None:
        body["custom"] = capture.custom_id
    return body


def _reversal(desk: Desk, dispute: Dispute, capture: Capture) -> Json:
    """In this news a reversal looks like a refund; nothing of its id can be fetched anywhere."""
    whole = capture_body(desk, capture)
    return {
        "id": new_id(),
        "status": "COMPLETED",
        "amount": amount_body(dispute.amount),
        **{name: whole[name] for name in ("custom_id", "invoice_id") if name in whole},
        "create_time": time_text(desk.now),
        "update_time": time_text(desk.now),
        "links": [link(f"{desk.hosts.api}/v2/payments/captures/{capture.id}", "up")],
    }


def _precise(at: datetime) -> str:
    """Disputes are told with milliseconds, everything else without."""
    return time_text(at).replace("Z", ".000Z")


def _announce(desk: Desk, word: str, what: str, dispute: Dispute) -> None:
    summary = f"{what} with case {dispute.id}"
    desk.announce(f"CUSTOMER.DISPUTE.{word}", "dispute", summary, dispute_body(desk, dispute))

"""Disputes: the customer's bank asks, takes, decides. And early warnings, and payouts: the other news."""

from __future__ import annotations

from printapic.application.ports.payments import MovementKind
from tests.providers.books import Json
from tests.providers.stripe import balance, templates
from tests.providers.stripe.account import Account, new_id

ANSWER_WITHIN_S = 9 * 24 * 3600
NEXT = {
    "warning_needs_response": {"warning_under_review", "warning_closed", "needs_response"},
    "warning_under_review": {"warning_closed", "needs_response"},
    "needs_response": {"under_review", "won", "lost"},
    "under_review": {"won", "lost"},
    "lost": {"won"},
}


def begin(account: Account, charge: Json, amount: int, *, inquiry: bool) -> Json:
    """The bank contests a charge, and takes the money unless it only asks."""
    if not charge["captured"] or not 0 < amount <= charge["amount_captured"]:
        raise ValueError("no more can be disputed than was taken")
    dispute = templates.dispute(
        due_by=account.now + ANSWER_WITHIN_S,
        id=new_id("du"),
        amount=amount,
        charge=charge["id"],
        created=account.now,
        currency=charge["currency"],
        is_charge_refundable=inquiry,
        payment_intent=charge["payment_intent"],
        payment_method_details={
            "card": {
                "brand": "visa",
                "case_type": "inquiry" if inquiry else "chargeback",
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        status="warning_needs_response" if inquiry else "needs_response",
    )
    account.save({**charge, "disputed": True})
    if not inquiry:
        _withdraw(account, dispute)
    account.save(dispute)
    account.announce("charge.dispute.created", dispute)
    if not inquiry:
        account.announce("charge.dispute.funds_withdrawn", dispute)
    return dispute


def decide(account: Account, dispute: Json, status: str) -> None:
    """How a dispute goes on. Raises `ValueError` for a way that it cannot take."""
    before = dispute["status"]
    if status not in NEXT.get(before, ()):
        raise ValueError(f"a dispute that is {before} cannot become {status}")
    dispute["status"] = status
    if status == "needs_response":
        dispute["is_charge_refundable"] = False
        _withdraw(account, dispute)
    if status == "won":
        _book(account, dispute, MovementKind.DISPUTE_RETURNED, dispute["amount"])
    account.save(dispute)
    closed = status in {"won", "lost", "warning_closed"}
    account.announce(f"charge.dispute.{'closed' if closed else 'updated'}", dispute)
    if status == "needs_response":
        account.announce("charge.dispute.funds_withdrawn", dispute)
    if status == "won":
        account.announce("charge.dispute.funds_reinstated", dispute)


def _withdraw(account: Account, dispute: Json) -> None:
    _book(account, dispute, MovementKind.DISPUTE, -dispute["amount"])


def _book(account: Account, dispute: Json, kind: MovementKind, amount: int) -> None:
    line = balance.move(account, kind, amount, dispute["currency"], of=dispute)
    dispute["balance_transactions"].append(line)


def warn(account: Account, charge: Json) -> None:
    """The bank suspects fraud, before anybody disputes anything."""
    account.announce(
        "radar.early_fraud_warning.created",
        {
            "id": new_id("issfr"),
            "object": "radar.early_fraud_warning",
            "actionable": not charge["refunded"] and not charge["disputed"],
            "charge": charge["id"],
            "created": account.now,
            "fraud_type": "made_with_stolen_card",
            "livemode": False,
            "payment_intent": charge["payment_intent"],
        },
    )


def pay_out(account: Account, amount: int, currency: str) -> Json:
    """Send money to our bank."""
    payout = templates.payout(
        id=new_id("po"), amount=amount, arrival_date=account.now, created=account.now, currency=currency
    )
    line = balance.move(account, MovementKind.PAYOUT, -amount, currency, of=payout)
    payout["balance_transaction"] = line["id"]
    account.save(payout)
    account.announce("payout.paid", payout)
    return payout


def payout_fails(account: Account, payout: Json) -> None:
    """Our bank sends the money back. Raises `ValueError` where that happened already."""
    if payout["status"] != "paid":
        raise ValueError("only a payout that was paid can fail")
    line = balance.move(
        account, MovementKind.PAYOUT_RETURNED, payout["amount"], payout["currency"], of=payout
    )
    payout.update(
        failure_balance_transaction=line["id"],
        failure_code="account_closed",
        failure_message="The bank account has been closed.",
        status="failed",
    )
    account.save(payout)
    account.announce("payout.failed", payout)

"""Refunds: asked for over the API or made in the dashboard, decided at once or later."""

from __future__ import annotations

from typing import Any

from printapic.application.ports.payments import MovementKind
from tests.providers.books import Json
from tests.providers.stripe import balance, templates
from tests.providers.stripe.account import Account, new_id
from tests.providers.stripe.forms import Spec, integer, metadata, one_of, text
from tests.providers.stripe.refusals import Refused, invalid, missing

CREATE: dict[str, Spec] = {
    "amount": integer,
    "charge": text,
    "expand": [text],
    "metadata": metadata,
    "payment_intent": text,
    "reason": one_of("duplicate", "fraudulent", "requested_by_customer"),
}
PEND = "refunds_pend"
ENDINGS = {"pending": {"succeeded", "failed", "canceled"}, "succeeded": {"failed"}}


def create(account: Account, form: dict[str, Any]) -> Json:
    """Give money back; it moves now unless refunds pend. Raises `Refused`."""
    charge = _charge(account, form)
    rest = charge["amount"] - charge["amount_refunded"]
    amount = form.get("amount", rest)
    if amount < 1 and "amount" in form:
        raise invalid("amount", "Invalid positive integer", "parameter_invalid_integer")
    if not charge["captured"]:
        raise Refused(f"Charge {charge['id']} was never captured: cancel its PaymentIntent instead.")
    if charge["disputed"] and not _refundable(account, charge):
        raise Refused(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if rest < 1:
        raise Refused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if amount > rest:
        raise Refused(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({rest})", param="amount"
        )
    pends = bool(account.entry.setting(PEND))
    return make(
        account,
        charge,
        amount,
        status="pending" if pends else "succeeded",
        reason=form.get("reason"),
        tags=form.get("metadata", {}),
    )


def _charge(account: Account, form: dict[str, Any]) -> Json:
    if ("charge" in form) == ("payment_intent" in form):
        raise Refused("One, and only one, of charge and payment_intent has to be given.", executed=False)
    if "charge" in form:
        return account.load("charge", form["charge"], param="charge")
    intent = account.load("payment_intent", form["payment_intent"], param="payment_intent")
    if intent["status"] != "succeeded":
        raise Refused(f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.")
    return account.load("charge", intent["latest_charge"])


def _refundable(account: Account, charge: Json) -> bool:
    return all(each["is_charge_refundable"] for each in account.find("dispute", charge=charge["id"]))


def make(
    account: Account, charge: Json, amount: int, *, status: str, reason: str | None, tags: dict[str, str]
) -> Json:
    """A refund of this status, by whomever."""
    refund = templates.refund(
        id=new_id("re" if charge["id"].startswith("ch_") else "pyr"),
        amount=amount,
        charge=charge["id"],
        created=account.now,
        currency=charge["currency"],
        destination_details={"card": {"type": "refund"}, "type": "card"},
        metadata=tags,
        payment_intent=charge["payment_intent"],
        reason=reason,
        status="pending",
        pending_reason="insufficient_funds",
    )
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    account.save(charge)
    account.save(refund)
    if status != "pending":
        _end(account, refund, status)
    account.announce("refund.created", refund)
    account.announce("charge.refunded", charge)
    return refund


def decide(account: Account, refund: Json, status: str) -> None:
    """What became of a refund. Raises `ValueError` for an ending that cannot be."""
    if status not in ENDINGS.get(refund["status"], ()):
        raise ValueError(f"a refund that {refund['status']} cannot become {status}")
    _end(account, refund, status)
    if status != "succeeded":
        charge = account.load("charge", refund["charge"])
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        account.save(charge)
    account.announce("refund.updated", refund)
    account.announce("charge.refund.updated", refund)
    if status == "failed":
        account.announce("refund.failed", refund)


def _end(account: Account, refund: Json, status: str) -> None:
    unit, amount = refund["currency"], refund["amount"]
    if status == "succeeded":
        line = balance.move(account, MovementKind.REFUND, -amount, unit, of=refund)
        refund["balance_transaction"] = line["id"]
    elif refund["status"] == "succeeded":
        line = balance.move(account, MovementKind.REFUND_RETURNED, amount, unit, of=refund)
        refund["failure_balance_transaction"] = line["id"]
    if status == "failed":
        refund["failure_reason"] = "expired_or_canceled_card"
    refund.pop("pending_reason", None)
    refund["status"] = status
    account.save(refund)


def of_charge(query: dict[str, Any], account: Account) -> dict[str, str | int]:
    """What a list of refunds or disputes is narrowed by. Raises `Refused` for what does not exist."""
    where: dict[str, str | int] = {}
    for kind in ("charge", "payment_intent"):
        if kind in query:
            if account.entry.get(kind, query[kind]) is None:
                raise missing(kind, query[kind], kind)
            where[kind] = query[kind]
    return where

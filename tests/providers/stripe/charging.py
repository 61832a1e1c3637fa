"""Stripe's state machines of money coming in: attempts, authorizations, captures, releases, endings."""

from __future__ import annotations

from typing import Literal

from printapic.application.ports.payments import MovementKind
from tests.providers.books import Json
from tests.providers.stripe import balance, templates
from tests.providers.stripe.account import Account, new_id

HELD_FOR_S = 7 * 24 * 3600
"""How long banks hold an authorization."""
SETTLES_AFTER_S = 3600
"""When the books show a charge that was captured `automatic_async`: within the hour, they say."""


def begin(account: Account, session: Json, *, amount: int | None = None, currency: str | None = None) -> Json:
    """The session's intent, made when the customer first presses the button."""
    if session["payment_intent"]:
        intent = account.load("payment_intent", session["payment_intent"])
    else:
        asked = session["payment_intent_data"]
        id_ = new_id("pi")
        intent = templates.intent(
            id=id_,
            client_secret=f"{id_}_secret_{new_id('x').removeprefix('x_')}",
            created=account.now,
            capture_method=asked.get("capture_method", "automatic_async"),
            description=asked.get("description"),
            statement_descriptor_suffix=asked.get("statement_descriptor_suffix"),
            metadata=asked.get("metadata", {}),
            payment_method_types=session["payment_method_types"],
        )
        session["payment_intent"] = id_
        account.save(session)
    intent["amount"] = session["amount_total"] if amount is None else amount
    intent["currency"] = currency or session["currency"]
    return intent


def charge(
    account: Account, intent: Json, *, status: Literal["succeeded", "pending", "failed"], details: Json
) -> Json:
    """A new attempt to charge what the intent asks for."""
    made = templates.charge(
        id=new_id("ch" if details["type"] == "card" else "py"),
        amount=intent["amount"],
        created=account.now,
        currency=intent["currency"],
        metadata=intent["metadata"],
        paid=status == "succeeded",
        payment_intent=intent["id"],
        payment_method=new_id("pm"),
        payment_method_details=details,
        outcome=templates.outcome(approved=status != "failed", delayed=details["type"] != "card"),
        status=status,
    )
    intent["latest_charge"] = made["id"]
    intent["payment_method"] = made["payment_method"]
    return account.save(made)


def take(account: Account, intent: Json, charge: Json, amount: int) -> None:
    """Money comes in: the whole charge, or the part of an authorization that was captured."""
    charge.update(amount_captured=amount, captured=True, paid=True, status="succeeded")
    if intent["capture_method"] == "automatic_async":
        due = account.now + SETTLES_AFTER_S
        account.save({"id": charge["id"], "object": "unsettled", "due": due, "done": False})
    else:
        _settle(account, charge)
    account.save(charge)
    intent.update(
        amount_capturable=0,
        amount_received=amount,
        last_payment_error=None,
        next_action=None,
        processing=None,
        status="succeeded",
    )
    account.save(intent)


def _settle(account: Account, charge: Json) -> None:
    amount = charge["amount_captured"]
    line = balance.move(account, MovementKind.CAPTURE, amount, charge["currency"], of=charge)
    charge["balance_transaction"] = line["id"]


def release(account: Account, charge: Json, *, reason: str | None = None) -> None:
    """Give an authorization's rest back. Stripe shows that as a refund, although no money ever moved."""
    rest = charge["amount"] - charge["amount_captured"]
    if not rest:
        return
    account.save(
        templates.refund(
            id=new_id("re"),
            amount=rest,
            charge=charge["id"],
            created=account.now,
            currency=charge["currency"],
            destination_details={"card": {"type": "reversal"}, "type": "card"},
            metadata={},
            payment_intent=charge["payment_intent"],
            reason=reason,
            status="succeeded",
        )
    )
    charge["amount_refunded"] += rest
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    account.save(charge)
    account.announce("charge.refunded", charge)


def fail(account: Account, intent: Json, *, code: str, message: str) -> None:
    """An attempt came to nothing: the intent wants another means."""
    intent.update(
        last_payment_error={
            "code": code,
            "message": message,
            "type": "card_error",
            **({"charge": intent["latest_charge"]} if intent["latest_charge"] else {}),
        },
        next_action=None,
        processing=None,
        status="requires_payment_method",
    )
    account.save(intent)


def cancel(account: Account, intent: Json, reason: str | None) -> None:
    """End an intent that took nothing; what a bank holds for it is released."""
    held = intent["status"] == "requires_capture"
    intent.update(
        amount_capturable=0,
        canceled_at=account.now,
        cancellation_reason=reason,
        next_action=None,
        processing=None,
        status="canceled",
    )
    account.save(intent)
    if held:
        charge = account.load("charge", intent["latest_charge"])
        if reason == "automatic":
            account.announce("charge.expired", charge)
        release(account, charge, reason="expired_uncaptured_charge" if reason == "automatic" else None)
    account.announce("payment_intent.canceled", intent)


def expire_session(account: Account, session: Json) -> None:
    """The page's time is over, or the shop ends it."""
    session.update(status="expired", url=None)
    account.save(session)
    if session["payment_intent"]:
        cancel(account, account.load("payment_intent", session["payment_intent"]), "expired")
    account.announce("checkout.session.expired", shown(session))


def expire_hold(account: Account, intent: Json) -> None:
    """The bank lets go of an authorization that nobody captured."""
    cancel(account, intent, "automatic")


def sweep(account: Account) -> None:
    """Let everything happen that happens by time alone, before anybody looks."""
    for session in account.find("checkout.session", status="open"):
        if session["expires_at"] <= account.now:
            expire_session(account, session)
    for intent in account.find("payment_intent", status="requires_capture"):
        charge = account.load("charge", intent["latest_charge"])
        if charge["payment_method_details"]["card"]["capture_before"] <= account.now:
            expire_hold(account, intent)

    for waiting in account.find("unsettled", done=False):
        if waiting["due"] <= account.now:
            charge = account.load("charge", waiting["id"])
            _settle(account, charge)
            account.save(charge)
            account.save({**waiting, "done": True})
            account.announce("charge.updated", charge)


def shown(session: Json) -> Json:
    """A session as the world sees it: without what we keep with it for later."""
    return {name: value for name, value in session.items() if name not in {"payment_intent_data", "items"}}

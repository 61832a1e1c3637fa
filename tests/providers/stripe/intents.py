"""Payment intents over the API: authorized money taken or given back."""

from __future__ import annotations

from typing import Any

from tests.providers.books import Json
from tests.providers.stripe import charging
from tests.providers.stripe.account import Account
from tests.providers.stripe.forms import Spec, boolean, integer, metadata, one_of, text
from tests.providers.stripe.refusals import Refused, invalid, unexpected_state

CAPTURE: dict[str, Spec] = {
    "amount_to_capture": integer,
    "expand": [text],
    "final_capture": boolean,
    "metadata": metadata,
}
CANCEL: dict[str, Spec] = {
    "cancellation_reason": one_of("abandoned", "duplicate", "fraudulent", "requested_by_customer"),
    "expand": [text],
}
CANCELABLE = (
    "requires_payment_method, requires_capture, requires_reauthorization, requires_confirmation,"
    " requires_action"
)


def capture(account: Account, intent: Json, form: dict[str, Any]) -> Json:
    """Take authorized money, once: what is not taken goes back. Raises `Refused`."""
    if intent["status"] != "requires_capture":
        raise unexpected_state(
            f"This PaymentIntent could not be captured because it has a status of {intent['status']}. Only a"
            " PaymentIntent with one of the following statuses may be captured: requires_capture.",
            intent,
        )
    asked = form.get("amount_to_capture")
    amount = intent["amount_capturable"] if asked is None else asked
    if amount < 1:
        raise invalid("amount_to_capture", "Invalid positive integer", "parameter_invalid_integer")
    if amount > intent["amount_capturable"]:
        raise Refused(
            "The requested capture amount is greater than the amount you can capture for this charge.",
            code="amount_too_large",
            param="amount_to_capture",
        )
    if form.get("final_capture") is False:
        raise Refused(
            "This PaymentIntent cannot be captured more than once: multicapture is not available.",
            param="final_capture",
        )
    intent["metadata"] = {**intent["metadata"], **form.get("metadata", {})}
    charge = account.load("charge", intent["latest_charge"])
    charging.take(account, intent, charge, amount)
    charging.release(account, charge)
    for session in account.find("checkout.session", payment_intent=intent["id"]):
        account.save({**session, "payment_status": "paid"})
    account.announce("charge.captured", charge)
    account.announce("payment_intent.succeeded", intent)
    return intent


def cancel(account: Account, intent: Json, form: dict[str, Any]) -> Json:
    """Give authorized money back. Raises `Refused`, also while a hosted page is open for the intent."""
    if account.find("checkout.session", payment_intent=intent["id"], status="open"):
        raise unexpected_state(
            "You cannot cancel the PaymentIntent of an open Checkout Session. Expire the session instead.",
            intent,
        )
    if intent["status"] not in CANCELABLE.split(", "):
        raise unexpected_state(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a"
            f" PaymentIntent with one of the following statuses may be canceled: {CANCELABLE}.",
            intent,
        )
    charging.cancel(account, intent, form.get("cancellation_reason"))
    return intent

"""The hosted page, the customer in front of it, and the customer's bank."""

from __future__ import annotations

from printapic.domain.money import Money
from tests.providers.books import Json
from tests.providers.counter import PageClosed
from tests.providers.stripe import balance, charging, templates
from tests.providers.stripe.account import Account

DELAYED = frozenset("sepa_debit bacs_debit us_bank_account acss_debit au_becs_debit customer_balance".split())


def opened(account: Account, ref: str) -> Json:
    """The session, if its page is open. Raises `PageClosed`."""
    session = account.entry.get("checkout.session", ref)
    if session is None or session["status"] != "open":
        raise PageClosed(ref)
    return session


def pay(account: Account, ref: str, amount: Money | None) -> None:
    """Pay by card; what the bank authorizes is taken at once unless the shop captures by hand."""
    session = opened(account, ref)
    charged, currency = (None, None) if amount is None else balance.minor(amount)
    intent = charging.begin(account, session, amount=charged, currency=currency)
    if intent["capture_method"] == "manual":
        _authorize(account, session, intent)
        return
    charge = charging.charge(account, intent, status="succeeded", details=templates.card())
    charging.take(account, intent, charge, intent["amount"])
    account.announce("charge.succeeded", charge)
    account.announce("payment_intent.succeeded", intent)
    _complete(account, session, paid=True)


def _authorize(account: Account, session: Json, intent: Json) -> None:
    details = templates.card(authorized=intent["amount"], capture_before=account.now + charging.HELD_FOR_S)
    charge = charging.charge(account, intent, status="succeeded", details=details)
    intent.update(
        amount_capturable=intent["amount"],
        last_payment_error=None,
        next_action=None,
        status="requires_capture",
    )
    account.save(intent)
    account.announce("charge.succeeded", charge)
    account.announce("payment_intent.amount_capturable_updated", intent)
    _complete(account, session, paid=False)


def _complete(account: Account, session: Json, *, paid: bool) -> None:
    session.update(
        customer_details=templates.customer_details(),
        payment_status="paid" if paid else "unpaid",
        status="complete",
        url=None,
    )
    account.save(session)
    account.announce("checkout.session.completed", charging.shown(session))


def decline(account: Account, ref: str) -> None:
    """Try a card that the bank refuses: the page stays open for another one."""
    intent = charging.begin(account, opened(account, ref))
    charge = charging.charge(account, intent, status="failed", details=templates.card())
    message = "Your card was declined."
    charge.update(failure_code="card_declined", failure_message=message)
    account.save(charge)
    charging.fail(account, intent, code="card_declined", message=message)
    account.announce("charge.failed", charge)
    account.announce("payment_intent.payment_failed", intent)


def challenge(account: Account, ref: str) -> None:
    """The bank asks for more, and has no answer yet."""
    intent = charging.begin(account, opened(account, ref))
    intent.update(next_action={"type": "use_stripe_sdk", "use_stripe_sdk": {}}, status="requires_action")
    account.save(intent)
    account.announce("payment_intent.requires_action", intent)


def pay_slowly(account: Account, ref: str) -> None:
    """Pay by a debit that takes days. Raises `PageClosed` where the page does not offer one."""
    session = opened(account, ref)
    intent = charging.begin(account, session)
    if intent["capture_method"] == "manual" or not DELAYED & set(session["payment_method_types"]):
        raise PageClosed("this page offers no means that takes days")
    charge = charging.charge(account, intent, status="pending", details=templates.sepa_debit())
    intent.update(last_payment_error=None, next_action=None, status="processing")
    account.save(intent)
    account.announce("charge.pending", charge)
    account.announce("payment_intent.processing", intent)
    _complete(account, session, paid=False)


def bank_decides(account: Account, ref: str, *, good: bool) -> None:
    """What becomes of `pay_slowly`. Raises `PageClosed` where nothing waits for a bank."""
    session = account.load("checkout.session", ref)
    intent = account.load("payment_intent", session["payment_intent"] or "")
    if intent["status"] != "processing":
        raise PageClosed(f"{ref} waits for no bank")
    charge = account.load("charge", intent["latest_charge"])
    if good:
        charging.take(account, intent, charge, charge["amount"])
        session["payment_status"] = "paid"
        account.save(session)
        account.announce("charge.succeeded", charge)
        account.announce("payment_intent.succeeded", intent)
        account.announce("checkout.session.async_payment_succeeded", charging.shown(session))
        return
    message = "The customer's account does not have enough funds."
    charge.update(
        failure_code="insufficient_funds",
        failure_message=message,
        outcome=templates.outcome(approved=False, delayed=True),
        status="failed",
    )
    account.save(charge)
    charging.fail(account, intent, code="payment_method_not_available", message=message)
    account.announce("charge.failed", charge)
    account.announce("payment_intent.payment_failed", intent)
    account.announce("checkout.session.async_payment_failed", charging.shown(session))


def expire(account: Account, ref: str) -> None:
    """The page's time is over, or the authorization's. Raises `PageClosed` where neither is waiting."""
    session = account.load("checkout.session", ref)
    if session["status"] == "open":
        charging.expire_session(account, session)
        return
    intent = account.load("payment_intent", session["payment_intent"] or "")
    if intent["status"] != "requires_capture":
        raise PageClosed(f"{ref} has nothing that could expire")
    charging.expire_hold(account, intent)

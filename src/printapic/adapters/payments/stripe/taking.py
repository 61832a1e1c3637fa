"""Taking money that the bank holds, and closing a checkout: one request that moves money for each key."""

from __future__ import annotations

from collections.abc import Callable

import stripe

from printapic.adapters.payments.stripe.calls import StripeCall, failure, seen, trace_of, under
from printapic.adapters.payments.stripe.currencies import wire_amount, wire_currency
from printapic.adapters.payments.stripe.looking import look_at
from printapic.adapters.payments.stripe.objects import Session
from printapic.application.ports.payments import Done, Outcome, Rejected
from printapic.domain.ids import OperationId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import TERMINAL
from printapic.domain.payments.operation import BANK_DECIDES
from printapic.domain.payments.snapshot import Snapshot

_STILL_CANCELLABLE = ("requires_capture", "requires_action", "requires_confirmation")


def take(call: StripeCall, *, ref: str, amount: Money, final: bool, key: OperationId) -> Outcome[Snapshot]:
    """Capture. Stripe takes once from a hold and gives the rest back, so less than all is always final."""
    asked = wire_amount(amount)
    look = look_at(call, ref)
    intent = look.session.payment_intent
    if intent is None:
        return Rejected(code="nothing-authorized", trace=look.trace)
    if intent.currency != wire_currency(amount):
        return Rejected(code="currency-mismatch", trace=look.trace)
    hold = look.snapshot.authorization
    if not final and hold is not None and hold.amount != amount:
        return Rejected(code="capture-must-be-final", trace=look.trace)

    def taken(snapshot: Snapshot) -> bool:
        return [fact.amount for fact in snapshot.captures] == [amount]

    return _with_effect(
        call,
        look.session.id,
        lambda: call.api.payment_intents.capture(intent.id, {"amount_to_capture": asked}, under(key)),
        taken,
    )


def void(call: StripeCall, *, ref: str, key: OperationId) -> Outcome[Snapshot]:
    """Close the page, or let go of the hold behind it. What is over stays as it is."""
    look = look_at(call, ref)
    if look.snapshot.state in TERMINAL:
        return Done(value=look.snapshot, trace=look.trace)
    closing = _closing(call, look.session, key)
    if closing is None:
        return Rejected(code=BANK_DECIDES, trace=look.trace)

    def over(snapshot: Snapshot) -> bool:
        return snapshot.state in TERMINAL

    return _with_effect(call, look.session.id, closing, over)


def _closing(
    call: StripeCall, session: Session, key: OperationId
) -> Callable[[], stripe.StripeObject] | None:
    """The one request that closes this checkout; None while a bank is deciding."""
    intent = session.payment_intent
    if session.status == "open":
        return lambda: call.api.checkout.sessions.expire(session.id, {}, under(key))
    if intent is not None and intent.status in _STILL_CANCELLABLE:
        return lambda: call.api.payment_intents.cancel(
            intent.id, {"cancellation_reason": "abandoned"}, under(key)
        )
    return None


def _with_effect(
    call: StripeCall,
    session_id: str,
    effect: Callable[[], stripe.StripeObject],
    shows: Callable[[Snapshot], bool],
) -> Outcome[Snapshot]:
    """Do it, and look. A refusal because it is done already is no refusal, where the look `shows` it."""
    try:
        trace = trace_of(effect())
    except stripe.InvalidRequestError as refused:
        snapshot = seen(lambda: look_at(call, session_id)).snapshot
        return Done(value=snapshot, trace=trace_of(refused)) if shows(snapshot) else failure(refused)
    return Done(value=seen(lambda: look_at(call, session_id)).snapshot, trace=trace)

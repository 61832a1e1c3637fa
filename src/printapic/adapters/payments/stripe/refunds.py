"""Giving money back at Stripe."""

from __future__ import annotations

from typing import Literal

import stripe
from stripe.params import RefundListParams

from printapic.adapters.payments.stripe.calls import (
    PAGE_LENGTH,
    StripeCall,
    every,
    failure,
    seen,
    trace_of,
    under,
)
from printapic.adapters.payments.stripe.currencies import wire_amount, wire_currency
from printapic.adapters.payments.stripe.looking import CHARGES, NoCheckoutOfOurs, kind_of
from printapic.adapters.payments.stripe.objects import AnswerUnreadable, Charge, Page, Refund, read
from printapic.adapters.payments.stripe.snapshots import OPERATION_ID, refund_fact
from printapic.application.ports.payments import Done, Outcome, Pending, Rejected, Trace
from printapic.domain.ids import OperationId
from printapic.domain.money import Money
from printapic.domain.payments.snapshot import RefundFact, RefundState


def give_back(
    call: StripeCall, *, charge: str, amount: Money, reason: str, key: OperationId
) -> Outcome[RefundFact]:
    """Refund. Raises `AmountNotPayable`, `NoCheckoutOfOurs`, the SDK's errors, or those of reading."""
    asked = wire_amount(amount)
    if kind_of(charge) not in CHARGES:
        raise NoCheckoutOfOurs
    # A refund is asked for without a currency: two euros of a charge in dollars would be two dollars.
    answer = call.api.charges.retrieve(charge)
    if read(answer, Charge).currency != wire_currency(amount):
        return Rejected(code="currency-mismatch", trace=trace_of(answer))
    # Stripe forgets a key after a day; the refund itself bears our operation's id for good.
    if before := _made_before(call, charge, key):
        if before.currency != wire_currency(amount):
            raise AnswerUnreadable("another-refund")
        if before.amount != asked:
            return Rejected(code="idempotency-key-reused", trace=trace_of(answer))
        return _outcome(before, trace_of(answer))
    try:
        made = call.api.refunds.create(
            {
                "charge": charge,
                "amount": asked,
                "reason": _reason(reason),
                "metadata": {OPERATION_ID: str(key)},
            },
            under(key),
        )
    except stripe.InvalidRequestError as refused:
        done = seen(lambda: _made_before(call, charge, key))
        return failure(refused) if done is None else _outcome(done, trace_of(refused))
    refund = read(made, Refund)
    made_of = (refund.charge, refund.amount, refund.currency, _key_of(refund))
    if made_of != (charge, asked, wire_currency(amount), str(key)):
        raise AnswerUnreadable("another-refund")
    return _outcome(refund, trace_of(made))


def _outcome(refund: Refund, trace: Trace) -> Outcome[RefundFact]:
    """Done only once the money went. One that failed at once is for the next look to tell."""
    fact = refund_fact(refund)
    if fact.state is RefundState.SUCCEEDED:
        return Done(value=fact, trace=trace)
    return Pending(ref=fact.ref, trace=trace)


def _made_before(call: StripeCall, charge: str, key: OperationId) -> Refund | None:
    """The refund of this operation, where an earlier sending had its effect after all."""

    def page(after: str | None) -> stripe.StripeObject:
        params: RefundListParams = {"charge": charge, "limit": PAGE_LENGTH}
        if after is not None:
            params["starting_after"] = after
        return call.api.refunds.list(params)

    return next((refund for refund in every(page, Page[Refund]) if _key_of(refund) == str(key)), None)


def _key_of(refund: Refund) -> str | None:
    return (refund.metadata or {}).get(OPERATION_ID)


def _reason(reason: str) -> Literal["duplicate", "requested_by_customer"]:
    """Stripe's word. Ours may be a sentence of our staff's, and stays here.

    `fraudulent` would have the customer's card refused from now on: a person may say that, in the dashboard.
    """
    return "duplicate" if reason in ("duplicate", "late-or-duplicate") else "requested_by_customer"

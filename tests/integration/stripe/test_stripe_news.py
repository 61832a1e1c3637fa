"""Stripe's notifications, signed by Stripe, read by our verifier, and followed by our gateway."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from printapic.adapters.payments.stripe.webhooks import StripeWebhookVerifier
from printapic.application.ports.payments import Notification, Pending, RawDelivery, WebhookRejected
from printapic.domain.payments.snapshot import DisputeState, RefundState
from tests.integration.stripe.till import PRICE, TWO, Till, new_key, value_of
from tests.providers.stripe import opening

VERIFIER = StripeWebhookVerifier([opening.DEFAULT_SECRET], livemode=False)


def news(till: Till, verifier: StripeWebhookVerifier = VERIFIER) -> Sequence[Notification]:
    at = till.stripe.books.now()
    return [
        verifier.verify(RawDelivery(body=body, headers=headers, received_at=at))
        for body, headers in till.stripe.raw_deliveries()
    ]


def test_w4_every_subscribed_piece_of_news_leads_to_the_checkout_that_it_is_about(till: Till) -> None:
    ref, capture = till.paid()
    value_of(till.refund(capture, TWO, new_key()))
    till.stripe.refunds_pend()
    pending = till.refund(capture, TWO, new_key())
    assert isinstance(pending, Pending)
    till.stripe.decide_refund(pending.ref, RefundState.FAILED)
    disputed = till.stripe.dispute(capture.ref, PRICE)
    till.stripe.decide_dispute(disputed, DisputeState.WON)
    told = news(till)
    assert {each.type for each in told} >= {
        "checkout.session.completed",
        "payment_intent.succeeded",
        "charge.refunded",
        "refund.created",
        "refund.failed",
        "charge.dispute.created",
        "charge.dispute.closed",
    }
    refs = {each.ref for each in told}
    assert None not in refs
    for name in refs:
        assert value_of(till.gateway.fetch(ref=name or "")).ref == ref


def test_d3_an_early_warning_points_at_the_checkout_and_at_a_person(till: Till) -> None:
    ref, capture = till.paid()
    till.stripe.warn_of_fraud(capture.ref)
    (warned,) = [each for each in news(till) if each.warning]
    assert (warned.warning or "").startswith("early-fraud-warning")
    assert value_of(till.gateway.fetch(ref=warned.ref or "")).ref == ref


def test_w2_while_secrets_change_both_sides_may_be_first(till: Till) -> None:
    till.paid()
    till.stripe.webhook_secrets([opening.DEFAULT_SECRET, "whsec_new"])
    for secrets in (["whsec_new"], [opening.DEFAULT_SECRET], ["whsec_new", "whsec_other"]):
        assert news(till, StripeWebhookVerifier(secrets, livemode=False))
    with pytest.raises(WebhookRejected):
        news(till, StripeWebhookVerifier(["whsec_other"], livemode=False))

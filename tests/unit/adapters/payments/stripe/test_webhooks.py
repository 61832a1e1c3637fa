"""Stripe's deliveries: who is believed, and what is made of it."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from printapic.adapters.payments.stripe import API_VERSION
from printapic.adapters.payments.stripe.webhooks import SUBSCRIBED, StripeWebhookVerifier
from printapic.application.ports.payments import Notification, RawDelivery, WebhookRejected
from printapic.domain.payments.attempt import Provider

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET, OTHER = "whsec_between_the_two_of_us", "whsec_the_next_one"
VERIFIER = StripeWebhookVerifier([SECRET], livemode=False)
SECOND = timedelta(seconds=1)


def event(kind: Any = "checkout.session.completed", subject: Any = None, **fields: Any) -> bytes:
    told = {
        "id": "evt_1",
        "object": "event",
        "api_version": API_VERSION,
        "created": int(NOON.timestamp()) - 5,
        "livemode": False,
        "type": kind,
        "data": {"object": subject or {"id": "cs_test_1", "object": "checkout.session"}},
        "pending_webhooks": 1,
    }
    return json.dumps(told | fields).encode()


def signature(body: bytes, *, secret: str = SECRET, at: datetime = NOON) -> str:
    """The header as Stripe documents it."""
    seconds = int(at.timestamp())
    signed = f"{seconds}.".encode() + body
    return f"t={seconds},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def delivered(
    body: bytes,
    header: str | None = None,
    *,
    verifier: StripeWebhookVerifier = VERIFIER,
    at: datetime = NOON,
) -> Notification:
    headers = {"content-type": "application/json"}
    headers["stripe-signature"] = signature(body) if header is None else header
    return verifier.verify(RawDelivery(body=body, headers=headers, received_at=at))


def test_stripes_own_library_takes_what_we_sign_here_for_genuine() -> None:
    body = event()
    assert stripe.WebhookSignature.verify_header(body.decode(), signature(body), SECRET, tolerance=None)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(body.decode(), signature(body), OTHER, tolerance=None)


def test_w1_a_genuine_delivery_is_a_hint_where_to_look() -> None:
    body = event()
    assert delivered(body) == Notification(
        provider=Provider.STRIPE,
        livemode=False,
        event_id="evt_1",
        type="checkout.session.completed",
        ref="cs_test_1",
        occurred_at=NOON - 5 * SECOND,
        body_sha256=hashlib.sha256(body).hexdigest(),
    )


@given(st.data())
def test_w1_a_body_changed_anywhere_is_rejected(data: st.DataObject) -> None:
    body = event()
    where = data.draw(st.integers(0, len(body) - 1))
    forged = body[:where] + bytes([body[where] ^ data.draw(st.integers(1, 255))]) + body[where + 1 :]
    with pytest.raises(WebhookRejected):
        delivered(forged, signature(body))


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_w1_no_header_that_somebody_makes_up_is_believed_or_breaks_anything(header: str) -> None:
    with pytest.raises(WebhookRejected):
        delivered(event(), header)


_VALID = signature(event())


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,v1=",
        "v1=" + _VALID.partition("v1=")[2],
        _VALID.replace("v1=", "v0="),
        _VALID.replace("v1=", "v1=é"),
        _VALID + ",t=1",
        _VALID.upper(),
        _VALID[:-1],
        _VALID.replace("t=", "t= "),
        _VALID.replace("t=", "t=+"),
        "t=" + "9" * 5000 + ",v1=0",
        "t=99999999999," + _VALID.partition(",")[2],
        _VALID + "," * 5000,
        signature(event(), secret=OTHER),
        signature(event(), secret=SECRET.removeprefix("whsec_")),
        signature(event(), at=NOON + SECOND).replace(
            str(int((NOON + SECOND).timestamp())), str(int(NOON.timestamp()))
        ),
    ],
)
def test_w1_other_headers_are_rejected(header: str) -> None:
    with pytest.raises(WebhookRejected):
        delivered(event(), header)


def test_w1_a_delivery_without_the_header_is_rejected() -> None:
    with pytest.raises(WebhookRejected):
        VERIFIER.verify(RawDelivery(body=event(), headers={}, received_at=NOON))


@pytest.mark.parametrize("age", [timedelta(0), 300 * SECOND, -300 * SECOND])
def test_w1_a_delivery_of_these_minutes_is_believed(age: timedelta) -> None:
    assert delivered(event(), at=NOON + age).event_id == "evt_1"


@pytest.mark.parametrize(
    "age", [301 * SECOND, -301 * SECOND, timedelta(days=1), timedelta(days=-1), timedelta(days=365)]
)
def test_w1_a_stale_delivery_and_one_from_the_future_are_rejected(age: timedelta) -> None:
    with pytest.raises(WebhookRejected):
        delivered(event(), at=NOON + age)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"1",
        b'"event"',
        b"{}",
        b'{"id": "evt_1", "obj',
        b'\xff\xfe{"id": "evt_1"}',
        b"[" * 100_000,
        event().replace(b'"event"', b'"evil"'),
        event(id=""),
        event(id="e" * 256),
        event(id=1),
        event(kind=None),
        event(livemode="false"),
        event(created=-1),
        event(created=10**15),
        event(created="now"),
        event(data=[]),
        event(data={}),
        event() + b"{}",
    ],
    ids=lambda body: repr(body[:40]),
)
def test_w1_a_signed_body_that_is_no_event_is_rejected_and_nothing_worse(body: bytes) -> None:
    with pytest.raises(WebhookRejected):
        delivered(body)


def test_w1_an_object_nested_too_deep_is_rejected() -> None:
    deep = event().replace(b'"cs_test_1"', b"[" * 50_000 + b"]" * 50_000)
    with pytest.raises(WebhookRejected):
        delivered(deep)


def test_w1_a_rejection_never_says_why() -> None:
    rejections = []
    for body, header in ((event(), "t=1,v1=0"), (event(), ""), (b"[]", None)):
        with pytest.raises(WebhookRejected) as rejected:
            delivered(body, header)
        rejections.append(
            (str(rejected.value), rejected.value.__cause__, rejected.value.__suppress_context__)
        )
    assert len({text for text, _, _ in rejections}) == 1
    assert {cause for _, cause, _ in rejections} == {None}


def test_w2_while_secrets_change_either_is_believed() -> None:
    both = StripeWebhookVerifier([SECRET, OTHER], livemode=False)
    for secret in (SECRET, OTHER):
        assert delivered(event(), signature(event(), secret=secret), verifier=both).event_id == "evt_1"


def test_w2_one_of_several_signatures_is_enough() -> None:
    mine, theirs = signature(event()), signature(event(), secret=OTHER).partition("v1=")[2]
    seconds, _, digest = mine.partition(",v1=")
    assert delivered(event(), f"{seconds},v1={theirs},v1={digest},v0=old").event_id == "evt_1"
    assert delivered(event(), f"{seconds},v1={digest},v1=é").event_id == "evt_1"


@pytest.mark.parametrize("secrets", [[], [""], [SECRET, ""]])
def test_a_verifier_without_a_secret_would_believe_everybody(secrets: list[str]) -> None:
    with pytest.raises(ValueError, match="secret"):
        StripeWebhookVerifier(secrets, livemode=False)


@pytest.mark.parametrize(
    ("kind", "subject", "ref"),
    [
        ("checkout.session.expired", {"id": "cs_1", "object": "checkout.session", "x": [1]}, "cs_1"),
        ("payment_intent.succeeded", {"id": "pi_1", "object": "payment_intent"}, "pi_1"),
        ("charge.refunded", {"id": "ch_1", "object": "charge", "payment_intent": "pi_1"}, "pi_1"),
        ("charge.expired", {"id": "ch_1", "object": "charge", "payment_intent": None}, None),
        ("refund.failed", {"id": "re_1", "object": "refund", "payment_intent": "pi_1"}, "pi_1"),
        ("charge.dispute.closed", {"id": "du_1", "object": "dispute", "payment_intent": "pi_1"}, "pi_1"),
        ("payout.paid", {"id": "po_1", "object": "payout"}, None),
        ("charge.refunded", {"id": 1, "object": "charge"}, None),
        ("charge.refunded", {"id": "ch_1", "object": "charge", "payment_intent": {"id": "pi_1"}}, None),
    ],
)
def test_the_page_or_its_intent_is_what_is_looked_at(kind: str, subject: object, ref: str | None) -> None:
    notification = delivered(event(kind, subject))
    assert (notification.type, notification.ref, notification.warning) == (kind, ref, None)


@pytest.mark.parametrize(
    ("said", "warning"),
    [
        ("made_with_stolen_card", "early-fraud-warning:made_with_stolen_card"),
        (None, "early-fraud-warning"),
        ("<b>Call me</b>", "early-fraud-warning"),
    ],
)
def test_d3_an_early_warning_of_fraud_is_for_a_person_to_look_at(said: str | None, warning: str) -> None:
    subject = {
        "id": "issfr_1",
        "object": "radar.early_fraud_warning",
        "payment_intent": "pi_1",
        "fraud_type": said,
    }
    notification = delivered(event("radar.early_fraud_warning.created", subject))
    assert (notification.ref, notification.warning) == ("pi_1", warning)


def test_twenty_four_types_are_subscribed_to() -> None:
    assert len(SUBSCRIBED) == 24


@pytest.mark.parametrize(
    "body",
    [
        event("customer.created"),
        event("checkout.session.created"),
        event(livemode=True),
        event(api_version="2025-01-27.acacia"),
        event(api_version=None),
    ],
    ids=["another type", "another event of a page", "live", "another edition", "no edition"],
)
def test_w8_what_is_genuine_and_none_of_our_business_has_nothing_to_look_at(body: bytes) -> None:
    notification = delivered(body)
    assert (notification.event_id, notification.ref, notification.warning) == ("evt_1", None, None)


@pytest.mark.parametrize("body", [event(livemode=True), event(api_version="2025-01-27.acacia")])
def test_w8_an_endpoint_set_up_wrongly_is_told_to_the_log(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    delivered(body)
    assert "endpoint" in caplog.text
    assert "evt_1" not in caplog.text
    assert SECRET not in caplog.text + repr(VERIFIER)


def test_w8_in_production_the_live_environment_is_ours() -> None:
    live = StripeWebhookVerifier([SECRET], livemode=True)
    assert delivered(event(livemode=True), verifier=live).ref == "cs_test_1"
    assert delivered(event(), verifier=live).ref is None

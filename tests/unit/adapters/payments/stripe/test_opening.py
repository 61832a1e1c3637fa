"""Hosted pages: what Stripe is asked for, and which answers are one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from printapic.adapters.payments.stripe.gateway import StripeGateway
from printapic.application.ports.payments import Opened, Outcome, Rejected, Unknown
from printapic.domain.money import Currency, Money
from tests.unit.adapters.payments.stripe.wire import (
    ATTEMPT,
    KEY,
    NOON,
    OPEN,
    SECRET_KEY,
    Wire,
    checkout_request,
    session,
    value_of,
)

MINUTE = timedelta(minutes=1)


def opened(wire: Wire, answer: dict[str, Any], **fields: Any) -> Outcome[Opened]:
    wire.tell(OPEN, answer)
    return wire.gateway.open(checkout=checkout_request(**fields), key=KEY)


def test_h1_the_page_asks_for_exactly_this_amount_and_nothing_can_change_it(wire: Wire) -> None:
    page = value_of(opened(wire, session()))
    assert page == Opened(
        ref="cs_test_1",
        redirect_url="https://checkout.stripe.com/c/pay/cs_test_1#fid",
        expires_at=NOON + timedelta(hours=1),
    )
    ids = {"attempt_id": ATTEMPT, "payment_id": checkout_request().payment_reference, "operation_id": KEY}
    assert wire.forms(OPEN) == [
        {
            "mode": "payment",
            "client_reference_id": ATTEMPT,
            "line_items[0][quantity]": "1",
            "line_items[0][price_data][currency]": "eur",
            "line_items[0][price_data][unit_amount]": "1290",
            "line_items[0][price_data][product_data][name]": "PA-7K3M-92QX",
            "adaptive_pricing[enabled]": "false",
            "success_url": "https://shop.test/return?order=1",
            "cancel_url": "https://shop.test/cancel",
            "expires_at": str(int((NOON + timedelta(hours=1)).timestamp())),
            "locale": "de",
            "payment_intent_data[capture_method]": "automatic",
            "payment_intent_data[description]": "PA-7K3M-92QX",
            **{f"metadata[{name}]": str(text) for name, text in ids.items()},
            **{f"payment_intent_data[metadata][{name}]": str(text) for name, text in ids.items()},
        }
    ]


def test_h2_with_manual_capture_the_bank_only_holds_the_money(wire: Wire) -> None:
    value_of(opened(wire, session(), manual_capture=True))
    assert wire.forms(OPEN)[0]["payment_intent_data[capture_method]"] == "manual"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("de", "de"), ("de-AT", "de"), ("en-GB", "en-GB"), ("en-IE", "en"), ("pt-BR", "pt-BR"), ("tlh", "auto")],
)
def test_the_page_speaks_the_customers_language_where_it_can(wire: Wire, ours: str, theirs: str) -> None:
    value_of(opened(wire, session(), locale=ours))
    assert wire.forms(OPEN)[0]["locale"] == theirs


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [
        (5 * MINUTE, 32 * MINUTE),
        (timedelta(hours=2), timedelta(hours=2)),
        (timedelta(hours=24), timedelta(hours=24) - 2 * MINUTE),
        (timedelta(days=7), timedelta(hours=24) - 2 * MINUTE),
    ],
)
def test_a_page_lives_as_long_as_wanted_within_what_stripe_allows(
    wire: Wire, wanted: timedelta, asked: timedelta
) -> None:
    value_of(opened(wire, session(), started_at=NOON, expires_at=NOON + wanted))
    assert wire.forms(OPEN)[0]["expires_at"] == str(int((NOON + asked).timestamp()))


def test_i1_the_same_request_sent_again_is_the_same_to_the_byte(wire: Wire) -> None:
    for _ in range(2):
        value_of(opened(wire, session(), started_at=NOON, expires_at=NOON + MINUTE))
    first, again = wire.sent(OPEN)
    assert first.content == again.content
    assert first.headers["idempotency-key"] == again.headers["idempotency-key"] == str(KEY)


@pytest.mark.parametrize(
    "amount",
    [Money(1290, Currency("XTS", 2)), Money.of("0.00", "EUR"), Money.of("1000000.00", "EUR")],
)
def test_h6_what_cannot_be_paid_is_never_sent(wire: Wire, amount: Money) -> None:
    assert isinstance(wire.gateway.open(checkout=checkout_request(amount), key=KEY), Rejected)
    assert wire.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        session(client_reference_id="another"),
        session(client_reference_id=None),
        session(amount_total=1291),
        session(amount_total=None),
        session(currency="usd"),
        session(livemode=True),
        session(url=None),
        session(status="complete"),
        session(status="ajar"),
        session(expires_at=None),
        session(id=""),
    ],
    ids=lambda answer: str({k: v for k, v in answer.items() if session()[k] != v}),
)
def test_u5_an_answer_about_another_page_is_unknown(wire: Wire, answer: dict[str, Any]) -> None:
    assert isinstance(opened(wire, answer), Unknown)


@pytest.mark.parametrize(
    "url",
    [
        "http://checkout.stripe.com/c/pay/1",
        "//checkout.stripe.com/c/pay/1",
        "/c/pay/1",
        "javascript:alert(1)//https://checkout.stripe.com",
        "https://checkout.stripe.com.evil.test/c",
        "https://evilcheckout.stripe.com/c",
        "https://checkout.stripe.com@evil.test/c",
        "https://user@checkout.stripe.com/c",
        "https://checkout.stripe.com:8443/c",
        "https://evil.test/https://checkout.stripe.com",
        "https://evil.test\\@checkout.stripe.com/c",
        "https://checkout.stripe.com\\@evil.test/c",
        "https://checkout.stripe.com\t/c",
        " https://checkout.stripe.com/c",
        "https://checkout.stripe.com/c\n",
        "https://checkout.strip\u0435.com/c",
        "https://[::1/c",
        "",
    ],
)
def test_customers_are_sent_nowhere_but_to_stripe(wire: Wire, url: str) -> None:
    assert opened(wire, session(url=url)) == Unknown(reason="unreadable-redirect-not-allowed")


def test_customers_may_be_sent_to_a_domain_of_the_shops_own_where_it_is_listed(wire: Wire) -> None:
    wire.gateway = StripeGateway(
        wire.client, secret_key=SECRET_KEY, livemode=False, page_origins={"https://pay.shop.test"}
    )
    assert value_of(opened(wire, session(url="https://pay.shop.test/c/1"))).ref == "cs_test_1"
    assert isinstance(opened(wire, session()), Unknown)


def test_capabilities_say_what_may_be_asked_for(wire: Wire) -> None:
    able = wire.gateway.capabilities()
    assert (able.manual_capture, able.key_lifetime) == (True, timedelta(hours=24))
    assert able.currencies["EUR"].max_minor == 99_999_999

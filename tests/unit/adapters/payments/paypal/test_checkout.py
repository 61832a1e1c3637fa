"""Opening a checkout and taking what the customer approved."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import attrs
import httpx
import pytest

from printapic.application.ports.payments import (
    ActionRequired,
    CheckoutRequest,
    Declined,
    Done,
    NotSent,
    Opened,
    Outcome,
    Pending,
    Rejected,
    Unknown,
)
from printapic.domain.ids import OperationId
from printapic.domain.money import Currency, Money
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.snapshot import Snapshot
from tests.unit.adapters.payments.paypal.bodies import (
    ATTEMPT,
    AUTHORIZATION,
    CAPTURE,
    HOLD,
    MAIL,
    ORDER,
    ORDER_AT,
    ORDERS,
    PAGE,
    PRICE,
    TAKE,
    Json,
    amount,
    capture,
    held,
    link,
    order,
    paid,
)
from tests.unit.adapters.payments.paypal.line import NOON, Line, refuses, says

KEY = OperationId(uuid4())
LOST, REFUSED = httpx.ReadTimeout("lost"), httpx.ConnectError("refused")
CHECKOUT = CheckoutRequest(
    our_reference=ATTEMPT,
    payment_reference="payment",
    order_number="PA-7K3M-92QX",
    amount=PRICE,
    return_url="https://shop.test/return",
    cancel_url="https://shop.test/cancel",
    expires_at=NOON,
    locale="de-AT",
)


@pytest.fixture
def line() -> Line:
    line = Line()
    line.tell(ORDERS, says(201, order("PAYER_ACTION_REQUIRED")))
    line.tell(ORDER_AT, says(200, order("APPROVED")), says(200, paid()))
    line.tell(TAKE, says(201, paid()))
    return line


def opened(line: Line, **changed: Any) -> Outcome[Opened]:
    return line.gateway.open(checkout=attrs.evolve(CHECKOUT, **changed), key=KEY)


def completed(line: Line) -> Outcome[Snapshot]:
    return line.gateway.complete(ref=ORDER, key=KEY)


def test_h1_an_order_asks_for_the_whole_amount_once_and_names_the_attempt(line: Line) -> None:
    outcome = opened(line)
    assert isinstance(outcome, Done)
    assert outcome.value == Opened(ref=ORDER, redirect_url=PAGE, expires_at=NOON)
    assert outcome.trace.request_id == "debug-1"
    (sent,) = line.sent(ORDERS)
    assert sent.headers["paypal-request-id"] == str(KEY)
    assert sent.headers["prefer"] == "return=representation"
    assert line.bodies(ORDERS) == [
        {
            "intent": "CAPTURE",
            "purchase_units": [
                {
                    "amount": {"currency_code": "EUR", "value": "12.90"},
                    "custom_id": ATTEMPT,
                    "invoice_id": f"payment-{ATTEMPT}",
                    "description": "PA-7K3M-92QX",
                }
            ],
            "payment_source": {
                "paypal": {
                    "experience_context": {
                        "return_url": "https://shop.test/return",
                        "cancel_url": "https://shop.test/cancel",
                        "locale": "de-AT",
                        "user_action": "PAY_NOW",
                        "shipping_preference": "NO_SHIPPING",
                    }
                }
            },
        }
    ]


def test_h2_manual_capture_asks_for_an_authorization(line: Line) -> None:
    assert isinstance(opened(line, manual_capture=True), Done)
    (body,) = line.bodies(ORDERS)
    assert body["intent"] == "AUTHORIZE"


@pytest.mark.parametrize("locale", ["de_AT", "DE", "", "deutsch", "de-AT-1996"])
def test_a_language_that_paypal_would_refuse_is_left_to_it(line: Line, locale: str) -> None:
    opened(line, locale=locale)
    (sent,) = line.sent(ORDERS)
    assert b"locale" not in sent.content


def test_i1_an_order_that_was_made_before_is_as_good_as_a_new_one(line: Line) -> None:
    line.tell(ORDERS, says(200, order()))
    outcome = opened(line)
    assert isinstance(outcome, Done)
    assert outcome.value.ref == ORDER


@pytest.mark.parametrize("made", [order(custom_id="another"), order(amount=amount("1.00"))])
def test_i2_a_key_that_made_something_else_is_refused(line: Line, made: Json) -> None:
    """PayPal answers a known key with its first result, whatever is asked this time."""
    line.tell(ORDERS, says(200, made))
    assert opened(line) == Rejected(code="idempotency-key-reused", trace=opened(line).trace)


@pytest.mark.parametrize(
    ("price", "code"),
    [
        (Money(1290, Currency("XTS", 2)), "currency-unsupported"),
        (Money(1290, Currency("EUR", 3)), "currency-unsupported"),
        (Money.of("0.00", "EUR"), "amount-out-of-range"),
        (Money.of("-1.00", "EUR"), "amount-out-of-range"),
        (Money.of("1000000.00", "EUR"), "amount-out-of-range"),
        (Money(129050, Currency("HUF", 2)), "amount-needs-rounding"),
        (Money(1, Currency("TWD", 2)), "amount-needs-rounding"),
    ],
)
def test_h6_what_paypal_cannot_take_is_refused_before_anything_is_sent(
    line: Line, price: Money, code: str
) -> None:
    assert opened(line, amount=price) == Rejected(code=code)
    assert line.requests == []


def test_a_reference_too_long_to_come_back_whole_is_refused(line: Line) -> None:
    assert opened(line, payment_reference="p" * 91) == Rejected(code="reference-too-long")
    assert line.requests == []


@pytest.mark.parametrize(
    "href",
    [
        "https://www.sandbox.paypal.com.evil.test/checkoutnow",
        "https://evil.test/www.sandbox.paypal.com",
        "http://www.sandbox.paypal.com/checkoutnow",
        "https://evil@www.sandbox.paypal.com/",
        "https://www.sandbox.paypal.com:444/",
        "https://www.sandbox.paypal.com\\@evil.test/",
        "https://www.sandbox.paypal.com/ x",
        "//[",
        "javascript:alert(1)",
    ],
)
def test_the_customer_is_sent_to_paypal_and_nowhere_else(line: Line, href: str) -> None:
    line.tell(ORDERS, says(201, order(links=[link("payer-action", href)])))
    assert isinstance(opened(line), Unknown)


@pytest.mark.parametrize("rel", ["payer-action", "approve"])
def test_the_page_has_one_of_two_names(line: Line, rel: str) -> None:
    line.tell(ORDERS, says(201, order(links=[link("self", "https://api.test/"), link(rel, PAGE)])))
    assert isinstance(opened(line), Done)


@pytest.mark.parametrize(
    "answer",
    [
        says(201, b"{"),
        says(201, b"\xff\xfe"),
        says(201, b"null"),
        says(201, [order()]),
        says(201, order("SOMETHING_NEW")),
        says(201, {"id": ORDER}),
        says(201, {**order(), "id": "../x"}),
        says(201, {**order(), "id": ORDER + "\n"}),
        says(201, order(purchase_units=[])),
        says(201, order(custom_id=None)),
        says(201, order(amount=amount("twelve"))),
        says(201, order(links=[])),
        says(201, b"[" * 100_000),
    ],
)
def test_u5_what_cannot_be_read_is_unknown_and_never_guessed_at(line: Line, answer: httpx.Response) -> None:
    line.tell(ORDERS, answer)
    outcome = opened(line)
    assert isinstance(outcome, Unknown)
    assert outcome.reason.startswith("unreadable")


@pytest.mark.parametrize("operation", [ORDERS, TAKE])
@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (REFUSED, NotSent),
        (httpx.PoolTimeout("full"), NotSent),
        (LOST, Unknown),
        (httpx.RemoteProtocolError("dropped"), Unknown),
        (says(500), Unknown),
        (says(503), Unknown),
        (says(429, retry_after="60"), NotSent),
        (refuses("PREVIOUS_REQUEST_IN_PROGRESS", 409), Unknown),
        (refuses("ORDER_COMPLETION_IN_PROGRESS"), Unknown),
        (says(401), Rejected),
        (refuses("PERMISSION_DENIED", 403), Rejected),
        (refuses("INVALID_PARAMETER_VALUE", 400), Rejected),
        (refuses("SOMETHING_NEW"), Rejected),
        (says(415), Rejected),
        (says(418), Unknown),
        (says(302, location="https://elsewhere.test/"), Unknown),
        (refuses("TRANSACTION_REFUSED"), Declined),
        (refuses("PAYER_CANNOT_PAY"), Declined),
        (refuses("MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED"), Declined),
    ],
)
def test_u1_u2_u3_u4_every_answer_has_its_outcome(
    line: Line, operation: str, step: httpx.Response | Exception, expected: type[object]
) -> None:
    line.tell(ORDER_AT, says(200, order("APPROVED")))
    line.tell(operation, step)
    outcome: object = opened(line) if operation == ORDERS else completed(line)
    assert isinstance(outcome, expected)
    assert {sent.headers["paypal-request-id"] for sent in line.sent(operation)} == {str(KEY)}
    assert len(line.sent(operation)) <= 3


def test_u3_who_wants_to_be_left_alone_for_long_is_not_asked_again(line: Line) -> None:
    line.tell(ORDERS, says(429, retry_after="60"))
    assert isinstance(opened(line), NotSent)
    assert len(line.sent(ORDERS)) == 1


def test_h1_what_was_approved_is_taken(line: Line) -> None:
    outcome = completed(line)
    assert isinstance(outcome, Done)
    assert outcome.value.state is AttemptState.CAPTURED
    assert [fact.ref for fact in outcome.value.captures] == [CAPTURE]
    (sent,) = line.sent(TAKE)
    assert (sent.headers["paypal-request-id"], sent.headers["prefer"]) == (str(KEY), "return=representation")
    assert sent.content == b"{}"


def test_h2_what_was_approved_to_be_held_is_held(line: Line) -> None:
    line.tell(ORDER_AT, says(200, order("APPROVED", intent="AUTHORIZE")))
    line.tell(HOLD, says(201, held()))
    outcome = completed(line)
    assert isinstance(outcome, Done)
    assert outcome.value.state is AttemptState.AUTHORIZED
    assert outcome.value.authorization is not None
    assert outcome.value.authorization.ref == AUTHORIZATION
    assert line.sent(TAKE) == []


def test_h4_money_that_takes_days_is_pending(line: Line) -> None:
    line.tell(TAKE, says(201, paid("PENDING")))
    assert isinstance(completed(line), Pending)


@pytest.mark.parametrize("status", ["DECLINED", "FAILED"])
def test_h5_a_capture_that_fails_is_declined(line: Line, status: str) -> None:
    line.tell(TAKE, says(201, paid(status)))
    outcome = completed(line)
    assert isinstance(outcome, Declined)
    assert outcome.code == "capture-declined"


@pytest.mark.parametrize("status", ["CREATED", "SAVED", "PAYER_ACTION_REQUIRED"])
def test_h3_what_nobody_approved_is_not_taken(line: Line, status: str) -> None:
    line.tell(ORDER_AT, says(200, order(status)))
    outcome = completed(line)
    assert isinstance(outcome, ActionRequired)
    assert outcome.redirect_url == PAGE
    assert line.sent(TAKE) == []


@pytest.mark.parametrize("body", [paid(), paid("REFUNDED"), held(), order("VOIDED")])
def test_what_is_decided_already_is_only_looked_at(line: Line, body: Json) -> None:
    line.tell(ORDER_AT, says(200, body))
    outcome = completed(line)
    assert isinstance(outcome, Done)
    assert line.sent(TAKE) == line.sent(HOLD) == []


@pytest.mark.parametrize(
    "issue",
    [
        "INSTRUMENT_DECLINED",
        "PAYER_ACTION_REQUIRED",
        "ORDER_NOT_APPROVED",
        "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING",
    ],
)
def test_h3_h5_the_customer_is_sent_back_to_the_same_order(line: Line, issue: str) -> None:
    line.tell(ORDER_AT, says(200, order("APPROVED", links=[])), says(200, order("PAYER_ACTION_REQUIRED")))
    line.tell(TAKE, refuses(issue))
    outcome = completed(line)
    assert isinstance(outcome, ActionRequired)
    assert outcome.redirect_url == PAGE


def test_h5_the_page_that_comes_with_the_refusal_is_taken_if_it_is_paypals(line: Line) -> None:
    line.tell(ORDER_AT, says(200, order("APPROVED", links=[])))
    line.tell(TAKE, refuses("INSTRUMENT_DECLINED", 422, link("redirect", PAGE + "&again")))
    outcome = completed(line)
    assert isinstance(outcome, ActionRequired)
    assert outcome.redirect_url == PAGE + "&again"
    line.tell(TAKE, refuses("INSTRUMENT_DECLINED", 422, link("redirect", "https://evil.test/")))
    outcome = completed(line)
    assert isinstance(outcome, Declined)
    assert outcome.code == "instrument-declined"


@pytest.mark.parametrize(
    "issue", ["ORDER_ALREADY_CAPTURED", "ORDER_ALREADY_AUTHORIZED", "DUPLICATE_INVOICE_ID"]
)
@pytest.mark.parametrize(
    ("now", "expected"),
    [(paid(), Done), (held(), Done), (paid("PENDING"), Pending), (order("APPROVED"), Rejected)],
)
def test_i3_what_may_be_done_already_is_looked_at(
    line: Line, issue: str, now: Json, expected: type[object]
) -> None:
    line.tell(ORDER_AT, says(200, order("APPROVED")), says(200, now))
    line.tell(TAKE, refuses(issue))
    assert isinstance(completed(line), expected)


@pytest.mark.parametrize("look", [REFUSED, says(500), says(401), says(404), says(200, b"{")])
def test_i3_if_that_look_fails_nothing_is_known(line: Line, look: httpx.Response | Exception) -> None:
    line.tell(ORDER_AT, says(200, order("APPROVED")), look)
    line.tell(TAKE, refuses("ORDER_ALREADY_CAPTURED"))
    assert isinstance(completed(line), Unknown)


def test_u2_a_refusal_after_a_sending_that_was_lost_is_not_believed_without_a_look(line: Line) -> None:
    line.tell(TAKE, LOST, refuses("PERMISSION_DENIED", 403))
    assert isinstance(completed(line), Done)
    line.tell(ORDER_AT, says(200, order("APPROVED")))
    line.tell(TAKE, LOST, refuses("PERMISSION_DENIED", 403))
    assert isinstance(completed(line), Unknown)


@pytest.mark.parametrize("issue", ["ORDER_EXPIRED", "INSTRUMENT_DECLINED", "TRANSACTION_REFUSED"])
def test_u2_after_a_lost_sending_the_order_is_looked_at_before_a_refusal_counts(
    line: Line, issue: str
) -> None:
    line.tell(TAKE, LOST, refuses(issue))
    outcome = completed(line)
    assert isinstance(outcome, Done)
    assert outcome.value.state is AttemptState.CAPTURED


def test_c3_an_order_that_expired_takes_no_money(line: Line) -> None:
    line.tell(TAKE, refuses("ORDER_EXPIRED"))
    outcome = completed(line)
    assert isinstance(outcome, Done)
    assert (outcome.value.state, outcome.value.captures) == (AttemptState.EXPIRED, ())


@pytest.mark.parametrize(
    "answer",
    [
        paid(status="SOMETHING_NEW"),
        order("COMPLETED"),
        order("APPROVED"),
        {**paid(), "id": "ANOTHER"},
        order("COMPLETED", payments={"captures": [{"id": CAPTURE, "status": "COMPLETED"}]}),
        order("COMPLETED", payments={"captures": [capture(amount=amount("12.905"))]}),
    ],
)
def test_u5_a_taking_that_cannot_be_read_is_unknown(line: Line, answer: Json) -> None:
    line.tell(TAKE, says(201, answer))
    assert isinstance(completed(line), Unknown)


def test_an_answer_without_our_reference_is_followed_by_a_look(line: Line) -> None:
    line.tell(TAKE, says(201, order("COMPLETED", purchase_units=[])))
    outcome = completed(line)
    assert isinstance(outcome, Done)
    assert outcome.value.our_reference == ATTEMPT
    line.tell(ORDER_AT, says(200, order("APPROVED")), REFUSED)
    assert isinstance(completed(line), Unknown)


def test_foreign_orders_are_nobodys(line: Line) -> None:
    line.tell(ORDER_AT, says(200, order("APPROVED", custom_id=None)))
    assert completed(line) == Rejected(code="not-found")
    line.tell(ORDER_AT, says(200, order("APPROVED", purchase_units=[{}, {}])))
    assert completed(line) == Rejected(code="not-found")
    assert line.gateway.complete(ref="../../v1/identity", key=KEY) == Rejected(code="not-found")
    assert line.gateway.complete(ref="UNKNOWN", key=KEY) == Rejected(code="not-found")
    assert line.sent(TAKE) == []


def test_s1_no_outcome_shows_the_payer(line: Line) -> None:
    outcomes = [opened(line), completed(line)]
    line.tell(TAKE, says(201, {"payer": MAIL}))
    outcomes.append(completed(line))
    assert MAIL not in repr(outcomes)

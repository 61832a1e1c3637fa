"""Looking at a checkout: what PayPal shows of it, and what that means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from printapic.application.ports.payments import Done, NotSent, Outcome, Rejected, Unknown
from printapic.domain.ids import OperationId
from printapic.domain.money import Currency, Money
from printapic.domain.payments.attempt import AttemptState, Provider
from printapic.domain.payments.snapshot import AuthorizationFact, CaptureFact, RefundState, Snapshot
from tests.unit.adapters.payments.paypal.bodies import (
    API,
    ATTEMPT,
    AUTHORIZATION,
    CAPTURE,
    DISPUTES,
    MAIL,
    ORDER,
    ORDER_AT,
    PRICE,
    REFUND,
    Json,
    amount,
    authorization,
    capture,
    held,
    link,
    order,
    paid,
    refund,
)
from tests.unit.adapters.payments.paypal.line import Line, refuses, says

THEN = datetime(2026, 11, 22, 11, 30, tzinfo=UTC)


@pytest.fixture
def line() -> Line:
    line = Line()
    line.tell(ORDER_AT, says(200, paid()))
    line.tell(DISPUTES, says(200, {"items": []}))
    return line


def fetched(line: Line, ref: str = ORDER) -> Outcome[Snapshot]:
    return line.gateway.fetch(ref=ref)


def look(line: Line, body: Json) -> Snapshot:
    line.tell(ORDER_AT, says(200, body))
    outcome = fetched(line)
    assert isinstance(outcome, Done), outcome
    return outcome.value


def test_h1_a_paid_order_shows_what_came_and_what_it_cost(line: Line) -> None:
    assert look(line, paid()) == Snapshot(
        provider=Provider.PAYPAL,
        ref=ORDER,
        our_reference=ATTEMPT,
        livemode=False,
        state=AttemptState.CAPTURED,
        amount=PRICE,
        captures=(CaptureFact(ref=CAPTURE, amount=PRICE, fee=Money.of("0.64", "EUR"), occurred_at=THEN),),
        other_refs=(CAPTURE,),
    )


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (order("CREATED"), AttemptState.OPEN),
        (order("SAVED"), AttemptState.OPEN),
        (order("PAYER_ACTION_REQUIRED"), AttemptState.OPEN),
        (order("APPROVED"), AttemptState.APPROVED),
        (order("VOIDED"), AttemptState.VOIDED),
        (paid("PENDING"), AttemptState.PROCESSING),
        (paid("COMPLETED"), AttemptState.CAPTURED),
        (paid("PARTIALLY_REFUNDED"), AttemptState.CAPTURED),
        (paid("REFUNDED"), AttemptState.CAPTURED),
        (paid("DECLINED"), AttemptState.FAILED),
        (paid("FAILED"), AttemptState.FAILED),
        (held("CREATED"), AttemptState.AUTHORIZED),
        (held("PARTIALLY_CAPTURED", capture(final_capture=False)), AttemptState.AUTHORIZED),
        (held("PARTIALLY_CAPTURED", capture()), AttemptState.CAPTURED),
        (held("PARTIALLY_CAPTURED", capture("PENDING")), AttemptState.PROCESSING),
        (held("PARTIALLY_CAPTURED", capture("DECLINED")), AttemptState.AUTHORIZED),
        (held("CAPTURED", capture()), AttemptState.CAPTURED),
        (held("CAPTURED", capture("DECLINED")), AttemptState.FAILED),
        (held("PENDING"), AttemptState.PROCESSING),
        (held("DENIED"), AttemptState.FAILED),
        (held("VOIDED"), AttemptState.VOIDED),
        (held("VOIDED", capture(final_capture=False)), AttemptState.CAPTURED),
        (held("CREATED", expiration_time="2026-11-22T12:00:00Z"), AttemptState.EXPIRED),
        (held("CREATED", expiration_time="2026-11-22T12:00:01Z"), AttemptState.AUTHORIZED),
        (held("CREATED", expiration_time=None), AttemptState.AUTHORIZED),
        (
            held("PARTIALLY_CAPTURED", capture(final_capture=False), expiration_time="2026-11-22T11:59:59Z"),
            AttemptState.CAPTURED,
        ),
        ({**paid("DECLINED"), "status": "PAYER_ACTION_REQUIRED"}, AttemptState.OPEN),
        ({**held("DENIED"), "status": "APPROVED"}, AttemptState.APPROVED),
    ],
)
def test_every_status_has_its_state(line: Line, body: Json, state: AttemptState) -> None:
    assert look(line, body).state is state


@pytest.mark.parametrize("body", [paid("PENDING"), paid("DECLINED"), paid("FAILED")])
def test_h4_money_that_did_not_come_is_no_capture(line: Line, body: Json) -> None:
    snapshot = look(line, body)
    assert (snapshot.captures, snapshot.other_refs) == ((), (CAPTURE,))


def test_a3_what_the_customer_approved_is_told(line: Line) -> None:
    """It may be another amount than the order costs now: then nothing is taken."""
    assert look(line, order("APPROVED", amount=amount("13.00"))).amount == Money.of("13.00", "EUR")
    assert look(line, order("APPROVED", amount=amount("13.00", "HKD"))).amount == Money(
        1300, Currency.known("HKD")
    )
    assert look(line, order("APPROVED", amount=None)).amount is None


def test_a1_money_in_a_currency_that_the_shop_does_not_trade_in_is_seen(line: Line) -> None:
    body = paid(
        amount=amount("12.345", "KWD"),
        seller_receivable_breakdown={"paypal_fee": amount("0.40", "HKD")},
    )
    (fact,) = look(line, body).captures
    assert (str(fact.amount), str(fact.fee)) == ("12.345 KWD", "0.40 HKD")


def test_h2_an_authorization_shows_until_when_the_bank_holds_how_much(line: Line) -> None:
    snapshot = look(line, held())
    assert snapshot.authorization == AuthorizationFact(
        ref=AUTHORIZATION,
        amount=PRICE,
        expires_at=datetime(2026, 12, 21, 11, 30, tzinfo=UTC),
        occurred_at=THEN,
    )
    assert look(line, held("CAPTURED", capture())).authorization == snapshot.authorization
    for status in ("PENDING", "DENIED", "VOIDED"):
        assert look(line, held(status)).authorization is None


def test_the_newest_of_several_authorizations_counts(line: Line) -> None:
    older = authorization("VOIDED", id="OLDER", create_time="2026-11-21T11:30:00Z")
    snapshot = look(line, order("COMPLETED", payments={"authorizations": [authorization(), older]}))
    assert snapshot.state is AttemptState.AUTHORIZED
    assert snapshot.other_refs == (AUTHORIZATION, "OLDER")


def test_r4_refunds_tell_who_asked_for_them(line: Line) -> None:
    key = uuid4()
    refunds = [
        refund(custom_id=str(key)),
        refund("PENDING", id="BYHAND"),
        refund("FAILED", id="INHERITED", custom_id=ATTEMPT),
        refund("CANCELLED", id="FREEWORDS", custom_id="sorry", create_time="2026-11-22T12:15:00+01:00"),
    ]
    facts = look(line, paid("PARTIALLY_REFUNDED", refunds=refunds)).refunds
    assert [(fact.ref, fact.state, fact.operation_id) for fact in facts] == [
        ("FREEWORDS", RefundState.CANCELLED, None),
        (REFUND, RefundState.SUCCEEDED, OperationId(key)),
        ("BYHAND", RefundState.PENDING, None),
        ("INHERITED", RefundState.FAILED, None),
    ]
    assert {fact.capture_ref for fact in facts} == {CAPTURE}


def test_r1_a_refund_belongs_to_the_capture_that_it_points_to(line: Line) -> None:
    captures = [capture(id="FIRST", final_capture=False), capture(id="SECOND")]
    to_second = [link("up", f"{API}/v2/payments/captures/SECOND")]

    def facts(**changed: Any) -> Snapshot:
        payments = {"captures": captures, "refunds": [refund(**changed)]}
        return look(line, order("COMPLETED", payments=payments))

    assert facts(links=to_second).refunds[0].capture_ref == "SECOND"
    related = {"related_ids": {"capture_id": "FIRST"}}
    assert facts(links=[], supplementary_data=related).refunds[0].capture_ref == "FIRST"
    with pytest.raises(AssertionError, match="unreadable-refund"):
        facts(links=[])
    with pytest.raises(AssertionError, match="unreadable-refund"):
        facts(links=[link("up", f"{API}/v2/payments/captures/THIRD")])


def test_r1_where_there_is_one_capture_every_refund_is_of_it(line: Line) -> None:
    (fact,) = look(line, paid("REFUNDED", refunds=[refund(links=[])])).refunds
    assert fact.capture_ref == CAPTURE


@pytest.mark.parametrize(
    ("breakdown", "fee"),
    [
        (None, None),
        ({"gross_amount": amount()}, None),
        ({"paypal_fee": amount("0.64")}, Money.of("0.64", "EUR")),
        ({"paypal_fee_in_receivable_currency": amount("0.70", "USD")}, Money.of("0.70", "USD")),
    ],
)
def test_l1_a_fee_is_known_as_soon_as_paypal_says_it(line: Line, breakdown: Json | None, fee: Money) -> None:
    (fact,) = look(line, paid(seller_receivable_breakdown=breakdown)).captures
    assert fact.fee == fee


@pytest.mark.parametrize(
    "body",
    [
        order("COMPLETED"),
        held("CAPTURED"),
        order("SOMETHING_NEW"),
        paid("REVERSED"),
        held("REAUTHORIZED"),
        paid(amount=amount("12.901")),
        paid(amount=amount("12.90", "XTS")),
        paid(amount={"value": "12.90"}),
        paid(amount=amount("0.00")),
        paid(amount=amount("-12.90")),
        held(amount=amount("0.00")),
        held(amount=amount("-12.90")),
        paid(refunds=[refund(amount=amount("0.00"))]),
        paid(refunds=[refund(amount=amount("-2.00"))]),
        paid(refunds=[refund(amount=amount("2.00", "USD"))]),
        paid(create_time="2026-11-22 at noon"),
        paid(create_time="2026-11-22T12:00:00"),
        paid(create_time=None),
        {**paid(), "id": "ANOTHER"},
        {"status": "COMPLETED"},
    ],
)
def test_u5_what_cannot_be_read_is_unknown_and_never_guessed_at(line: Line, body: Json) -> None:
    line.tell(ORDER_AT, says(200, body))
    outcome = fetched(line)
    assert isinstance(outcome, Unknown)
    assert outcome.reason.startswith("unreadable")


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (httpx.ConnectError("refused"), NotSent),
        (says(429), NotSent),
        (httpx.ReadTimeout("lost"), Unknown),
        (says(503), Unknown),
        (says(200, b"\xff"), Unknown),
        (says(401), Rejected),
        (refuses("PERMISSION_DENIED", 403), Rejected),
        (refuses("INVALID_RESOURCE_ID", 404), Rejected),
    ],
)
@pytest.mark.parametrize("request_", [ORDER_AT, DISPUTES])
def test_w6_a_look_that_fails_says_nothing_about_the_money(
    line: Line, request_: str, step: httpx.Response | Exception, expected: type[object]
) -> None:
    line.tell(request_, step)
    assert isinstance(fetched(line), expected)


def parts(line: Line) -> None:
    """Names below an order, each of which leads to what is above it."""
    by_id: Json = {"supplementary_data": {"related_ids": {"order_id": ORDER}}}
    line.tell(f"GET /v2/payments/captures/{CAPTURE}", says(200, capture(**by_id)))
    line.tell(f"GET /v2/payments/authorizations/{AUTHORIZATION}", says(200, authorization(**by_id)))
    line.tell(f"GET /v2/payments/refunds/{REFUND}", says(200, refund()))


@pytest.mark.parametrize("ref", [ORDER, CAPTURE, AUTHORIZATION, REFUND])
def test_w5_a_checkout_is_found_by_every_name_that_news_use(line: Line, ref: str) -> None:
    parts(line)
    outcome = fetched(line, ref)
    assert isinstance(outcome, Done)
    assert outcome.value == look(line, paid())


def test_w5_links_lead_upwards_where_ids_are_missing(line: Line) -> None:
    parts(line)
    to_authorization = [link("up", f"{API}/v2/payments/authorizations/{AUTHORIZATION}")]
    line.tell(f"GET /v2/payments/captures/{CAPTURE}", says(200, capture(links=to_authorization)))
    to_order = [link("self", f"{API}/v2/x"), link("up", f"{API}/v2/checkout/orders/{ORDER}")]
    line.tell(f"GET /v2/payments/authorizations/{AUTHORIZATION}", says(200, authorization(links=to_order)))
    assert isinstance(fetched(line, REFUND), Done)


@pytest.mark.parametrize(
    "ref", ["UNKNOWN", "", "..", "a/b", "%2e%2e", "é", "PP-D-404", "PP-/-x", "cs_test_foreign", "A" * 65]
)
def test_w8_foreign_names_are_nobodys(line: Line, ref: str) -> None:
    assert fetched(line, ref) == Rejected(code="not-found")
    assert all(len(sent.url.path) < 100 for sent in line.requests)


def test_w8_a_name_that_leads_nowhere_or_in_a_circle_is_nobodys(line: Line) -> None:
    line.tell(f"GET /v2/payments/captures/{CAPTURE}", says(200, capture()))
    assert fetched(line, CAPTURE) == Rejected(code="not-found")
    to_itself = [link("up", f"{API}/v2/payments/authorizations/{AUTHORIZATION}")]
    line.tell(f"GET /v2/payments/authorizations/{AUTHORIZATION}", says(200, authorization(links=to_itself)))
    assert fetched(line, AUTHORIZATION) == Rejected(code="not-found")


def test_w8_an_order_without_our_reference_is_somebody_elses(line: Line) -> None:
    line.tell(ORDER_AT, says(200, order("COMPLETED", custom_id=None)))
    assert fetched(line) == Rejected(code="not-found")
    assert line.sent(DISPUTES) == []


def test_c3_time_passes_for_an_authorization(line: Line) -> None:
    assert look(line, held()).state is AttemptState.AUTHORIZED
    line.clock.advance(timedelta(days=29))
    assert look(line, held()).state is AttemptState.EXPIRED


def test_s1_no_look_shows_the_payer(line: Line) -> None:
    assert MAIL not in repr([look(line, paid()), look(line, held()), fetched(line, MAIL)])

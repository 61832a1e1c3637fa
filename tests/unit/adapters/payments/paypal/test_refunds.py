"""Giving money back."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from printapic.application.ports.payments import Done, NotSent, Outcome, Pending, Rejected, Trace, Unknown
from printapic.domain.ids import OperationId
from printapic.domain.money import Currency, Money
from printapic.domain.payments.snapshot import RefundFact, RefundState
from tests.unit.adapters.payments.paypal.bodies import (
    CAPTURE,
    GIVE_BACK,
    ORDER,
    ORDER_AT,
    PRICE,
    REFUND,
    Json,
    amount,
    capture,
    held,
    order,
    paid,
    refund,
)
from tests.unit.adapters.payments.paypal.line import Line, refuses, says

KEY = OperationId(uuid4())
TWO = Money.of("2.00", "EUR")
CAPTURE_AT = f"GET /v2/payments/captures/{CAPTURE}"
OURS = refund(custom_id=str(KEY))


@pytest.fixture
def line() -> Line:
    line = Line()
    line.tell(GIVE_BACK, says(201, OURS))
    line.tell(CAPTURE_AT, says(200, capture(supplementary_data={"related_ids": {"order_id": ORDER}})))
    line.tell(ORDER_AT, says(200, paid("PARTIALLY_REFUNDED", refunds=[refund(id="OTHER", custom_id=None)])))
    return line


def refunded(line: Line, money: Money = TWO, ref: str = CAPTURE) -> Outcome[RefundFact]:
    return line.gateway.refund(capture_ref=ref, amount=money, reason="staff-words", key=KEY)


def test_r1_a_refund_names_its_capture_and_its_operation(line: Line) -> None:
    outcome = refunded(line)
    assert isinstance(outcome, Done)
    assert outcome.value == RefundFact(
        ref=REFUND,
        capture_ref=CAPTURE,
        amount=TWO,
        state=RefundState.SUCCEEDED,
        operation_id=KEY,
        occurred_at=datetime(2026, 11, 22, 11, 30, tzinfo=UTC),
    )
    (sent,) = line.sent(GIVE_BACK)
    assert (sent.headers["paypal-request-id"], sent.headers["prefer"]) == (str(KEY), "return=representation")
    assert line.bodies(GIVE_BACK) == [
        {
            "amount": {"currency_code": "EUR", "value": "2.00"},
            "custom_id": str(KEY),
            "invoice_id": str(KEY),
        }
    ]


@pytest.mark.parametrize(
    ("money", "value"),
    [
        (Money(200, Currency("JPY", 0)), "200"),
        (Money(20000, Currency("HUF", 2)), "200"),
        (Money(1, Currency("EUR", 2)), "0.01"),
    ],
)
def test_h6_amounts_go_out_with_the_decimals_that_paypal_takes(line: Line, money: Money, value: str) -> None:
    body = {**OURS, "amount": amount(value, money.currency.code)}
    line.tell(GIVE_BACK, says(201, body))
    outcome = refunded(line, money)
    assert isinstance(outcome, Done)
    assert outcome.value.amount == money
    assert line.bodies(GIVE_BACK)[0]["amount"] == amount(value, money.currency.code)


def test_r3_a_refund_that_waits_is_pending(line: Line) -> None:
    line.tell(GIVE_BACK, says(201, {**OURS, "status": "PENDING"}))
    outcome = refunded(line)
    assert isinstance(outcome, Pending)
    assert outcome.ref == REFUND


@pytest.mark.parametrize(
    ("status", "state"), [("FAILED", RefundState.FAILED), ("CANCELLED", RefundState.CANCELLED)]
)
def test_r3_a_refund_that_failed_at_once_is_told_as_failed(
    line: Line, status: str, state: RefundState
) -> None:
    line.tell(GIVE_BACK, says(201, {**OURS, "status": status}))
    outcome = refunded(line)
    assert isinstance(outcome, Done)
    assert outcome.value.state is state


@pytest.mark.parametrize("made", [{**OURS, "amount": amount("3.00")}, {**OURS, "custom_id": "another"}])
def test_i2_a_key_that_refunded_something_else_is_refused(line: Line, made: Json) -> None:
    line.tell(GIVE_BACK, says(201, made))
    outcome = refunded(line)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "idempotency-key-reused"


@pytest.mark.parametrize(
    "told", [amount("0.00"), amount("-2.00"), amount("2.00", "USD"), amount("2.00", "XTS")]
)
def test_u5_a_refund_that_cannot_be_is_none_that_we_know_of(line: Line, told: Json) -> None:
    line.tell(GIVE_BACK, says(201, {**OURS, "amount": told}))
    assert isinstance(refunded(line), Unknown)
    line.tell(ORDER_AT, says(200, paid("PARTIALLY_REFUNDED", refunds=[{**OURS, "amount": told}])))
    assert isinstance(refunded(line), Unknown)
    assert len(line.sent(GIVE_BACK)) == 1


@pytest.mark.parametrize(
    "money", [Money.of("0.00", "EUR"), Money.of("-1.00", "EUR"), Money(1, Currency("XTS", 2))]
)
def test_r2_a_refund_of_nothing_or_of_unknown_money_is_not_sent(line: Line, money: Money) -> None:
    assert isinstance(refunded(line, money), Rejected)
    assert line.requests == []


@pytest.mark.parametrize("ref", ["", "..", "a/b", "é", "x" * 65, "UNKNOWN"])
def test_unknown_captures_are_refused(line: Line, ref: str) -> None:
    assert isinstance(refunded(line, ref=ref), Rejected)
    assert line.sent(GIVE_BACK) == []


@pytest.mark.parametrize(
    ("issue", "status"),
    [
        ("TRANSACTION_DISPUTED", 422),
        ("REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK", 422),
        ("INVALID_RESOURCE_ID", 404),
    ],
)
def test_d2_what_paypal_forbids_is_rejected_by_its_name(line: Line, issue: str, status: int) -> None:
    line.tell(GIVE_BACK, refuses(issue, status))
    outcome = refunded(line)
    assert isinstance(outcome, Rejected)
    assert outcome.code == issue.lower().replace("_", "-")
    assert len(line.sent(ORDER_AT)) == 1


EXCEEDED = ["REFUND_AMOUNT_EXCEEDED", "CAPTURE_FULLY_REFUNDED", "DUPLICATE_INVOICE_ID"]


@pytest.mark.parametrize("issue", EXCEEDED)
def test_i4_a_refund_that_is_there_already_is_found_by_its_operation(line: Line, issue: str) -> None:
    """PayPal forgets keys; a second refund under the same operation is ours only if the first is there."""
    line.tell(GIVE_BACK, refuses(issue))
    outcome = refunded(line)
    assert isinstance(outcome, Rejected)
    assert outcome.code == issue.lower().replace("_", "-")
    line.tell(ORDER_AT, says(200, paid()), says(200, paid("REFUNDED", refunds=[OURS])))
    again = refunded(line)
    assert isinstance(again, Done)
    assert (again.value.ref, again.value.operation_id) == (REFUND, KEY)
    pending = paid("COMPLETED", refunds=[{**OURS, "status": "PENDING"}])
    line.tell(ORDER_AT, says(200, paid()), says(200, pending))
    assert isinstance(refunded(line), Pending)


def test_i4_a_refund_that_is_there_before_is_not_asked_for_again(line: Line) -> None:
    line.tell(ORDER_AT, says(200, paid("PARTIALLY_REFUNDED", refunds=[OURS])))
    outcome = refunded(line)
    assert isinstance(outcome, Done)
    assert (outcome.value.ref, outcome.value.operation_id) == (REFUND, KEY)
    assert isinstance(refunded(line, PRICE), Rejected)
    assert line.sent(GIVE_BACK) == []


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (httpx.ConnectError("refused"), NotSent),
        (says(503), Unknown),
        (says(200, b"{"), Unknown),
        (says(200, order("COMPLETED", custom_id=None, payments={"captures": [capture()]})), Rejected),
        (says(200, held()), Unknown),
    ],
)
def test_nothing_is_given_back_of_what_cannot_be_seen_to_be_ours(
    line: Line, look: httpx.Response | Exception, expected: type[object]
) -> None:
    line.tell(ORDER_AT, look)
    assert isinstance(refunded(line), expected)
    assert line.sent(GIVE_BACK) == []


@pytest.mark.parametrize("look", [httpx.ConnectError("refused"), says(500), says(404), says(200, b"{")])
def test_i4_if_that_look_fails_nothing_is_known(line: Line, look: httpx.Response | Exception) -> None:
    line.tell(GIVE_BACK, refuses("REFUND_AMOUNT_EXCEEDED"))
    line.tell(ORDER_AT, says(200, paid()), look)
    assert isinstance(refunded(line), Unknown)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (httpx.ConnectTimeout("slow"), NotSent),
        (httpx.ReadTimeout("lost"), Unknown),
        (says(502), Unknown),
        (refuses("PREVIOUS_REQUEST_IN_PROGRESS", 409), Unknown),
        (says(201, b"{"), Unknown),
        (says(201, {**OURS, "status": "SOMETHING_NEW"}), Unknown),
        (says(201, {"id": REFUND, "status": "COMPLETED"}), Unknown),
        (says(201, {**OURS, "create_time": "yesterday"}), Unknown),
        (says(401), Rejected),
    ],
)
def test_r5_u1_u2_u5_every_answer_has_its_outcome(
    line: Line, step: httpx.Response | Exception, expected: type[object]
) -> None:
    line.tell(GIVE_BACK, step)
    assert isinstance(refunded(line), expected)


def test_u3_of_a_server_error_that_stays_paypals_name_for_the_request_is_known(line: Line) -> None:
    line.tell(GIVE_BACK, says(502))
    assert refunded(line) == Unknown(reason="status-502", trace=Trace(request_id="debug-1"))
    line.tell(GIVE_BACK, httpx.ReadTimeout("lost"), says(401))
    assert refunded(line) == Unknown(reason="unauthorized", trace=Trace(request_id="debug-1"))


def test_r5_a_lost_sending_is_repeated_under_its_key_and_happens_once(line: Line) -> None:
    line.tell(GIVE_BACK, httpx.ReadTimeout("lost"), says(201, OURS))
    assert isinstance(refunded(line), Done)
    assert [sent.headers["paypal-request-id"] for sent in line.sent(GIVE_BACK)] == [str(KEY)] * 2
    assert len({sent.content for sent in line.sent(GIVE_BACK)}) == 1

"""Capturing what a bank holds, and letting it go."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest

from printapic.application.ports.payments import Declined, Done, NotSent, Outcome, Pending, Rejected, Unknown
from printapic.domain.ids import OperationId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.snapshot import Snapshot
from tests.unit.adapters.payments.paypal.bodies import (
    CAPTURE,
    LET_GO,
    ORDER,
    ORDER_AT,
    PRICE,
    TAKE_HELD,
    Json,
    amount,
    capture,
    held,
    order,
    paid,
)
from tests.unit.adapters.payments.paypal.line import Line, refuses, says

KEY = OperationId(uuid4())
TAKEN = held("CAPTURED", capture(invoice_id=str(KEY)))


@pytest.fixture
def line() -> Line:
    line = Line()
    line.tell(ORDER_AT, says(200, held()), says(200, TAKEN))
    line.tell(TAKE_HELD, says(201, capture()))
    return line


def captured(line: Line, money: Money = PRICE, *, final: bool = True) -> Outcome[Snapshot]:
    return line.gateway.capture(ref=ORDER, amount=money, final=final, key=KEY)


def voided(line: Line) -> Outcome[Snapshot]:
    return line.gateway.void(ref=ORDER, key=KEY)


def test_h2_what_is_held_is_captured_in_whole_or_in_part(line: Line) -> None:
    outcome = captured(line)
    assert isinstance(outcome, Done)
    assert outcome.value.state is AttemptState.CAPTURED
    (sent,) = line.sent(TAKE_HELD)
    assert (sent.headers["paypal-request-id"], sent.headers["prefer"]) == (str(KEY), "return=representation")
    part = capture(amount=amount("5.00"), final_capture=False)
    line.tell(ORDER_AT, says(200, held()), says(200, held("PARTIALLY_CAPTURED", part)))
    line.tell(TAKE_HELD, says(201, part))
    outcome = captured(line, Money.of("5.00", "EUR"), final=False)
    assert isinstance(outcome, Done)
    assert outcome.value.state is AttemptState.AUTHORIZED
    assert line.bodies(TAKE_HELD) == [
        {"amount": amount(), "invoice_id": str(KEY), "final_capture": True},
        {"amount": amount("5.00"), "invoice_id": str(KEY), "final_capture": False},
    ]


def test_h2_a_final_part_gives_the_rest_back(line: Line) -> None:
    part = capture(amount=amount("5.00"), final_capture=True)
    line.tell(ORDER_AT, says(200, held("PARTIALLY_CAPTURED", part)))
    line.tell(TAKE_HELD, says(201, part))
    outcome = captured(line, Money.of("5.00", "EUR"))
    assert isinstance(outcome, Done)
    assert outcome.value.state is AttemptState.CAPTURED


@pytest.mark.parametrize(
    ("status", "expected"), [("PENDING", Pending), ("DECLINED", Declined), ("FAILED", Declined)]
)
def test_h4_h5_a_capture_may_wait_or_fail(line: Line, status: str, expected: type[object]) -> None:
    line.tell(TAKE_HELD, says(201, capture(status)))
    assert isinstance(captured(line), expected)


def test_i2_a_key_that_captured_another_amount_is_refused(line: Line) -> None:
    line.tell(TAKE_HELD, says(201, capture(amount=amount("1.00"))))
    outcome = captured(line)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "idempotency-key-reused"


ALREADY = ["AUTHORIZATION_ALREADY_CAPTURED", "MAX_CAPTURE_AMOUNT_EXCEEDED", "DUPLICATE_INVOICE_ID"]


@pytest.mark.parametrize("issue", ALREADY)
def test_h2_a_second_capture_is_refused_and_the_first_is_recognised(line: Line, issue: str) -> None:
    line.tell(TAKE_HELD, refuses(issue))
    assert isinstance(captured(line), Done)
    line.tell(ORDER_AT, says(200, held("CAPTURED", capture(invoice_id="another"))))
    outcome = captured(line)
    assert isinstance(outcome, Rejected)
    assert outcome.code == issue.lower().replace("_", "-")


def test_i4_a_capture_that_is_there_before_is_not_asked_for_again(line: Line) -> None:
    line.tell(ORDER_AT, says(200, TAKEN))
    assert isinstance(captured(line), Done)
    assert isinstance(captured(line, Money.of("1.00", "EUR")), Rejected)
    line.tell(ORDER_AT, says(200, held("CREATED", capture("PENDING", invoice_id=str(KEY)))))
    assert isinstance(captured(line), Pending)
    assert line.sent(TAKE_HELD) == []


@pytest.mark.parametrize("look", [httpx.ConnectError("refused"), says(500), says(200, b"{"), says(403)])
def test_u2_a_capture_that_nobody_could_look_at_afterwards_is_unknown(
    line: Line, look: httpx.Response | Exception
) -> None:
    line.tell(ORDER_AT, says(200, held()), look)
    assert isinstance(captured(line), Unknown)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (httpx.ConnectError("refused"), NotSent),
        (httpx.ReadTimeout("lost"), Unknown),
        (says(500), Unknown),
        (says(201, b"{"), Unknown),
        (says(201, capture("SOMETHING_NEW")), Unknown),
        (refuses("AUTHORIZATION_EXPIRED"), Rejected),
        (refuses("TRANSACTION_REFUSED"), Declined),
    ],
)
def test_u1_u2_u5_every_answer_has_its_outcome(
    line: Line, step: httpx.Response | Exception, expected: type[object]
) -> None:
    line.tell(TAKE_HELD, step)
    assert isinstance(captured(line), expected)


@pytest.mark.parametrize("body", [order(), order("APPROVED"), paid()])
def test_nothing_is_captured_where_nothing_is_held(line: Line, body: Json) -> None:
    line.tell(ORDER_AT, says(200, body))
    outcome = captured(line)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "nothing-authorized"


def test_what_cannot_be_captured_is_not_sent(line: Line) -> None:
    assert captured(line, Money.of("0.00", "EUR")) == Rejected(code="amount-out-of-range")
    assert line.requests == []


def test_c2_what_is_held_is_let_go(line: Line) -> None:
    line.tell(ORDER_AT, says(200, held()), says(200, held("VOIDED")))
    line.tell(LET_GO, says(204))
    outcome = voided(line)
    assert isinstance(outcome, Done)
    assert outcome.value.state is AttemptState.VOIDED
    assert outcome.value.authorization is None
    (sent,) = line.sent(LET_GO)
    assert "paypal-request-id" not in sent.headers


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (held("VOIDED"), AttemptState.VOIDED),
        (TAKEN, AttemptState.CAPTURED),
        (held("VOIDED", capture(final_capture=False)), AttemptState.CAPTURED),
    ],
)
@pytest.mark.parametrize("issue", ["PREVIOUSLY_VOIDED", "PREVIOUSLY_CAPTURED"])
def test_c2_a_void_that_comes_late_says_what_became_of_the_money(
    line: Line, issue: str, now: Json, state: AttemptState
) -> None:
    line.tell(ORDER_AT, says(200, held()), says(200, now))
    line.tell(LET_GO, refuses(issue))
    outcome = voided(line)
    assert isinstance(outcome, Done)
    assert outcome.value.state is state


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (order(), AttemptState.OPEN),
        (order("APPROVED"), AttemptState.APPROVED),
        (order("VOIDED"), AttemptState.VOIDED),
        (paid(), AttemptState.CAPTURED),
        (held("VOIDED"), AttemptState.VOIDED),
    ],
)
def test_c1_where_nothing_is_held_nothing_is_sent_and_nothing_is_claimed(
    line: Line, body: Json, state: AttemptState
) -> None:
    """PayPal cannot void an order. It takes no money without our call, and dies by itself."""
    line.tell(ORDER_AT, says(200, body))
    outcome = voided(line)
    assert isinstance(outcome, Done)
    assert outcome.value.state is state
    assert line.sent(LET_GO) == []


@pytest.mark.parametrize("body", [paid("PENDING"), held("PENDING")])
def test_money_that_a_bank_decides_on_cannot_be_let_go(line: Line, body: Json) -> None:
    line.tell(ORDER_AT, says(200, body))
    outcome = voided(line)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "bank-decides"


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (httpx.ConnectError("refused"), NotSent),
        (httpx.ReadTimeout("lost"), Unknown),
        (says(500), Unknown),
        (refuses("CANNOT_BE_VOIDED"), Rejected),
        (refuses("PREVIOUSLY_VOIDED"), Rejected),
        (says(204), Unknown),
    ],
)
def test_u1_u2_a_void_without_visible_effect_is_not_claimed(
    line: Line, step: httpx.Response | Exception, expected: type[object]
) -> None:
    line.tell(ORDER_AT, says(200, held()))
    line.tell(LET_GO, step)
    assert isinstance(voided(line), expected)


def test_u2_a_void_that_was_lost_is_seen_in_its_effect(line: Line) -> None:
    line.tell(ORDER_AT, says(200, held()), says(200, held("VOIDED")))
    line.tell(LET_GO, httpx.ReadTimeout("lost"), refuses("PREVIOUSLY_VOIDED"))
    assert isinstance(voided(line), Done)
    line.tell(ORDER_AT, says(200, held()), says(503))
    assert isinstance(voided(line), Unknown)


def test_foreign_orders_are_neither_captured_nor_let_go(line: Line) -> None:
    line.tell(ORDER_AT, says(200, {**held(), "purchase_units": [{"payments": {"captures": []}}]}))
    assert captured(line) == voided(line) == Rejected(code="not-found")
    assert line.sent(TAKE_HELD) == line.sent(LET_GO) == []
    assert CAPTURE not in repr(captured(line))

"""Disputes: their state, and the money that moved for them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from printapic.application.ports.payments import Done, Rejected, Unknown
from printapic.domain.money import Money
from printapic.domain.payments.snapshot import DisputeFact, DisputeMovement, DisputeState, Snapshot
from tests.unit.adapters.payments.paypal.bodies import (
    CAPTURE,
    DISPUTE,
    DISPUTES,
    MAIL,
    ORDER,
    ORDER_AT,
    PRICE,
    Json,
    amount,
    dispute,
    held,
    link,
    moved,
    paid,
)
from tests.unit.adapters.payments.paypal.line import Line, says

THEN = datetime(2026, 11, 22, 11, 30, tzinfo=UTC)
LATER = "2026-11-22T11:45:00.000Z"
DISPUTE_AT = f"GET /v1/customer/disputes/{DISPUTE}"
ONE: Json = {"items": [{"dispute_id": DISPUTE}]}


@pytest.fixture
def line() -> Line:
    line = Line()
    line.tell(ORDER_AT, says(200, paid()))
    line.tell(DISPUTES, says(200, ONE))
    return line


def look(line: Line, body: Json, ref: str = ORDER) -> Snapshot:
    line.tell(DISPUTE_AT, says(200, body))
    outcome = line.gateway.fetch(ref=ref)
    assert isinstance(outcome, Done), outcome
    return outcome.value


def fact(line: Line, **changed: object) -> DisputeFact:
    (fact,) = look(line, dispute(**changed)).disputes
    return fact


def test_d1_a_chargeback_shows_what_it_took(line: Line) -> None:
    snapshot = look(line, dispute(money_movements=[moved("DEBIT")]))
    assert snapshot.disputes == (
        DisputeFact(
            ref=DISPUTE,
            capture_ref=CAPTURE,
            amount=PRICE,
            state=DisputeState.OPEN,
            reason="merchandise-or-service-not-received",
            evidence_due_at=datetime(2026, 12, 2, 11, 30, tzinfo=UTC),
            movements=(
                DisputeMovement(
                    ref=f"{DISPUTE}:2026-11-22T11:30:00.000Z:DEBIT", amount=-PRICE, occurred_at=THEN
                ),
            ),
            occurred_at=THEN,
        ),
    )
    assert snapshot.other_refs == (CAPTURE, DISPUTE)
    (listed,) = line.sent(DISPUTES)
    assert dict(listed.url.params) == {"disputed_transaction_id": CAPTURE, "page_size": "50"}


def test_d1_a_fee_at_the_same_time_is_told_apart_from_the_money(line: Line) -> None:
    movements = [
        moved("DEBIT"),
        moved("DEBIT", "16.00", reason="CHARGEBACK_FEE"),
        moved("DEBIT", "2.00", reason="DISPUTE_FEE"),
        moved("CREDIT", at=LATER),
        moved("CREDIT", "99.00", affected_party="BUYER"),
        moved("DEBIT", "99.00", affected_party="PAYMENT_PROCESSOR"),
        moved("CREDIT", "16.00", at="2026-11-22T13:00:00+01:00", reason="DISPUTE_SETTLEMENT_FEE"),
    ]
    took, fee_back, back = sorted(
        fact(line, money_movements=movements).movements, key=lambda m: m.amount.minor
    )
    assert (took.amount, took.fee) == (-PRICE, Money.of("18.00", "EUR"))
    assert (back.amount, back.fee) == (PRICE, None)
    assert (fee_back.amount, fee_back.fee) == (Money.of("0.00", "EUR"), Money.of("-16.00", "EUR"))


def test_d1_the_name_of_a_movement_does_not_hang_on_how_its_time_is_written(line: Line) -> None:
    names = {
        fact(line, money_movements=[moved("DEBIT", at=at)]).movements[0].ref
        for at in ("2026-11-22T11:30:00Z", "2026-11-22T11:30:00.000Z", "2026-11-22T12:30:00+01:00")
    }
    assert len(names) == 1


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({"dispute_life_cycle_stage": "INQUIRY"}, DisputeState.INQUIRY),
        ({"dispute_life_cycle_stage": "INQUIRY", "money_movements": [moved("DEBIT")]}, DisputeState.OPEN),
        ({"dispute_life_cycle_stage": None}, DisputeState.OPEN),
        ({"dispute_life_cycle_stage": "ARBITRATION", "status": "UNDER_REVIEW"}, DisputeState.OPEN),
        ({"status": "OTHER"}, DisputeState.OPEN),
    ],
)
def test_d1_an_open_dispute_asks_or_contests(line: Line, changed: Json, state: DisputeState) -> None:
    assert fact(line, **changed).state is state


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("RESOLVED_BUYER_FAVOUR", DisputeState.LOST),
        ("ACCEPTED", DisputeState.LOST),
        ("RESOLVED_SELLER_FAVOUR", DisputeState.WON),
        ("CANCELED_BY_BUYER", DisputeState.WON),
        ("DENIED", DisputeState.WON),
    ],
)
def test_d1_a_decision_is_paypals_word(line: Line, word: str, state: DisputeState) -> None:
    assert fact(line, status="RESOLVED", dispute_outcome={"outcome_code": word}).state is state


@pytest.mark.parametrize(
    "outcome", [None, {}, {"outcome_code": "NONE"}, {"outcome_code": "RESOLVED_WITH_PAYOUT"}]
)
def test_d1_where_the_word_decides_nothing_the_money_does(line: Line, outcome: Json | None) -> None:
    ended = {"status": "RESOLVED", "dispute_outcome": outcome}
    debit, credit = moved("DEBIT"), moved("CREDIT", at=LATER)
    assert fact(line, **ended, money_movements=[debit]).state is DisputeState.LOST
    assert fact(line, **ended, money_movements=[debit, credit]).state is DisputeState.WON
    assert fact(line, **ended).state is DisputeState.WON


def test_all_pages_of_disputes_are_read(line: Line) -> None:
    following = link(
        "next", "https://api.paypal.com/v1/customer/disputes?page_size=50&next_page_token=Ab%2B%3D"
    )
    line.tell(
        DISPUTES,
        says(200, {"items": [{"dispute_id": "PP-D-1"}], "links": [following]}),
        says(200, {"items": [{"dispute_id": "PP-D-2"}, {"dispute_id": "PP-D-1"}]}),
    )
    for number in "12":
        line.tell(f"GET /v1/customer/disputes/PP-D-{number}", says(200, dispute(dispute_id=f"PP-D-{number}")))
    outcome = line.gateway.fetch(ref=ORDER)
    assert isinstance(outcome, Done)
    assert [fact.ref for fact in outcome.value.disputes] == ["PP-D-1", "PP-D-2"]
    first, second = line.sent(DISPUTES)
    assert "next_page_token" not in first.url.params
    assert second.url.params["next_page_token"] == "Ab+="


@pytest.mark.parametrize(
    "page",
    [
        {"items": [{"dispute_id": "../../x"}]},
        {"items": [{}]},
        {"links": [link("next", "https://api.paypal.com/v1/customer/disputes")]},
        {"links": [link("next", "//[")]},
        {"links": [link("next", "https://api.paypal.com/?next_page_token=for-ever")]},
    ],
)
def test_u5_a_list_that_cannot_be_read_is_no_list(line: Line, page: Json) -> None:
    line.tell(DISPUTES, says(200, page))
    assert isinstance(line.gateway.fetch(ref=ORDER), Unknown)


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "SOMETHING_NEW"},
        {"dispute_life_cycle_stage": "SOMETHING_NEW"},
        {"status": "RESOLVED", "dispute_outcome": {"outcome_code": "SOMETHING_NEW"}},
        {"dispute_id": "PP-D-1"},
        {"reason": "the payer's own words"},
        {"reason": "4000002500003155"},
        {"dispute_amount": None},
        {"create_time": ""},
        {"seller_response_due_date": "soon"},
        {"money_movements": [moved("SOMETHING_NEW")]},
        {"money_movements": [moved("DEBIT", affected_party=None)]},
        {"money_movements": [moved("DEBIT", reason="SOMETHING_NEW")]},
        {"money_movements": [moved("DEBIT"), moved("DEBIT", amount=amount("1.00", "USD"))]},
    ],
)
def test_u5_a_dispute_that_cannot_be_read_is_unknown(line: Line, changed: Json) -> None:
    line.tell(DISPUTE_AT, says(200, dispute(**changed)))
    outcome = line.gateway.fetch(ref=ORDER)
    assert isinstance(outcome, Unknown)
    assert outcome.reason.startswith("unreadable")


def test_d3_only_money_that_came_is_asked_about(line: Line) -> None:
    line.tell(ORDER_AT, says(200, held()))
    assert isinstance(line.gateway.fetch(ref=ORDER), Done)
    line.tell(ORDER_AT, says(200, paid("PENDING")))
    assert isinstance(line.gateway.fetch(ref=ORDER), Done)
    assert line.sent(DISPUTES) == []


def test_d1_a_checkout_is_found_by_its_dispute(line: Line) -> None:
    related = {"related_ids": {"order_id": ORDER}}
    line.tell(f"GET /v2/payments/captures/{CAPTURE}", says(200, capture_of(related)))
    assert look(line, dispute(), DISPUTE).ref == ORDER
    line.tell(DISPUTE_AT, says(200, dispute(disputed_transactions=[])))
    assert line.gateway.fetch(ref=DISPUTE) == Rejected(code="not-found")


def capture_of(related: Json) -> Json:
    (taken,) = paid(supplementary_data=related)["purchase_units"][0]["payments"]["captures"]
    assert isinstance(taken, dict)
    return taken


def test_s1_no_dispute_shows_the_payer(line: Line) -> None:
    assert MAIL not in repr(look(line, dispute()))

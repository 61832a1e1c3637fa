"""Giving money back."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from printapic.application.ports.payments import NotSent, Outcome, Pending, Rejected, Trace, Unknown
from printapic.domain.money import Money
from printapic.domain.payments.snapshot import RefundFact, RefundState
from tests.unit.adapters.payments.stripe.wire import (
    CHARGE,
    KEY,
    NOON,
    REFUND,
    REFUNDS,
    Json,
    Step,
    Wire,
    charge,
    listing,
    refund,
    refuses,
    value_of,
)

TWO = Money.of("2.00", "EUR")
FACT = RefundFact(
    ref="re_1",
    capture_ref="ch_1",
    amount=TWO,
    state=RefundState.SUCCEEDED,
    operation_id=KEY,
    occurred_at=NOON + timedelta(minutes=2),
)


def give_back(
    wire: Wire, amount: Money = TWO, *, capture_ref: str = "ch_1", reason: str = "requested"
) -> Outcome[RefundFact]:
    return wire.gateway.refund(capture_ref=capture_ref, amount=amount, reason=reason, key=KEY)


@pytest.fixture(autouse=True)
def _a_charge(wire: Wire) -> None:
    wire.tell(CHARGE, charge())


def test_r1_a_refund_names_the_capture_and_our_operation(wire: Wire) -> None:
    wire.tell(REFUND, refund())
    assert value_of(give_back(wire)) == FACT
    assert wire.forms(REFUND) == [
        {
            "charge": "ch_1",
            "amount": "200",
            "reason": "requested_by_customer",
            "metadata[operation_id]": str(KEY),
        }
    ]
    assert wire.sent(REFUND)[0].headers["idempotency-key"] == str(KEY)


@pytest.mark.parametrize("status", ["pending", "requires_action", "failed", "canceled"])
def test_r3_what_is_not_given_back_yet_is_pending(wire: Wire, status: str) -> None:
    wire.tell(REFUND, refund(status=status))
    assert give_back(wire) == Pending(ref="re_1", trace=Trace(request_id="req_1"))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("late-or-duplicate", "duplicate"),
        ("duplicate", "duplicate"),
        ("fraudulent", "requested_by_customer"),
        ("Mrs Smith of 4 Elm Street called", "requested_by_customer"),
        ("", "requested_by_customer"),
    ],
)
def test_what_our_staff_wrote_stays_here(wire: Wire, ours: str, theirs: str) -> None:
    wire.tell(REFUND, refund())
    value_of(give_back(wire, reason=ours))
    assert wire.forms(REFUND)[0]["reason"] == theirs


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (Money.of("2.00", "USD"), "currency-mismatch"),
        (Money.of("200", "JPY"), "currency-mismatch"),
        (Money.of("0.00", "EUR"), "amount-invalid"),
        (Money.of("-1.00", "EUR"), "amount-invalid"),
    ],
)
def test_r2_another_currency_or_nothing_at_all_is_never_sent(wire: Wire, amount: Money, code: str) -> None:
    outcome = give_back(wire, amount)
    assert isinstance(outcome, Rejected)
    assert outcome.code == code
    assert wire.posts == []


@pytest.mark.parametrize("ref", ["cs_test_1", "pi_1", "re_1", "ch_2", "ch_1/refunds", ""])
def test_only_a_charge_can_be_given_back(wire: Wire, ref: str) -> None:
    outcome = give_back(wire, capture_ref=ref)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "not-found"
    assert wire.posts == []


def test_r2_more_than_came_is_refused(wire: Wire) -> None:
    wire.tell(REFUND, refuses(400, "amount_too_large"))
    wire.tell(REFUNDS, listing(refund("re_0", 1290, metadata={"operation_id": "another"})))
    outcome = give_back(wire)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "amount-too-large"
    assert wire.forms(REFUNDS) == [{"charge": "ch_1", "limit": "100"}] * 2


@pytest.mark.parametrize("code", ["charge_already_refunded", "amount_too_large"])
def test_r5_a_refusal_because_our_own_refund_was_made_before_is_none(wire: Wire, code: str) -> None:
    others: list[Json] = [refund(f"re_{n}", metadata={}) for n in range(2, 102)]
    wire.tell(REFUND, refuses(400, code))
    wire.tell(REFUNDS, listing(*others), listing(*others, more=True), listing(refund()))
    assert value_of(give_back(wire)) == FACT
    assert wire.forms(REFUNDS)[2]["starting_after"] == "re_101"


def test_i4_a_refund_whose_key_was_forgotten_is_not_made_twice(wire: Wire) -> None:
    wire.tell(REFUNDS, listing(refund()))
    assert value_of(give_back(wire)) == FACT
    outcome = give_back(wire, Money.of("3.00", "EUR"))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "idempotency-key-reused"
    assert wire.posts == []


@pytest.mark.parametrize("theirs", [{"currency": "usd"}, {"amount": 0}, {"amount": -200}])
def test_u5_a_refund_of_ours_that_cannot_be_is_no_refund_and_no_second_is_made(
    wire: Wire, theirs: Json
) -> None:
    wire.tell(REFUNDS, listing(refund(**theirs)))
    assert isinstance(give_back(wire), Unknown)
    assert wire.posts == []


@pytest.mark.parametrize(
    "gone", [httpx.ReadTimeout("slow"), httpx.ConnectError("no"), refuses(401), listing(more=True)], ids=str
)
def test_r5_a_refusal_after_which_the_books_cannot_be_seen_decides_nothing(wire: Wire, gone: Step) -> None:
    wire.tell(REFUND, refuses(400, "charge_already_refunded"))
    wire.tell(REFUNDS, listing(), gone)
    assert give_back(wire) == Unknown(reason="sent-but-not-seen")


def test_r5_without_a_look_at_the_charge_nothing_is_sent(wire: Wire) -> None:
    wire.tell(CHARGE, httpx.ConnectError("no"))
    assert isinstance(give_back(wire), NotSent)
    assert wire.posts == []

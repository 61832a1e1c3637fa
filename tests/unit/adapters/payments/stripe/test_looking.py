"""Looking: every state that table 2.2 of the payments design knows, all facts, and every name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from printapic.application.ports.payments import NotSent, Outcome, Unknown
from printapic.domain.ids import OperationId
from printapic.domain.money import Currency, Money
from printapic.domain.payments.attempt import AttemptState, Provider
from printapic.domain.payments.snapshot import (
    AuthorizationFact,
    CaptureFact,
    DisputeFact,
    DisputeMovement,
    DisputeState,
    RefundFact,
    RefundState,
    Snapshot,
)
from tests.unit.adapters.payments.stripe.wire import (
    ATTEMPT,
    DISPUTES,
    KEY,
    LOOK,
    NOON,
    NOON_S,
    PRICE,
    REFUNDS,
    Json,
    Wire,
    charge,
    dispute,
    held,
    intent,
    line,
    listing,
    paid,
    refund,
    session,
    value_of,
)

SECOND = timedelta(seconds=1)


def look(
    wire: Wire, page: Json, refunds: Json | None = None, disputes: Json | None = None
) -> Outcome[Snapshot]:
    wire.tell(LOOK, page)
    wire.tell(REFUNDS, refunds or listing())
    wire.tell(DISPUTES, disputes or listing())
    return wire.gateway.fetch(ref="cs_test_1")


def complete(status: str, latest_charge: Json | None = None, **fields: Any) -> Json:
    return session(status="complete", payment_intent=intent(status, latest_charge, **fields))


def expired(status: str, **fields: Any) -> Json:
    return session(status="expired", url=None, payment_intent=intent(status, **fields))


FAILED_CHARGE = charge(0, status="failed")
STATES = {
    "nobody tried": (session(), AttemptState.OPEN),
    "a card was refused": (
        session(payment_intent=intent("requires_payment_method", FAILED_CHARGE)),
        AttemptState.OPEN,
    ),
    "about to confirm": (session(payment_intent=intent("requires_confirmation")), AttemptState.OPEN),
    "3-D Secure asks": (session(payment_intent=intent("requires_action")), AttemptState.ACTION_REQUIRED),
    "the bank is at it": (session(payment_intent=intent("processing")), AttemptState.PROCESSING),
    "a transfer under way": (complete("processing"), AttemptState.PROCESSING),
    "a pending charge": (
        complete("processing", charge(0, status="pending")),
        AttemptState.PROCESSING,
    ),
    "a voucher not yet paid": (complete("requires_action"), AttemptState.PROCESSING),
    "complete, to be confirmed": (complete("requires_confirmation"), AttemptState.PROCESSING),
    "the transfer failed": (complete("requires_payment_method", FAILED_CHARGE), AttemptState.FAILED),
    "held": (held(), AttemptState.AUTHORIZED),
    "paid": (paid(), AttemptState.CAPTURED),
    "the time was over": (session(status="expired", url=None), AttemptState.EXPIRED),
    "expired after a try": (expired("requires_payment_method"), AttemptState.EXPIRED),
    "expired and cancelled": (
        expired("canceled", cancellation_reason="abandoned"),
        AttemptState.EXPIRED,
    ),
    "the hold ran out": (complete("canceled", cancellation_reason="expired"), AttemptState.EXPIRED),
    "given up by Stripe": (complete("canceled", cancellation_reason="automatic"), AttemptState.EXPIRED),
    "let go by us": (
        complete("canceled", charge(0), cancellation_reason="abandoned"),
        AttemptState.VOIDED,
    ),
    "cancelled in the dashboard": (complete("canceled"), AttemptState.VOIDED),
    "cancelled while open": (session(payment_intent=intent("canceled")), AttemptState.VOIDED),
    "paid in the last second": (
        session(status="expired", payment_intent=intent("succeeded", charge())),
        AttemptState.CAPTURED,
    ),
    "taken though cancelled": (
        session(status="expired", payment_intent=intent("canceled", charge(300))),
        AttemptState.CAPTURED,
    ),
}


@pytest.mark.parametrize(("page", "state"), STATES.values(), ids=STATES)
def test_h4_h5_c3_states_are_told_apart(wire: Wire, page: Json, state: AttemptState) -> None:
    snapshot = value_of(look(wire, page))
    assert snapshot.state is state
    assert bool(snapshot.captures) is (state is AttemptState.CAPTURED)


def test_h1_a_look_tells_everything_about_a_payment(wire: Wire) -> None:
    assert value_of(look(wire, paid())) == Snapshot(
        provider=Provider.STRIPE,
        ref="cs_test_1",
        our_reference=ATTEMPT,
        livemode=False,
        state=AttemptState.CAPTURED,
        amount=PRICE,
        captures=(
            CaptureFact(
                ref="ch_1", amount=PRICE, fee=Money.of("0.44", "EUR"), occurred_at=NOON + 61 * SECOND
            ),
        ),
        other_refs=("pi_1", "ch_1"),
    )
    (asked,) = wire.forms(LOOK)
    assert asked == {"expand[0]": "payment_intent.latest_charge.balance_transaction"}
    assert wire.forms(REFUNDS) == wire.forms(DISPUTES) == [{"payment_intent": "pi_1", "limit": "100"}]


def test_a_fee_may_be_unknown_yet_and_in_the_currency_of_the_account(wire: Wire) -> None:
    page = complete("succeeded", charge(balance_transaction=None))
    assert value_of(look(wire, page)).captures[0].fee is None
    for code, fee in (("usd", "70 cents"), ("huf", "in no shop")):
        page = complete("succeeded", charge(balance_transaction=line("txn_1", 1400, currency=code, fee=70)))
        told = value_of(look(wire, page)).captures[0].fee
        assert told == Money(70, Currency.known(code.upper())), fee


def test_a1_money_in_a_currency_that_the_shop_does_not_trade_in_is_seen(wire: Wire) -> None:
    page = complete("succeeded", charge(currency="hkd"))
    snapshot = value_of(look(wire, page))
    assert [fact.amount for fact in snapshot.captures] == [Money(1290, Currency.known("HKD"))]
    assert snapshot.amount == PRICE


def test_what_the_page_asks_for_is_told_where_stripe_says_so(wire: Wire) -> None:
    assert value_of(look(wire, session(amount_total=1300))).amount == Money.of("13.00", "EUR")
    assert value_of(look(wire, session(amount_total=None))).amount is None
    assert value_of(look(wire, session(currency=None))).amount is None


def test_h2_a_hold_is_told_with_the_time_until_which_the_bank_keeps_it(wire: Wire) -> None:
    snapshot = value_of(look(wire, held()))
    assert snapshot.captures == ()
    assert snapshot.authorization == AuthorizationFact(
        ref="ch_1",
        amount=PRICE,
        expires_at=NOON + timedelta(days=7),
        occurred_at=NOON + 60 * SECOND,
    )


def test_h2_of_a_hold_that_was_taken_in_part_the_rest_is_no_refund(wire: Wire) -> None:
    taken = complete("succeeded", charge(1000), capture_method="manual")
    rest = refund("re_rest", 290, metadata={}, balance_transaction=None)
    ours = refund("re_1", 290)
    boards = refund("re_2", 290, metadata={})
    snapshot = value_of(look(wire, taken, listing(boards, ours, rest)))
    assert [fact.amount for fact in snapshot.captures] == [Money.of("10.00", "EUR")]
    assert [fact.ref for fact in snapshot.refunds] == ["re_1", "re_2"]
    assert snapshot.authorization is not None
    assert snapshot.authorization.amount == PRICE


def test_c3_a_hold_that_was_let_go_is_neither_hold_nor_refund(wire: Wire) -> None:
    gone = complete("canceled", charge(0), capture_method="manual", cancellation_reason="expired")
    released = refund("re_1", 1290, metadata={}, reason="expired_uncaptured_charge")
    snapshot = value_of(look(wire, gone, listing(released)))
    assert (snapshot.authorization, snapshot.refunds) == (None, ())
    partly = complete("succeeded", charge(1000), capture_method="manual")
    assert value_of(look(wire, partly, listing(released))).refunds == ()


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("pending", RefundState.PENDING),
        ("requires_action", RefundState.PENDING),
        ("succeeded", RefundState.SUCCEEDED),
        ("failed", RefundState.FAILED),
        ("canceled", RefundState.CANCELLED),
    ],
)
def test_r3_r4_refunds_are_told_with_their_state_and_operation(
    wire: Wire, status: str, state: RefundState
) -> None:
    snapshot = value_of(
        look(wire, paid(), listing(refund("re_2", 100, metadata=None), refund(status=status)))
    )
    assert snapshot.refunds == (
        RefundFact(
            ref="re_1",
            capture_ref="ch_1",
            amount=Money.of("2.00", "EUR"),
            state=state,
            operation_id=KEY,
            occurred_at=NOON + 120 * SECOND,
        ),
        RefundFact(
            ref="re_2",
            capture_ref="ch_1",
            amount=Money.of("1.00", "EUR"),
            state=RefundState.SUCCEEDED,
            operation_id=None,
            occurred_at=NOON + 120 * SECOND,
        ),
    )
    assert snapshot.other_refs == ("pi_1", "ch_1", "re_1", "re_2")


def test_r4_a_name_in_the_dashboard_that_is_no_id_is_no_operation_of_ours(wire: Wire) -> None:
    strange = refund(metadata={"operation_id": "see ticket 7"})
    assert value_of(look(wire, paid(), listing(strange))).refunds[0].operation_id is None


def test_r1_more_refunds_than_fit_on_a_page_are_all_read(wire: Wire) -> None:
    ids = [OperationId(UUID(int=number)) for number in range(250)]
    made = [refund(f"re_{n}", 1, metadata={"operation_id": str(ids[n])}) for n in reversed(range(250))]
    wire.tell(LOOK, paid())
    wire.tell(
        REFUNDS, listing(*made[:100], more=True), listing(*made[100:200], more=True), listing(*made[200:])
    )
    snapshot = value_of(wire.gateway.fetch(ref="cs_test_1"))
    assert [fact.operation_id for fact in snapshot.refunds] == ids
    assert [form.get("starting_after") for form in wire.forms(REFUNDS)] == [None, "re_150", "re_50"]


@pytest.mark.parametrize("last", [listing(more=True), listing(refund(), more=True)], ids=["empty", "stuck"])
def test_u5_a_list_that_never_ends_is_unreadable(wire: Wire, last: Json) -> None:
    wire.tell(LOOK, paid())
    wire.tell(REFUNDS, listing(refund(), more=True), last)
    assert wire.gateway.fetch(ref="cs_test_1") == Unknown(reason="unreadable-endless-list")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("warning_needs_response", DisputeState.INQUIRY),
        ("warning_under_review", DisputeState.INQUIRY),
        ("warning_closed", DisputeState.WON),
        ("prevented", DisputeState.WON),
        ("needs_response", DisputeState.OPEN),
        ("under_review", DisputeState.OPEN),
        ("won", DisputeState.WON),
        ("lost", DisputeState.LOST),
    ],
)
def test_d1_disputes_are_told_with_their_state(wire: Wire, status: str, state: DisputeState) -> None:
    (fact,) = value_of(look(wire, paid(), None, listing(dispute(status)))).disputes
    assert (fact.state, fact.movements) == (state, ())


@pytest.mark.parametrize("said", ["Card 4000002500003155 of a@b.test", "4000002500003155", "", "a" * 65])
def test_s1_a_dispute_whose_reason_is_no_word_keeps_it_to_itself(wire: Wire, said: str) -> None:
    (fact,) = value_of(look(wire, paid(), None, listing(dispute(reason=said)))).disputes
    assert fact.reason == "other"


def test_d1_a_dispute_tells_what_it_took_and_gave_back(wire: Wire) -> None:
    took = line("txn_8", -1290, "dispute", "du_1", fee=1500, created=NOON_S + 90_000)
    gave = line("txn_9", 1290, "dispute_reversal", "du_1", created=NOON_S + 900_000)
    won = dispute("won", balance_transactions=[took, gave])
    snapshot = value_of(look(wire, paid(), None, listing(won)))
    assert snapshot.disputes == (
        DisputeFact(
            ref="du_1",
            capture_ref="ch_1",
            amount=PRICE,
            state=DisputeState.WON,
            reason="fraudulent",
            evidence_due_at=NOON + timedelta(days=8),
            movements=(
                DisputeMovement(
                    ref="txn_8",
                    amount=-PRICE,
                    fee=Money.of("15.00", "EUR"),
                    occurred_at=NOON + 90_000 * SECOND,
                ),
                DisputeMovement(
                    ref="txn_9",
                    amount=PRICE,
                    fee=Money.of("0.00", "EUR"),
                    occurred_at=NOON + 900_000 * SECOND,
                ),
            ),
            occurred_at=NOON + timedelta(days=1),
        ),
    )
    assert snapshot.other_refs == ("pi_1", "ch_1", "du_1")


def test_d1_more_disputes_than_fit_on_a_page_are_all_read(wire: Wire) -> None:
    wire.tell(LOOK, paid())
    wire.tell(DISPUTES, listing(dispute(id="du_2"), more=True), listing(dispute()))
    found = value_of(wire.gateway.fetch(ref="cs_test_1")).disputes
    assert [fact.ref for fact in found] == ["du_2", "du_1"]
    assert [form.get("starting_after") for form in wire.forms(DISPUTES)] == [None, "du_2"]


def test_d1_a_dispute_without_a_date_for_evidence_has_none(wire: Wire) -> None:
    lost = dispute("lost", evidence_details={"due_by": None})
    assert value_of(look(wire, paid(), None, listing(lost))).disputes[0].evidence_due_at is None


def without(page: Json, field: str) -> Json:
    return {name: value for name, value in page.items() if name != field}


UNREADABLE = {
    "unknown state of the page": session(status="paused"),
    "no state of the page": session(status=None),
    "unknown state of the intent": complete("settled"),
    "unknown state of the charge": complete("succeeded", charge(status="blocked")),
    "an intent that was not expanded": session(payment_intent="pi_1"),
    "a charge that was not expanded": complete("succeeded") | {"payment_intent": intent("succeeded", "ch_1")},
    "a fee that was not expanded": complete("succeeded", charge(balance_transaction="txn_1")),
    "succeeded without a charge": complete("succeeded"),
    "succeeded without money": complete("succeeded", charge(0)),
    "complete without a payment": session(status="complete"),
    "no environment": without(session(), "livemode"),
    "no intent at all": without(session(), "payment_intent"),
    "no amount": complete("succeeded", without(charge(), "amount_captured")),
    "a currency that is none": complete("succeeded", charge(currency="xts")),
    "a charge below zero": complete("succeeded", charge(-1290)),
    "a charge of nothing": complete("succeeded", charge(amount=0)),
    "a hold of nothing": complete("requires_capture", charge(0, amount=0), capture_method="manual"),
    "a hold below zero": complete("requires_capture", charge(0, amount=-1290), capture_method="manual"),
    "a currency that nobody knows": complete("succeeded", charge(currency="EUR")),
    "a fraction": complete("succeeded", charge(amount_captured=12.5)),
}


@pytest.mark.parametrize("page", UNREADABLE.values(), ids=UNREADABLE)
def test_u5_what_cannot_be_read_is_never_guessed(wire: Wire, page: Json) -> None:
    outcome = look(wire, page)
    assert isinstance(outcome, Unknown)
    assert outcome.reason.startswith("unreadable-")


@pytest.mark.parametrize(
    ("refunds", "disputes"),
    [
        (listing(refund(status="reconsidered")), None),
        (listing(refund(charge=None)), None),
        (listing(refund(amount=0)), None),
        (listing(refund(amount=-200)), None),
        (listing(refund(currency="usd")), None),
        (None, listing(dispute(amount=-1290))),
        ({"data": []}, None),
        (None, listing(dispute("escalated"))),
        (None, listing(without(dispute(), "balance_transactions"))),
    ],
)
def test_u5_nor_are_refunds_and_disputes(wire: Wire, refunds: Json | None, disputes: Json | None) -> None:
    assert isinstance(look(wire, paid(), refunds, disputes), Unknown)


def test_a_look_that_is_interrupted_says_nothing(wire: Wire) -> None:
    wire.tell(LOOK, paid())
    wire.tell(DISPUTES, httpx.ReadTimeout("slow"))
    assert isinstance(wire.gateway.fetch(ref="cs_test_1"), Unknown)
    wire.tell(DISPUTES, httpx.ConnectError("refused"))
    assert isinstance(wire.gateway.fetch(ref="cs_test_1"), NotSent)

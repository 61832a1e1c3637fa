"""Our Stripe adapter and a Stripe: customers, banks, the dashboard, and books that must agree."""

from __future__ import annotations

from datetime import timedelta

import pytest

from printapic.application.ports.payments import (
    MovementKind,
    Pending,
    Rejected,
)
from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.snapshot import DisputeState, RefundState
from tests.integration.stripe.till import PRICE, TWO, Till, new_key, value_of
from tests.providers.counter import PageClosed

TEN = Money.of("10.00", "EUR")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("amount", [PRICE, TEN])
def test_h2_held_money_is_taken_once_and_the_rest_given_back(till: Till, amount: Money) -> None:
    ref = till.held()
    held = till.look(ref)
    assert (held.state, held.captures) == (AttemptState.AUTHORIZED, ())
    assert held.authorization is not None
    assert held.authorization.amount == PRICE
    assert held.authorization.expires_at is not None
    key = new_key()
    taken = value_of(till.gateway.capture(ref=ref, amount=amount, final=True, key=key))
    assert (taken.state, [fact.amount for fact in taken.captures]) == (AttemptState.CAPTURED, [amount])
    assert taken.refunds == ()
    assert value_of(till.gateway.capture(ref=ref, amount=amount, final=True, key=key)) == taken
    again = till.gateway.capture(ref=ref, amount=Money.of("1.00", "EUR"), final=True, key=new_key())
    assert isinstance(again, Rejected)
    assert till.look(ref) == taken


def test_h2_more_than_is_held_cannot_be_taken(till: Till) -> None:
    ref = till.held()
    outcome = till.gateway.capture(ref=ref, amount=Money.of("12.91", "EUR"), final=True, key=new_key())
    assert isinstance(outcome, Rejected)
    assert till.look(ref).state is AttemptState.AUTHORIZED


def test_h2_held_money_is_let_go(till: Till) -> None:
    ref, key = till.held(), new_key()
    gone = value_of(till.gateway.void(ref=ref, key=key))
    assert (gone.state, gone.authorization, gone.refunds) == (AttemptState.VOIDED, None, ())
    assert value_of(till.gateway.void(ref=ref, key=key)) == gone
    late = till.gateway.capture(ref=ref, amount=PRICE, final=True, key=new_key())
    assert isinstance(late, Rejected)


def test_c3_money_that_was_held_for_too_long_is_not_ours_any_more(till: Till) -> None:
    ref = till.held()
    till.stripe.expire(ref)
    gone = till.look(ref)
    assert (gone.state, gone.authorization, gone.refunds) == (AttemptState.EXPIRED, None, ())


def test_h3_a_bank_that_asks_first_is_answered_later(till: Till) -> None:
    ref = till.opened().ref
    till.stripe.challenge(ref)
    assert till.look(ref).state is AttemptState.ACTION_REQUIRED
    till.stripe.pay(ref)
    assert till.look(ref).state is AttemptState.CAPTURED


@pytest.mark.parametrize(("good", "state"), [(True, AttemptState.CAPTURED), (False, AttemptState.FAILED)])
def test_h4_money_that_takes_days_comes_or_does_not(till: Till, good: bool, state: AttemptState) -> None:
    ref = till.opened().ref
    till.stripe.pay_slowly(ref)
    assert (till.look(ref).state, till.look(ref).captures) == (AttemptState.PROCESSING, ())
    assert isinstance(till.gateway.void(ref=ref, key=new_key()), Rejected)
    till.stripe.bank_decides(ref, good=good)
    assert till.look(ref).state is state
    assert [fact.amount for fact in till.look(ref).captures] == [PRICE] * good


def test_h5_after_a_refused_card_another_one_pays(till: Till) -> None:
    ref = till.opened().ref
    till.stripe.decline(ref)
    assert (till.look(ref).state, till.look(ref).captures) == (AttemptState.OPEN, ())
    till.stripe.pay(ref)
    assert len(till.look(ref).captures) == 1


def test_a1_another_amount_than_asked_is_told_as_it_is(till: Till) -> None:
    ref = till.opened().ref
    till.stripe.pay(ref, amount=TEN)
    assert till.look(ref).captures[0].amount == TEN


def test_c1_a_page_closed_after_a_refused_card_or_a_question_cannot_be_paid(till: Till) -> None:
    for befalls in (till.stripe.decline, till.stripe.challenge):
        ref = till.opened().ref
        befalls(ref)
        value_of(till.gateway.void(ref=ref, key=new_key()))
        with pytest.raises(PageClosed):
            till.stripe.pay(ref)
        assert till.look(ref).captures == ()


@pytest.mark.parametrize("state", [RefundState.SUCCEEDED, RefundState.FAILED, RefundState.CANCELLED])
def test_r3_a_refund_that_pends_is_decided_later(till: Till, state: RefundState) -> None:
    ref, capture = till.paid()
    till.stripe.refunds_pend()
    key = new_key()
    outcome = till.refund(capture, TWO, key)
    assert isinstance(outcome, Pending)
    (waiting,) = till.look(ref).refunds
    assert (waiting.ref, waiting.state, waiting.operation_id) == (outcome.ref, RefundState.PENDING, key)
    till.stripe.decide_refund(outcome.ref, state)
    assert [fact.state for fact in till.look(ref).refunds] == [state]


def test_r3_a_refund_that_succeeded_may_still_fail(till: Till) -> None:
    ref, capture = till.paid()
    fact = value_of(till.refund(capture, TWO, new_key()))
    till.stripe.decide_refund(fact.ref, RefundState.FAILED)
    assert [fact.state for fact in till.look(ref).refunds] == [RefundState.FAILED]


def test_r4_a_refund_made_in_the_dashboard_is_told_as_nobodys_operation(till: Till) -> None:
    ref, capture = till.paid()
    made = till.stripe.refund(capture.ref, TWO)
    (fact,) = till.look(ref).refunds
    assert (fact.ref, fact.amount, fact.operation_id) == (made, TWO, None)


def test_i4_a_refund_is_not_repeated_when_its_key_was_forgotten(till: Till) -> None:
    ref, capture = till.paid()
    key = new_key()
    first = value_of(till.refund(capture, TWO, key))
    till.stripe.forget_keys()
    assert value_of(till.refund(capture, TWO, key)) == first
    assert till.look(ref).refunds == (first,)


@pytest.mark.parametrize("verdict", [DisputeState.WON, DisputeState.LOST])
def test_d1_a_dispute_takes_money_and_gives_it_back_when_it_is_won(till: Till, verdict: DisputeState) -> None:
    ref, capture = till.paid()
    disputed = till.stripe.dispute(capture.ref, PRICE)
    (fact,) = till.look(ref).disputes
    assert (fact.ref, fact.capture_ref, fact.state) == (disputed, capture.ref, DisputeState.OPEN)
    assert [movement.amount for movement in fact.movements] == [-PRICE]
    assert fact.evidence_due_at is not None
    till.stripe.decide_dispute(disputed, verdict)
    (fact,) = till.look(ref).disputes
    assert fact.state is verdict
    back = [PRICE] * (verdict is DisputeState.WON)
    assert [movement.amount for movement in fact.movements] == [-PRICE, *back]


def test_d1_an_inquiry_moves_no_money_until_it_becomes_a_dispute(till: Till) -> None:
    ref, capture = till.paid()
    disputed = till.stripe.dispute(capture.ref, PRICE, inquiry=True)
    (fact,) = till.look(ref).disputes
    assert (fact.state, fact.movements) == (DisputeState.INQUIRY, ())
    till.stripe.decide_dispute(disputed, DisputeState.OPEN)
    (fact,) = till.look(ref).disputes
    assert (fact.state, len(fact.movements)) == (DisputeState.OPEN, 1)


def test_d1_an_inquiry_that_was_closed_cost_nothing(till: Till) -> None:
    ref, capture = till.paid()
    disputed = till.stripe.dispute(capture.ref, PRICE, inquiry=True)
    till.stripe.decide_dispute(disputed, DisputeState.WON)
    (fact,) = till.look(ref).disputes
    assert (fact.state, fact.movements) == (DisputeState.WON, ())


def test_d2_what_is_disputed_is_not_given_back_as_well(till: Till) -> None:
    ref, capture = till.paid()
    till.stripe.dispute(capture.ref, PRICE)
    outcome = till.refund(capture, TWO, new_key())
    assert isinstance(outcome, Rejected)
    assert outcome.code == "charge-disputed"
    assert till.look(ref).refunds == ()


def test_every_name_in_a_look_leads_back_to_it(till: Till) -> None:
    ref, capture = till.paid()
    value_of(till.refund(capture, TWO, new_key()))
    till.stripe.dispute(capture.ref, TEN)
    look = till.look(ref)
    assert len(look.other_refs) == 4
    for name in look.other_refs:
        assert till.look(name) == look


def test_l1_our_reading_of_stripes_books_is_stripes_own(till: Till) -> None:
    _, first = till.paid()
    value_of(till.refund(first, TWO, new_key()))
    failed = value_of(till.refund(first, TWO, new_key()))
    till.stripe.pass_time(timedelta(hours=30))
    till.stripe.decide_refund(failed.ref, RefundState.FAILED)
    won = till.stripe.dispute(till.paid()[1].ref, PRICE)
    till.stripe.decide_dispute(won, DisputeState.WON)
    slow = till.opened().ref
    till.stripe.pay_slowly(slow)
    till.stripe.bank_decides(slow, good=True)
    till.paid(Money.of("1290", "JPY"))
    till.stripe.pass_time(timedelta(hours=30))
    till.stripe.payout_fails(till.stripe.payout(TEN))
    theirs = list(till.stripe.ledger())
    ours = list(
        till.gateway.movements(
            since=theirs[0].occurred_at - SECOND, until=theirs[-1].occurred_at + 2 * SECOND
        )
    )
    assert {movement.kind for movement in ours} == {
        MovementKind.CAPTURE,
        MovementKind.REFUND,
        MovementKind.REFUND_RETURNED,
        MovementKind.DISPUTE,
        MovementKind.DISPUTE_RETURNED,
        MovementKind.PAYOUT,
        MovementKind.PAYOUT_RETURNED,
    }
    told, kept = (
        [(line.id, line.ref, line.kind, line.amount, line.fee or None) for line in lines]
        for lines in (ours, theirs)
    )
    assert told == kept


def test_l1_every_fact_of_a_look_stands_in_the_books_under_the_same_name(till: Till) -> None:
    began = till.stripe.books.now() - SECOND
    ref, capture = till.paid()
    value_of(till.refund(capture, TWO, new_key()))
    till.stripe.decide_dispute(till.stripe.dispute(capture.ref, TEN), DisputeState.WON)
    till.stripe.pass_time(2 * SECOND)
    look = till.look(ref)
    facts = {
        *((fact.ref, fact.amount, fact.fee) for fact in look.captures),
        *((fact.ref, -fact.amount, Money.zero(PRICE.currency)) for fact in look.refunds),
        *((move.ref, move.amount, move.fee) for fact in look.disputes for move in fact.movements),
    }
    lines = till.gateway.movements(since=began, until=till.stripe.books.now())
    assert {(line.ref, line.amount, line.fee) for line in lines} == facts

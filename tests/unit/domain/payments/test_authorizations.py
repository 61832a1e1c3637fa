"""Money that a bank only holds: it covers the order, is taken before production, and may be lost."""

from __future__ import annotations

import pytest

from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.events import MoneyCollected, PaymentSucceeded
from printapic.domain.payments.operation import OperationKind, OperationState
from printapic.domain.payments.payment import AlreadyPaid, PaymentStatus
from printapic.domain.payments.transaction import TransactionType
from tests.unit.domain.payments.till import DUE, NOON, Till, held_with, paid_with

AUTHORIZED, CAPTURED = AttemptState.AUTHORIZED, AttemptState.CAPTURED
OPEN_CLAIM = {"order_receivable": DUE.minor, "order_obligation": -DUE.minor}


def holding_till() -> Till:
    till = Till()
    till.holds(till.checkout())
    till.events()
    return till


def test_h2_held_money_covers_the_order_once_and_moves_nothing() -> None:
    till = Till()
    attempt_id = till.checkout()
    for _ in range(2):
        till.holds(attempt_id)
    assert till.status() is PaymentStatus.AUTHORIZED
    assert till.payment.covered
    assert not till.payment.allocated
    (row,) = till.money()
    assert (row.type, row.ref, row.amount) == (TransactionType.AUTHORIZED, "held-1", DUE)
    assert till.balances() == OPEN_CLAIM
    assert len(till.events(PaymentSucceeded)) == 1


def test_h2_production_takes_held_money_with_one_call_however_often_it_asks() -> None:
    till = holding_till()
    assert [till.collect(), till.collect()] == [False, False]
    (capture,) = till.calls(OperationKind.CAPTURE)
    assert (capture.amount, capture.attempt_id) == (DUE, till.payment.attempts[0].id)
    till.see(capture.attempt_id, CAPTURED, [paid_with()])
    assert till.collect() is True
    assert till.payment.operation(capture.id).state is OperationState.SUCCEEDED
    assert till.status() is PaymentStatus.PAID
    assert [row.type for row in till.money()] == [TransactionType.AUTHORIZED, TransactionType.CAPTURE]
    assert len(till.calls(OperationKind.CAPTURE)) == 1


def test_v4_an_order_is_covered_once_and_its_money_collected_once() -> None:
    till = holding_till()
    attempt_id = till.payment.attempts[0].id
    for _ in range(2):
        till.see(attempt_id, CAPTURED, [paid_with()], authorization=held_with())
    assert [type(event) for event in till.events(PaymentSucceeded, MoneyCollected)] == [MoneyCollected]


def test_v4_money_whose_promise_was_never_heard_of_pays_like_any_other() -> None:
    till = Till()
    till.see(till.checkout(), CAPTURED, [paid_with()], authorization=held_with())
    assert [type(event) for event in till.events(PaymentSucceeded, MoneyCollected)] == [PaymentSucceeded]
    assert till.status() is PaymentStatus.PAID


def test_w4_a_promise_heard_of_after_its_money_came_is_no_second_one() -> None:
    till = Till()
    attempt_id = till.checkout()
    till.pays(attempt_id)
    till.holds(attempt_id)
    assert [row.type for row in till.money()] == [TransactionType.CAPTURE, TransactionType.AUTHORIZED]
    assert till.status() is PaymentStatus.PAID


def test_nothing_is_collected_where_nothing_is_held() -> None:
    till = Till()
    attempt_id = till.checkout()
    assert till.collect() is False
    till.pays(attempt_id)
    assert till.collect() is True
    assert till.calls(OperationKind.CAPTURE) == []


def test_h2_while_a_bank_decides_about_a_capture_the_money_stays_held() -> None:
    till = holding_till()
    till.collect()
    till.see(till.payment.attempts[0].id, AttemptState.PROCESSING, authorization=held_with())
    assert till.status() is PaymentStatus.AUTHORIZED
    assert till.collect() is False
    assert len(till.calls(OperationKind.CAPTURE)) == 1


def test_h7_held_money_keeps_its_checkout_and_closes_the_others() -> None:
    till = Till()
    first, second = till.checkout("first"), till.checkout("second")
    till.holds(first)
    with pytest.raises(AlreadyPaid):
        till.start("third")
    assert [void.attempt_id for void in till.calls(OperationKind.VOID)] == [second]


def test_h7_money_held_twice_is_let_go_the_second_time() -> None:
    till = Till()
    first, second = till.checkout("first"), till.checkout("second")
    till.holds(first)
    till.see(second, AUTHORIZED, authorization=held_with("held-2"))
    assert till.payment.holding is not None
    assert till.payment.holding.id == first
    assert [row.ref for row in till.rows(TransactionType.AUTHORIZATION_PARKED)] == ["held-2"]
    assert [void.attempt_id for void in till.calls(OperationKind.VOID)] == [second]
    assert till.status() is PaymentStatus.AUTHORIZED


@pytest.mark.parametrize("amount", ["12.89", "12.91"])
def test_a1_held_money_of_a_wrong_amount_covers_nothing_and_a_person_looks(amount: str) -> None:
    till = Till()
    till.holds(till.checkout(), Money.of(amount, "EUR"))
    assert not till.payment.covered
    assert till.payment.review_reasons == ("authorization-amount:held-1",)
    assert [row.type for row in till.money()] == [TransactionType.AUTHORIZATION_PARKED]
    assert till.balances() == OPEN_CLAIM
    assert till.events(PaymentSucceeded) == []


def test_c1_money_held_for_a_dead_order_is_let_go_without_a_person() -> None:
    till = Till(wanted=False)
    attempt_id = till.checkout()
    till.holds(attempt_id)
    assert [row.type for row in till.money()] == [TransactionType.AUTHORIZATION_PARKED]
    assert [void.attempt_id for void in till.calls(OperationKind.VOID)] == [attempt_id]
    assert till.payment.review_reasons == ()


def test_c1_a_page_that_could_not_be_ended_while_the_bank_decided_is_ended_when_it_has() -> None:
    till = Till()
    attempt_id = till.checkout()
    till.see(attempt_id, AttemptState.PROCESSING)
    till.release()
    (void,) = till.calls(OperationKind.VOID)
    till.payment.dispatch(void.id, at=till.now)
    till.payment.refuse(void.id, OperationState.REJECTED, "bank-decides", at=till.now)
    till.see(attempt_id, AttemptState.PROCESSING)
    assert till.calls(OperationKind.VOID) == [till.payment.operation(void.id)]
    for _ in range(2):
        till.holds(attempt_id)
    assert [each.attempt_id for each in till.calls(OperationKind.VOID)] == [attempt_id, attempt_id]


@pytest.mark.parametrize("end", [AttemptState.EXPIRED, AttemptState.VOIDED, AttemptState.FAILED])
def test_c3_a_bank_that_lets_go_of_money_the_order_counts_on_calls_a_person_once(end: AttemptState) -> None:
    till = holding_till()
    attempt_id = till.payment.attempts[0].id
    till.see(attempt_id, end)
    assert till.payment.review_reasons == (f"authorization-lost:{attempt_id}",)
    assert not till.payment.covered
    assert till.collect() is False
    assert till.calls(OperationKind.CAPTURE) == []
    assert till.resolve(f"authorization-lost:{attempt_id}")
    till.see(attempt_id, end)
    assert till.status() is PaymentStatus.VOIDED


def test_c3_a_promise_first_heard_of_when_it_was_over_covers_nothing() -> None:
    till = Till()
    till.see(till.checkout(), AttemptState.EXPIRED, authorization=held_with())
    assert till.events(PaymentSucceeded) == []
    assert till.payment.review_reasons == ()
    assert till.status() is PaymentStatus.VOIDED


def test_c3_money_that_comes_after_its_promise_was_over_pays_the_order_after_all() -> None:
    till = holding_till()
    attempt_id = till.payment.attempts[0].id
    till.see(attempt_id, AttemptState.EXPIRED)
    till.pays(attempt_id)
    assert till.payment.allocated == DUE
    assert [type(event) for event in till.events(PaymentSucceeded, MoneyCollected)] == [MoneyCollected]


def test_c2_a_cancelled_order_lets_go_of_held_money_and_no_person_has_to_look() -> None:
    till = holding_till()
    attempt_id = till.payment.attempts[0].id
    till.release()
    (void,) = till.calls(OperationKind.VOID)
    till.see(attempt_id, AttemptState.VOIDED)
    assert till.payment.operation(void.id).state is OperationState.SUCCEEDED
    assert till.status() is PaymentStatus.VOIDED
    assert till.calls(OperationKind.REFUND) == []
    assert till.balances() == {}


def test_c2_a_capture_that_was_not_sent_yet_is_not_sent_after_a_cancel() -> None:
    till = holding_till()
    till.collect()
    (capture,) = till.calls(OperationKind.CAPTURE)
    assert not till.payment.taking
    till.release()
    assert till.payment.dispatch(capture.id, at=NOON) is None
    assert till.payment.operation(capture.id).state is OperationState.ABANDONED


@pytest.mark.parametrize("state", [OperationState.UNKNOWN, None], ids=["unknown", "under way"])
def test_c2_a_capture_that_may_have_taken_the_money_is_known_to_be_taking_it(
    state: OperationState | None,
) -> None:
    till = holding_till()
    till.collect()
    (capture,) = till.calls(OperationKind.CAPTURE)
    till.payment.dispatch(capture.id, at=NOON)
    if state is not None:
        till.payment.decide(capture.id, state)
    assert till.payment.taking
    till.pays(capture.attempt_id)
    assert not till.payment.taking


def test_c2_a_capture_that_wins_against_a_cancel_is_given_back() -> None:
    till = holding_till()
    till.collect()
    (capture,) = till.calls(OperationKind.CAPTURE)
    till.payment.dispatch(capture.id, at=NOON)
    till.release()
    till.pays(capture.attempt_id)
    (refund,) = till.calls(OperationKind.REFUND)
    assert (refund.amount, refund.capture_ref) == (DUE, "capture-1")
    assert not till.payment.allocated
    assert till.balances() == {"psp_clearing:stripe": DUE.minor, "refunds_payable": -DUE.minor}


def test_h2_a_refused_capture_waits_for_a_person_who_may_let_it_be_tried_again() -> None:
    till = holding_till()
    till.collect()
    (refused,) = till.calls(OperationKind.CAPTURE)
    till.payment.dispatch(refused.id, at=NOON)
    till.payment.refuse(refused.id, OperationState.DECLINED, "do-not-honour", at=NOON)
    assert till.payment.review_reasons == (f"capture-refused:{refused.id}",)
    till.collect()
    assert len(till.calls(OperationKind.CAPTURE)) == 1
    till.resolve(f"capture-refused:{refused.id}")
    till.collect()
    assert len(till.calls(OperationKind.CAPTURE)) == 2


def test_h2_money_that_came_answers_the_question_about_a_refused_capture() -> None:
    till = holding_till()
    till.collect()
    (refused,) = till.calls(OperationKind.CAPTURE)
    till.payment.dispatch(refused.id, at=NOON)
    till.payment.refuse(refused.id, OperationState.REJECTED, "already-captured", at=NOON)
    till.pays(refused.attempt_id)
    assert till.status() is PaymentStatus.PAID


def test_h2_the_second_capture_of_one_promise_is_given_back() -> None:
    till = holding_till()
    attempt_id = till.payment.attempts[0].id
    till.see(attempt_id, CAPTURED, [paid_with("one"), paid_with("two")])
    assert till.payment.allocated == DUE
    assert [refund.capture_ref for refund in till.calls(OperationKind.REFUND)] == ["two"]


def test_h2_less_than_was_promised_is_looked_at_by_a_person() -> None:
    till = holding_till()
    part = Money.of("10.00", "EUR")
    till.see(till.payment.attempts[0].id, CAPTURED, [paid_with(amount=part)])
    assert till.payment.review_reasons == ("capture-amount:capture-1",)
    assert not till.payment.allocated
    assert till.calls(OperationKind.REFUND) == []

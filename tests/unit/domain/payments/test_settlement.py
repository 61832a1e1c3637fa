"""Taking in what the provider says: fitting money pays the order, all other money is parked."""

from __future__ import annotations

import attrs
import pytest

from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState, Provider
from printapic.domain.payments.events import OperationPrepared, PaymentSucceeded
from printapic.domain.payments.operation import OperationKind, OperationState
from printapic.domain.payments.payment import ForeignSnapshot, Payment, PaymentStatus
from printapic.domain.payments.snapshot import Snapshot
from printapic.domain.payments.transaction import Source, TransactionType
from tests.unit.domain.payments.till import DUE, NOON, Till, new_operation_id, paid_with

CAPTURE, PARKED = TransactionType.CAPTURE, TransactionType.CAPTURE_PARKED


def test_h1_exact_money_pays_the_order_once() -> None:
    till = Till()
    attempt_id = till.checkout()
    till.pays(attempt_id)
    assert till.status() is PaymentStatus.PAID
    assert till.payment.allocated == till.payment.captured == DUE
    (row,) = till.money()
    assert (row.type, row.ref, row.amount, row.source) == (CAPTURE, "capture-1", DUE, Source.WEBHOOK)
    assert (row.attempt_id, row.provider, row.livemode) == (attempt_id, Provider.STRIPE, False)
    assert (row.occurred_at, row.recorded_at) == (NOON, NOON)
    assert len(till.events(PaymentSucceeded)) == 1


def test_w3_the_same_news_again_changes_nothing() -> None:
    till = Till()
    attempt_id = till.checkout()
    till.pays(attempt_id)
    till.events()
    rows, operations = till.payment.transactions, till.payment.operations
    for till.wanted in (True, False):
        till.pays(attempt_id)
    assert till.payment.transactions == rows
    assert till.payment.operations == operations
    assert till.events() == till.events(PaymentSucceeded, OperationPrepared) == []


@pytest.mark.parametrize("late", [AttemptState.FAILED, AttemptState.EXPIRED, AttemptState.VOIDED])
def test_w7_a_late_end_never_lowers_a_paid_payment(late: AttemptState) -> None:
    till = Till()
    attempt_id = till.checkout()
    till.pays(attempt_id)
    till.see(attempt_id, late)
    assert till.status() is PaymentStatus.PAID
    assert till.payment.attempt(attempt_id).state is AttemptState.CAPTURED


@pytest.mark.parametrize("early", [AttemptState.FAILED, AttemptState.EXPIRED, AttemptState.VOIDED])
def test_w7_money_that_comes_after_all_pays_the_order(early: AttemptState) -> None:
    till = Till()
    attempt_id = till.checkout()
    till.see(attempt_id, early)
    till.pays(attempt_id)
    assert till.status() is PaymentStatus.PAID


def test_w4_an_older_look_that_arrives_later_moves_nothing_back() -> None:
    till = Till()
    attempt_id = till.checkout()
    older, newer = till.payment.next_ticket(), till.payment.next_ticket()
    till.take_in(attempt_id, till.snapshot(attempt_id, AttemptState.PROCESSING), ticket=newer)
    till.take_in(attempt_id, till.snapshot(attempt_id, AttemptState.OPEN), ticket=older)
    assert till.payment.attempt(attempt_id).state is AttemptState.PROCESSING
    till.take_in(attempt_id, till.snapshot(attempt_id, AttemptState.CAPTURED, [paid_with()]), ticket=older)
    assert till.status() is PaymentStatus.PAID
    assert till.payment.attempt(attempt_id).state is AttemptState.CAPTURED


@pytest.mark.parametrize("end", [AttemptState.FAILED, AttemptState.EXPIRED, AttemptState.VOIDED])
def test_w4_a_checkout_that_came_to_an_end_does_not_open_again(end: AttemptState) -> None:
    till = Till()
    attempt_id = till.checkout()
    till.see(attempt_id, end)
    till.see(attempt_id, AttemptState.OPEN)
    assert till.payment.attempt(attempt_id).state is end


@pytest.mark.parametrize("amount", ["12.89", "12.91"])
def test_a1_a_wrong_amount_is_parked_and_a_person_looks(amount: str) -> None:
    till = Till()
    till.pays(till.checkout(), amount=Money.of(amount, "EUR"))
    assert till.status() is PaymentStatus.NEEDS_REVIEW
    assert till.payment.review_reasons == ("capture-amount:capture-1",)
    assert not till.payment.allocated
    assert till.payment.captured == Money.of(amount, "EUR")
    assert [row.type for row in till.money()] == [PARKED]
    assert till.calls(OperationKind.REFUND) == []
    assert till.events(PaymentSucceeded) == []


def test_a1_another_currency_is_written_down_looked_at_and_never_added_up() -> None:
    till = Till()
    till.pays(till.checkout(), amount=Money.of("12.90", "USD"))
    assert till.status() is PaymentStatus.NEEDS_REVIEW
    assert [row.amount for row in till.rows(PARKED)] == [Money.of("12.90", "USD")]
    assert till.payment.captured == till.payment.allocated == Money.of("0.00", "EUR")
    assert till.events(PaymentSucceeded) == []


def test_a3_the_price_of_yesterday_is_a_wrong_amount() -> None:
    till = Till()
    attempt_id = till.checkout()
    stale = Payment(
        id=till.payment.id,
        order_id=till.payment.order_id,
        user_id=till.payment.user_id,
        due=Money.of("15.00", "EUR"),
        created_at=NOON,
        attempts=till.payment.attempts,
    )
    till.payment = stale
    till.pays(attempt_id)
    assert till.status() is PaymentStatus.NEEDS_REVIEW
    assert not till.payment.allocated


def test_a3_a_checkout_for_another_amount_does_not_pay_even_if_the_money_fits_by_chance() -> None:
    till = Till()
    attempt_id = till.checkout()
    asked = attrs.evolve(till.payment.attempt(attempt_id), expected=Money.of("10.00", "EUR"))
    till.payment.attempts = (asked,)
    till.pays(attempt_id)
    assert not till.payment.allocated
    assert till.status() is PaymentStatus.NEEDS_REVIEW


@pytest.mark.parametrize(
    "change",
    [
        {"our_reference": "8e7d4f8e-0000-7000-8000-000000000000"},
        {"provider": Provider.PAYPAL},
        {"livemode": True},
        {"ref": "page-of-another"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a2_w8_a_foreign_snapshot_is_refused_and_changes_nothing(change: dict[str, object]) -> None:
    till = Till()
    attempt_id = till.checkout()
    genuine = till.snapshot(attempt_id, AttemptState.CAPTURED, [paid_with()])
    foreign: Snapshot = attrs.evolve(genuine, **change)  # type: ignore[arg-type]
    till.events()
    before = attrs.asdict(till.payment, recurse=False)
    with pytest.raises(ForeignSnapshot):
        till.take_in(attempt_id, foreign, ticket=1)
    assert attrs.asdict(till.payment, recurse=False) == before
    till.take_in(attempt_id, genuine)
    assert till.status() is PaymentStatus.PAID


def test_a_provider_that_contradicts_itself_is_looked_at() -> None:
    till = Till()
    attempt_id = till.checkout()
    till.pays(attempt_id)
    till.pays(attempt_id, amount=Money.of("0.01", "EUR"))
    assert till.payment.review_reasons == ("capture-changed:capture-1",)
    assert till.payment.captured == DUE


def test_each_contradiction_is_written_down_and_asked_about_once() -> None:
    till = Till()
    attempt_id = till.checkout()
    till.pays(attempt_id)
    for cents in ("0.01", "0.01", "0.02"):
        till.pays(attempt_id, amount=Money.of(cents, "EUR"))
    rows = till.rows(TransactionType.CONFLICT)
    assert [(row.ref, row.capture_ref, row.amount.amount, row.postings) for row in rows] == [
        ("capture-1/1", "capture-1", "0.01", ()),
        ("capture-1/2", "capture-1", "0.02", ()),
    ]
    assert till.resolve("capture-changed:capture-1")
    till.pays(attempt_id, amount=Money.of("0.02", "EUR"))
    assert till.status() is PaymentStatus.PAID


def test_the_same_money_under_two_checkouts_is_counted_once_and_looked_at() -> None:
    till = Till()
    first, second = till.checkout("first"), till.checkout("second")
    till.pays(first)
    till.pays(second)
    assert till.payment.captured == DUE
    assert till.status() is PaymentStatus.NEEDS_REVIEW


@pytest.mark.parametrize("providers", [(Provider.STRIPE, Provider.PAYPAL), (Provider.STRIPE,) * 2])
def test_h7_the_second_of_two_paid_checkouts_is_given_back_once(providers: tuple[Provider, Provider]) -> None:
    till = Till()
    first, second = (till.checkout(key, provider=p) for key, p in zip("ab", providers, strict=True))
    till.pays(first, "money-1")
    for _ in range(3):
        till.pays(second, "money-2")
    assert till.status() is PaymentStatus.PAID
    assert (till.payment.allocated, till.payment.captured) == (DUE, DUE + DUE)
    (refund,) = till.calls(OperationKind.REFUND)
    assert (refund.capture_ref, refund.attempt_id, refund.amount) == ("money-2", second, DUE)
    assert len(till.events(PaymentSucceeded)) == 1


def test_h7_paying_one_checkout_closes_the_others_so_that_nobody_pays_twice() -> None:
    till = Till()
    first, second = till.checkout("first"), till.checkout("second")
    till.pays(first)
    till.see(second, AttemptState.OPEN)
    (void,) = till.calls(OperationKind.VOID)
    assert void.attempt_id == second


@pytest.mark.parametrize("kind", ["cancelled", "expired"])
def test_c1_money_for_a_dead_order_is_parked_and_given_back_exactly_once(kind: str) -> None:
    till = Till()
    attempt_id = till.checkout()
    if kind == "cancelled":
        till.release()
    till.wanted = False
    till.events()
    for _ in range(3):
        till.pays(attempt_id)
    assert not till.payment.allocated
    assert [row.ref for row in till.rows(PARKED)] == ["capture-1"]
    (refund,) = till.calls(OperationKind.REFUND)
    assert (refund.capture_ref, refund.amount, refund.reason) == ("capture-1", DUE, "late-or-duplicate")
    prepared = [e.operation_id for e in till.events(OperationPrepared) if isinstance(e, OperationPrepared)]
    assert prepared.count(refund.id) == 1
    assert till.status() is PaymentStatus.PROCESSING
    till.release()
    assert len(till.calls(OperationKind.REFUND)) == 1


def test_c1_a_wrong_amount_for_a_dead_order_waits_for_a_person() -> None:
    till = Till(wanted=False)
    till.pays(till.checkout(), amount=Money.of("1.00", "EUR"))
    assert till.status() is PaymentStatus.NEEDS_REVIEW
    assert till.calls(OperationKind.REFUND) == []


def test_c3_a_checkout_that_runs_out_is_over_and_owes_nothing() -> None:
    till = Till()
    attempt_id = till.checkout()
    till.see(attempt_id, AttemptState.EXPIRED)
    assert till.payment.attempt(attempt_id).finished
    assert till.status() is PaymentStatus.NONE


def test_a_look_at_an_open_checkout_of_a_dead_order_closes_it_once() -> None:
    till = Till(wanted=False)
    attempt_id = till.checkout()
    till.see(attempt_id, AttemptState.OPEN)
    till.see(attempt_id, AttemptState.APPROVED)
    assert [op.attempt_id for op in till.calls(OperationKind.VOID)] == [attempt_id]
    assert till.calls(OperationKind.COMPLETE) == []


def test_a_checkout_that_never_reached_the_provider_is_given_up_with_its_order() -> None:
    till = Till()
    attempt_id, operation_id = till.start()
    till.release()
    assert till.payment.operation(operation_id).state is OperationState.ABANDONED
    assert till.payment.attempt(attempt_id).state is AttemptState.VOIDED
    assert till.payment.dispatch(operation_id, at=NOON) is None


def test_c2_a_checkout_that_may_be_opening_right_now_is_closed_by_the_next_look() -> None:
    till = Till()
    attempt_id, operation_id = till.start()
    till.payment.dispatch(operation_id, at=NOON)
    till.release()
    assert till.payment.operation(operation_id).state is OperationState.DISPATCHED
    till.answer(operation_id, "page-key-1")
    till.see(attempt_id, AttemptState.OPEN)
    assert [op.attempt_id for op in till.calls(OperationKind.VOID)] == [attempt_id]


def test_closing_the_checkouts_of_a_paid_order_keeps_its_money() -> None:
    till = Till()
    first, second = till.checkout("first"), till.checkout("second")
    till.pays(first)
    till.payment.close_checkouts(reason="paid", new_operation_id=new_operation_id, at=NOON)
    assert till.status() is PaymentStatus.PAID
    assert till.calls(OperationKind.REFUND) == []
    assert [op.attempt_id for op in till.calls(OperationKind.VOID)] == [second]

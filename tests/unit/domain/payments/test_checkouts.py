"""Beginning to pay: attempts, their keys, and the answers of the provider."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import attrs
import pytest

from printapic.domain.ids import AttemptId, OperationId, OrderId, PaymentId, UserId
from printapic.domain.money import Money
from printapic.domain.payments.account import MAX_CHECKOUTS, MAX_TRIES, TooManyCheckouts
from printapic.domain.payments.attempt import AttemptState, Provider
from printapic.domain.payments.events import AttemptFailed, AttemptOpened
from printapic.domain.payments.operation import OperationKind, OperationState
from printapic.domain.payments.payment import (
    AlreadyPaid,
    IdempotencyKeyReused,
    Payment,
    PaymentNotFound,
    PaymentStatus,
)
from printapic.domain.payments.transaction import Source
from tests.unit.domain.payments.till import DUE, NOON, Till, new_operation_id, paid_with


@pytest.mark.parametrize("amount", ["0.00", "-0.01"])
def test_nothing_cannot_be_collected(amount: str) -> None:
    with pytest.raises(ValueError, match="cannot be collected"):
        Payment.open(
            id=PaymentId(uuid4()),
            order_id=OrderId(uuid4()),
            user_id=UserId(uuid4()),
            due=Money.of(amount, "EUR"),
            at=NOON,
        )


def test_the_call_that_opens_a_checkout_is_remembered_before_it_is_made() -> None:
    till = Till()
    attempt_id, operation_id = till.start()
    operation = till.payment.operation(operation_id)
    assert (operation.kind, operation.state) == (OperationKind.OPEN, OperationState.PREPARED)
    assert (operation.attempt_id, operation.amount) == (attempt_id, DUE)
    assert till.payment.attempt(attempt_id).state is AttemptState.CREATED
    assert till.status() is PaymentStatus.NONE


def test_an_opened_checkout_has_a_link_and_somebody_will_look_after_it() -> None:
    till = Till()
    attempt_id = till.checkout()
    attempt = till.payment.attempt(attempt_id)
    assert (attempt.state, attempt.ref) == (AttemptState.OPEN, "page-key-1")
    assert attempt.redirect_url == "https://pay.test/page-key-1"
    assert not attempt.finished
    (event,) = till.events(AttemptOpened)
    assert isinstance(event, AttemptOpened)
    assert (event.attempt_id, event.expires_at) == (attempt_id, attempt.expires_at)


def test_i1_the_same_key_and_request_begin_one_attempt() -> None:
    till = Till()
    attempt_id, _ = till.start("click")
    till.start("click")
    assert [attempt.id for attempt in till.payment.attempts] == [attempt_id]
    assert len(till.calls(OperationKind.OPEN)) == 1
    found = till.payment.attempt_for("click", "digest")
    assert found is not None
    assert found.id == attempt_id
    assert till.payment.attempt_for("another click", "digest") is None


def test_i2_the_same_key_with_another_request_is_refused_and_nothing_is_prepared() -> None:
    till = Till()
    till.start("click")
    with pytest.raises(IdempotencyKeyReused):
        till.payment.attempt_for("click", "another digest")
    with pytest.raises(IdempotencyKeyReused):
        till.start("click", digest="another digest")
    assert len(till.payment.attempts) == len(till.payment.operations) == 1


def test_i1_a_second_answer_to_the_same_call_changes_nothing() -> None:
    till = Till()
    attempt_id, operation_id = till.start()
    till.answer(operation_id, "page-1")
    before = till.payment.attempt(attempt_id)
    till.events()
    till.answer(operation_id, "page-1")
    till.answer(operation_id, "page-2")
    assert till.payment.attempt(attempt_id) == before
    assert till.events(AttemptOpened) == []


def test_w5_a_webhook_before_our_answer_finds_the_checkout_by_our_reference() -> None:
    till = Till()
    attempt_id, operation_id = till.start()
    till.payment.dispatch(operation_id, at=NOON)
    till.pays(attempt_id)
    assert till.status() is PaymentStatus.PAID
    assert till.payment.attempt(attempt_id).ref == "page-key-1"
    assert till.payment.operation(operation_id).state is OperationState.SUCCEEDED
    assert till.payment.operation(operation_id).provider_ref == "page-key-1"
    till.answer(operation_id, "page-key-1")
    attempt = till.payment.attempt(attempt_id)
    assert (attempt.state, attempt.redirect_url) == (AttemptState.CAPTURED, "https://pay.test/page-key-1")
    assert till.status() is PaymentStatus.PAID


def test_h5_a_checkout_that_cannot_open_has_failed_and_another_may_be_tried() -> None:
    till = Till()
    attempt_id, operation_id = till.start("first")
    till.payment.dispatch(operation_id, at=NOON)
    till.payment.refuse(operation_id, OperationState.REJECTED, "currency-unsupported", at=NOON)
    assert till.payment.attempt(attempt_id).state is AttemptState.FAILED
    assert till.payment.operation(operation_id).outcome_code == "currency-unsupported"
    second = till.checkout("second")
    till.pays(second)
    assert till.status() is PaymentStatus.PAID


def test_u2_a_refusal_that_arrives_after_the_proof_fails_nothing() -> None:
    till = Till()
    attempt_id, operation_id = till.start()
    till.payment.dispatch(operation_id, at=NOON)
    till.pays(attempt_id)
    till.payment.refuse(operation_id, OperationState.REJECTED, "late", at=NOON)
    assert till.payment.attempt(attempt_id).state is AttemptState.CAPTURED
    assert till.payment.operation(operation_id).state is OperationState.SUCCEEDED


def test_u2_a_refusal_of_a_checkout_that_was_opened_changes_nothing() -> None:
    till = Till()
    attempt_id, operation_id = till.start()
    till.answer(operation_id, "page-key-1")
    till.payment.refuse(operation_id, OperationState.REJECTED, "late", at=NOON)
    assert till.payment.attempt(attempt_id).state is AttemptState.OPEN


def test_w5_an_answer_with_another_page_than_the_one_we_found_is_not_shown() -> None:
    till = Till()
    attempt_id, operation_id = till.start()
    till.see(attempt_id, AttemptState.OPEN)
    till.answer(operation_id, "page-2")
    attempt = till.payment.attempt(attempt_id)
    assert (attempt.ref, attempt.redirect_url) == ("page-key-1", None)


def test_an_answer_after_a_refusal_is_not_lost_since_money_could_come_there() -> None:
    till = Till()
    attempt_id, operation_id = till.start()
    till.payment.dispatch(operation_id, at=NOON)
    till.payment.refuse(operation_id, OperationState.REJECTED, "confused", at=NOON)
    till.answer(operation_id, "page-key-1")
    assert till.payment.operation(operation_id).state is OperationState.SUCCEEDED
    assert till.payment.attempt(attempt_id).ref == "page-key-1"
    till.pays(attempt_id)
    assert till.status() is PaymentStatus.PAID


def test_h5_a_declined_attempt_fails_and_the_next_one_pays() -> None:
    till = Till()
    first = till.checkout("first")
    till.events()
    till.see(first, AttemptState.FAILED)
    till.see(first, AttemptState.FAILED)
    assert till.payment.attempt(first).finished
    (failed,) = till.events(AttemptFailed)
    assert isinstance(failed, AttemptFailed)
    assert failed.attempt_id == first
    second = till.checkout("second")
    till.pays(second)
    assert till.payment.attempt(first).state is AttemptState.FAILED
    assert till.status() is PaymentStatus.PAID


def test_a_checkout_that_fails_after_another_one_paid_worries_nobody() -> None:
    till = Till()
    first, second = till.checkout("first"), till.checkout("second")
    till.pays(second)
    till.see(first, AttemptState.FAILED)
    assert till.events(AttemptFailed) == []


def test_a_paid_order_starts_no_further_checkout() -> None:
    till = Till()
    till.pays(till.checkout())
    with pytest.raises(AlreadyPaid):
        till.start("again")


def test_h4_a_transfer_is_processing_for_days_and_then_paid() -> None:
    till = Till()
    attempt_id = till.checkout()
    till.see(attempt_id, AttemptState.PROCESSING)
    assert till.status() is PaymentStatus.PROCESSING
    assert not till.payment.allocated
    till.now += timedelta(days=4)
    till.pays(attempt_id)
    assert till.status() is PaymentStatus.PAID


def test_h4_a_transfer_that_fails_is_a_failed_attempt() -> None:
    till = Till()
    attempt_id = till.checkout()
    till.see(attempt_id, AttemptState.PROCESSING)
    till.see(attempt_id, AttemptState.FAILED)
    assert till.status() is PaymentStatus.NONE
    assert len(till.events(AttemptFailed)) == 1


def test_c4_what_the_customer_approved_is_taken_once() -> None:
    till = Till()
    attempt_id = till.checkout(provider=Provider.PAYPAL)
    for _ in range(3):
        till.see(attempt_id, AttemptState.APPROVED)
    (complete,) = till.calls(OperationKind.COMPLETE)
    assert (complete.attempt_id, complete.amount) == (attempt_id, DUE)
    assert till.status() is PaymentStatus.PROCESSING
    till.payment.dispatch(complete.id, at=NOON)
    till.pays(attempt_id)
    assert till.payment.operation(complete.id).state is OperationState.SUCCEEDED


def test_h3_a_new_approval_is_completed_under_a_new_key() -> None:
    till = Till()
    attempt_id = till.checkout(provider=Provider.PAYPAL)
    till.see(attempt_id, AttemptState.APPROVED)
    (first,) = till.calls(OperationKind.COMPLETE)
    till.payment.decide(first.id, OperationState.PAYER_ACTION)
    till.source = Source.SYSTEM
    till.see(attempt_id, AttemptState.APPROVED)
    assert len(till.calls(OperationKind.COMPLETE)) == 1
    till.see(attempt_id, AttemptState.ACTION_REQUIRED)
    till.see(attempt_id, AttemptState.APPROVED)
    assert [op.state for op in till.calls(OperationKind.COMPLETE)] == [
        OperationState.PAYER_ACTION,
        OperationState.PREPARED,
    ]


@pytest.mark.parametrize("source", [Source.RETURN, Source.WEBHOOK])
def test_h3_a_new_approval_is_noticed_though_nobody_saw_the_page_wait_for_it(source: Source) -> None:
    till = Till()
    attempt_id = till.checkout(provider=Provider.PAYPAL)
    till.see(attempt_id, AttemptState.APPROVED)
    (first,) = till.calls(OperationKind.COMPLETE)
    till.payment.decide(first.id, OperationState.PAYER_ACTION)
    till.source = source
    for _ in range(2):
        till.see(attempt_id, AttemptState.APPROVED)
    assert len(till.calls(OperationKind.COMPLETE)) == 2


def test_h3_an_approval_that_could_not_be_taken_up_is_taken_up_when_somebody_has_looked() -> None:
    till = Till()
    attempt_id = till.checkout(provider=Provider.PAYPAL)
    till.see(attempt_id, AttemptState.APPROVED)
    (first,) = till.calls(OperationKind.COMPLETE)
    till.payment.dispatch(first.id, at=NOON)
    till.payment.refuse(first.id, OperationState.REJECTED, "unauthorized", at=NOON)
    till.see(attempt_id, AttemptState.APPROVED)
    assert len(till.calls(OperationKind.COMPLETE)) == 1
    assert till.resolve(f"complete-refused:{first.id}")
    assert len(till.calls(OperationKind.COMPLETE)) == 2
    till.pays(attempt_id)
    assert till.status() is PaymentStatus.PAID


@pytest.mark.parametrize("called_off", [True, False])
def test_c2_an_approval_that_nobody_wants_any_more_is_not_taken_up_again(called_off: bool) -> None:
    till = Till()
    first_page, second_page = till.checkout("first"), till.checkout("second")
    till.see(first_page, AttemptState.APPROVED)
    (first,) = till.calls(OperationKind.COMPLETE)
    till.payment.dispatch(first.id, at=NOON)
    till.payment.refuse(first.id, OperationState.REJECTED, "unauthorized", at=NOON)
    if called_off:
        till.wanted = False
    else:
        till.pays(second_page)
    assert till.resolve(f"complete-refused:{first.id}")
    assert len(till.calls(OperationKind.COMPLETE)) == 1


def test_h7_two_approvals_are_not_taken_at_the_same_time() -> None:
    till = Till()
    first, second = till.checkout("first"), till.checkout("second")
    till.see(first, AttemptState.APPROVED)
    till.see(second, AttemptState.APPROVED)
    assert [op.attempt_id for op in till.calls(OperationKind.COMPLETE)] == [first]


def test_what_is_not_part_of_a_payment_is_not_found() -> None:
    till = Till()
    till.checkout()
    with pytest.raises(PaymentNotFound):
        till.payment.attempt(AttemptId(uuid4()))
    with pytest.raises(PaymentNotFound):
        till.payment.operation(OperationId(uuid4()))


def test_h1_money_that_came_before_the_link_was_shown_leaves_the_checkout_paid() -> None:
    till = Till()
    attempt_id = till.checkout()
    till.see(attempt_id, AttemptState.CAPTURED, [paid_with()])
    till.see(attempt_id, AttemptState.CAPTURED, [paid_with()])
    assert till.payment.allocated == DUE
    assert len(till.money()) == 1


@pytest.mark.parametrize("what", ["page", "attempt"])
def test_a3_an_approval_of_another_amount_takes_nothing_and_a_person_looks(what: str) -> None:
    till = Till()
    attempt_id = till.checkout()
    other = Money.of("12.00", "EUR")
    approved = till.snapshot(attempt_id, AttemptState.APPROVED)
    if what == "attempt":
        till.payment.due = other
    till.take_in(attempt_id, attrs.evolve(approved, amount=other))
    assert till.calls(OperationKind.COMPLETE) == []
    assert till.payment.review_reasons == (f"approved-amount:{attempt_id}",)
    assert [void.attempt_id for void in till.calls(OperationKind.VOID)] == [attempt_id]
    assert till.resolve(f"approved-amount:{attempt_id}")
    till.take_in(attempt_id, attrs.evolve(approved, amount=other))
    assert till.calls(OperationKind.COMPLETE) == []
    assert till.status() is not PaymentStatus.NEEDS_REVIEW


def test_c2_an_approval_that_was_not_taken_yet_is_not_taken_after_a_cancel() -> None:
    till = Till()
    attempt_id = till.checkout()
    till.see(attempt_id, AttemptState.APPROVED)
    (complete,) = till.calls(OperationKind.COMPLETE)
    till.release()
    assert till.payment.operation(complete.id).state is OperationState.ABANDONED
    assert [void.attempt_id for void in till.calls(OperationKind.VOID)] == [attempt_id]


def test_nobody_needs_more_pages_for_one_order_than_there_may_be() -> None:
    till = Till()
    for number in range(MAX_CHECKOUTS):
        till.start(f"key-{number}")
    with pytest.raises(TooManyCheckouts) as refusal:
        till.start("one-too-many")
    assert refusal.value.details == {"limit": MAX_CHECKOUTS}
    assert len(till.payment.attempts) == MAX_CHECKOUTS


def test_pages_that_a_provider_refused_to_open_are_no_pages_but_not_without_end() -> None:
    till = Till()
    for number in range(MAX_TRIES):
        _, opening = till.start(f"key-{number}")
        till.payment.dispatch(opening, at=NOON)
        till.payment.refuse(opening, OperationState.REJECTED, "unauthorized", at=NOON)
    with pytest.raises(TooManyCheckouts):
        till.start("one-too-many")


def test_a_page_that_was_given_up_takes_no_money_though_the_customer_agrees_on_it() -> None:
    till = Till()
    attempt_id = till.checkout()
    till.payment.close_checkouts(reason="dearer now", new_operation_id=new_operation_id, at=NOON)
    till.see(attempt_id, AttemptState.APPROVED)
    assert till.calls(OperationKind.COMPLETE) == []


@pytest.mark.parametrize("end", [AttemptState.EXPIRED, AttemptState.FAILED, AttemptState.VOIDED])
def test_a_page_that_ended_is_closed_however_it_ended(end: AttemptState) -> None:
    till = Till()
    attempt_id = till.checkout()
    till.payment.close_checkouts(reason="not-wanted", new_operation_id=new_operation_id, at=NOON)
    till.see(attempt_id, end)
    (void,) = till.calls(OperationKind.VOID)
    assert void.state is OperationState.SUCCEEDED

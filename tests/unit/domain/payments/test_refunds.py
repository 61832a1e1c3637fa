"""Giving back: once, never more than came, and refunded only when the provider says so."""

from __future__ import annotations

import pytest

from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.events import OperationPrepared, RefundSucceeded
from printapic.domain.payments.giving_back import RefundRequest, RefundTooLarge
from printapic.domain.payments.operation import Operation, OperationKind, OperationState
from printapic.domain.payments.payment import CaptureNotFound, PaymentStatus
from printapic.domain.payments.snapshot import RefundFact, RefundState
from printapic.domain.payments.transaction import Source, TransactionType
from tests.unit.domain.payments.till import DUE, NOON, Till, given_back, new_operation_id, paid_with

CAPTURED = AttemptState.CAPTURED


def paid_till() -> Till:
    till = Till()
    till.pays(till.checkout())
    till.events()
    return till


def refunding(till: Till) -> Operation:
    request = RefundRequest(capture_ref="capture-1", reason="requested")
    till.payment.refund(request, operation_id=new_operation_id(), at=NOON)
    return till.calls(OperationKind.REFUND)[-1]


def hear(till: Till, *refunds: RefundFact) -> None:
    till.see(till.payment.attempts[0].id, CAPTURED, [paid_with()], refunds)


def test_a_refund_is_remembered_before_it_is_sent() -> None:
    till = paid_till()
    operation = refunding(till)
    assert (operation.amount, operation.capture_ref) == (DUE, "capture-1")
    assert (operation.state, operation.reason) == (OperationState.PREPARED, "requested")
    (row,) = till.rows(TransactionType.REFUND_REQUESTED)
    assert (row.ref, row.operation_id, row.capture_ref) == (str(operation.id), operation.id, "capture-1")
    assert (row.amount, row.source) == (DUE, Source.SYSTEM)
    (event,) = till.events(OperationPrepared)
    assert isinstance(event, OperationPrepared)
    assert event.operation_id == operation.id
    assert till.status() is PaymentStatus.PAID


def test_r1_a_full_refund_is_done_when_the_provider_says_so() -> None:
    till = paid_till()
    operation = refunding(till)
    till.payment.dispatch(operation.id, at=NOON)
    till.payment.decide(operation.id, OperationState.SUCCEEDED, provider_ref="refund-1")
    assert till.status() is PaymentStatus.PAID
    for _ in range(2):
        hear(till, given_back(operation_id=operation.id))
    assert till.status() is PaymentStatus.REFUNDED
    assert till.payment.refunded == DUE
    (event,) = till.events(RefundSucceeded)
    assert isinstance(event, RefundSucceeded)
    assert event.refund_ref == "refund-1"


def test_r2_a_capture_with_a_refund_under_way_is_left_alone() -> None:
    till = paid_till()
    refunding(till)
    with pytest.raises(RefundTooLarge):
        refunding(till)
    assert len(till.calls(OperationKind.REFUND)) == 1
    assert len(till.rows(TransactionType.REFUND_REQUESTED)) == 1


def test_r2_what_went_back_already_is_not_given_back_again() -> None:
    till = paid_till()
    hear(till, given_back())
    till.release()
    with pytest.raises(RefundTooLarge):
        refunding(till)
    assert till.calls(OperationKind.REFUND) == []


def test_money_that_never_came_cannot_be_given_back() -> None:
    till = paid_till()
    with pytest.raises(CaptureNotFound):
        till.payment.refund(
            RefundRequest(capture_ref="elsewhere", reason="requested"),
            operation_id=new_operation_id(),
            at=NOON,
        )


@pytest.mark.parametrize("told_pending_first", [True, False])
def test_r3_a_pending_refund_is_refunded_only_on_success(told_pending_first: bool) -> None:
    till = paid_till()
    operation = refunding(till)
    till.payment.dispatch(operation.id, at=NOON)
    if told_pending_first:
        till.payment.decide(operation.id, OperationState.PENDING, provider_ref="refund-1")
    hear(till, given_back(state=RefundState.PENDING, operation_id=operation.id))
    assert till.payment.operation(operation.id).state is OperationState.PENDING
    assert till.payment.operation(operation.id).provider_ref == "refund-1"
    assert till.status() is PaymentStatus.PAID
    hear(till, given_back(operation_id=operation.id))
    assert till.payment.operation(operation.id).state is OperationState.SUCCEEDED
    assert till.status() is PaymentStatus.REFUNDED


@pytest.mark.parametrize("end", [RefundState.FAILED, RefundState.CANCELLED])
@pytest.mark.parametrize("before", [RefundState.PENDING, RefundState.SUCCEEDED])
def test_r3_a_refund_that_fails_reopens_the_balance_and_calls_a_person(
    before: RefundState, end: RefundState
) -> None:
    till = paid_till()
    operation = refunding(till)
    hear(till, given_back(state=before, operation_id=operation.id))
    hear(till, given_back(state=end, operation_id=operation.id))
    assert not till.payment.refunded
    assert till.status() is PaymentStatus.NEEDS_REVIEW
    assert till.payment.review_reasons == ("refund-failed:refund-1",)
    failed = till.payment.operation(operation.id)
    assert (failed.state, failed.outcome_code) == (OperationState.REJECTED, "refund-failed")
    till.release()
    assert len(till.calls(OperationKind.REFUND)) == 1
    again = refunding(till)
    assert again.id != operation.id
    assert again.amount == DUE


def test_r3_a_late_success_does_not_undo_a_failure() -> None:
    till = paid_till()
    operation = refunding(till)
    hear(till, given_back(state=RefundState.FAILED, operation_id=operation.id))
    till.events()
    hear(till, given_back(operation_id=operation.id))
    hear(till, given_back(state=RefundState.PENDING, operation_id=operation.id))
    assert not till.payment.refunded
    assert till.payment.operation(operation.id).state is OperationState.REJECTED
    assert till.events(RefundSucceeded) == []


def test_r4_refunds_made_in_the_dashboard_are_imported_and_sums_are_right() -> None:
    till = paid_till()
    three = Money.of("3.00", "EUR")
    hear(till, given_back("dash-1", amount=three))
    assert till.status() is PaymentStatus.PARTIALLY_REFUNDED
    hear(till, given_back("dash-1", amount=three), given_back("dash-2", amount=three))
    assert till.payment.refunded == three + three
    assert till.status() is PaymentStatus.PARTIALLY_REFUNDED
    assert len(till.events(RefundSucceeded)) == 2
    till.release()
    (rest,) = till.calls(OperationKind.REFUND)
    assert rest.amount == DUE - three - three
    hear(till, given_back("rest", amount=rest.amount, operation_id=rest.id))
    assert till.status() is PaymentStatus.REFUNDED
    assert till.payment.refunded == DUE


def test_r4_a_refund_with_an_operation_that_is_not_ours_is_a_dashboard_refund() -> None:
    till = paid_till()
    hear(till, given_back(operation_id=new_operation_id()))
    assert till.status() is PaymentStatus.REFUNDED


def test_r5_a_refund_that_timed_out_is_unknown_and_proven_by_the_next_look() -> None:
    till = paid_till()
    operation = refunding(till)
    till.payment.dispatch(operation.id, at=NOON)
    till.payment.decide(operation.id, OperationState.UNKNOWN, code="time-out")
    with pytest.raises(RefundTooLarge):
        refunding(till)
    assert len(till.calls(OperationKind.REFUND)) == 1
    again = till.payment.dispatch(operation.id, at=NOON)
    assert again is not None
    assert again.id == operation.id
    hear(till, given_back(operation_id=operation.id))
    assert till.payment.operation(operation.id).state is OperationState.SUCCEEDED
    assert till.payment.refunded == DUE


def test_r5_proof_outweighs_a_refusal_of_the_second_sending() -> None:
    till = paid_till()
    operation = refunding(till)
    till.payment.dispatch(operation.id, at=NOON)
    till.payment.decide(operation.id, OperationState.UNKNOWN, code="time-out")
    till.payment.refuse(operation.id, OperationState.REJECTED, "refund-amount-exceeded", at=NOON)
    till.payment.review("something else")
    hear(till, given_back(operation_id=operation.id))
    assert till.payment.operation(operation.id).state is OperationState.SUCCEEDED
    assert till.payment.review_reasons == ("something else",)
    with pytest.raises(RefundTooLarge):
        refunding(till)
    assert len(till.calls(OperationKind.REFUND)) == 1
    assert till.payment.refunded == DUE


def test_a_refused_refund_needs_a_person_and_may_then_be_tried_again() -> None:
    till = paid_till()
    operation = refunding(till)
    till.payment.refuse(operation.id, OperationState.DECLINED, "no-funds", at=NOON)
    assert till.payment.review_reasons == (f"refund-refused:{operation.id}",)
    assert till.status() is PaymentStatus.NEEDS_REVIEW
    till.payment.review(f"refund-refused:{operation.id}")
    assert len(till.payment.review_reasons) == 1
    assert refunding(till).id != operation.id


def test_r3_a_refusal_of_a_refund_that_was_accepted_worries_nobody() -> None:
    till = paid_till()
    operation = refunding(till)
    till.payment.decide(operation.id, OperationState.PENDING, provider_ref="refund-1")
    till.payment.refuse(operation.id, OperationState.REJECTED, "late", at=NOON)
    assert till.payment.review_reasons == ()


def test_calling_off_a_paid_order_gives_everything_back_and_repeating_it_changes_nothing() -> None:
    till = Till()
    first, second = till.checkout("first"), till.checkout("second")
    till.pays(first)
    till.pays(second, "capture-2")
    for _ in range(3):
        till.release()
    refunds = {op.capture_ref: op.id for op in till.calls(OperationKind.REFUND)}
    assert len(till.calls(OperationKind.REFUND)) == 2
    assert refunds.keys() == {"capture-1", "capture-2"}
    back = given_back("back-1", operation_id=refunds["capture-1"])
    till.see(first, CAPTURED, [paid_with()], [back])
    assert till.status() is PaymentStatus.PARTIALLY_REFUNDED
    back = given_back("back-2", of="capture-2", operation_id=refunds["capture-2"])
    till.see(second, CAPTURED, [paid_with("capture-2")], [back])
    assert till.status() is PaymentStatus.REFUNDED


def test_calling_off_an_order_gives_wrong_and_foreign_money_back_too() -> None:
    till = Till()
    dollars = Money.of("12.90", "USD")
    first = till.checkout()
    till.pays(first, "dollars", dollars)
    till.release()
    (refund,) = till.calls(OperationKind.REFUND)
    assert refund.amount == dollars
    till.see(
        first,
        CAPTURED,
        [paid_with("dollars", dollars)],
        [given_back(of="dollars", amount=dollars, operation_id=refund.id)],
    )
    assert till.payment.operation(refund.id).state is OperationState.SUCCEEDED
    assert till.payment.refunded == Money.of("0.00", "EUR")


def test_r2_more_given_back_than_came_is_looked_at() -> None:
    till = paid_till()
    hear(till, given_back("refund-1"), given_back("refund-2", amount=Money.of("0.01", "EUR")))
    assert till.payment.review_reasons == ("refund-mismatch:capture-1",)


def test_a_refund_of_money_that_never_came_is_looked_at() -> None:
    till = paid_till()
    hear(till, given_back(of="elsewhere"))
    assert till.payment.review_reasons == ("refund-mismatch:elsewhere",)


def test_r3_a_refund_after_a_failed_one_is_no_overdraft() -> None:
    till = paid_till()
    hear(till, given_back("refund-1"))
    hear(till, given_back("refund-2"), given_back("refund-1", state=RefundState.FAILED))
    assert till.payment.review_reasons == ("refund-failed:refund-1",)
    assert till.payment.refunded == DUE

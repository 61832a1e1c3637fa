"""Partial refunds under the caller's keys, and what a person decides about money that was parked."""

from __future__ import annotations

from uuid import uuid4

import pytest

from printapic.domain.ids import UserId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.events import MoneyCollected, PaymentSucceeded
from printapic.domain.payments.giving_back import (
    CaptureDisputed,
    MoneyNotAcceptable,
    RefundRequest,
    RefundTooLarge,
)
from printapic.domain.payments.operation import Operation, OperationKind, OperationState
from printapic.domain.payments.payment import CaptureNotFound, IdempotencyKeyReused, PaymentStatus
from printapic.domain.payments.transaction import Source, TransactionType
from tests.unit.domain.payments.till import (
    DUE,
    NOON,
    Till,
    contested,
    given_back,
    new_operation_id,
    paid_with,
)

CAPTURED = AttemptState.CAPTURED
TOO_MUCH, TOO_LITTLE = Money.of("15.00", "EUR"), Money.of("12.00", "EUR")
BERT = UserId(uuid4())


def till_with(amount: Money = DUE) -> Till:
    till = Till()
    till.pays(till.checkout(), amount=amount)
    till.events()
    return till


def refund(till: Till, amount: str | None = None, *, key: str | None = None, digest: str = "d") -> Operation:
    request = RefundRequest(
        capture_ref="capture-1",
        amount=None if amount is None else Money.of(amount, "EUR"),
        reason="scratched",
        requested_by=None if key is None else BERT,
        client_key=key,
        digest=None if key is None else digest,
    )
    return till.payment.refund(request, operation_id=new_operation_id(), at=NOON)


def accept(till: Till) -> None:
    till.payment.accept_parked("capture-1", new_operation_id=new_operation_id, at=NOON, demand=till.demand)


def test_r1_several_partial_refunds_add_up_to_what_came() -> None:
    till = till_with()
    parts = [refund(till, amount) for amount in ("5.00", "4.00")] + [refund(till)]
    assert [part.amount.amount for part in parts] == ["5.00", "4.00", "3.90"]
    facts = [given_back(f"r-{n}", amount=op.amount, operation_id=op.id) for n, op in enumerate(parts)]
    attempt_id = till.payment.attempts[0].id
    seen = []
    for n in range(1, 4):
        till.see(attempt_id, CAPTURED, [paid_with()], facts[:n])
        seen.append(till.status())
    assert seen == [
        PaymentStatus.PARTIALLY_REFUNDED,
        PaymentStatus.PARTIALLY_REFUNDED,
        PaymentStatus.REFUNDED,
    ]
    assert till.balances() == {}


@pytest.mark.parametrize("amount", ["12.91", "0.00", "-1.00"])
def test_r2_a_refund_is_more_than_nothing_and_no_more_than_is_left(amount: str) -> None:
    till = till_with()
    with pytest.raises(RefundTooLarge) as refusal:
        refund(till, amount)
    assert refusal.value.details == {"left": "12.90", "currency": "EUR"}
    assert till.calls(OperationKind.REFUND) == []


def test_r2_a_refund_under_way_leaves_only_the_rest() -> None:
    till = till_with()
    refund(till, "10.00")
    with pytest.raises(RefundTooLarge):
        refund(till, "2.91")
    refund(till, "2.90")


def test_r2_a_refund_is_in_the_money_that_came() -> None:
    till = till_with()
    request = RefundRequest(capture_ref="capture-1", amount=Money.of("1.00", "USD"), reason="wrong")
    with pytest.raises(RefundTooLarge):
        till.payment.refund(request, operation_id=new_operation_id(), at=NOON)


def test_i1_the_same_request_under_the_same_key_is_the_same_refund() -> None:
    till = till_with()
    first = refund(till, "5.00", key="key-1")
    assert refund(till, "5.00", key="key-1") == first
    assert till.payment.refund_for("key-1", "d") == first
    assert till.payment.refund_for("key-2", "d") is None
    (row,) = till.rows(TransactionType.REFUND_REQUESTED)
    assert (first.requested_by, row.source) == (BERT, Source.STAFF)
    assert (first.client_key, first.request_digest) == ("key-1", "d")


def test_i1_a_key_answers_also_when_nothing_is_left_to_give_back() -> None:
    till = till_with()
    whole = refund(till, key="key-1")
    assert refund(till, key="key-1") == whole


def test_i2_a_key_of_another_request_is_refused_and_nothing_is_promised() -> None:
    till = till_with()
    refund(till, "5.00", key="key-1")
    with pytest.raises(IdempotencyKeyReused):
        refund(till, "6.00", key="key-1", digest="other")
    assert len(till.calls(OperationKind.REFUND)) == 1


def test_c1_a_cancelled_order_gives_back_what_partial_refunds_left() -> None:
    till = till_with()
    refund(till, "5.00")
    for _ in range(2):
        till.release()
    assert [op.amount.amount for op in till.calls(OperationKind.REFUND)] == ["5.00", "7.90"]


def test_r3_a_refund_that_failed_is_not_tried_by_a_cancel_but_asked_about() -> None:
    till = till_with()
    refused = refund(till, "5.00")
    till.payment.refuse(refused.id, OperationState.REJECTED, "closed-account", at=NOON)
    till.resolve(f"refund-refused:{refused.id}")
    till.release()
    assert list(till.payment.review_reasons) == ["refund-waits:capture-1"]
    assert len(till.calls(OperationKind.REFUND)) == 1
    refund(till)
    till.resolve("refund-waits:capture-1")
    till.release()
    assert list(till.payment.review_reasons) == []


def test_r3_a_refused_promise_is_owed_no_more_and_an_unsent_one_costs_nothing() -> None:
    till = till_with()
    before = till.balances()
    refused = refund(till)
    assert till.balances() == {"psp_clearing:stripe": DUE.minor, "refunds_payable": -DUE.minor}
    till.payment.refuse(refused.id, OperationState.REJECTED, "closed-account", at=NOON)
    assert till.balances() == before
    (row,) = till.rows(TransactionType.REFUND_ABANDONED)
    assert (row.operation_id, row.amount) == (refused.id, DUE)


# Money that was parked


def test_a1_a_person_accepts_too_much_and_the_surplus_goes_back() -> None:
    till = till_with(TOO_MUCH)
    accept(till)
    assert till.payment.allocated == DUE
    assert till.payment.review_reasons == ()
    assert till.status() is PaymentStatus.PAID
    assert len(till.events(PaymentSucceeded)) == 1
    (row,) = till.rows(TransactionType.PARKED_ACCEPTED)
    assert (row.ref, row.amount, row.source) == ("capture-1", DUE, Source.STAFF)
    (surplus,) = till.calls(OperationKind.REFUND)
    assert (surplus.amount, surplus.reason) == (Money.of("2.10", "EUR"), "overpaid")
    assert till.balances() == {
        "psp_clearing:stripe": TOO_MUCH.minor,
        "order_obligation": -DUE.minor,
        "refunds_payable": -210,
    }


def test_a1_the_surplus_that_went_back_leaves_the_order_paid_and_more_does_not() -> None:
    till = till_with(TOO_MUCH)
    accept(till)
    (surplus,) = till.calls(OperationKind.REFUND)
    attempt_id = till.payment.attempts[0].id
    back = [given_back("surplus", amount=surplus.amount, operation_id=surplus.id)]
    till.see(attempt_id, CAPTURED, [paid_with(amount=TOO_MUCH)], back)
    assert till.status() is PaymentStatus.PAID
    back.append(given_back("goodwill", amount=Money.of("1.00", "EUR")))
    till.see(attempt_id, CAPTURED, [paid_with(amount=TOO_MUCH)], back)
    assert till.status() is PaymentStatus.PARTIALLY_REFUNDED


def test_a1_exactly_what_is_due_can_be_accepted_without_any_surplus() -> None:
    """It was parked because its checkout asked for another amount."""
    till = Till()
    attempt_id = till.checkout()
    till.payment.due = Money.of("12.00", "EUR")
    till.pays(attempt_id, amount=Money.of("12.00", "EUR"))
    accept(till)
    assert till.payment.allocated == till.payment.due
    assert till.calls(OperationKind.REFUND) == []


@pytest.mark.parametrize("amount", [TOO_LITTLE, Money.of("15.00", "USD")])
def test_a1_too_little_and_foreign_money_cannot_be_accepted(amount: Money) -> None:
    till = till_with(amount)
    with pytest.raises(MoneyNotAcceptable):
        accept(till)
    assert till.rows(TransactionType.PARKED_ACCEPTED) == []
    assert till.status() is PaymentStatus.NEEDS_REVIEW


def test_a1_money_is_not_accepted_for_an_order_that_is_covered_or_called_off() -> None:
    till = till_with(TOO_MUCH)
    till.pays(till.checkout("key-2"), "capture-2")
    with pytest.raises(MoneyNotAcceptable):
        accept(till)
    till = till_with(TOO_MUCH)
    till.release()
    with pytest.raises(MoneyNotAcceptable):
        accept(till)


def test_a1_money_on_its_way_back_cannot_be_accepted() -> None:
    till = till_with(TOO_MUCH)
    refund(till, "2.11")
    with pytest.raises(MoneyNotAcceptable):
        accept(till)
    with pytest.raises(CaptureNotFound):
        till.payment.accept_parked("elsewhere", new_operation_id=new_operation_id, at=NOON)


def test_v4_money_accepted_for_a_broken_promise_covers_the_order_no_second_time() -> None:
    till = Till()
    attempt_id = till.checkout()
    till.holds(attempt_id)
    till.see(attempt_id, CAPTURED, [paid_with(amount=TOO_MUCH)])
    till.see(attempt_id, AttemptState.VOIDED)
    accept(till)
    assert [type(event) for event in till.events(PaymentSucceeded, MoneyCollected)] == [
        PaymentSucceeded,
        MoneyCollected,
    ]


def test_a1_money_is_not_accepted_while_a_cancel_is_worked_off() -> None:
    till = till_with(TOO_MUCH)
    till.wanted = False
    with pytest.raises(MoneyNotAcceptable):
        accept(till)


def test_a1_of_a_surplus_only_what_is_left_goes_back() -> None:
    till = till_with(TOO_MUCH)
    refund(till, "1.00")
    accept(till)
    assert [op.amount.amount for op in till.calls(OperationKind.REFUND)] == ["1.00", "1.10"]
    assert till.payment.allocated == DUE


def test_a1_d2_money_that_a_bank_contests_is_not_accepted() -> None:
    till = till_with(TOO_MUCH)
    rows = till.payment.transactions
    attempt_id = till.payment.attempts[0].id
    till.see(attempt_id, CAPTURED, [paid_with(amount=TOO_MUCH)], disputes=[contested()])
    with pytest.raises(CaptureDisputed):
        accept(till)
    assert till.payment.transactions == rows


def test_v3_a_refund_of_the_dashboard_and_a_refused_one_of_ours_leave_the_suspense_account_right() -> None:
    till = till_with(TOO_LITTLE)
    ours = refund(till)
    attempt_id = till.payment.attempts[0].id
    five = given_back("dash", amount=Money.of("5.00", "EUR"))
    till.see(attempt_id, CAPTURED, [paid_with(amount=TOO_LITTLE)], [five])
    till.payment.refuse(ours.id, OperationState.REJECTED, "refund-amount-exceeded", at=NOON)
    assert till.balances()["suspense"] == -700
    assert till.balances()["order_obligation"] == -DUE.minor


def test_a1_a_refund_of_parked_money_comes_out_of_the_suspense_account() -> None:
    till = till_with(TOO_LITTLE)
    assert till.balances()["suspense"] == -TOO_LITTLE.minor
    operation = refund(till, "5.00")
    assert (till.balances()["suspense"], till.balances()["refunds_payable"]) == (-700, -500)
    till.payment.refuse(operation.id, OperationState.REJECTED, "no", at=NOON)
    assert till.balances()["suspense"] == -TOO_LITTLE.minor


def test_a_cancelled_order_gives_accepted_money_back_too() -> None:
    till = till_with(TOO_MUCH)
    accept(till)
    till.release()
    assert [op.amount.amount for op in till.calls(OperationKind.REFUND)] == ["2.10", "12.90"]
    assert till.rows(TransactionType.DUE_WITHDRAWN) == []


def test_the_claim_of_an_order_that_was_called_off_unpaid_is_withdrawn_once() -> None:
    till = Till()
    for _ in range(2):
        till.release()
    (row,) = till.rows(TransactionType.DUE_WITHDRAWN)
    assert (row.amount, row.provider) == (DUE, None)
    assert till.balances() == {}


def test_a_review_is_answered_once_and_only_the_one_that_was_asked() -> None:
    till = till_with(TOO_LITTLE)
    till.payment.review("something else")
    assert till.resolve("capture-amount:capture-1") is True
    assert till.resolve("capture-amount:capture-1") is False
    assert till.payment.review_reasons == ("something else",)

"""Calls that may move money: taken by one sender, decided by answers, proven by the provider's books."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.domain.ids import AttemptId
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.operation import (
    BANK_DECIDES,
    LEASE,
    NOT_FOUND,
    UNDECIDED,
    Operation,
    OperationKind,
    OperationState,
)
from printapic.domain.payments.status import PaymentStatus
from tests.unit.domain.payments.till import DUE, NOON, Till, new_operation_id

SECOND = timedelta(seconds=1)
ANSWERS = [
    OperationState.NOT_SENT,
    OperationState.UNKNOWN,
    OperationState.SUCCEEDED,
    OperationState.PENDING,
    OperationState.PAYER_ACTION,
    OperationState.DECLINED,
    OperationState.REJECTED,
]


def test_one_sender_at_a_time() -> None:
    till = Till()
    _, operation_id = till.start()
    taken = till.payment.dispatch(operation_id, at=NOON)
    assert taken is not None
    assert (taken.state, taken.sends, taken.leased_until) == (OperationState.DISPATCHED, 1, NOON + LEASE)
    assert till.payment.dispatch(operation_id, at=NOON + LEASE - SECOND) is None


def test_i3_a_sender_that_died_leaves_its_call_to_another_under_the_same_key() -> None:
    till = Till()
    _, operation_id = till.start()
    till.payment.dispatch(operation_id, at=NOON)
    again = till.payment.dispatch(operation_id, at=NOON + LEASE)
    assert again is not None
    assert (again.id, again.sends) == (operation_id, 2)
    assert again.first_sent_at == NOON


def test_a_decided_call_is_not_sent_again() -> None:
    till = Till()
    _, operation_id = till.start()
    till.payment.dispatch(operation_id, at=NOON)
    till.payment.decide(operation_id, OperationState.SUCCEEDED, provider_ref="page")
    assert till.payment.dispatch(operation_id, at=NOON + LEASE) is None
    assert till.payment.operation(operation_id).provider_ref == "page"
    assert till.payment.operation(operation_id).leased_until is None


def test_u1_a_call_that_was_never_sent_goes_out_at_once_and_its_key_is_still_fresh() -> None:
    till = Till()
    _, operation_id = till.start()
    till.payment.dispatch(operation_id, at=NOON)
    till.payment.decide(operation_id, OperationState.NOT_SENT)
    waiting = till.payment.operation(operation_id)
    assert (waiting.state, waiting.first_sent_at) == (OperationState.NOT_SENT, None)
    assert waiting.never_sent
    again = till.payment.dispatch(operation_id, at=NOON + SECOND)
    assert again is not None
    assert again.first_sent_at == NOON + SECOND


def test_u2_not_sent_after_possibly_sent_stays_unknown() -> None:
    till = Till()
    _, operation_id = till.start()
    till.payment.dispatch(operation_id, at=NOON)
    till.payment.decide(operation_id, OperationState.UNKNOWN, code="time-out")
    till.payment.dispatch(operation_id, at=NOON + SECOND)
    till.payment.decide(operation_id, OperationState.NOT_SENT)
    operation = till.payment.operation(operation_id)
    assert operation.state is OperationState.UNKNOWN
    assert operation.first_sent_at == NOON
    assert not operation.never_sent


def test_a_prepared_call_that_nobody_sent_may_be_called_not_sent() -> None:
    till = Till()
    _, operation_id = till.start()
    till.payment.decide(operation_id, OperationState.NOT_SENT)
    assert till.payment.operation(operation_id).never_sent


@given(st.lists(st.sampled_from(ANSWERS), max_size=6))
def test_u2_the_first_decision_stands_whatever_else_is_answered(answers: list[OperationState]) -> None:
    operation = Operation(
        id=new_operation_id(),
        attempt_id=AttemptId(uuid4()),
        kind=OperationKind.REFUND,
        amount=DUE,
        created_at=NOON,
    )
    possibly_sent = False
    for n, answer in enumerate(answers):
        before = operation
        if operation.due(at=NOON + n * SECOND):
            operation = operation.dispatched(at=NOON + n * SECOND)
        operation = operation.decided(answer, provider_ref=None, code=None)
        if not before.undecided:
            assert operation == before
        elif answer is OperationState.NOT_SENT:
            assert operation.state is (OperationState.UNKNOWN if possibly_sent else OperationState.NOT_SENT)
            assert operation.never_sent is not possibly_sent
        else:
            assert operation.state is answer
        possibly_sent = possibly_sent or answer is not OperationState.NOT_SENT
        assert operation.undecided is (operation.state in UNDECIDED)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (OperationKind.VOID, AttemptState.VOIDED),
        (OperationKind.COMPLETE, AttemptState.CAPTURED),
        (OperationKind.COMPLETE, AttemptState.AUTHORIZED),
    ],
)
def test_u2_a_look_that_shows_the_effect_decides_an_unknown_call(
    kind: OperationKind, state: AttemptState
) -> None:
    till = Till()
    attempt_id = till.checkout()
    if kind is OperationKind.COMPLETE:
        till.see(attempt_id, AttemptState.APPROVED)
    else:
        till.release()
    (operation,) = till.calls(kind)
    till.payment.dispatch(operation.id, at=NOON)
    till.payment.decide(operation.id, OperationState.UNKNOWN)
    till.see(attempt_id, AttemptState.OPEN)
    assert till.payment.operation(operation.id).state is OperationState.UNKNOWN
    till.see(attempt_id, state)
    assert till.payment.operation(operation.id).state is OperationState.SUCCEEDED


def test_a_void_that_is_refused_needs_a_person_until_the_end_of_the_page_is_seen() -> None:
    till = Till()
    attempt_id = till.checkout()
    till.release()
    (void,) = till.calls(OperationKind.VOID)
    till.payment.dispatch(void.id, at=NOON)
    till.payment.refuse(void.id, OperationState.REJECTED, "not-open", at=NOON)
    assert till.payment.review_reasons == (f"void-refused:{void.id}",)
    till.see(attempt_id, AttemptState.OPEN)
    assert till.calls(OperationKind.VOID) == [till.payment.operation(void.id)]
    assert till.resolve(f"void-refused:{void.id}")
    assert [op.failed for op in till.calls(OperationKind.VOID)] == [True, False]
    till.see(attempt_id, AttemptState.EXPIRED)
    assert till.status() is PaymentStatus.NONE


@pytest.mark.parametrize("code", [BANK_DECIDES, NOT_FOUND])
def test_a_void_that_cannot_be_now_or_of_what_is_not_there_needs_nobody(code: str) -> None:
    till = Till()
    till.checkout()
    till.release()
    (void,) = till.calls(OperationKind.VOID)
    till.payment.dispatch(void.id, at=NOON)
    till.payment.refuse(void.id, OperationState.REJECTED, code, at=NOON)
    assert till.payment.review_reasons == ()


def test_a_void_that_was_refused_is_not_asked_again_for_a_page_that_has_ended() -> None:
    till = Till()
    attempt_id = till.checkout()
    till.release()
    (void,) = till.calls(OperationKind.VOID)
    till.payment.dispatch(void.id, at=NOON)
    till.payment.refuse(void.id, OperationState.REJECTED, "not-open", at=NOON)
    till.see(attempt_id, AttemptState.EXPIRED)
    assert not till.resolve(f"void-refused:{void.id}")
    assert len(till.calls(OperationKind.VOID)) == 1


def test_i4_books_that_show_no_effect_make_a_call_as_good_as_never_sent() -> None:
    till = Till()
    _, operation_id = till.start()
    till.payment.dispatch(operation_id, at=NOON)
    till.payment.decide(operation_id, OperationState.UNKNOWN, code="time-out")
    till.payment.disprove(operation_id, sends=1)
    waiting = till.payment.operation(operation_id)
    assert (waiting.state, waiting.outcome_code) == (OperationState.NOT_SENT, None)
    assert waiting.never_sent
    again = till.payment.dispatch(operation_id, at=NOON + SECOND)
    assert again is not None
    assert (again.id, again.first_sent_at) == (operation_id, NOON + SECOND)


def test_i4_books_that_were_read_before_another_sending_prove_nothing_about_it() -> None:
    till = Till()
    attempt_id, operation_id = till.start()
    till.payment.dispatch(operation_id, at=NOON)
    again = till.payment.dispatch(operation_id, at=NOON + LEASE)
    till.payment.disprove(operation_id, sends=1)
    till.payment.give_up(operation_id, sends=1)
    assert till.payment.operation(operation_id) == again
    assert till.payment.attempt(attempt_id).state is AttemptState.CREATED


def test_what_is_decided_is_neither_disproved_nor_given_up() -> None:
    till = Till()
    _, operation_id = till.start()
    till.payment.dispatch(operation_id, at=NOON)
    till.payment.decide(operation_id, OperationState.SUCCEEDED, provider_ref="page")
    till.payment.disprove(operation_id, sends=1)
    till.payment.give_up(operation_id, sends=1)
    assert till.payment.operation(operation_id).state is OperationState.SUCCEEDED

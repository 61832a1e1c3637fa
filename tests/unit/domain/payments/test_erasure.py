"""When a payment owes nobody anything, and what it lets go of then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from printapic.domain.payments.attempt import TERMINAL, AttemptState
from printapic.domain.payments.operation import OperationKind, OperationState
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.transaction import TransactionType
from tests import builders as b

DUE = b.euros("15.80")


def payment(*taken: TransactionType, **fields: Any) -> Payment:
    """A payment whose checkouts are over, with these movements of all that was due."""
    rows = tuple(b.a_transaction(type=kind, amount=DUE, ref="capture-1") for kind in taken)
    plain = {
        "attempts": (b.an_attempt(id=b.ATTEMPT, state=AttemptState.CAPTURED),),
        "operations": (),
        "transactions": rows,
        "review_reasons": (),
    }
    return b.a_payment(**{**plain, **fields})


def refund(state: OperationState, kind: OperationKind = OperationKind.REFUND) -> Any:
    return (b.an_operation(kind=kind, state=state),)


def test_money_that_was_earned_is_settled_and_money_that_was_not_goes_back_first() -> None:
    kept = payment(TransactionType.CAPTURE)
    assert kept.settled(earned=True, at=b.NOON)
    assert not kept.settled(earned=False, at=b.NOON)
    returned = payment(TransactionType.CAPTURE, TransactionType.REFUND_SUCCEEDED)
    assert returned.settled(earned=False, at=b.NOON)
    assert payment().settled(earned=False, at=b.NOON)


@pytest.mark.parametrize("state", OperationState)
def test_a_refund_is_waited_for_until_it_is_decided(state: OperationState) -> None:
    decided = {
        OperationState.SUCCEEDED,
        OperationState.DECLINED,
        OperationState.REJECTED,
        OperationState.ABANDONED,
    }
    asked = payment(TransactionType.CAPTURE, operations=refund(state))
    assert asked.settled(earned=True, at=b.NOON) is (state in decided)


def test_other_calls_are_told_by_their_checkout() -> None:
    for kind in set(OperationKind) - {OperationKind.REFUND}:
        assert payment(operations=refund(OperationState.UNKNOWN, kind)).settled(earned=True, at=b.NOON)


@pytest.mark.parametrize("state", AttemptState)
def test_a_checkout_is_waited_for_until_a_month_after_it_expired(state: AttemptState) -> None:
    attempt = b.an_attempt(state=state, expires_at=b.NOON)
    open_ = payment(attempts=(attempt,))
    assert open_.settled(earned=False, at=b.NOON) is (state in TERMINAL)
    assert open_.settled(earned=False, at=b.NOON + timedelta(days=30))


def test_what_a_person_has_to_look_at_is_not_settled() -> None:
    assert not payment(review_reasons=("refund-refused:x",)).settled(earned=True, at=b.NOON)


def test_links_keys_and_reasons_go_and_the_log_stays() -> None:
    asked = b.a_payment()
    log = asked.transactions
    assert asked.forget()
    for attempt in asked.attempts:
        assert (attempt.return_url, attempt.cancel_url, attempt.redirect_url) == ("", "", None)
        assert (attempt.client_key, attempt.request_digest) == (f"erased:{attempt.id}", "")
    assert {operation.reason for operation in asked.operations} == {None}
    assert asked.transactions == log
    assert not asked.forget()

"""The ledger's own rules: balanced by construction, corrected by reversal, and repeatable from the log."""

from __future__ import annotations

import pytest

from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState, Provider
from printapic.domain.payments.giving_back import RefundRequest
from printapic.domain.payments.ledger import balances
from printapic.domain.payments.operation import Operation, OperationState
from printapic.domain.payments.snapshot import RefundFact, RefundState
from printapic.domain.payments.transaction import Posting, TransactionType
from tests.unit.domain.payments.till import DUE, NOON, Till, given_back, new_operation_id, paid_with

CAPTURED = AttemptState.CAPTURED
FEE = Money.of("0.55", "EUR")
PAID = {"psp_clearing:stripe": DUE.minor, "order_obligation": -DUE.minor}
OWED = {"psp_clearing:stripe": DUE.minor, "refunds_payable": -DUE.minor}


def paid_till() -> Till:
    till = Till()
    till.pays(till.checkout())
    return till


def promise(till: Till) -> Operation:
    request = RefundRequest(capture_ref="capture-1", reason="requested")
    return till.payment.refund(request, operation_id=new_operation_id(), at=NOON)


def hear(till: Till, *refunds: RefundFact) -> None:
    till.see(till.payment.attempts[0].id, CAPTURED, [paid_with()], refunds)


@pytest.mark.parametrize(
    ("debit", "credit", "amount"), [("a", "b", "0.00"), ("a", "b", "-1.00"), ("a", "a", "1.00")]
)
def test_v2_nothing_unbalanced_can_be_written(debit: str, credit: str, amount: str) -> None:
    with pytest.raises(ValueError, match="above zero from one account to another"):
        Posting(debit=debit, credit=credit, amount=Money.of(amount, "EUR"))


def test_v2_a_claim_is_met_by_the_money_that_a_provider_then_owes_us() -> None:
    till = Till()
    assert till.balances() == {"order_receivable": DUE.minor, "order_obligation": -DUE.minor}
    till.pays(till.checkout(provider=Provider.PAYPAL))
    assert till.balances() == {"psp_clearing:paypal": DUE.minor, "order_obligation": -DUE.minor}


def test_v3_money_that_fits_to_nothing_waits_in_the_suspense_account() -> None:
    till = Till()
    till.pays(till.checkout(), amount=Money.of("1.00", "EUR"))
    assert till.balances()["suspense"] == -100
    assert till.balances()["order_receivable"] == DUE.minor


def test_a_fee_is_written_once_it_is_known_and_once_only() -> None:
    till = paid_till()
    for fee in (None, FEE, FEE, Money.of("0.56", "EUR")):
        till.see(till.payment.attempts[0].id, CAPTURED, [paid_with(fee=fee)])
    (row,) = till.rows(TransactionType.FEE)
    assert (row.amount, row.ref) == (FEE, "capture-1")
    assert till.balances()["psp_fees"] == FEE.minor
    assert till.balances()["psp_clearing:stripe"] == DUE.minor - FEE.minor


def test_a_fee_in_another_currency_stands_on_its_own() -> None:
    till = paid_till()
    till.see(till.payment.attempts[0].id, CAPTURED, [paid_with(fee=Money.of("0.60", "CHF"))])
    sums = balances(till.payment.log)
    assert sums["psp_fees", "CHF"] == -sums["psp_clearing:stripe", "CHF"] == 60
    assert sums["psp_clearing:stripe", "EUR"] == DUE.minor


def test_r1_a_promise_is_owed_until_the_provider_paid_it() -> None:
    till = paid_till()
    operation = promise(till)
    assert till.balances() == OWED
    hear(till, given_back(operation_id=operation.id, state=RefundState.PENDING))
    assert till.balances() == OWED
    hear(till, given_back(operation_id=operation.id))
    assert till.balances() == {}


def test_r4_a_refund_of_the_dashboard_is_promised_and_paid_at_once() -> None:
    till = paid_till()
    hear(till, given_back())
    (row,) = till.rows(TransactionType.REFUND_SUCCEEDED)
    assert [(p.debit, p.credit) for p in row.postings] == [
        ("order_obligation", "refunds_payable"),
        ("refunds_payable", "psp_clearing:stripe"),
    ]
    assert till.balances() == {}


@pytest.mark.parametrize("before", [[], [RefundState.PENDING], [RefundState.SUCCEEDED]])
@pytest.mark.parametrize("ours", [True, False])
def test_r3_a_refund_that_came_back_is_neither_paid_nor_owed(before: list[RefundState], ours: bool) -> None:
    till = paid_till()
    operation_id = promise(till).id if ours else None
    for state in [*before, RefundState.FAILED, RefundState.SUCCEEDED]:
        hear(till, given_back(operation_id=operation_id, state=state))
    assert till.balances() == PAID


def test_r5_a_refused_refund_that_was_made_after_all_is_promised_again() -> None:
    till = paid_till()
    operation = promise(till)
    till.payment.refuse(operation.id, OperationState.REJECTED, "time-out", at=NOON)
    hear(till, given_back(operation_id=operation.id))
    assert till.balances() == {}


def test_r5_a_refused_refund_that_failed_too_is_taken_back_once() -> None:
    till = paid_till()
    operation = promise(till)
    till.payment.refuse(operation.id, OperationState.REJECTED, "time-out", at=NOON)
    hear(till, given_back(operation_id=operation.id, state=RefundState.FAILED))
    assert till.balances() == PAID


@pytest.mark.parametrize("failing", ["refund-1", "refund-2"])
def test_r5_one_promise_that_a_provider_kept_twice_is_paid_twice_and_owed_once(failing: str) -> None:
    """It made two refunds of one call: whichever comes back, what went out is what the books say."""
    till = paid_till()
    operation = promise(till)
    twice = [given_back(ref, operation_id=operation.id) for ref in ("refund-1", "refund-2")]
    hear(till, *twice)
    assert till.balances() == {"psp_clearing:stripe": -DUE.minor, "order_obligation": DUE.minor}
    assert till.payment.review_reasons == ("refund-mismatch:capture-1",)
    hear(till, given_back(failing, operation_id=operation.id, state=RefundState.FAILED))
    assert till.balances() == {}


def test_c1_late_money_of_a_dead_order_passes_through_the_suspense_account() -> None:
    till = Till()
    attempt_id = till.checkout()
    till.release()
    assert till.balances() == {}
    till.pays(attempt_id)
    (parked,) = till.rows(TransactionType.CAPTURE_PARKED)
    assert [(p.debit, p.credit) for p in parked.postings] == [("psp_clearing:stripe", "suspense")]
    assert till.balances() == OWED

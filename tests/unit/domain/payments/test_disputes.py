"""D1-D3: what banks contest is on hold until they decide, and is not given back a second time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations

import attrs
import pytest

from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.dispute import Dispute
from printapic.domain.payments.events import DisputeOpened
from printapic.domain.payments.giving_back import CaptureDisputed, RefundRequest, RefundTooLarge
from printapic.domain.payments.operation import OperationKind
from printapic.domain.payments.payment import PaymentStatus
from printapic.domain.payments.snapshot import CaptureFact, DisputeFact, DisputeState, RefundFact
from printapic.domain.payments.transaction import TransactionType
from tests.unit.domain.payments.till import (
    DUE,
    NOON,
    Till,
    contested,
    given_back,
    moved,
    new_operation_id,
    paid_with,
)

INQUIRY, OPEN, WON, LOST = DisputeState
FEE = Money.of("20.00", "EUR")
PAID = {"psp_clearing:stripe": DUE.minor, "order_obligation": -DUE.minor}


def paid_till() -> Till:
    till = Till()
    till.pays(till.checkout())
    till.events()
    return till


def hear(
    till: Till,
    *disputes: DisputeFact,
    refunds: Sequence[RefundFact] = (),
    extra: Sequence[CaptureFact] = (),
) -> None:
    attempt_id = till.payment.attempts[0].id
    captures = [paid_with(), *extra]
    till.see(attempt_id, AttemptState.CAPTURED, captures, refunds, disputes=disputes)


def reasons(till: Till) -> list[str]:
    return list(till.payment.review_reasons)


def refund(till: Till, amount: str | None = None) -> None:
    wanted = None if amount is None else Money.of(amount, "EUR")
    request = RefundRequest(capture_ref="capture-1", amount=wanted, reason="requested")
    till.payment.refund(request, operation_id=new_operation_id(), at=NOON)


def test_d1_an_opened_dispute_is_remembered_whole_and_calls_a_person_once() -> None:
    till = paid_till()
    due = NOON + timedelta(days=9)
    for _ in range(2):
        hear(till, attrs.evolve(contested(), evidence_due_at=due))
    attempt_id = till.payment.attempts[0].id
    assert till.payment.disputes == (
        Dispute(
            ref="dispute-1",
            attempt_id=attempt_id,
            capture_ref="capture-1",
            amount=DUE,
            state=OPEN,
            reason="fraudulent",
            evidence_due_at=due,
            opened_at=NOON,
        ),
    )
    assert till.payment.disputed
    assert till.payment.review_reasons == ("dispute:dispute-1",)
    assert till.status() is PaymentStatus.NEEDS_REVIEW
    (event,) = till.events(DisputeOpened)
    assert isinstance(event, DisputeOpened)
    assert (event.dispute_ref, event.order_id) == ("dispute-1", till.payment.order_id)


def test_d1_money_that_a_bank_took_is_on_hold_and_its_fee_is_ours() -> None:
    till = paid_till()
    for _ in range(2):
        hear(till, contested("dispute-1", moved("taken", -DUE, fee=FEE)))
    assert till.balances() == {
        "psp_clearing:stripe": -FEE.minor,
        "psp_fees": FEE.minor,
        "dispute_hold": DUE.minor,
        "order_obligation": -DUE.minor,
    }
    (row,) = till.rows(TransactionType.DISPUTE_TAKEN)
    assert (row.ref, row.amount, row.capture_ref) == ("taken", DUE, "capture-1")


def test_d1_a_won_dispute_gives_the_money_back_and_answers_the_question() -> None:
    till = paid_till()
    hear(till, contested("dispute-1", moved("taken")))
    hear(till, contested("dispute-1", moved("taken"), moved("returned", DUE), state=WON))
    assert till.balances() == PAID
    assert not till.payment.disputed
    assert till.status() is PaymentStatus.PAID
    refund(till)
    assert till.calls(OperationKind.REFUND)[0].amount == DUE


def test_d1_a_fee_that_comes_back_with_a_won_dispute_is_booked_back_once() -> None:
    till, fee = paid_till(), Money.of("20.00", "EUR")
    hear(till, contested("dispute-1", moved("taken", fee=fee)))
    for _ in range(2):
        movements = moved("taken", fee=fee), moved("returned", DUE, fee=-fee)
        hear(till, contested("dispute-1", *movements, state=WON))
    assert till.balances() == PAID
    (returned,) = till.rows(TransactionType.FEE_RETURNED)
    assert (returned.ref, returned.amount) == ("returned", fee)


def test_d1_a_lost_dispute_is_written_off_once_and_a_person_knows() -> None:
    till = paid_till()
    hear(till, contested("dispute-1", moved("taken")))
    for _ in range(2):
        hear(till, contested("dispute-1", moved("taken"), state=LOST))
    assert till.balances() == {"dispute_loss": DUE.minor, "order_obligation": -DUE.minor}
    assert not till.payment.disputed
    assert till.payment.review_reasons == ("dispute:dispute-1",)
    assert len(till.rows(TransactionType.DISPUTE_LOST)) == 1


def test_d1_a_dispute_first_heard_of_when_it_was_won_worries_nobody() -> None:
    till = paid_till()
    hear(till, contested("dispute-1", moved("taken"), moved("returned", DUE), state=WON))
    assert till.status() is PaymentStatus.PAID
    assert till.balances() == PAID


def test_d3_an_inquiry_moves_no_money_and_stops_refunds_all_the_same() -> None:
    till = paid_till()
    hear(till, contested(state=INQUIRY))
    assert till.balances() == PAID
    assert till.payment.review_reasons == ("dispute:dispute-1",)
    with pytest.raises(CaptureDisputed):
        refund(till)


@pytest.mark.parametrize("order", [*permutations([INQUIRY, OPEN, WON])])
@pytest.mark.parametrize("end", [WON, LOST])
def test_w4_d1_an_older_look_at_a_dispute_takes_no_step_of_it_back(
    order: tuple[DisputeState, ...], end: DisputeState
) -> None:
    till = paid_till()
    for state in order:
        hear(till, contested(state=end if state is WON else state))
    assert [dispute.state for dispute in till.payment.disputes] == [end]
    assert till.payment.review_reasons == (() if end is WON else ("dispute:dispute-1",))


def test_d1_newer_words_about_an_open_dispute_replace_the_older() -> None:
    till = paid_till()
    hear(till, contested())
    less, later = Money.of("2.00", "EUR"), NOON + timedelta(days=20)
    newer = attrs.evolve(contested(), amount=less, reason="duplicate", evidence_due_at=later)
    hear(till, newer)
    (dispute,) = till.payment.disputes
    assert (dispute.amount, dispute.reason, dispute.evidence_due_at) == (less, "duplicate", later)


def test_d2_nothing_is_refunded_while_a_bank_contests_it() -> None:
    till = paid_till()
    hear(till, contested())
    with pytest.raises(CaptureDisputed) as refusal:
        refund(till)
    assert refusal.value.code == "payment-disputed"
    assert till.calls(OperationKind.REFUND) == []


def test_d2_money_that_a_dispute_lost_cannot_be_given_back() -> None:
    till = paid_till()
    part = Money.of("10.00", "EUR")
    hear(till, contested("dispute-1", moved("taken", -part), amount=part, state=LOST))
    with pytest.raises(RefundTooLarge) as refusal:
        refund(till, "2.91")
    assert refusal.value.details == {"left": "2.90", "currency": "EUR"}
    refund(till, "2.90")


def test_d2_another_capture_of_the_same_payment_may_be_given_back() -> None:
    till = paid_till()
    hear(till, contested(), extra=(paid_with("capture-2"),))
    assert [op.capture_ref for op in till.calls(OperationKind.REFUND)] == ["capture-2"]


def test_d2_a_dispute_after_a_refund_is_a_double_loss_until_the_bank_returns_it() -> None:
    till = paid_till()
    hear(till, refunds=(back := given_back(),))
    taken = contested("dispute-1", moved("taken"))
    hear(till, taken, refunds=(back,))
    assert reasons(till) == ["dispute:dispute-1", "double-loss:capture-1"]
    hear(till, contested("dispute-1", moved("taken"), moved("back", DUE), state=WON), refunds=(back,))
    assert reasons(till) == []


def test_d2_what_a_person_settled_is_not_asked_again_by_the_next_look() -> None:
    till = paid_till()
    facts = contested("dispute-1", moved("taken"), state=LOST)
    hear(till, facts, refunds=(given_back(),))
    for reason in till.payment.review_reasons:
        assert till.resolve(reason)
    hear(till, facts, refunds=(given_back(),))
    assert till.payment.review_reasons == ()


def test_d2_a_part_refunded_and_the_rest_contested_is_no_double_loss() -> None:
    till = paid_till()
    part = Money.of("2.90", "EUR")
    rest = contested("dispute-1", moved("taken", part - DUE), amount=DUE - part)
    hear(till, rest, refunds=(given_back(amount=part),))
    assert till.payment.review_reasons == ("dispute:dispute-1",)


def test_d2_a_capture_that_came_twice_and_is_contested_waits_for_a_person() -> None:
    till = paid_till()
    hear(till, contested(of="capture-2"), extra=(paid_with("capture-2"),))
    assert till.calls(OperationKind.REFUND) == []
    assert "refund-waits:capture-2" in till.payment.review_reasons


def test_d2_a_cancelled_order_gives_nothing_back_that_a_bank_contests() -> None:
    till = paid_till()
    hear(till, contested("dispute-1", moved("taken")))
    till.release()
    assert till.calls(OperationKind.REFUND) == []
    assert "refund-waits:capture-1" in till.payment.review_reasons


def test_d1_a_dispute_about_money_that_never_came_is_looked_at() -> None:
    till = paid_till()
    hear(till, contested("dispute-1", moved("taken"), of="elsewhere"))
    assert till.payment.review_reasons == ("dispute:dispute-1", "dispute-mismatch:elsewhere")


def test_d1_two_disputes_of_one_capture_lose_no_more_than_was_taken() -> None:
    till = paid_till()
    six, rest = Money.of("6.00", "EUR"), DUE - Money.of("6.00", "EUR")
    one = contested("dispute-1", moved("taken-1", -six), amount=six, state=LOST)
    two = contested("dispute-2", moved("taken-2", -rest), amount=rest)
    hear(till, one, two)
    hear(till, one, attrs.evolve(two, state=LOST))
    assert till.balances() == {"dispute_loss": DUE.minor, "order_obligation": -DUE.minor}


def test_d1_of_two_disputes_the_won_one_is_no_loss() -> None:
    till = paid_till()
    six, rest = Money.of("6.00", "EUR"), DUE - Money.of("6.00", "EUR")
    one = contested("dispute-1", moved("taken-1", -six), amount=six, state=LOST)
    two = contested("dispute-2", moved("taken-2", -rest), amount=rest)
    hear(till, one, two)
    hear(till, one, attrs.evolve(two, state=WON, movements=(*two.movements, moved("returned-2", rest))))
    assert till.balances()["dispute_loss"] == six.minor
    assert "dispute_hold" not in till.balances()


def test_d1_money_paid_back_after_a_loss_makes_the_loss_smaller() -> None:
    """PayPal may cover what its customer won."""
    till = paid_till()
    lost = contested("dispute-1", moved("taken"), state=LOST)
    hear(till, lost)
    hear(till, attrs.evolve(lost, movements=(*lost.movements, moved("payout", DUE))))
    assert till.balances() == PAID


def test_d1_what_a_bank_returned_before_it_decided_is_not_lost() -> None:
    till = paid_till()
    two = Money.of("2.00", "EUR")
    hear(till, contested("dispute-1", moved("taken"), moved("some-back", two), state=LOST))
    assert till.balances()["dispute_loss"] == DUE.minor - two.minor
    assert "dispute_hold" not in till.balances()


def test_d1_money_taken_only_after_the_loss_is_lost_at_once() -> None:
    till = paid_till()
    hear(till, contested(state=LOST))
    assert till.balances() == PAID
    hear(till, contested("dispute-1", moved("taken"), state=LOST))
    assert till.balances() == {"dispute_loss": DUE.minor, "order_obligation": -DUE.minor}


def test_d2_of_money_that_a_bank_took_in_another_currency_nothing_is_given_back_until_it_returns() -> None:
    till = Till()
    attempt_id = till.checkout()
    till.pays(attempt_id)
    taken, back = moved("taken", Money.of("-5.00", "USD")), moved("back", Money.of("5.00", "USD"))
    capture = till.payment.capture("capture-1")
    for state, movements, left in [
        (DisputeState.LOST, (taken,), Money.zero(DUE.currency)),
        (DisputeState.WON, (taken, back), DUE),
    ]:
        disputes = [contested("dispute-1", *movements, state=state)]
        till.see(attempt_id, AttemptState.CAPTURED, [paid_with()], disputes=disputes)
        assert till.payment.refundable(capture) == left


def test_d1_a_loss_is_written_off_in_the_currency_in_which_it_was_taken() -> None:
    till = paid_till()
    francs = Money.of("12.00", "CHF")
    hear(till, contested("dispute-1", moved("taken", -francs), state=LOST))
    rows = till.rows(TransactionType.DISPUTE_LOST)
    assert [(p.debit, p.credit, p.amount) for row in rows for p in row.postings] == [
        ("dispute_loss", "dispute_hold", francs)
    ]


def test_d1_a_movement_of_nothing_leaves_only_its_fee() -> None:
    till = paid_till()
    hear(till, contested("dispute-1", moved("fee-only", Money.of("0.00", "EUR"), fee=FEE)))
    assert till.rows(TransactionType.DISPUTE_TAKEN, TransactionType.DISPUTE_RETURNED) == []
    assert till.balances()["psp_fees"] == FEE.minor


def test_d1_a_dispute_that_goes_on_after_it_was_won_holds_the_order_again() -> None:
    till = paid_till()
    hear(till, contested("dispute-1", moved("taken"), moved("returned", DUE), state=WON))
    movements = [moved("taken"), moved("returned", DUE), moved("again")]
    hear(till, contested("dispute-1", *movements, state=OPEN))
    assert (till.payment.disputed, till.payment.fulfillable) == (True, False)
    assert till.payment.review_reasons == ("dispute:dispute-1",)
    with pytest.raises(CaptureDisputed):
        refund(till)
    till.resolve("dispute:dispute-1")
    hear(till, contested("dispute-1", *movements, state=OPEN))
    assert till.payment.fulfillable
    hear(till, contested("dispute-1", *movements, moved("back", DUE), state=WON))
    assert not till.payment.disputed


@pytest.mark.parametrize("amount", [DUE, Money.of("14.00", "USD")])
def test_d2_what_a_bank_took_for_good_is_not_given_back_again_though_nobody_told_how(amount: Money) -> None:
    till = paid_till()
    hear(till, contested("dispute-1", amount=amount, state=LOST))
    till.release()
    assert till.calls(OperationKind.REFUND) == []


@pytest.mark.parametrize("end", [WON, LOST])
def test_a_payment_is_not_settled_while_a_bank_contests_it(end: DisputeState) -> None:
    till = paid_till()
    hear(till, contested())
    till.resolve("dispute:dispute-1")
    assert not till.payment.settled(earned=True, at=NOON)
    hear(till, contested(state=end))
    assert till.payment.settled(earned=True, at=NOON)

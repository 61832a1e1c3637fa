"""V1, V5: looks in any order, and as often as you like, lead to the same facts, sums and status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from printapic.domain.ids import AttemptId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.dispute import FINAL
from printapic.domain.payments.events import PaymentSucceeded
from printapic.domain.payments.ledger import balances
from printapic.domain.payments.operation import OperationKind
from printapic.domain.payments.payment import PaymentStatus
from printapic.domain.payments.snapshot import (
    AuthorizationFact,
    CaptureFact,
    DisputeFact,
    DisputeState,
    RefundFact,
    RefundState,
)
from printapic.domain.payments.soundness import faults_of
from printapic.domain.payments.transaction import TransactionType
from tests.unit.domain.payments.till import DUE, Till, contested, given_back, held_with, moved, paid_with

STEPS = ["nothing", "hold", "capture", "capture", "fee", "refund", "progress", "dispute", "decide", "decide"]
FEES = st.sampled_from([Money.of("0.55", "EUR"), Money.of("0.60", "CHF")])
AMOUNTS = [DUE, DUE, DUE, Money(DUE.minor + 1, DUE.currency), Money.of("12.90", "USD")]


@attrs.frozen
class Sight:
    """What the provider shows at one moment."""

    state: AttemptState
    captures: tuple[CaptureFact, ...]
    refunds: tuple[RefundFact, ...]
    authorization: AuthorizationFact | None
    disputes: tuple[DisputeFact, ...]


@st.composite
def histories(draw: st.DrawFn, *, wanted: bool) -> list[Sight]:
    """A true history: money only accumulates, refunds and disputes only progress, the state may say anything.

    A promise of the bank comes before its money, and is not always shown afterwards. What is given back
    as soon as it is seen is not contested here: whether it is then depends on what is heard first.
    """
    captures: list[CaptureFact] = []
    refunds: list[RefundFact] = []
    disputes: list[DisputeFact] = []
    held: AuthorizationFact | None = None
    sights = []
    for n in range(draw(st.integers(1, 8))):
        match draw(st.sampled_from(STEPS)):
            case "hold" if not captures and held is None:
                held = held_with(amount=draw(st.sampled_from(AMOUNTS)))
            case "fee" if captures:
                at = draw(st.integers(0, len(captures) - 1))
                captures[at] = attrs.evolve(captures[at], fee=captures[at].fee or draw(FEES))
            case "dispute" if kept := [each for each in captures if stays(each, captures, wanted=wanted)]:
                capture = draw(st.sampled_from(kept))
                disputes.append(
                    contested(
                        f"dispute-{n}",
                        of=capture.ref,
                        amount=capture.amount,
                        state=draw(st.sampled_from([DisputeState.INQUIRY, DisputeState.OPEN])),
                    )
                )
            case "decide" if disputes:
                at = draw(st.integers(0, len(disputes) - 1))
                disputes[at] = decided(draw, disputes[at], n)
            case "capture":
                captures.append(paid_with(f"capture-{n}", draw(st.sampled_from(AMOUNTS))))
            case "refund" if captures:
                capture = draw(st.sampled_from(captures))
                gone = sum(r.amount.minor for r in refunds if counts(r) and r.capture_ref == capture.ref)
                rest = capture.amount.minor - gone
                if rest:
                    amount = Money(draw(st.integers(1, rest)), capture.amount.currency)
                    state = draw(st.sampled_from([RefundState.PENDING, RefundState.SUCCEEDED]))
                    refunds.append(given_back(f"refund-{n}", of=capture.ref, amount=amount, state=state))
            case "progress" if refunds:
                at = draw(st.integers(0, len(refunds) - 1))
                refunds[at] = progressed(draw, refunds[at])
        state = draw(st.sampled_from(AttemptState))
        shown = held if draw(st.booleans()) else None
        sights.append(Sight(state, tuple(captures), tuple(refunds), shown, tuple(disputes)))
    return sights


def stays(capture: CaptureFact, captures: list[CaptureFact], *, wanted: bool) -> bool:
    """Not given back by itself: the money of the order, or money of a wrong amount."""
    first = next((each for each in captures if each.amount == DUE), None)
    return capture.amount != DUE or (wanted and capture is first)


def decided(draw: st.DrawFn, dispute: DisputeFact, n: int) -> DisputeFact:
    """One step further: money taken, given back, or the bank's last word."""
    taken = -sum(movement.amount.minor for movement in dispute.movements)
    if dispute.state in FINAL:
        return dispute
    if not taken:
        movement = moved(f"taken-{n}", -dispute.amount, fee=draw(st.none() | FEES))
        return attrs.evolve(dispute, state=DisputeState.OPEN, movements=(*dispute.movements, movement))
    if draw(st.booleans()):
        return attrs.evolve(dispute, state=DisputeState.LOST)
    back = moved(f"back-{n}", dispute.amount)
    return attrs.evolve(dispute, state=DisputeState.WON, movements=(*dispute.movements, back))


def counts(refund: RefundFact) -> bool:
    return refund.state in (RefundState.PENDING, RefundState.SUCCEEDED)


def progressed(draw: st.DrawFn, refund: RefundFact) -> RefundFact:
    ways = {
        RefundState.PENDING: [RefundState.SUCCEEDED, RefundState.FAILED, RefundState.CANCELLED],
        RefundState.SUCCEEDED: [RefundState.FAILED],
    }
    return attrs.evolve(refund, state=draw(st.sampled_from(ways.get(refund.state, [refund.state]))))


@st.composite
def shuffled(draw: st.DrawFn, *, wanted: bool) -> tuple[list[Sight], list[int]]:
    """A history, and an order in which its sights arrive: each at least once."""
    sights = draw(histories(wanted=wanted))
    numbers = range(len(sights))
    repeated = draw(st.lists(st.sampled_from(numbers), max_size=4))
    return sights, draw(st.permutations([*numbers, *repeated]))


def arrive(till: Till, attempt_id: AttemptId, sights: Sequence[Sight], order: Sequence[int]) -> None:
    for number in order:
        sight = sights[number]
        snapshot = till.snapshot(
            attempt_id,
            sight.state,
            sight.captures,
            sight.refunds,
            authorization=sight.authorization,
            disputes=sight.disputes,
        )
        till.take_in(attempt_id, snapshot, ticket=number + 1)


def outcome(till: Till) -> dict[str, Any]:
    payment = till.payment
    ours = (TransactionType.REFUND_REQUESTED, TransactionType.DUE)
    return {
        "rows": {
            (row.type, None if row.type in ours else row.ref, row.amount, row.capture_ref)
            for row in payment.transactions
        },
        "number of rows": len(payment.transactions),
        "ledger": balances(payment.log),
        "sums": (payment.allocated, payment.captured, payment.refunded),
        "status": payment.status,
        "reasons": set(payment.review_reasons),
        "disputes": {(each.ref, each.state, each.amount) for each in payment.disputes},
        "state": payment.attempts[0].state,
        "refunds": sorted(str(op.capture_ref) for op in till.calls(OperationKind.REFUND)),
    }


@settings(max_examples=300)
@given(st.data(), st.booleans())
def test_v5_w4_any_order_and_repetition_gives_the_same_facts(data: st.DataObject, wanted: bool) -> None:
    sights, order = data.draw(shuffled(wanted=wanted))
    results = []
    for arrival in (range(len(sights)), order):
        till = Till(wanted=wanted)
        attempt_id = till.checkout()
        arrive(till, attempt_id, sights, arrival)
        # Only an order that was confirmed on a promise misses it: that depends on what is heard first.
        till.resolve(f"authorization-lost:{attempt_id}")
        results.append(outcome(till))
    assert results[0] == results[1]


@given(st.data(), st.booleans())
def test_v1_never_more_allocated_than_due_nor_given_back_than_came(data: st.DataObject, wanted: bool) -> None:
    sights, order = data.draw(shuffled(wanted=wanted))
    till = Till(wanted=wanted)
    attempt_id = till.checkout()
    for number in order:
        arrive(till, attempt_id, sights, [number])
        payment = till.payment
        assert faults_of(payment) == ()
        assert payment.allocated in (Money.zero(DUE.currency), DUE)
        assert len(till.rows(TransactionType.CAPTURE)) <= 1
        assert payment.allocated <= payment.captured
        assert payment.refunded <= payment.captured
        for capture in payment.log.captures():
            assert payment.log.rest_of(capture).minor >= 0
        keys = [(row.provider, row.livemode, row.ref, row.type) for row in payment.transactions]
        assert len(keys) == len(set(keys))
        given_back_of = [op.capture_ref for op in till.calls(OperationKind.REFUND)]
        assert len(given_back_of) == len(set(given_back_of))
        if not wanted:
            assert not payment.allocated


@given(st.permutations(["first"] * 2 + ["second"] * 2 + ["failed"]))
def test_h7_v4_of_two_paid_checkouts_one_pays_and_the_other_is_given_back(news: list[str]) -> None:
    till = Till()
    attempts = {key: till.checkout(key) for key in ("first", "second")}
    for key in news:
        till.wanted = not till.payment.allocated
        if key == "failed":
            till.see(attempts["first"], AttemptState.FAILED)
        else:
            till.pays(attempts[key], f"money-{key}")
    payment = till.payment
    (allocated,) = till.rows(TransactionType.CAPTURE)
    (refund,) = till.calls(OperationKind.REFUND)
    assert {allocated.ref, refund.capture_ref} == {"money-first", "money-second"}
    assert (payment.allocated, payment.captured) == (DUE, DUE + DUE)
    assert payment.status is PaymentStatus.PAID
    assert len(till.events(PaymentSucceeded)) == 1

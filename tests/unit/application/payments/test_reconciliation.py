"""The daily comparison: every line of the provider's books against ours, and what becomes of differences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import attrs
import pytest

from printapic.adapters.payments.simulated.faults import Fault
from printapic.application.payments import reconciliation_run
from printapic.application.payments.collection import ProviderNotOffered
from printapic.application.payments.periods import PeriodInvalid
from printapic.application.payments.reconciliation import LOOK_BACK
from printapic.application.payments.reconciliation_run import SLACK, ProviderReport
from printapic.application.payments.staff import ReasonNeeded, Staff
from printapic.application.ports.bookkeeping import FindingQuery
from printapic.application.ports.payments import Movement, MovementKind
from printapic.domain.actors import Actor, Caller
from printapic.domain.audit.event import AuditAction
from printapic.domain.ids import FindingId, UserId
from printapic.domain.money import Money
from printapic.domain.orders.order import Order
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.finding import (
    Finding,
    FindingClosed,
    FindingKind,
    FindingNotFound,
    FindingState,
)
from printapic.domain.payments.snapshot import RefundState
from printapic.domain.payments.transaction import Source, TransactionType
from tests.builders import new_id
from tests.shop_floor import DAY, HOUR, MINUTE, NOON, ShopFloor, line, open_floor
from tests.unit.application.payments.odd_books import OddBooks, Rewrite, adding, extra

EUR = "EUR"
CLARA = Staff(user_id=UserId(new_id()), caller=Caller(address="203.0.113.20"))


@pytest.fixture
def floor() -> ShopFloor:
    opened = open_floor(gateway=OddBooks)
    opened.gateway.asked = []  # type: ignore[attr-defined]
    return opened


@pytest.fixture
def books(floor: ShopFloor) -> OddBooks:
    assert isinstance(floor.gateway, OddBooks)
    return floor.gateway


@pytest.fixture
def anna(floor: ShopFloor) -> Actor:
    return floor.customer()


@pytest.fixture
def order(floor: ShopFloor, anna: Actor) -> Order:
    """Paid, and everything about it is known; ten days later."""
    paid = floor.paid(anna, line(floor.upload(anna), quantity=20))
    floor.clock.advance(10 * DAY)
    return paid


def reconcile(
    floor: ShopFloor, since: datetime | None = None, until: datetime | None = None
) -> ProviderReport:
    (report,) = floor.shop.reconcile_payments(since=since, until=until)
    return report


def findings(floor: ShopFloor, state: FindingState | None = FindingState.OPEN) -> list[Finding]:
    return list(floor.shop.list_findings(query=FindingQuery(state=state), limit=100))


def only(floor: ShopFloor) -> Finding:
    (finding,) = findings(floor)
    return finding


def changing(**fields: Any) -> Rewrite:
    """Every line says something else."""
    return lambda lines: (attrs.evolve(movement, **fields) for movement in lines)


def capture_of(floor: ShopFloor, order: Order) -> str:
    return floor.payment(order).log.captures()[0].ref


def nothing(lines: Iterator[Movement]) -> Iterator[Movement]:
    return iter(())


# All is well


def test_books_that_say_the_same_are_clean_with_refunds_and_refunds_that_came_back(
    floor: ShopFloor, order: Order
) -> None:
    ref = capture_of(floor, order)
    kept = floor.dashboard.refund(ref, Money.of("1.00", EUR))
    back = floor.dashboard.refund(ref, Money.of("2.00", EUR))
    floor.hear()
    floor.dashboard.decide_refund(back.ref, RefundState.FAILED)
    floor.hear()
    floor.clock.advance(DAY)
    report = reconcile(floor)
    assert report.clean, findings(floor)
    assert (report.lines, report.found, report.other_lines, report.taken_in) == (4, {}, {}, 0)
    assert (report.since, report.until) == (floor.clock.now() - LOOK_BACK, floor.clock.now())
    assert floor.payment(order).refunded == kept.amount
    assert findings(floor, None) == []


def test_an_empty_shop_is_clean(floor: ShopFloor) -> None:
    assert reconcile(floor).clean


# The four kinds of differences


def test_l1_missing_here_is_taken_in_where_it_belongs_to_a_checkout_of_ours(
    floor: ShopFloor, order: Order
) -> None:
    refund = floor.dashboard.refund(capture_of(floor, order), Money.of("1.00", EUR))
    floor.clock.advance(MINUTE)
    report = reconcile(floor)
    assert (report.clean, report.taken_in) == (True, 1)
    row = floor.payment(order).transactions[-1]
    assert (row.type, row.ref, row.source) == (
        TransactionType.REFUND_SUCCEEDED,
        refund.ref,
        Source.RECONCILER,
    )


def test_l1_one_look_takes_in_everything_that_is_missing_of_a_checkout(
    floor: ShopFloor, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    for amount in ("1.00", "2.00"):
        floor.dashboard.refund(capture_of(floor, order), Money.of(amount, EUR))
    floor.clock.advance(MINUTE)
    monkeypatch.setattr(reconciliation_run, "MOST_LOOKS", 1)
    report = reconcile(floor)
    assert (report.clean, report.taken_in, report.lines) == (True, 1, 3)
    assert floor.payment(order).refunded == Money.of("3.00", EUR)


def test_l1_money_of_which_no_news_ever_came_pays_its_order(floor: ShopFloor, anna: Actor) -> None:
    placed = floor.place(anna).order
    floor.press(floor.start(placed))
    floor.clock.advance(MINUTE)
    report = reconcile(floor)
    assert (report.clean, report.taken_in, report.lines) == (True, 1, 1)
    assert floor.payment(placed).allocated == placed.total


def test_l1_missing_here_and_nobodys_is_a_finding(
    floor: ShopFloor, order: Order, books: OddBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.rewrite = adding(extra(MovementKind.CAPTURE, "unheard-of", 1234))
    report = reconcile(floor)
    assert not report.clean
    assert report.found == {FindingKind.MISSING_HERE: 1}
    finding = only(floor)
    assert (finding.kind, finding.movement, finding.ref) == (
        FindingKind.MISSING_HERE,
        "capture",
        "unheard-of",
    )
    assert (finding.theirs, finding.ours, finding.payment_id) == (Money.of("12.34", EUR), None, None)
    monkeypatch.setattr(reconciliation_run, "MOST_LOOKS", 0)
    assert reconcile(floor).found == {FindingKind.MISSING_HERE: 1}


def test_l1_missing_here_stays_where_the_look_does_not_help(
    floor: ShopFloor, order: Order, books: OddBooks
) -> None:
    ref = capture_of(floor, order)
    books.rewrite = adding(extra(MovementKind.DISPUTE, ref, -500))
    assert reconcile(floor).found == {FindingKind.MISSING_HERE: 1}
    assert only(floor).payment_id == floor.payment(order).id


def test_l1_missing_there(floor: ShopFloor, order: Order, books: OddBooks) -> None:
    books.rewrite = nothing
    report = reconcile(floor)
    assert report.found == {FindingKind.MISSING_THERE: 1, FindingKind.FEE: 1}
    by_kind = {finding.kind: finding for finding in findings(floor)}
    missing = by_kind[FindingKind.MISSING_THERE]
    assert (missing.theirs, missing.ours) == (None, order.total)
    assert (missing.payment_id, missing.movement) == (floor.payment(order).id, "capture")


def test_missing_there_is_found_near_the_edge_of_the_period_too(
    floor: ShopFloor, order: Order, books: OddBooks
) -> None:
    books.rewrite = nothing
    report = reconcile(floor, since=NOON - HOUR, until=NOON + HOUR)
    assert report.found == {FindingKind.MISSING_THERE: 1, FindingKind.FEE: 1}
    assert min(books.asked)[0] == NOON - HOUR - SLACK
    assert max(books.asked)[1] == NOON + HOUR + SLACK


def test_a_refund_that_came_back_must_be_in_the_books_if_it_ever_succeeded(
    floor: ShopFloor, order: Order, books: OddBooks
) -> None:
    ref = capture_of(floor, order)
    back = floor.dashboard.refund(ref, Money.of("2.00", EUR))
    floor.hear()
    floor.dashboard.decide_refund(back.ref, RefundState.FAILED)
    floor.hear()
    books._refunds_pend = True
    asked = floor.shop.refund_payment(
        payment_id=floor.payment(order).id,
        amount=Money.of("1.00", EUR),
        reason="A scratch",
        idempotency_key="refund-1",
        staff=CLARA,
    )
    floor.work()
    never = floor.payment(order).operation(asked.operation.id).provider_ref or ""
    floor.dashboard.decide_refund(never, RefundState.FAILED)
    floor.hear()
    assert floor.money_rows(order).count(TransactionType.REFUND_FAILED) == 2
    books.rewrite = lambda lines: (
        movement for movement in lines if movement.kind is not MovementKind.REFUND_RETURNED
    )
    floor.clock.advance(MINUTE)
    assert reconcile(floor).found == {FindingKind.MISSING_THERE: 1}
    finding = only(floor)
    assert (finding.ref, finding.movement, finding.ours) == (
        back.ref,
        "refund_returned",
        Money.of("2.00", EUR),
    )


def test_a_silent_provider_leaves_the_difference_open_until_the_next_run(
    floor: ShopFloor, order: Order
) -> None:
    refund = floor.dashboard.refund(capture_of(floor, order), Money.of("1.00", EUR))
    floor.clock.advance(MINUTE)
    floor.gateway.faults.plan("fetch", 2, Fault.TIME_OUT_BEFORE)
    assert reconcile(floor).found == {FindingKind.MISSING_HERE: 1}
    assert (only(floor).ref, only(floor).payment_id) == (refund.ref, floor.payment(order).id)
    report = reconcile(floor)
    assert (report.clean, report.taken_in, report.closed) == (True, 1, 1)


def test_l1_an_amount_differs_with_its_sign(floor: ShopFloor, order: Order, books: OddBooks) -> None:
    refund = floor.dashboard.refund(capture_of(floor, order), Money.of("3.00", EUR))
    floor.hear()

    def misread(lines: Iterator[Movement]) -> Iterator[Movement]:
        for movement in lines:
            refunded = movement.kind is MovementKind.REFUND
            yield attrs.evolve(movement, amount=Money.of("-2.99", EUR)) if refunded else movement

    books.rewrite = misread
    floor.clock.advance(MINUTE)
    assert reconcile(floor).found == {FindingKind.AMOUNT: 1}
    finding = only(floor)
    assert (finding.ref, finding.theirs, finding.ours) == (
        refund.ref,
        Money.of("-2.99", EUR),
        Money.of("-3.00", EUR),
    )


@pytest.mark.parametrize("theirs", ["0.01", "7.77"])
def test_l1_a_fee_differs(floor: ShopFloor, order: Order, books: OddBooks, theirs: str) -> None:
    books.rewrite = changing(fee=Money.of(theirs, EUR))
    assert reconcile(floor).found == {FindingKind.FEE: 1}
    finding = only(floor)
    assert (finding.movement, finding.theirs) == ("fee", Money.of(theirs, EUR))
    fees = [row.amount for row in floor.payment(order).transactions if row.type is TransactionType.FEE]
    assert [finding.ours] == fees


def test_a_fee_that_the_books_do_not_have_is_a_difference(
    floor: ShopFloor, order: Order, books: OddBooks
) -> None:
    books.rewrite = changing(fee=None)
    assert reconcile(floor).found == {FindingKind.FEE: 1}
    assert only(floor).theirs is None


def test_a_fee_may_be_a_line_of_its_own(floor: ShopFloor, order: Order, books: OddBooks) -> None:
    (fee,) = (row for row in floor.payment(order).transactions if row.type is TransactionType.FEE)

    def apart(lines: Iterator[Movement]) -> Iterator[Movement]:
        yield from (attrs.evolve(movement, fee=None) for movement in lines)
        yield extra(MovementKind.FEE, fee.ref, -fee.amount.minor)

    books.rewrite = apart
    assert reconcile(floor).clean


# What is no difference


def test_what_no_payment_has_is_counted_by_its_kind(floor: ShopFloor, order: Order, books: OddBooks) -> None:
    books.rewrite = adding(
        extra(MovementKind.PAYOUT, "po_1", -5000),
        extra(MovementKind.PAYOUT, "po_2", -5000),
        extra(MovementKind.PAYOUT_RETURNED, "po_1", 5000),
        extra(MovementKind.CONVERSION, "fx_1"),
        extra(MovementKind.FEE, "monthly", -900),
        extra(MovementKind.OTHER, "reserve"),
    )
    report = reconcile(floor)
    assert (report.clean, report.lines) == (True, 1)
    assert report.other_lines == {
        MovementKind.PAYOUT: 2,
        MovementKind.PAYOUT_RETURNED: 1,
        MovementKind.CONVERSION: 1,
        MovementKind.FEE: 1,
        MovementKind.OTHER: 1,
    }


def test_an_unknown_kind_of_line_about_our_money_is_a_difference(
    floor: ShopFloor, order: Order, books: OddBooks
) -> None:
    books.rewrite = adding(extra(MovementKind.OTHER, capture_of(floor, order), -700))
    assert reconcile(floor).found == {FindingKind.MISSING_HERE: 1}
    assert only(floor).movement == "other"


def test_a_refund_that_the_provider_booked_and_the_bank_has_not_decided_is_on_its_way(
    floor: ShopFloor, order: Order, books: OddBooks
) -> None:
    floor.shop.refund_payment(
        payment_id=floor.payment(order).id,
        amount=Money.of("2.00", EUR),
        reason="A scratch",
        idempotency_key="refund-1",
        staff=CLARA,
    )
    books._refunds_pend = True
    floor.work()
    (operation,) = floor.payment(order).refunds_asked
    assert operation.provider_ref is not None
    books.rewrite = adding(extra(MovementKind.REFUND, operation.provider_ref, -200))
    assert reconcile(floor).clean
    books.rewrite = adding(extra(MovementKind.REFUND, operation.provider_ref, -199))
    assert not reconcile(floor).clean


# Times


def test_both_sides_may_write_different_times_also_across_the_edge_of_the_period(
    floor: ShopFloor, order: Order, books: OddBooks
) -> None:
    shifts = (-3 * DAY + MINUTE, -DAY, DAY, 3 * DAY - MINUTE)
    for shift in shifts:
        books.rewrite = lambda lines, shift=shift: (  # type: ignore[misc]
            attrs.evolve(movement, occurred_at=movement.occurred_at + shift) for movement in lines
        )
        report = reconcile(floor, since=NOON - HOUR, until=NOON + HOUR)
        assert (report.clean, report.lines) == (True, 0), shift
        assert reconcile(floor).clean, shift


def test_a_line_far_from_our_time_is_missing_there(floor: ShopFloor, order: Order, books: OddBooks) -> None:
    books.rewrite = lambda lines: (
        attrs.evolve(movement, occurred_at=movement.occurred_at + 8 * DAY) for movement in lines
    )
    assert FindingKind.MISSING_THERE in reconcile(floor).found


def test_books_are_asked_day_by_day_and_only_as_far_as_they_reach(floor: ShopFloor, books: OddBooks) -> None:
    books.late_by = 3 * HOUR
    floor.clock.advance(2 * DAY)
    reached: list[datetime] = []
    (report,) = floor.shop.reconcile_payments(
        since=NOON, until=NOON + 30 * DAY, progress=lambda provider, at: reached.append(at)
    )
    end = NOON + 2 * DAY - 3 * HOUR
    assert report.until == end
    assert books.asked == [(NOON, NOON + DAY), (NOON + DAY, end)]
    assert reached == [NOON + DAY, end]


def test_nothing_of_a_time_that_the_books_do_not_reach_is_compared(
    floor: ShopFloor, anna: Actor, books: OddBooks
) -> None:
    books.late_by = 3 * HOUR
    books.rewrite = nothing
    floor.paid(anna)
    report = reconcile(floor, since=NOON - HOUR, until=NOON + HOUR)
    assert (report.clean, report.lines, books.asked) == (True, 0, [])


def test_long_logs_are_compared_page_by_page(
    floor: ShopFloor, anna: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation_run, "_BATCH", 2)
    for number in range(3):
        floor.paid(anna, line(floor.upload(anna, number)), key=f"order-{number}")
        floor.clock.advance(MINUTE)
    report = reconcile(floor)
    assert (report.clean, report.lines) == (True, 3)


@pytest.mark.parametrize("until", [NOON, NOON - DAY])
def test_a_period_ends_after_it_begins(floor: ShopFloor, until: datetime) -> None:
    with pytest.raises(PeriodInvalid):
        reconcile(floor, since=NOON, until=until)


def test_only_a_provider_of_this_shop_can_be_compared(floor: ShopFloor) -> None:
    (report,) = floor.shop.reconcile_payments(provider=Provider.SIMULATED)
    assert report.provider is Provider.SIMULATED
    with pytest.raises(ProviderNotOffered):
        floor.shop.reconcile_payments(provider=Provider.PAYPAL)


# What becomes of findings


def test_a_finding_is_kept_once_and_closed_when_it_is_gone(
    floor: ShopFloor, order: Order, books: OddBooks
) -> None:
    books.rewrite = changing(fee=Money.of("7.77", EUR))
    first = reconcile(floor)
    second = reconcile(floor)
    assert first.run_id != second.run_id
    assert only(floor).run_id == second.run_id
    books.rewrite = lambda lines: lines
    assert reconcile(floor).closed == 1
    (closed,) = findings(floor, None)
    assert (closed.state, closed.closed_by, closed.closed_at) == (
        FindingState.CLOSED,
        None,
        floor.clock.now(),
    )


def test_findings_of_another_time_stay_open(floor: ShopFloor, order: Order, books: OddBooks) -> None:
    books.rewrite = changing(fee=Money.of("7.77", EUR))
    reconcile(floor)
    books.rewrite = lambda lines: lines
    assert reconcile(floor, since=NOON + DAY).closed == 0
    assert only(floor).state is FindingState.OPEN


def test_books_that_break_off_close_nothing(floor: ShopFloor, order: Order, books: OddBooks) -> None:
    books.rewrite = changing(fee=Money.of("7.77", EUR))
    reconcile(floor)
    books.rewrite = lambda lines: lines
    books.breaks_at = NOON + 5 * DAY
    report = reconcile(floor)
    assert (report.available, report.clean, report.closed) == (False, False, 0)
    assert only(floor).state is FindingState.OPEN


def test_staff_close_a_finding_once_with_a_reason(floor: ShopFloor, order: Order, books: OddBooks) -> None:
    books.rewrite = changing(fee=Money.of("7.77", EUR))
    reconcile(floor)
    finding = only(floor)
    for reason in ("  ", "x" * 501):
        with pytest.raises(ReasonNeeded):
            floor.shop.close_finding(finding_id=finding.id, reason=reason, staff=CLARA)
    closed = floor.shop.close_finding(finding_id=finding.id, reason=" They know ", staff=CLARA)
    assert (closed.state, closed.closed_by, closed.note) == (
        FindingState.CLOSED,
        CLARA.user_id,
        "They know",
    )
    assert floor.logged(AuditAction.FINDING_CLOSED) == [(CLARA.user_id, None, None, "203.0.113.20")]
    with pytest.raises(FindingClosed):
        floor.shop.close_finding(finding_id=finding.id, reason="again", staff=CLARA)
    with pytest.raises(FindingNotFound):
        floor.shop.close_finding(finding_id=FindingId(new_id()), reason="none", staff=CLARA)


# By itself


def test_once_a_day_the_books_are_compared(floor: ShopFloor, order: Order, books: OddBooks) -> None:
    books.rewrite = changing(fee=Money.of("7.77", EUR))
    next_at = floor.shop.schedule_reconciliation()
    assert floor.shop.schedule_reconciliation() == next_at
    assert floor.clock.now() < next_at <= floor.clock.now() + DAY
    assert len(floor.waiting("ReconcileDaily")) == 1
    floor.work()
    assert only(floor).kind is FindingKind.FEE


def test_a_provider_that_does_not_show_its_books_is_asked_again(
    floor: ShopFloor, order: Order, books: OddBooks
) -> None:
    books.breaks_at = NOON + 5 * DAY
    floor.shop.schedule_reconciliation()
    floor.work()
    assert [failure.partition(":")[0] for failure in floor.failed()] == ["ReconcileDaily"]
    books.breaks_at = None
    floor.later(DAY)
    assert floor.waiting("ReconcileDaily") == []

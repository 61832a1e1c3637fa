"""The daily comparison on a real wire: what each provider's report tells, truly and falsely, against ours."""

from __future__ import annotations

from uuid import uuid4

import pytest

from printapic.application.payments.reconciliation_run import ProviderReport
from printapic.application.ports.bookkeeping import FindingQuery
from printapic.application.ports.payments import CheckoutRequest, Done, MovementKind
from printapic.domain.ids import OperationId
from printapic.domain.money import Currency, Money
from printapic.domain.orders.order import Order
from printapic.domain.payments.finding import Finding, FindingKind, FindingState
from printapic.domain.payments.snapshot import DisputeState, RefundState
from printapic.domain.payments.status import PaymentStatus
from printapic.domain.payments.transaction import Source
from tests.integration.contracts.gateway_drivers import NOON
from tests.integration.payments.conftest import state_row
from tests.integration.payments.floor import PRICE, Backend, Floor
from tests.integration.payments.sides import Side
from tests.shop_floor import HOUR, MINUTE

TWO = Money.of("2.00", "EUR")


@pytest.fixture
def floor(side: Side, store: Backend) -> Floor:
    """A shop whose books need not agree with the provider's report at the end: that is what is told here."""
    return Floor(store, [side])


@pytest.fixture
def order(floor: Floor) -> Order:
    return floor.paid()


def compared(floor: Floor) -> ProviderReport:
    """Hours later: PayPal's report is late."""
    floor.later(4 * HOUR)
    (report,) = floor.shop.reconcile_payments(since=NOON - HOUR)
    assert report.available
    return report


def only(floor: Floor) -> Finding:
    query = FindingQuery(state=FindingState.OPEN)
    (finding,) = floor.shop.list_findings(query=query, limit=9)
    return finding


@state_row
def test_l1_books_that_agree_are_clean_whatever_happened(floor: Floor, order: Order) -> None:
    floor.printed(order)
    floor.refunds(order, "1.00")
    floor.provider.refund(floor.captures(order)[0].ref, Money.of("0.50", "EUR"))
    floor.provider.payout(Money.of("1.00", "EUR"))
    floor.hear()
    report = compared(floor)
    assert report.clean, floor.shop.list_findings(query=FindingQuery(), limit=9)
    assert (report.lines, report.other_lines) == (3, {MovementKind.PAYOUT: 1})


@state_row
def test_l1_a_shop_that_heard_everything_has_the_providers_own_books(floor: Floor) -> None:
    floor.paid()
    refunded, disputed, returned = (floor.paid() for _ in range(3))
    for each in (refunded, disputed, returned):
        floor.printed(each)
    floor.refunds(refunded, "1.00")
    floor.refunds(returned, "2.00")
    dispute = floor.provider.dispute(floor.captures(disputed)[0].ref, PRICE)
    floor.hear()
    floor.provider.decide_dispute(dispute, DisputeState.WON)
    ref = floor.payment(returned).refunds_asked[0].provider_ref
    assert ref is not None
    floor.provider.decide_refund(ref, RefundState.FAILED)
    floor.hear()
    report = compared(floor)
    assert (report.clean, report.taken_in) == (True, 0)


def test_l1_disputes_and_their_fees_agree(floor: Floor, order: Order) -> None:
    dispute = floor.provider.dispute(floor.captures(order)[0].ref, PRICE)
    floor.hear()
    floor.later(MINUTE)
    floor.provider.decide_dispute(dispute, DisputeState.WON)
    floor.hear()
    report = compared(floor)
    assert report.clean, floor.shop.list_findings(query=FindingQuery(), limit=9)
    assert report.lines >= 3


@state_row
def test_l1_missing_here_and_ours_is_taken_in(floor: Floor, order: Order) -> None:
    floor.printed(order)
    ref = floor.provider.refund(floor.captures(order)[0].ref, TWO)
    report = compared(floor)
    assert (report.clean, report.taken_in) == (True, 1)
    (refund,) = floor.payment(order).log.refunds
    assert (refund.ref, refund.amount, refund.source) == (ref, TWO, Source.RECONCILER)


def test_l1_a_dispute_of_which_no_news_came_is_taken_in(floor: Floor, order: Order) -> None:
    floor.printed(order)  # After which nobody looks by himself.
    floor.provider.dispute(floor.captures(order)[0].ref, PRICE)
    report = compared(floor)
    assert report.clean, floor.shop.list_findings(query=FindingQuery(), limit=9)
    assert report.taken_in == 1
    assert floor.payment(order).disputed
    assert floor.payment(order).transactions[-1].source is Source.RECONCILER


def test_l1_missing_here_and_somebody_elses_is_told(floor: Floor, side: Side) -> None:
    opened = side.gateway.open(checkout=of_another_shop(floor), key=OperationId(uuid4()))
    assert isinstance(opened, Done)
    floor.provider.pay(opened.value.ref)
    side.gateway.complete(ref=opened.value.ref, key=OperationId(uuid4()))
    report = compared(floor)
    assert report.found == {FindingKind.MISSING_HERE: 1}
    finding = only(floor)
    assert (finding.movement, finding.theirs, finding.ours) == ("capture", PRICE, None)
    assert finding.payment_id is None


@state_row
def test_l1_lines_of_others_in_foreign_money_break_nothing(floor: Floor, side: Side, order: Order) -> None:
    """One cent of Hong Kong, of a shop that uses the same account."""
    stranger, coin = of_another_shop(floor), Money(1, Currency.known("HKD"))
    opened = side.gateway.open(checkout=stranger, key=OperationId(uuid4()))
    assert isinstance(opened, Done)
    floor.provider.pay(opened.value.ref, amount=coin)
    side.gateway.complete(ref=opened.value.ref, key=OperationId(uuid4()))
    assert compared(floor).found == {FindingKind.MISSING_HERE: 1}
    finding = only(floor)
    assert (finding.theirs, finding.ours) == (coin, None)
    assert [concern.what for concern in floor.shop.check_payments()] == ["missing_here capture"]
    floor.syncs(order)
    assert compared(floor).found == {FindingKind.MISSING_HERE: 1}
    floor.shop.close_finding(finding_id=finding.id, reason="Somebody else's", staff=floor.staff)
    assert floor.payment(order).status is PaymentStatus.PAID


@state_row
def test_l1_missing_there_is_told_until_it_is_there(floor: Floor, order: Order) -> None:
    capture = floor.captures(order)[0].ref
    floor.provider.misreport(capture, hide=True)
    assert compared(floor).found == {FindingKind.MISSING_THERE: 1, FindingKind.FEE: 1}
    floor.provider.misreport(capture)
    report = compared(floor)
    assert (report.clean, report.closed) == (True, 2)


@state_row
def test_l1_another_amount_is_told(floor: Floor, order: Order) -> None:
    capture = floor.captures(order)[0].ref
    floor.provider.misreport(capture, amount=TWO)
    assert compared(floor).found == {FindingKind.AMOUNT: 1}
    finding = only(floor)
    assert (finding.ref, finding.theirs, finding.ours) == (capture, TWO, PRICE)
    assert finding.payment_id == floor.payment(order).id


@state_row
def test_l1_another_fee_is_told(floor: Floor, order: Order) -> None:
    floor.provider.misreport(floor.captures(order)[0].ref, fee=Money.of("0.99", "EUR"))
    assert compared(floor).found == {FindingKind.FEE: 1}
    assert only(floor).theirs == Money.of("0.99", "EUR")


def test_l1_a_provider_out_of_reach_shows_no_books_and_nothing_is_concluded(
    floor: Floor, order: Order
) -> None:
    floor.later(4 * HOUR)
    floor.provider.close_door()
    (report,) = floor.shop.reconcile_payments(since=NOON - HOUR)
    assert (report.available, report.clean, report.found) == (False, False, {})
    floor.provider.close_door(False)
    assert compared(floor).clean


def of_another_shop(floor: Floor) -> CheckoutRequest:
    """Somebody else uses the same account."""
    return CheckoutRequest(
        our_reference=str(uuid4()),
        payment_reference=str(uuid4()),
        order_number="ELSEWHERE-1",
        amount=PRICE,
        return_url="https://elsewhere.test/return",
        cancel_url="https://elsewhere.test/cancel",
        expires_at=floor.clock.now() + HOUR,
        started_at=floor.clock.now(),
    )

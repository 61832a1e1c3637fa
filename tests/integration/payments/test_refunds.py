"""Money that goes back: asked for by staff, or made in the provider's dashboard."""

from __future__ import annotations

import pytest

from printapic.application.payments.staff import CancelInstead
from printapic.domain.errors import Conflict
from printapic.domain.money import Money
from printapic.domain.orders.order import Order
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.giving_back import RefundTooLarge
from printapic.domain.payments.payment import IdempotencyKeyReused
from printapic.domain.payments.snapshot import RefundState
from printapic.domain.payments.status import PaymentStatus
from tests.integration.payments.conftest import state_row
from tests.integration.payments.floor import PRICE, Floor
from tests.providers.counter import Call, WireFault
from tests.shop_floor import DAY, HOUR


def euros(amount: str) -> Money:
    return Money.of(amount, "EUR")


@pytest.fixture
def order(floor: Floor) -> Order:
    """One that is paid and being printed."""
    order = floor.paid()
    floor.printed(order)
    return order


@state_row
def test_r1_several_parts_add_up_to_all_of_it(floor: Floor, order: Order) -> None:
    for key, amount in (("a", "0.99"), ("b", "1.00"), ("c", "1.01")):
        assert floor.payment(order).status is not PaymentStatus.REFUNDED
        floor.refunds(order, amount, key=key)
        floor.hear()
        partly = floor.payment(order).refunded != PRICE
        expected = PaymentStatus.PARTIALLY_REFUNDED if partly else PaymentStatus.REFUNDED
        assert floor.payment(order).status is expected
    assert floor.payment(order).refunded == PRICE


def test_r1_all_of_it_at_once(floor: Floor, order: Order) -> None:
    floor.refunds(order)
    floor.hear()
    assert floor.payment(order).status is PaymentStatus.REFUNDED
    assert floor.order(order).status is OrderStatus.IN_PRODUCTION


def test_r2_more_than_came_is_refused_before_anything_is_sent(floor: Floor, order: Order) -> None:
    floor.refunds(order, "2.00", key="a")
    with pytest.raises(RefundTooLarge):
        floor.refunds(order, "1.01", key="b")
    assert len(floor.payment(order).refunds_asked) == 1
    assert [line.amount for line in floor.provider.ledger()] == [PRICE, euros("-2.00")]


def test_r2_the_same_key_is_the_same_refund_and_never_another(floor: Floor, order: Order) -> None:
    first = floor.refunds(order, "1.00")
    again = floor.refunds(order, "1.00")
    assert (again.replayed, again.operation.id) == (True, first.operation.id)
    with pytest.raises(IdempotencyKeyReused):
        floor.refunds(order, "0.50")
    assert len(floor.provider.ledger()) == 2


def test_r1_all_of_it_before_printing_is_a_cancellation(floor: Floor) -> None:
    order = floor.paid()
    with pytest.raises(CancelInstead):
        floor.refunds(order)
    assert len(floor.provider.ledger()) == 1


@pytest.mark.parametrize("state", [RefundState.SUCCEEDED, RefundState.FAILED, RefundState.CANCELLED])
def test_r3_refunded_only_when_the_bank_says_so(floor: Floor, order: Order, state: RefundState) -> None:
    floor.provider.refunds_pend()
    floor.refunds(order, "1.00")
    floor.hear()
    assert floor.payment(order).refunded == euros("0.00")
    ref = floor.payment(order).refunds_asked[0].provider_ref
    assert ref is not None
    floor.provider.decide_refund(ref, state)
    floor.hear()
    floor.later(7 * HOUR)
    payment = floor.payment(order)
    if state is RefundState.SUCCEEDED:
        assert (payment.refunded, payment.status) == (euros("1.00"), PaymentStatus.PARTIALLY_REFUNDED)
    else:
        assert (payment.refunded, payment.status) == (euros("0.00"), PaymentStatus.NEEDS_REVIEW)
        assert payment.refundable(payment.log.captures()[0]) == PRICE


@state_row
def test_r3_a_refund_that_comes_back_after_days_may_be_made_again(floor: Floor, order: Order) -> None:
    floor.refunds(order, "1.00")
    floor.hear()
    ref = floor.payment(order).refunds_asked[0].provider_ref
    assert ref is not None
    floor.later(DAY)
    floor.provider.decide_refund(ref, RefundState.FAILED)
    floor.hear()
    assert floor.payment(order).status is PaymentStatus.NEEDS_REVIEW
    floor.refunds(order, "1.00", key="again")
    floor.hear()
    assert floor.payment(order).refunded == euros("1.00")


@state_row
def test_r4_refunds_from_the_dashboard_are_taken_in_once(floor: Floor, order: Order) -> None:
    (capture,) = floor.captures(order)
    floor.provider.refund(capture.ref, euros("0.40"))
    floor.provider.refund(capture.ref, euros("0.60"))
    floor.hear()
    assert floor.payment(order).refunded == euros("1.00")
    with pytest.raises(Conflict):
        floor.refunds(order, "2.01")
    floor.refunds(order, "2.00")
    floor.hear()
    assert floor.payment(order).status is PaymentStatus.REFUNDED


@pytest.mark.parametrize("fault", [WireFault.DROP_AFTER, WireFault.DROP_BEFORE, WireFault.MALFORMED])
def test_r5_a_refund_whose_answer_is_lost_is_made_once(floor: Floor, order: Order, fault: WireFault) -> None:
    for nth in range(1, 4):
        floor.provider.plan(Call.REFUND, nth, fault)
    floor.refunds(order, "1.00")
    for _ in range(4):
        floor.later(HOUR)
    floor.hear()
    assert [line.amount for line in floor.provider.ledger()] == [PRICE, euros("-1.00")]
    assert floor.payment(order).refunded == euros("1.00")

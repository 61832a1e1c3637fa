"""Money that a bank, or PayPal, contests."""

from __future__ import annotations

import pytest

from printapic.domain.orders.order import Order
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.giving_back import CaptureDisputed
from printapic.domain.payments.snapshot import DisputeState
from printapic.domain.payments.status import PaymentStatus
from printapic.domain.payments.transaction import TransactionType
from tests.integration.payments.conftest import state_row
from tests.integration.payments.floor import PRICE, Floor
from tests.providers.counter import WebhookPlan
from tests.shop_floor import DAY


@pytest.fixture
def order(floor: Floor) -> Order:
    """One that is paid."""
    return floor.paid()


def contested(floor: Floor, order: Order, *, inquiry: bool = False) -> str:
    (capture,) = floor.captures(order)
    ref = floor.provider.dispute(capture.ref, PRICE, inquiry=inquiry)
    floor.hear()
    return ref


@state_row
def test_d1_a_dispute_holds_the_order_and_a_won_one_brings_the_money_back(floor: Floor, order: Order) -> None:
    ref = contested(floor, order)
    payment = floor.payment(order)
    assert payment.disputed
    assert floor.order(order).status is OrderStatus.ON_HOLD
    assert payment.log.disputed_of(payment.log.captures()[0]) == PRICE
    floor.provider.decide_dispute(ref, DisputeState.WON)
    floor.hear()
    payment = floor.payment(order)
    assert (payment.disputed, payment.status) == (False, PaymentStatus.PAID)
    assert not payment.log.disputed_of(payment.log.captures()[0])


@state_row
def test_d1_a_lost_dispute_is_a_loss(floor: Floor, order: Order) -> None:
    ref = contested(floor, order)
    floor.provider.decide_dispute(ref, DisputeState.LOST)
    floor.hear()
    payment = floor.payment(order)
    assert not payment.disputed
    assert payment.log.has(TransactionType.DISPUTE_LOST, ref)
    assert payment.status is PaymentStatus.NEEDS_REVIEW


def test_d1_without_any_news_a_dispute_is_seen_at_the_next_look(floor: Floor, order: Order) -> None:
    floor.provider.webhooks(WebhookPlan(lost=True))
    contested(floor, order)
    floor.syncs(order)
    assert floor.payment(order).disputed
    assert floor.order(order).status is OrderStatus.ON_HOLD


def test_d1_an_inquiry_takes_no_money(floor: Floor, order: Order) -> None:
    contested(floor, order, inquiry=True)
    payment = floor.payment(order)
    assert payment.disputed
    assert not payment.log.has(TransactionType.DISPUTE_LOST, payment.disputes[0].ref)
    assert not payment.log.disputed_of(payment.log.captures()[0])


@state_row
def test_d2_nothing_is_refunded_while_a_bank_may_take_it(floor: Floor) -> None:
    order = floor.paid()
    floor.printed(order)
    contested(floor, order)
    with pytest.raises(CaptureDisputed):
        floor.refunds(order, "1.00")
    assert [line.amount for line in floor.provider.ledger() if line.amount.minor > 0] == [PRICE]
    assert floor.payment(order).refunds_asked == ()


def test_d2_an_order_that_is_cancelled_while_it_is_disputed_is_not_paid_out_twice(
    floor: Floor, order: Order
) -> None:
    contested(floor, order)
    floor.shop.cancel_order(order_id=order.id, actor=floor.operator, reason="Disputed")
    floor.work()
    floor.hear()
    assert floor.payment(order).refunded.minor == 0
    assert any(reason.startswith("refund-waits:") for reason in floor.payment(order).review_reasons)


def test_d2_a_dispute_of_what_was_refunded_is_a_double_loss_for_a_person(floor: Floor) -> None:
    order = floor.paid()
    floor.printed(order)
    floor.refunds(order, "1.00")
    floor.hear()
    contested(floor, order)
    (capture,) = floor.captures(order)
    assert f"double-loss:{capture.ref}" in floor.payment(order).review_reasons


def test_d3_a_banks_early_warning_holds_the_order(floor: Floor, order: Order) -> None:
    (capture,) = floor.captures(order)
    floor.provider.warn_of_fraud(capture.ref)
    heard = floor.hear()
    if floor.side.provider is Provider.PAYPAL:
        assert heard == 0, "PayPal gives no warnings"
        return
    assert floor.order(order).status is OrderStatus.ON_HOLD
    assert floor.payment(order).status is PaymentStatus.NEEDS_REVIEW
    floor.later(DAY)
    assert floor.order(order).status is OrderStatus.ON_HOLD

"""A whole shop that takes its money through Stripe."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from printapic.adapters.payments.stripe.webhooks import StripeWebhookVerifier
from printapic.application.ports.payments import WebhookRejected
from printapic.domain.actors import Actor
from printapic.domain.orders.order import PAYMENT_WINDOW, Order
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.status import PaymentStatus
from printapic.domain.payments.transaction import Source
from tests.integration.stripe.till import Till
from tests.providers.counter import PageClosed, WebhookPlan
from tests.providers.stripe import opening
from tests.shop_floor import HOUR, MINUTE, NOON, ShopFloor, open_floor


class Street:
    """The shop, and Stripe beside it, under one clock."""

    def __init__(self, till: Till) -> None:
        self.stripe = till.stripe
        self.stripe.books.stand_still(NOON)
        verifier = StripeWebhookVerifier([opening.DEFAULT_SECRET], livemode=False)
        self.floor: ShopFloor = open_floor(beside=[(till.gateway, verifier)])
        self.stripe.notify(self.hear)

    def hear(self, body: bytes, headers: Mapping[str, str]) -> int:
        try:
            self.floor.shop.receive_webhook(provider="stripe", body=body, headers=headers)
        except WebhookRejected:
            return 400
        return 200

    def later(self, by: timedelta) -> None:
        self.stripe.pass_time(by)
        self.floor.later(by)

    def news(self) -> None:
        """Let Stripe's news come in, and the shop work them off."""
        assert self.stripe.deliver() > 0
        self.floor.work()

    def start(self, order: Order) -> str:
        """Ask for a page; its name at Stripe."""
        ref = self.floor.start(order, provider="stripe").attempt.ref
        assert ref is not None
        return ref

    def status(self, order: Order) -> tuple[OrderStatus, PaymentStatus]:
        return self.floor.order(order.id).status, self.floor.payment(order).status


@pytest.fixture
def street(till: Till) -> Street:
    return Street(till)


@pytest.fixture
def anna(street: Street) -> Actor:
    return street.floor.customer()


@pytest.fixture
def order(street: Street, anna: Actor) -> Order:
    return street.floor.place(anna).order


PAID = (OrderStatus.CONFIRMED, PaymentStatus.PAID)


def test_h1_a_paid_page_confirms_the_order_by_stripes_own_news(street: Street, order: Order) -> None:
    street.stripe.pay(street.start(order))
    street.news()
    assert street.status(order) == PAID
    (capture,) = street.floor.payment(order).log.captures()
    assert (capture.amount, capture.source) == (order.total, Source.WEBHOOK)
    assert street.floor.dead() == []


@pytest.mark.parametrize("seed", range(4))
def test_w3_w4_news_twice_and_in_any_order_change_nothing(street: Street, order: Order, seed: int) -> None:
    street.stripe.webhooks(WebhookPlan(copies=2, shuffled=True, seed=seed))
    ref = street.start(order)
    street.stripe.decline(ref)
    street.stripe.pay(ref)
    street.news()
    assert street.status(order) == PAID
    assert len(street.floor.payment(order).log.captures()) == 1


def test_w6_when_all_news_are_lost_the_poller_finds_the_money(street: Street, order: Order) -> None:
    street.stripe.webhooks(WebhookPlan(lost=True))
    street.stripe.pay(street.start(order))
    street.later(HOUR)
    assert street.status(order) == PAID


def test_c1_a_page_of_a_cancelled_order_is_closed_at_stripe(
    street: Street, order: Order, anna: Actor
) -> None:
    ref = street.start(order)
    street.floor.shop.cancel_order(order_id=order.id, actor=anna)
    street.floor.work()
    with pytest.raises(PageClosed):
        street.stripe.pay(ref)


def test_c1_an_order_that_is_cancelled_after_it_was_paid_is_refunded_once(
    street: Street, order: Order, anna: Actor
) -> None:
    street.stripe.pay(street.start(order))
    street.news()
    street.floor.shop.cancel_order(order_id=order.id, actor=anna)
    street.floor.work()
    assert street.status(order) == (OrderStatus.CANCELLED, PaymentStatus.REFUNDED)
    moved = [line.amount for line in street.stripe.ledger()]
    assert moved == [order.total, -order.total]


@pytest.mark.parametrize("left", [timedelta(minutes=5), timedelta(minutes=45), PAYMENT_WINDOW])
def test_a_page_is_opened_whenever_the_order_may_be_paid(
    street: Street, order: Order, left: timedelta
) -> None:
    """Stripe keeps no page for less than half an hour, nor for more than a day."""
    street.later(PAYMENT_WINDOW - left)
    street.stripe.pay(street.start(order))
    street.news()
    assert street.status(order) == PAID


def test_c1_a_page_that_outlives_its_order_is_closed_with_it(street: Street, order: Order) -> None:
    street.later(PAYMENT_WINDOW - 5 * MINUTE)
    ref = street.start(order)
    street.later(6 * MINUTE)
    assert street.floor.order(order.id).status is OrderStatus.EXPIRED
    with pytest.raises(PageClosed):
        street.stripe.pay(ref)

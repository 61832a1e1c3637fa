"""Orders that are called off, and money that comes all the same."""

from __future__ import annotations

from datetime import timedelta

import pytest

from printapic.domain.orders.order import PAYMENT_WINDOW
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.status import PaymentStatus
from printapic.domain.payments.transaction import TransactionType
from tests.integration.payments.conftest import state_row
from tests.integration.payments.floor import PAID, PRICE, Floor
from tests.providers.counter import PageClosed, WebhookPlan
from tests.shop_floor import DAY, HOUR, MINUTE

CALLED_OFF = (OrderStatus.CANCELLED, PaymentStatus.REFUNDED)


@state_row
def test_c1_a_cancelled_order_takes_no_money_and_what_came_goes_back_once(floor: Floor) -> None:
    order = floor.paid()
    floor.cancels(order)
    floor.hear()
    assert floor.status(order) == CALLED_OFF
    assert [line.amount for line in floor.provider.ledger()] == [PRICE, -PRICE]
    floor.later(HOUR)
    assert len(floor.provider.ledger()) == 2


def test_c1_the_page_of_a_cancelled_order_takes_no_money(floor: Floor) -> None:
    order = floor.places()
    ref = floor.opens(order)
    floor.cancels(order)
    try:
        floor.provider.pay(ref)
    except PageClosed:
        pass
    else:
        # PayPal cannot close a page that nobody approved: the approval is never completed.
        floor.hear()
        floor.later(DAY)
    assert floor.provider.ledger() == []
    assert floor.captures(order) == ()


@state_row
def test_c1_who_paid_just_before_the_order_was_cancelled_gets_everything_back(floor: Floor) -> None:
    """Nobody had heard of the money when the order was called off."""
    order = floor.places()
    ref = floor.opens(order)
    floor.provider.pay(ref)
    floor.cancels(order)
    floor.hear()
    floor.later(HOUR)
    assert floor.order(order).status is OrderStatus.CANCELLED
    assert sum(line.amount.minor for line in floor.provider.ledger()) == 0
    parked = [row.type for row in floor.captures(order)]
    assert parked in ([], [TransactionType.CAPTURE_PARKED])


def test_c1_money_that_took_days_for_an_order_that_was_called_off_goes_back_once(floor: Floor) -> None:
    order = floor.places()
    ref = floor.opens(order)
    floor.provider.pay_slowly(ref)
    floor.hear()
    floor.cancels(order)
    floor.provider.bank_decides(ref, good=True)
    floor.hear()
    floor.later(7 * HOUR)
    assert floor.status(order) == (OrderStatus.CANCELLED, PaymentStatus.REFUNDED)
    assert [line.amount for line in floor.provider.ledger()] == [PRICE, -PRICE]
    told = [mail.content.subject for mail in floor.mailer.mails]
    assert len(told) == len(set(told)), "each mail once"


def test_h4_an_order_whose_time_is_over_waits_for_a_bank_that_takes_days(floor: Floor) -> None:
    order = floor.places()
    ref = floor.opens(order)
    floor.provider.pay_slowly(ref)
    floor.hear()
    floor.later(2 * PAYMENT_WINDOW)
    assert floor.order(order).status is OrderStatus.AWAITING_PAYMENT
    floor.provider.bank_decides(ref, good=True)
    floor.hear()
    assert floor.status(order) == PAID
    assert [line.amount for line in floor.provider.ledger()] == [PRICE]


def test_c3_a_page_that_nobody_pays_ends_with_its_order(floor: Floor) -> None:
    order = floor.places()
    ref = floor.opens(order)
    floor.later(PAYMENT_WINDOW + MINUTE)
    floor.hear()
    floor.later(timedelta(days=2))
    assert floor.order(order).status is OrderStatus.EXPIRED
    assert all(attempt.finished for attempt in floor.attempts(order))
    with pytest.raises(PageClosed):
        floor.provider.pay(ref)


def test_c4_a_buyer_who_never_comes_back_has_paid(floor: Floor) -> None:
    order = floor.places()
    floor.provider.pay(floor.opens(order))
    floor.hear()
    assert floor.status(order) == PAID


@state_row
def test_c4_w6_without_any_news_the_poller_takes_what_was_approved(floor: Floor) -> None:
    floor.provider.webhooks(WebhookPlan(lost=True))
    order = floor.places()
    floor.provider.pay(floor.opens(order))
    floor.later(20 * MINUTE)
    assert floor.status(order) == PAID
    assert floor.answers == []

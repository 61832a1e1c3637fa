"""Money that comes as it should: once, in time, and of the right amount."""

from __future__ import annotations

from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.status import PaymentStatus
from printapic.domain.payments.transaction import Source
from tests.integration.payments.conftest import state_row
from tests.integration.payments.floor import PAID, PRICE, UNPAID, Floor
from tests.shop_floor import DAY


@state_row
def test_h1_a_page_that_is_paid_confirms_its_order_once(floor: Floor) -> None:
    order = floor.places()
    floor.provider.pay(floor.opens(order))
    assert floor.status(order) == UNPAID
    assert floor.hear() > 0
    assert floor.status(order) == PAID
    (capture,) = floor.captures(order)
    assert capture.amount == PRICE
    assert [step.target for step in floor.order(order).history] == [
        OrderStatus.AWAITING_PAYMENT,
        OrderStatus.CONFIRMED,
    ]
    subjects = [mail.content.subject for mail in floor.mailer.mails]
    assert len(subjects) == len(set(subjects)) == 2


def test_h1_the_browsers_return_is_enough(floor: Floor) -> None:
    order = floor.places()
    floor.provider.pay(floor.opens(order))
    floor.syncs(order)
    assert floor.status(order) == PAID
    assert {capture.source for capture in floor.captures(order)} <= {Source.RETURN, Source.SYSTEM}
    floor.hear()
    assert len(floor.captures(order)) == 1


def test_h3_a_customer_who_is_asked_for_more_pays_after_that(floor: Floor) -> None:
    order = floor.places()
    ref = floor.opens(order)
    floor.provider.challenge(ref)
    floor.hear()
    floor.syncs(order)
    assert floor.order(order).status is OrderStatus.AWAITING_PAYMENT
    assert floor.attempts(order)[0].state in (AttemptState.ACTION_REQUIRED, AttemptState.OPEN)
    floor.provider.pay(ref)
    floor.hear()
    assert floor.status(order) == PAID


@state_row
def test_h4_money_that_takes_days_pays_when_the_bank_says_so(floor: Floor) -> None:
    order = floor.places()
    ref = floor.opens(order)
    floor.provider.pay_slowly(ref)
    floor.hear()
    assert floor.status(order) == (OrderStatus.AWAITING_PAYMENT, PaymentStatus.PROCESSING)
    floor.provider.bank_decides(ref, good=True)
    floor.hear()
    assert floor.status(order) == PAID


def test_h4_money_that_takes_days_may_never_come(floor: Floor) -> None:
    order = floor.places()
    ref = floor.opens(order)
    floor.provider.pay_slowly(ref)
    floor.hear()
    floor.provider.bank_decides(ref, good=False)
    floor.hear()
    assert floor.order(order).status is OrderStatus.AWAITING_PAYMENT
    assert floor.attempts(order)[0].state is AttemptState.FAILED
    assert floor.captures(order) == ()
    floor.later(2 * DAY)
    assert floor.order(order).status is OrderStatus.EXPIRED


def test_h5_after_a_refused_card_another_one_pays_the_same_page(floor: Floor) -> None:
    order = floor.places()
    ref = floor.opens(order)
    floor.provider.decline(ref)
    floor.hear()
    assert floor.order(order).status is OrderStatus.AWAITING_PAYMENT
    floor.provider.pay(ref)
    floor.hear()
    assert floor.status(order) == PAID


@state_row
def test_h5_after_a_refused_card_another_page_is_paid_and_the_first_one_is_closed(
    floor: Floor,
) -> None:
    order = floor.places()
    floor.provider.decline(floor.opens(order))
    floor.hear()
    floor.provider.pay(floor.opens(order, "pay-2"))
    floor.hear()
    floor.later(2 * DAY)
    assert floor.payment(order).status is PaymentStatus.PAID
    assert len(floor.captures(order)) == 1
    first, second = floor.attempts(order)
    assert first.finished
    assert second.state is AttemptState.CAPTURED

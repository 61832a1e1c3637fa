"""Nothing is printed or sent while somebody has to look at the money, nor for money that went back."""

from __future__ import annotations

from functools import partial

import pytest

from printapic.adapters.payments.simulated.checkout import Choice
from printapic.adapters.payments.simulated.gateway import Collection, SimulatedGateway
from printapic.application.orders.collecting import PaymentInReview, fulfillable
from printapic.application.payments.staff import Staff
from printapic.domain.actors import UNKNOWN_CALLER, Actor, Role
from printapic.domain.orders.order import EDIT_WINDOW, Order
from printapic.domain.orders.status import HoldReason, OrderStatus
from printapic.domain.payments.operation import OperationKind, OperationState
from printapic.domain.payments.transaction import Source
from tests.shop_floor import DAY, HOUR, ShopFloor, open_floor


@pytest.fixture
def order(floor: ShopFloor, anna: Actor) -> Order:
    return floor.paid(anna)


def ask(floor: ShopFloor, order: Order) -> None:
    """Something about the payment is to be looked at, as a dispute."""
    with floor.unit_of_work() as work:
        payment = work.payments.get(floor.payment(order).id)
        payment.review("dispute:dp-1")
        work.payments.save(payment)
        work.commit()


def resolve(floor: ShopFloor, order: Order) -> None:
    payment = floor.payment(order)
    for review in payment.review_reasons:
        staff = Staff(user_id=floor.staff(Role.SUPPORT).user_id, caller=UNKNOWN_CALLER)
        floor.shop.resolve_review(payment_id=payment.id, review=review, reason="looked", staff=staff)
    floor.work()


def test_d1_an_order_that_a_person_let_go_on_waits_until_somebody_looked_at_its_payment(
    floor: ShopFloor, order: Order, operator: Actor
) -> None:
    floor.shop.hold_order(order_id=order.id, actor=operator, reason=HoldReason.OTHER)
    ask(floor, order)
    floor.shop.release_order(order_id=order.id, actor=operator)
    floor.later(EDIT_WINDOW)
    assert floor.order(order.id).status is OrderStatus.CONFIRMED
    with pytest.raises(PaymentInReview):
        floor.shop.start_production(order_id=order.id, actor=operator)
    resolve(floor, order)
    assert floor.order(order.id).status is OrderStatus.IN_PRODUCTION


def test_d1_an_order_that_was_held_for_something_else_is_not_printed_either(
    floor: ShopFloor, order: Order, anna: Actor, operator: Actor
) -> None:
    floor.shop.hold_order(order_id=order.id, actor=operator, reason=HoldReason.PROOF)
    ask(floor, order)
    floor.shop.release_order(order_id=order.id, actor=anna)
    floor.later(EDIT_WINDOW)
    assert floor.order(order.id).status is OrderStatus.CONFIRMED


def test_d1_a_parcel_does_not_leave_while_a_bank_contests_its_money(
    floor: ShopFloor, order: Order, operator: Actor
) -> None:
    floor.later(EDIT_WINDOW)
    assert floor.order(order.id).status is OrderStatus.IN_PRODUCTION
    ask(floor, order)
    with pytest.raises(PaymentInReview):
        floor.shop.ship_parcel(order_id=order.id, actor=operator, carrier="post")
    assert floor.order(order.id).status is OrderStatus.IN_PRODUCTION
    resolve(floor, order)
    floor.shop.ship_parcel(order_id=order.id, actor=operator, carrier="post")
    assert floor.order(order.id).status is OrderStatus.SHIPPED


def test_r4_an_order_that_was_refunded_in_the_dashboard_is_held_and_never_printed(
    floor: ShopFloor, order: Order, operator: Actor
) -> None:
    (capture,) = floor.payment(order).log.captures()
    floor.dashboard.refund(capture.ref, order.total)
    floor.hear()
    assert floor.order(order.id).status is OrderStatus.ON_HOLD
    floor.shop.release_order(order_id=order.id, actor=operator)
    floor.later(EDIT_WINDOW)
    assert floor.order(order.id).status is OrderStatus.ON_HOLD
    with floor.unit_of_work.reading() as work:
        assert not fulfillable(work, order.id)


def test_an_order_without_a_payment_is_not_in_review(floor: ShopFloor, anna: Actor) -> None:
    order = floor.place(anna).order
    with floor.unit_of_work.reading() as work:
        assert fulfillable(work, order.id)


def test_h4_an_order_waits_for_a_bank_that_takes_days_and_is_printed_then(
    floor: ShopFloor, anna: Actor
) -> None:
    order = floor.place(anna).order
    started = floor.start(order)
    floor.press(started, Choice.PENDING)
    floor.hear()
    for _ in range(6):
        floor.later(12 * HOUR)
    assert floor.order(order.id).status is OrderStatus.AWAITING_PAYMENT
    floor.press(started, Choice.PAY)
    floor.hear()
    assert floor.order(order.id).status is OrderStatus.CONFIRMED
    assert floor.captured_and_refunded() == (300, 0)


def test_h4_a_bank_that_never_decides_is_not_waited_for_without_end(floor: ShopFloor, anna: Actor) -> None:
    order = floor.place(anna).order
    floor.press(floor.start(order), Choice.PENDING)
    floor.hear()
    for _ in range(33):
        floor.later(DAY)
    assert floor.order(order.id).status is OrderStatus.EXPIRED


def test_c2_an_order_that_expires_takes_no_money_that_was_not_asked_for_yet() -> None:
    floor = open_floor(gateway=partial(SimulatedGateway, collection=Collection.ON_COMPLETE))
    order = floor.place(floor.customer()).order
    floor.press(floor.start(order))
    payment = floor.payment(order)
    floor.shop.sync_payment(payment_id=payment.id, source=Source.RETURN)
    floor.clock.advance(order.expires_at - floor.clock.now())
    floor.perform("ExpireOrder", order_id=str(order.id))
    (complete,) = (op for op in floor.payment(order).operations if op.kind is OperationKind.COMPLETE)
    assert complete.state is OperationState.ABANDONED
    floor.hear()
    assert floor.order(order.id).status is OrderStatus.EXPIRED
    assert floor.captured_and_refunded() == (0, 0)
    floor.deliverer.close()
    floor.books.close()

"""Changing orders: calling them off, holding them, and what time does to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from printapic.adapters.payments.simulated.checkout import DeskOrder, WebhookTiming
from printapic.domain.actors import Actor, Role
from printapic.domain.orders.order import (
    EDIT_WINDOW,
    PAYMENT_WINDOW,
    Order,
    OrderNotFound,
    TransitionDenied,
    TransitionRefused,
)
from printapic.domain.orders.status import HoldReason, OrderStatus
from printapic.domain.payments.status import PaymentStatus
from tests.shop_floor import HOUR, MINUTE, ShopFloor, line

Act = Callable[[ShopFloor, Order, Actor], Order]

ACTS: dict[str, Act] = {
    "cancel": lambda floor, order, actor: floor.shop.cancel_order(order_id=order.id, actor=actor),
    "waive": lambda floor, order, actor: floor.shop.waive_edit_window(order_id=order.id, actor=actor),
    "hold": lambda floor, order, actor: floor.shop.hold_order(
        order_id=order.id, actor=actor, reason=HoldReason.MATERIAL
    ),
    "release": lambda floor, order, actor: floor.shop.release_order(order_id=order.id, actor=actor),
    "abort": lambda floor, order, actor: floor.shop.abort_order(
        order_id=order.id, actor=actor, reason="flood"
    ),
}


# Calling off


def test_an_unpaid_order_is_called_off_and_its_page_is_closed(floor: ShopFloor, anna: Actor) -> None:
    order = floor.place(anna).order
    started = floor.start(order)
    floor.shop.cancel_order(order_id=order.id, actor=anna, reason="changed my mind")
    floor.work()
    order = floor.order(order.id)
    assert order.status is OrderStatus.CANCELLED
    assert order.history[-1].reason == "changed my mind"
    assert [attempt.state for attempt in floor.payment(order).attempts] == ["voided"]
    assert floor.pages.show((started.attempt.redirect_url or "").rpartition("/")[2]).choices == ()
    assert floor.told() == ["order-placed", "order-cancelled"]


def test_an_order_without_any_payment_is_called_off_too(floor: ShopFloor, anna: Actor) -> None:
    order = floor.place(anna).order
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.work()
    assert floor.failed() == []
    assert floor.told() == ["order-placed", "order-cancelled"]


def test_a_paid_order_is_refunded_in_full_once_and_its_customer_is_told(
    floor: ShopFloor, anna: Actor
) -> None:
    order = floor.paid(anna)
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.hear()
    floor.perform("ReleasePayment", order_id=str(order.id))
    floor.hear()
    assert floor.captured_and_refunded() == (300, 300)
    payment = floor.payment(order)
    assert payment.status is PaymentStatus.REFUNDED
    assert payment.refunded == order.total
    assert floor.told() == ["order-placed", "payment-received", "order-cancelled", "refunded"]


def test_support_calls_off_for_a_customer_after_the_edit_window(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    floor.shop.hold_order(order_id=order.id, actor=floor.staff(Role.SUPPORT), reason=HoldReason.MATERIAL)
    floor.later(EDIT_WINDOW)
    with pytest.raises(TransitionRefused) as refusal:
        floor.shop.cancel_order(order_id=order.id, actor=anna)
    assert refusal.value.reason == "edit-window-over"
    floor.shop.cancel_order(order_id=order.id, actor=floor.staff(Role.SUPPORT))
    floor.work()
    assert floor.captured_and_refunded() == (300, 300)


def test_nothing_is_called_off_twice(floor: ShopFloor, anna: Actor) -> None:
    order = floor.place(anna).order
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    with pytest.raises(TransitionRefused):
        floor.shop.cancel_order(order_id=order.id, actor=anna)


def test_an_order_in_production_is_given_up_by_an_administrator_and_refunded(
    floor: ShopFloor, anna: Actor
) -> None:
    order = floor.paid(anna)
    floor.later(EDIT_WINDOW)
    with pytest.raises(TransitionRefused):
        floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.shop.abort_order(order_id=order.id, actor=floor.staff(Role.ADMIN), reason="flood")
    floor.work()
    order = floor.order(order.id)
    assert (order.status, order.history[-1].reason) == (OrderStatus.CANCELLED, "flood")
    assert floor.captured_and_refunded() == (300, 300)
    assert floor.told()[-2:] == ["order-cancelled", "refunded"]


# Whose orders


@pytest.mark.parametrize("act", ACTS)
def test_to_another_customer_an_order_does_not_exist(floor: ShopFloor, anna: Actor, act: str) -> None:
    order = floor.paid(anna)
    with pytest.raises(OrderNotFound):
        ACTS[act](floor, order, floor.customer("bert@example.org"))
    assert floor.order(order.id).version == order.version


@pytest.mark.parametrize(
    ("act", "role"),
    [
        ("cancel", Role.OPERATOR),
        ("waive", Role.OPERATOR),
        ("waive", Role.SUPPORT),
        ("hold", Role.CUSTOMER),
    ],
)
def test_not_everybody_may_do_everything(floor: ShopFloor, anna: Actor, act: str, role: Role) -> None:
    order = floor.paid(anna)
    with pytest.raises(TransitionDenied):
        ACTS[act](floor, order, anna if role is Role.CUSTOMER else floor.staff(role))


def test_staff_with_a_customers_account_do_not_act_as_the_customer_of_others(
    floor: ShopFloor, anna: Actor
) -> None:
    order = floor.paid(anna)
    bert = floor.customer("bert@example.org")
    both = Actor(bert.user_id, frozenset({Role.CUSTOMER, Role.OPERATOR}))
    with pytest.raises(TransitionDenied):
        floor.shop.cancel_order(order_id=order.id, actor=both)
    floor.shop.hold_order(order_id=order.id, actor=both, reason=HoldReason.QUALITY)


@pytest.mark.parametrize(
    ("act", "status"), [("abort", OrderStatus.CONFIRMED), ("release", OrderStatus.CONFIRMED)]
)
def test_what_the_state_does_not_know_is_refused(
    floor: ShopFloor, anna: Actor, act: str, status: OrderStatus
) -> None:
    order = floor.paid(anna)
    assert order.status is status
    with pytest.raises(TransitionRefused):
        ACTS[act](floor, order, floor.staff(Role.ADMIN))


# Holding


def test_a_held_order_waits_and_goes_on_where_it_stopped(
    floor: ShopFloor, anna: Actor, operator: Actor
) -> None:
    order = floor.paid(anna)
    floor.shop.hold_order(order_id=order.id, actor=operator, reason=HoldReason.MATERIAL)
    floor.later(EDIT_WINDOW)
    held = floor.order(order.id)
    assert (held.status, held.hold_reason) == (OrderStatus.ON_HOLD, HoldReason.MATERIAL)
    with pytest.raises(TransitionRefused):
        floor.shop.release_order(order_id=order.id, actor=anna)
    floor.shop.release_order(order_id=order.id, actor=operator)
    floor.work()
    assert floor.order(order.id).status is OrderStatus.IN_PRODUCTION


def test_a_released_order_still_waits_for_the_end_of_its_edit_window(
    floor: ShopFloor, anna: Actor, operator: Actor
) -> None:
    order = floor.paid(anna)
    floor.shop.hold_order(order_id=order.id, actor=operator, reason=HoldReason.PROOF)
    floor.shop.release_order(order_id=order.id, actor=anna)
    floor.later(EDIT_WINDOW - MINUTE)
    assert floor.order(order.id).status is OrderStatus.CONFIRMED
    floor.later(MINUTE)
    assert floor.order(order.id).status is OrderStatus.IN_PRODUCTION


# What time does


def test_an_unpaid_order_expires_after_a_day_and_not_before(floor: ShopFloor, anna: Actor) -> None:
    order = floor.place(anna).order
    floor.start(order)
    floor.later(PAYMENT_WINDOW - MINUTE)
    assert floor.order(order.id).status is OrderStatus.AWAITING_PAYMENT
    floor.later(MINUTE)
    assert floor.order(order.id).status is OrderStatus.EXPIRED
    assert floor.told() == ["order-placed", "order-expired"]
    assert [attempt.state for attempt in floor.payment(order).attempts] == ["expired"]


def test_money_that_comes_too_late_is_given_back_once_and_the_customer_is_told(
    floor: ShopFloor, anna: Actor
) -> None:
    """They pay in the last minute, and the provider's word comes after the order's time is over."""
    order = floor.place(anna).order
    started = floor.start(order)
    floor.clock.advance(PAYMENT_WINDOW - MINUTE)
    floor.press(started, desk=DeskOrder(webhook=WebhookTiming.LATE, late_by=2 * MINUTE))
    floor.clock.advance(MINUTE)
    floor.perform("ExpireOrder", order_id=str(order.id))
    floor.work()
    floor.clock.advance(HOUR)
    floor.hear()
    floor.hear()
    assert floor.order(order.id).status is OrderStatus.EXPIRED
    assert floor.captured_and_refunded() == (300, 300)
    assert floor.payment(order).status is PaymentStatus.REFUNDED
    assert sorted(floor.told()) == ["order-expired", "order-placed", "refunded"]


def test_a_paid_order_does_not_expire(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    floor.clock.advance(PAYMENT_WINDOW)
    floor.perform("ExpireOrder", order_id=str(order.id))
    assert floor.order(order.id).status is OrderStatus.CONFIRMED


def test_waiving_the_edit_window_lets_the_operator_start_production(
    floor: ShopFloor, anna: Actor, operator: Actor
) -> None:
    order = floor.paid(anna)
    with pytest.raises(TransitionRefused):
        floor.shop.start_production(order_id=order.id, actor=operator)
    floor.shop.waive_edit_window(order_id=order.id, actor=anna)
    floor.shop.start_production(order_id=order.id, actor=operator)
    with pytest.raises(TransitionRefused):
        floor.shop.waive_edit_window(order_id=order.id, actor=anna)


def test_an_order_whose_window_was_waived_is_not_forgotten(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    floor.shop.waive_edit_window(order_id=order.id, actor=anna)
    floor.later(EDIT_WINDOW)
    assert floor.order(order.id).status is OrderStatus.IN_PRODUCTION


def test_production_starts_when_the_edit_window_ends(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    floor.later(EDIT_WINDOW - MINUTE)
    assert floor.order(order.id).status is OrderStatus.CONFIRMED
    floor.later(MINUTE)
    assert floor.order(order.id).status is OrderStatus.IN_PRODUCTION
    assert floor.told()[-1] == "in-production"


def test_production_that_was_asked_for_twice_starts_once(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    floor.later(EDIT_WINDOW)
    floor.perform("AdvanceOrder", order_id=str(order.id))
    floor.work()
    assert floor.told().count("in-production") == 1


def test_a_finished_order_is_not_finished_again(floor: ShopFloor, anna: Actor, operator: Actor) -> None:
    order = floor.paid(anna, line(floor.upload(anna)))
    floor.perform("CompleteOrder", order_id=str(order.id))
    assert floor.order(order.id).status is OrderStatus.CONFIRMED

"""Following orders: customers their own, staff everybody's."""

from __future__ import annotations

import pytest

from printapic.domain.actors import Actor, Role
from printapic.domain.ids import OrderId
from printapic.domain.orders.order import OrderNotFound
from printapic.domain.orders.status import OrderStatus, Trigger
from tests.shop_floor import ShopFloor, line, user_of


def test_an_order_is_found_by_its_customer_and_by_staff_alone(floor: ShopFloor, anna: Actor) -> None:
    order = floor.place(anna).order
    for reader in (anna, *(floor.staff(role) for role in (Role.OPERATOR, Role.SUPPORT, Role.ADMIN))):
        assert floor.shop.read_order(order_id=order.id, actor=reader) == order
        assert floor.shop.read_actions(order_id=order.id, actor=reader) is not None
    bert = floor.customer("bert@example.org")
    with pytest.raises(OrderNotFound):
        floor.shop.read_order(order_id=order.id, actor=bert)
    with pytest.raises(OrderNotFound):
        floor.shop.read_actions(order_id=order.id, actor=bert)
    with pytest.raises(OrderNotFound):
        floor.shop.read_order(order_id=OrderId(user_of(anna)), actor=anna)


def test_orders_are_listed_newest_first_in_pages_and_by_status(
    floor: ShopFloor, anna: Actor, operator: Actor
) -> None:
    bert = floor.customer("bert@example.org")
    image = floor.upload(anna)
    placed = [floor.place(anna, line(image), key=f"order-{number}").order for number in range(3)]
    foreign = floor.place(bert).order
    floor.shop.cancel_order(order_id=placed[0].id, actor=anna)

    page = floor.shop.list_orders(actor=anna, limit=2)
    rest = floor.shop.list_orders(actor=anna, before=page[-1].id, limit=2)
    assert [row.id for row in (*page, *rest)] == [order.id for order in placed[::-1]]
    cancelled = floor.shop.list_orders(actor=anna, status=OrderStatus.CANCELLED)
    assert [row.id for row in cancelled] == [placed[0].id]
    assert len(floor.shop.list_orders(actor=operator)) == 4
    assert [row.id for row in floor.shop.list_orders(actor=bert)] == [foreign.id]


def test_a_customer_sees_what_they_may_do_and_why_not(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    (cancel, waive) = floor.shop.read_actions(order_id=order.id, actor=anna)
    assert (cancel.trigger, cancel.available, cancel.until) == (Trigger.CANCEL, True, order.edit_until)
    assert waive.trigger is Trigger.WAIVE_EDIT_WINDOW
    assert order.edit_until is not None
    floor.clock.advance(order.edit_until - floor.clock.now())
    (cancel, _) = floor.shop.read_actions(order_id=order.id, actor=anna)
    assert (cancel.available, cancel.reason_code) == (False, "edit-window-over")


def test_staff_who_buy_are_customers_of_their_own_orders_alone(floor: ShopFloor, anna: Actor) -> None:
    both = Actor(user_of(anna), frozenset({Role.CUSTOMER, Role.OPERATOR}))
    own = floor.paid(both)
    foreign = floor.paid(floor.customer("bert@example.org"), key="foreign")

    def may(order_id: OrderId) -> set[Trigger]:
        actions = floor.shop.read_actions(order_id=order_id, actor=both)
        return {action.trigger for action in actions if action.available}

    assert may(own.id) == {Trigger.CANCEL, Trigger.WAIVE_EDIT_WINDOW, Trigger.HOLD}
    assert may(foreign.id) == {Trigger.HOLD}

"""Fulfilling orders: production, parcels, doormats."""

from __future__ import annotations

import pytest

from printapic.domain.actors import Actor, Role
from printapic.domain.ids import ShipmentId
from printapic.domain.orders.order import (
    CLAIM_WINDOW,
    EDIT_WINDOW,
    Order,
    OrderNotFound,
    TransitionDenied,
    TransitionRefused,
)
from printapic.domain.orders.shipment import ShipmentInvalid, ShipmentNotFound, ShippedItem
from printapic.domain.orders.status import OrderStatus
from tests.shop_floor import MINUTE, ShopFloor, line, user_of


@pytest.fixture
def order(floor: ShopFloor, anna: Actor) -> Order:
    """Two lines, of two and three copies, in production."""
    image = floor.upload(anna)
    placed = floor.paid(anna, line(image), line(image, quantity=3))
    floor.later(EDIT_WINDOW)
    return floor.order(placed.id)


def test_production_is_started_by_hand_once_the_window_is_over(
    floor: ShopFloor, anna: Actor, operator: Actor
) -> None:
    order = floor.paid(anna)
    with pytest.raises(TransitionRefused) as refusal:
        floor.shop.start_production(order_id=order.id, actor=operator)
    assert refusal.value.reason == "edit-window-open"
    floor.clock.advance(EDIT_WINDOW)
    started = floor.shop.start_production(order_id=order.id, actor=operator)
    assert started.status is OrderStatus.IN_PRODUCTION
    assert floor.order(order.id).history == started.history


def test_a_parcel_holds_everything_unless_told_otherwise(
    floor: ShopFloor, order: Order, operator: Actor
) -> None:
    shipped = floor.shop.ship_parcel(order_id=order.id, actor=operator, carrier="DHL")
    assert shipped.status is OrderStatus.SHIPPED
    assert [(item.line_id, item.quantity) for item in shipped.shipments[0].items] == [
        (order.lines[0].id, 2),
        (order.lines[1].id, 3),
    ]


def test_an_order_may_leave_in_parts_and_each_parcel_is_announced_by_a_mail_of_its_own(
    floor: ShopFloor, order: Order, operator: Actor
) -> None:
    first = floor.shop.ship_parcel(
        order_id=order.id,
        actor=operator,
        carrier="DHL",
        tracking_number="1234",
        tracking_url="https://track.example/1234",
        items=[ShippedItem(order.lines[1].id, 1)],
    )
    assert first.status is OrderStatus.PARTIALLY_SHIPPED
    second = floor.shop.ship_parcel(order_id=order.id, actor=operator, carrier="Post")
    assert second.status is OrderStatus.SHIPPED
    floor.work()
    assert floor.told().count("shipped") == 2
    first_mail, second_mail = (mail.content.text for mail in floor.mailer.mails[-2:])
    assert "1234" in first_mail
    assert "https://track.example/1234" in first_mail
    assert "Post" in second_mail

    one, two = (parcel.id for parcel in second.shipments)
    assert floor.shop.mark_delivered(order_id=order.id, shipment_id=one, actor=operator).status == "shipped"
    delivered = floor.shop.mark_delivered(order_id=order.id, shipment_id=two, actor=operator)
    assert delivered.status is OrderStatus.DELIVERED
    again = floor.shop.mark_delivered(order_id=order.id, shipment_id=two, actor=operator)
    assert again.history == delivered.history
    floor.work()
    assert floor.told().count("delivered") == 1


def test_an_order_is_complete_when_the_claim_window_is_over(
    floor: ShopFloor, order: Order, operator: Actor
) -> None:
    shipped = floor.shop.ship_parcel(order_id=order.id, actor=operator, carrier="DHL")
    floor.shop.mark_delivered(order_id=order.id, shipment_id=shipped.shipments[0].id, actor=operator)
    floor.later(CLAIM_WINDOW - MINUTE)
    assert floor.order(order.id).status is OrderStatus.DELIVERED
    floor.later(MINUTE)
    assert floor.order(order.id).status is OrderStatus.COMPLETED


@pytest.mark.parametrize("quantity", [0, 3])
def test_a_parcel_holds_what_was_ordered(
    floor: ShopFloor, order: Order, operator: Actor, quantity: int
) -> None:
    with pytest.raises(ShipmentInvalid):
        floor.shop.ship_parcel(
            order_id=order.id,
            actor=operator,
            carrier="DHL",
            items=[ShippedItem(order.lines[0].id, quantity)],
        )
    assert floor.order(order.id).shipments == ()


def test_a_mail_carries_no_odd_links(floor: ShopFloor, order: Order, operator: Actor) -> None:
    with pytest.raises(ShipmentInvalid):
        floor.shop.ship_parcel(
            order_id=order.id, actor=operator, carrier="DHL", tracking_url="javascript:alert(1)"
        )


def test_nothing_leaves_before_production_or_arrives_before_it_left(
    floor: ShopFloor, anna: Actor, operator: Actor
) -> None:
    order = floor.paid(anna)
    with pytest.raises(TransitionRefused):
        floor.shop.ship_parcel(order_id=order.id, actor=operator, carrier="DHL")
    with pytest.raises(ShipmentNotFound):
        floor.shop.mark_delivered(order_id=order.id, shipment_id=ShipmentId(user_of(anna)), actor=operator)


def test_customers_do_no_staffs_work_and_learn_nothing_of_foreign_orders(
    floor: ShopFloor, anna: Actor, order: Order
) -> None:
    bert = floor.customer("bert@example.org")
    parcel = ShipmentId(user_of(anna))
    for actor, refusal in ((anna, TransitionRefused), (bert, OrderNotFound)):
        with pytest.raises(refusal):
            floor.shop.start_production(order_id=order.id, actor=actor)
    for actor, denial in ((anna, TransitionDenied), (bert, OrderNotFound)):
        with pytest.raises(denial):
            floor.shop.ship_parcel(order_id=order.id, actor=actor, carrier="DHL")
    for actor, absence in ((anna, ShipmentNotFound), (bert, OrderNotFound)):
        with pytest.raises(absence):
            floor.shop.mark_delivered(order_id=order.id, shipment_id=parcel, actor=actor)


def test_support_marks_deliveries_but_ships_nothing(floor: ShopFloor, order: Order, operator: Actor) -> None:
    support = floor.staff(Role.SUPPORT)
    with pytest.raises(TransitionDenied):
        floor.shop.ship_parcel(order_id=order.id, actor=support, carrier="DHL")
    shipped = floor.shop.ship_parcel(order_id=order.id, actor=operator, carrier="DHL")
    parcel = shipped.shipments[0].id
    assert (
        floor.shop.mark_delivered(order_id=order.id, shipment_id=parcel, actor=support).status == "delivered"
    )

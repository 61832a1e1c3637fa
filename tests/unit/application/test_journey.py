"""The whole way of a photo, from a stranger's registration to the parcel on their doormat."""

from __future__ import annotations

from printapic.domain.actors import Actor, Role
from printapic.domain.orders.order import CLAIM_WINDOW, EDIT_WINDOW
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.status import PaymentStatus
from tests.shop_floor import HOUR, ShopFloor


def test_a_photo_becomes_a_parcel_and_its_owner_is_told_of_every_step_once(
    floor: ShopFloor, operator: Actor
) -> None:
    anna = floor.customer()
    order = floor.place(anna).order
    assert order.status is OrderStatus.AWAITING_PAYMENT
    assert str(order.total) == "3.00 EUR"

    started = floor.start(order)
    floor.press(started)
    floor.hear()
    order = floor.order(order.id)
    assert order.status is OrderStatus.CONFIRMED
    assert floor.payment(order).status is PaymentStatus.PAID
    assert order.print_files_ready

    floor.later(EDIT_WINDOW)
    order = floor.order(order.id)
    assert order.status is OrderStatus.IN_PRODUCTION

    order = floor.shop.ship_parcel(order_id=order.id, actor=operator, carrier="DHL", tracking_number="42")
    floor.later(HOUR)
    order = floor.shop.mark_delivered(order_id=order.id, shipment_id=order.shipments[0].id, actor=operator)
    floor.later(CLAIM_WINDOW)

    order = floor.order(order.id)
    assert order.status is OrderStatus.COMPLETED
    assert [(entry.trigger, entry.role) for entry in order.history] == [
        ("place", Role.CUSTOMER),
        ("confirm", Role.SYSTEM),
        ("start-production", Role.SYSTEM),
        ("ship", Role.OPERATOR),
        ("deliver", Role.OPERATOR),
        ("complete", Role.SYSTEM),
    ]
    assert floor.told() == ["order-placed", "payment-received", "in-production", "shipped", "delivered"]
    assert floor.captured_and_refunded() == (300, 0)
    assert floor.failed() == []
    assert not floor.waiting("ExpireOrder")

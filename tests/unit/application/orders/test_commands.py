"""Commands that name the version they mean."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from printapic.application.orders.tracking import visible_to
from printapic.application.ports.versions import VersionDiffers
from printapic.domain.actors import Actor, Role
from printapic.domain.ids import OrderId
from printapic.domain.orders.status import OrderStatus
from tests.shop_floor import ShopFloor


def test_a_command_that_means_an_older_order_changes_nothing(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    with pytest.raises(VersionDiffers):
        floor.shop.cancel_order(order_id=order.id, actor=anna, versions=frozenset({order.version - 1}))
    assert floor.order(order.id).status is OrderStatus.CONFIRMED
    seen = frozenset({order.version, order.version + 7})
    assert floor.shop.cancel_order(order_id=order.id, actor=anna, versions=seen).version > order.version


def test_of_many_who_saw_the_same_order_one_changes_it(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)

    def waive(order_id: OrderId) -> bool:
        try:
            floor.shop.waive_edit_window(order_id=order_id, actor=anna, versions=frozenset({order.version}))
        except VersionDiffers:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(waive, [order.id] * 16)) == 1


def test_a_customer_without_an_id_is_not_taken_for_staff() -> None:
    with pytest.raises(ValueError, match="without an id"):
        visible_to(Actor(None, frozenset({Role.CUSTOMER})))
    assert visible_to(Actor(None, frozenset({Role.ADMIN}))) is None

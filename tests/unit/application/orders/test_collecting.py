"""Orders whose money a bank only holds: it is taken as production starts, and nothing is printed before."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from uuid import uuid4

import pytest

from printapic.adapters.payments.simulated.faults import Fault
from printapic.adapters.payments.simulated.gateway import Collection, SimulatedGateway
from printapic.adapters.system.identifiers import SeededIdentifiers
from printapic.application.orders.changes import MoneyOnItsWay
from printapic.application.orders.collecting import MoneyNotCollected, collect_money
from printapic.domain.actors import Actor, Role
from printapic.domain.errors import Conflict
from printapic.domain.ids import OperationId
from printapic.domain.orders.order import EDIT_WINDOW, Order
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.operation import OperationKind, OperationState
from printapic.domain.payments.status import PaymentStatus
from tests.shop_floor import HOUR, NOON, ShopFloor, open_floor


@pytest.fixture
def floor() -> Iterator[ShopFloor]:
    """A shop whose provider takes no money before it is told to."""
    opened = open_floor(gateway=partial(SimulatedGateway, collection=Collection.ON_CAPTURE))
    yield opened
    opened.deliverer.close()
    opened.books.close()


@pytest.fixture
def support(floor: ShopFloor) -> Actor:
    return floor.staff(Role.SUPPORT)


@pytest.fixture
def order(floor: ShopFloor, anna: Actor) -> Order:
    """It was paid, as far as its customer knows."""
    return floor.paid(anna)


def captures(floor: ShopFloor, order: Order) -> list[OperationState]:
    return [op.state for op in floor.payment(order).operations if op.kind is OperationKind.CAPTURE]


def let_go(floor: ShopFloor, order: Order) -> None:
    """The bank does not hold the money any more; nobody here did that."""
    (attempt,) = floor.payment(order).attempts
    floor.gateway.void(ref=attempt.ref or "", key=OperationId(uuid4()))


def test_h2_held_money_confirms_an_order_and_none_is_taken_yet(floor: ShopFloor, order: Order) -> None:
    assert order.status is OrderStatus.CONFIRMED
    assert floor.payment(order).status is PaymentStatus.AUTHORIZED
    assert floor.captured_and_refunded() == (0, 0)
    assert floor.told() == ["order-placed", "payment-received"]


def test_h2_the_end_of_the_edit_window_takes_the_money_and_then_starts_production(
    floor: ShopFloor, order: Order
) -> None:
    floor.later(EDIT_WINDOW)
    assert floor.order(order.id).status is OrderStatus.IN_PRODUCTION
    assert floor.payment(order).status is PaymentStatus.PAID
    assert floor.captured_and_refunded() == (300, 0)
    floor.hear()
    floor.perform("AdvanceOrder", order_id=str(order.id))
    assert captures(floor, order) == [OperationState.SUCCEEDED]
    assert floor.told().count("in-production") == 1


def test_h2_production_does_not_start_before_the_money_came(
    floor: ShopFloor, order: Order, operator: Actor
) -> None:
    floor.gateway.faults.plan("capture", 1, Fault.REFUSE)
    floor.later(EDIT_WINDOW)
    assert floor.order(order.id).status is OrderStatus.CONFIRMED
    assert captures(floor, order) == [OperationState.NOT_SENT]
    floor.later(HOUR)
    assert floor.order(order.id).status is OrderStatus.IN_PRODUCTION
    assert captures(floor, order) == [OperationState.SUCCEEDED]


def test_h2_an_operator_who_starts_production_starts_the_collection_once(
    floor: ShopFloor, order: Order, operator: Actor
) -> None:
    floor.clock.advance(EDIT_WINDOW)
    for _ in range(2):
        with pytest.raises(MoneyNotCollected) as refusal:
            floor.shop.start_production(order_id=order.id, actor=operator)
        assert isinstance(refusal.value, Conflict)
    assert floor.order(order.id).version == order.version
    assert captures(floor, order) == [OperationState.PREPARED]
    floor.work()
    assert floor.order(order.id).status is OrderStatus.IN_PRODUCTION
    assert floor.captured_and_refunded() == (300, 0)


@pytest.mark.parametrize("fault", [Fault.TIME_OUT_BEFORE, Fault.TIME_OUT_AFTER])
def test_c2_an_order_cannot_be_cancelled_while_nobody_knows_whether_its_money_was_taken(
    floor: ShopFloor, order: Order, support: Actor, fault: Fault
) -> None:
    floor.gateway.faults.plan("capture", 1, fault)
    floor.later(EDIT_WINDOW)
    assert captures(floor, order) == [OperationState.UNKNOWN]
    with pytest.raises(MoneyOnItsWay):
        floor.shop.cancel_order(order_id=order.id, actor=support)
    assert floor.order(order.id).status is OrderStatus.CONFIRMED
    floor.later(HOUR)
    assert floor.order(order.id).status is OrderStatus.IN_PRODUCTION
    assert floor.captured_and_refunded() == (300, 0)


def test_c2_a_cancelled_order_lets_go_of_the_money_and_takes_none(
    floor: ShopFloor, order: Order, anna: Actor
) -> None:
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.hear()
    payment = floor.payment(order)
    assert (payment.status, payment.review_reasons) == (PaymentStatus.VOIDED, ())
    assert floor.captured_and_refunded() == (0, 0)
    assert floor.told()[-1] == "order-cancelled"


def test_c2_a_cancel_wins_against_a_collection_that_did_not_leave_the_house(
    floor: ShopFloor, order: Order, operator: Actor, support: Actor
) -> None:
    floor.clock.advance(EDIT_WINDOW)
    with pytest.raises(MoneyNotCollected):
        floor.shop.start_production(order_id=order.id, actor=operator)
    floor.shop.cancel_order(order_id=order.id, actor=support)
    floor.perform("ReleasePayment", order_id=str(order.id))
    floor.work()
    assert captures(floor, order) == [OperationState.ABANDONED]
    assert floor.captured_and_refunded() == (0, 0)
    assert floor.payment(order).status is PaymentStatus.VOIDED
    assert floor.failed() == []


def test_c2_money_that_was_collected_before_a_cancel_is_given_back(floor: ShopFloor, order: Order) -> None:
    floor.later(EDIT_WINDOW)
    floor.shop.abort_order(order_id=order.id, actor=floor.staff(Role.ADMIN), reason="flood")
    floor.hear()
    assert floor.captured_and_refunded() == (300, 300)
    assert floor.payment(order).status is PaymentStatus.REFUNDED


def test_c3_an_order_whose_money_the_bank_let_go_waits_for_a_person(floor: ShopFloor, order: Order) -> None:
    let_go(floor, order)
    floor.hear()
    assert floor.order(order.id).status is OrderStatus.ON_HOLD
    assert floor.payment(order).status is PaymentStatus.NEEDS_REVIEW
    floor.later(EDIT_WINDOW)
    assert captures(floor, order) == []


def test_c3_a_bank_that_refuses_what_it_promised_stops_production(
    floor: ShopFloor, order: Order, operator: Actor
) -> None:
    """Nobody told us that the money was let go; we hear it as we want to take it."""
    floor.clock.advance(EDIT_WINDOW)
    let_go(floor, order)
    with pytest.raises(MoneyNotCollected):
        floor.shop.start_production(order_id=order.id, actor=operator)
    payment = floor.payment(order)
    (refused,) = [op for op in payment.operations if op.kind is OperationKind.CAPTURE]
    floor.shop.dispatch_operation(payment_id=payment.id, operation_id=refused.id)
    assert captures(floor, order) == [OperationState.REJECTED]
    assert floor.order(order.id).status is OrderStatus.ON_HOLD
    assert f"capture-refused:{refused.id}" in floor.payment(order).review_reasons
    assert floor.captured_and_refunded() == (0, 0)


def test_nothing_is_collected_for_an_order_that_nobody_began_to_pay(floor: ShopFloor, anna: Actor) -> None:
    order = floor.place(anna).order
    with floor.unit_of_work() as work:
        assert not collect_money(work, order.id, SeededIdentifiers(2), at=NOON)

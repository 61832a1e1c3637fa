"""Money that a bank holds until production starts."""

from __future__ import annotations

import pytest

from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.status import PaymentStatus
from tests.integration.payments.conftest import state_row
from tests.integration.payments.floor import PRICE, Floor
from tests.providers.counter import Call, WireFault
from tests.shop_floor import DAY, HOUR

HELD = (OrderStatus.CONFIRMED, PaymentStatus.AUTHORIZED)


@pytest.fixture
def manual_capture() -> bool:
    return True


@state_row
def test_h2_what_a_bank_holds_is_taken_once_when_production_starts(floor: Floor) -> None:
    order = floor.places()
    floor.provider.pay(floor.opens(order))
    floor.hear()
    assert floor.status(order) == HELD
    assert floor.provider.ledger() == []
    floor.later(2 * HOUR)
    floor.hear()
    assert floor.status(order) == (OrderStatus.IN_PRODUCTION, PaymentStatus.PAID)
    assert [line.amount for line in floor.provider.ledger()] == [PRICE]


def test_h2_a_cancelled_order_lets_go_of_what_a_bank_holds(floor: Floor) -> None:
    order = floor.places()
    floor.provider.pay(floor.opens(order))
    floor.hear()
    floor.cancels(order)
    floor.hear()
    assert floor.status(order) == (OrderStatus.CANCELLED, PaymentStatus.VOIDED)
    assert floor.provider.ledger() == []


@state_row
@pytest.mark.parametrize("fault", [WireFault.DROP_BEFORE, WireFault.DROP_AFTER], ids=str)
def test_h2_u2_taking_it_goes_wrong_and_it_is_taken_once(floor: Floor, fault: WireFault) -> None:
    order = floor.places()
    floor.provider.pay(floor.opens(order))
    floor.hear()
    for nth in range(1, 4):
        floor.provider.plan(Call.CAPTURE, nth, fault)
    floor.later(2 * HOUR)
    for _ in range(4):
        floor.later(HOUR)
        floor.hear()
    assert floor.status(order) == (OrderStatus.IN_PRODUCTION, PaymentStatus.PAID)
    assert [line.amount for line in floor.provider.ledger()] == [PRICE]


def test_c3_what_a_bank_let_go_of_is_not_printed(floor: Floor) -> None:
    order = floor.places()
    ref = floor.opens(order)
    floor.provider.pay(ref)
    floor.hear()
    floor.provider.expire(ref)
    floor.hear()
    floor.syncs(order)
    floor.later(DAY)
    assert floor.attempts(order)[0].state in (AttemptState.EXPIRED, AttemptState.VOIDED)
    assert floor.payment(order).status is PaymentStatus.NEEDS_REVIEW
    assert floor.order(order).status is OrderStatus.ON_HOLD
    assert floor.provider.ledger() == []

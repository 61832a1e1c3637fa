"""Wires that break: what is unknown stays unknown until there is evidence, and nothing happens twice."""

from __future__ import annotations

import pytest

from printapic.application.payments.dispatch import ProviderUnreachable
from printapic.application.payments.settlement import ProviderSilent
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.operation import OperationState
from printapic.domain.payments.status import PaymentStatus
from tests.integration.payments.conftest import state_row
from tests.integration.payments.floor import PAID, PRICE, Floor
from tests.integration.payments.storms import pay_on_a_lossy_line
from tests.providers.counter import Call, WireFault
from tests.shop_floor import HOUR, MINUTE

LASTING = [
    WireFault.DROP_BEFORE,
    WireFault.DROP_AFTER,
    WireFault.SERVER_ERROR_BEFORE,
    WireFault.SERVER_ERROR_AFTER,
    WireFault.UNAVAILABLE,
    WireFault.BUSY,
    WireFault.TOO_MANY,
    WireFault.MALFORMED,
    WireFault.UNKNOWN_WORD,
    WireFault.MISSING_FIELD,
]


@state_row
def test_u1_a_closed_door_sends_nothing_and_the_same_page_opens_later(floor: Floor) -> None:
    order = floor.places()
    floor.side.mishap("open", "refused")
    with pytest.raises(ProviderUnreachable):
        floor.opens(order)
    (opening,) = floor.payment(order).operations
    assert (opening.state, opening.never_sent) == (OperationState.NOT_SENT, True)
    floor.provider.pay(floor.opens(order))
    floor.hear()
    assert floor.status(order) == PAID


@pytest.mark.parametrize("fault", LASTING, ids=str)
def test_u2_u3_u5_taking_the_money_goes_wrong_and_it_is_taken_once(floor: Floor, fault: WireFault) -> None:
    order = floor.places()
    floor.provider.pay(floor.opens(order))
    for nth in range(1, 4):
        floor.provider.plan(Call.COMPLETE, nth, fault)
    floor.hear()
    for _ in range(8):
        floor.later(10 * MINUTE)
        floor.hear()
    assert floor.payment(order).status is PaymentStatus.PAID
    assert [line.amount for line in floor.provider.ledger()] == [PRICE]


@pytest.mark.parametrize("fault", LASTING, ids=str)
def test_u2_u3_u5_giving_it_back_goes_wrong_and_it_is_given_back_once(floor: Floor, fault: WireFault) -> None:
    order = floor.paid()
    for nth in range(1, 4):
        floor.provider.plan(Call.REFUND, nth, fault)
    floor.cancels(order)
    for _ in range(4):
        floor.later(12 * HOUR)
        floor.hear()
    assert floor.status(order) == (OrderStatus.CANCELLED, PaymentStatus.REFUNDED)
    assert [line.amount for line in floor.provider.ledger()] == [PRICE, -PRICE]


def test_u2_a_look_that_has_no_answer_changes_nothing(floor: Floor) -> None:
    order = floor.places()
    floor.provider.pay(floor.opens(order))
    floor.provider.close_door()
    with pytest.raises(ProviderSilent):
        floor.syncs(order)
    assert floor.order(order).status is OrderStatus.AWAITING_PAYMENT
    floor.provider.close_door(False)
    floor.syncs(order)
    assert floor.status(order) == PAID


def test_u2_news_that_find_the_provider_silent_are_read_later(floor: Floor) -> None:
    order = floor.places()
    floor.provider.pay(floor.opens(order))
    for nth in range(1, 4):
        floor.provider.plan(Call.FETCH, nth, WireFault.DROP_BEFORE)
    floor.hear()
    floor.later(5 * MINUTE)
    floor.hear()
    assert floor.status(order) == PAID


@state_row
def test_u2_on_a_line_that_loses_a_third_of_all_answers_every_order_is_paid_once(floor: Floor) -> None:
    """The short version of tests/chaos/test_payment_storms.py."""
    pay_on_a_lossy_line(floor, orders=4, seed=7)
    assert {floor.payment(order).status for order in floor.orders} == {PaymentStatus.PAID}
    assert [line.amount for line in floor.provider.ledger()] == [PRICE] * 4


def test_u4_a_token_that_ends_early_is_renewed_and_nobody_notices(floor: Floor) -> None:
    order = floor.places()
    floor.opens(order)
    floor.provider.plan(Call.FETCH, 1, WireFault.EXPIRED_CREDENTIALS)
    if floor.side.provider is Provider.STRIPE:
        # Stripe's key does not end early: refused is refused, and a look that was refused is repeated.
        with pytest.raises(ProviderSilent):
            floor.syncs(order)
    floor.syncs(order)
    floor.provider.pay(floor.opens(order))
    floor.hear()
    assert floor.status(order) == PAID

"""The same wish twice, and a shop that dies between its steps: one effect."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from printapic.application.payments.dispatch import ProviderUnreachable
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.operation import LEASE, OperationKind, OperationState
from printapic.domain.payments.payment import IdempotencyKeyReused
from printapic.domain.payments.status import PaymentStatus
from printapic.domain.users.user import Locale
from tests.integration.payments.conftest import state_row
from tests.integration.payments.floor import PAID, PRICE, Floor
from tests.providers.counter import Call, WireFault
from tests.shop_floor import DAY, HOUR, WEB


@state_row
def test_i1_a_double_click_opens_one_page(floor: Floor) -> None:
    order = floor.places()

    def click(_: int) -> str | None:
        try:
            return floor.start(order).attempt.ref
        except ProviderUnreachable:
            return None  # the other click is asking just now

    with ThreadPoolExecutor(4) as pool:
        refs = set(pool.map(click, range(4))) - {None}
    assert refs == {floor.opens(order)}
    (attempt,) = floor.attempts(order)
    assert list(floor.provider.checkouts(str(attempt.id))) == [attempt.ref]
    floor.provider.pay(floor.opens(order))
    floor.hear()
    assert floor.status(order) == PAID


def test_i2_the_same_key_with_another_request_sends_nothing(floor: Floor) -> None:
    order = floor.places()
    floor.opens(order)
    with pytest.raises(IdempotencyKeyReused):
        floor.shop.start_payment(
            order_id=order.id,
            owner_id=order.user_id,
            provider=floor.side.provider.value,
            return_url=f"{WEB}/elsewhere",
            cancel_url=f"{WEB}/basket",
            idempotency_key="pay-1",
        )
    (attempt,) = floor.attempts(order)
    assert len(floor.provider.checkouts(str(attempt.id))) == 1


@state_row
@pytest.mark.parametrize("fault", [WireFault.DROP_BEFORE, WireFault.DROP_AFTER], ids=str)
def test_i3_a_page_whose_opening_had_no_answer_is_the_same_page_afterwards(
    floor: Floor, fault: WireFault
) -> None:
    order = floor.places()
    for nth in range(1, 4):
        floor.provider.plan(Call.OPEN, nth, fault)
    with pytest.raises(ProviderUnreachable):
        floor.opens(order)
    assert floor.payment(order).operations[0].state is OperationState.UNKNOWN
    # Providers refuse a key that comes back with other words, and a page's language is among them.
    floor.shop.update_profile(user_id=order.user_id, locale=Locale.DE)
    floor.provider.pay(floor.opens(order))
    floor.hear()
    assert floor.status(order) == PAID
    (attempt,) = floor.attempts(order)
    assert attempt.locale == Locale.EN
    assert list(floor.provider.checkouts(str(attempt.id))) == [attempt.ref]


def test_i3_an_opening_whose_sender_died_is_taken_over_when_its_lease_ends(floor: Floor) -> None:
    order = floor.places()
    floor.provider.close_door()
    with pytest.raises(ProviderUnreachable):
        floor.opens(order)
    floor.provider.close_door(False)
    payment = floor.payment(order)
    with floor.units() as work:
        held = work.payments.get(payment.id)
        assert held.dispatch(held.operations[0].id, at=floor.clock.now()) is not None
        work.payments.save(held)
        work.commit()
    with pytest.raises(ProviderUnreachable):
        floor.opens(order)
    floor.later(LEASE)
    floor.provider.pay(floor.opens(order))
    floor.hear()
    assert floor.status(order) == PAID


def test_i4_a_refund_is_not_made_twice_though_the_provider_forgot_its_key(floor: Floor) -> None:
    order = floor.paid()
    floor.printed(order)
    for nth in range(1, 4):
        floor.provider.plan(Call.REFUND, nth, WireFault.DROP_AFTER)
    floor.refunds(order, "1.00")
    (refund,) = floor.payment(order).refunds_asked
    assert refund.state is OperationState.UNKNOWN
    floor.provider.plan(Call.REFUND, 1, WireFault.FORGOTTEN_KEYS)
    floor.later(46 * DAY)
    floor.hear()
    assert [line.amount.minor for line in floor.provider.ledger()] == [PRICE.minor, -100]
    assert floor.payment(order).refunded.minor == 100


def test_i3_cancelling_twice_gives_back_once(floor: Floor) -> None:
    order = floor.paid()
    floor.cancels(order)
    floor.perform("ReleasePayment", order_id=str(order.id))
    floor.work()
    floor.hear()
    floor.later(HOUR)
    assert floor.status(order) == (OrderStatus.CANCELLED, PaymentStatus.REFUNDED)
    refunds = [op for op in floor.payment(order).operations if op.kind is OperationKind.REFUND]
    assert len(refunds) == 1
    assert len(floor.provider.ledger()) == 2

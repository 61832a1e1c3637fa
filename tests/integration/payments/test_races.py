"""Two who want different things of the same money at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from printapic.application.orders.changes import MoneyOnItsWay
from printapic.application.payments.dispatch import ProviderUnreachable
from printapic.application.ports.unit_of_work import ConcurrentUpdate
from printapic.domain.errors import PrintAPicError
from printapic.domain.money import Money
from printapic.domain.orders.order import Order
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.giving_back import RefundTooLarge
from printapic.domain.payments.status import PaymentStatus
from tests.integration.payments.conftest import state_row
from tests.integration.payments.floor import PRICE, Floor
from tests.providers.counter import WebhookPlan
from tests.shop_floor import DAY


def at_once(*acts: Callable[[], object]) -> list[PrintAPicError | None]:
    """Do all of it at the same moment; what the shop refused of it, in the same order."""

    def done(act: Callable[[], object]) -> PrintAPicError | None:
        try:
            act()
        except PrintAPicError as refusal:
            return refusal
        return None

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(done, acts))


def one_after_the_other(*acts: Callable[[], object]) -> list[PrintAPicError | None]:
    return [refusal for act in acts for refusal in at_once(act)]


def paid_unheard(floor: Floor) -> Order:
    floor.provider.webhooks(WebhookPlan(lost=True))
    order = floor.places()
    floor.provider.pay(floor.opens(order))
    return order


def end_of_c2(floor: Floor, order: Order) -> tuple[OrderStatus, PaymentStatus, int]:
    """What became of the order, of its payment, and of the customer's money."""
    for _ in range(4):
        floor.later(DAY / 2)  # so long may an approval last that nobody takes
    kept = sum(line.amount.minor for line in floor.provider.ledger())
    return (*floor.status(order), kept)


def test_c2_who_cancels_after_the_money_was_found_gets_it_back(floor: Floor) -> None:
    order = paid_unheard(floor)
    refusals = one_after_the_other(lambda: floor.syncs(order), lambda: floor.cancels(order))
    assert refusals == [None, None]
    assert floor.captures(order)
    assert end_of_c2(floor, order) == (OrderStatus.CANCELLED, PaymentStatus.REFUNDED, 0)


def test_c2_who_cancels_before_the_money_was_found_gets_it_back_or_never_paid(floor: Floor) -> None:
    order = paid_unheard(floor)
    refusals = one_after_the_other(lambda: floor.cancels(order), lambda: floor.syncs(order))
    assert refusals == [None, None]
    # Stripe has the money by then; what was only approved at PayPal is never taken.
    came = floor.side.provider is Provider.STRIPE
    status = PaymentStatus.REFUNDED if came else PaymentStatus.NONE
    assert end_of_c2(floor, order) == (OrderStatus.CANCELLED, status, 0)


@state_row
def test_c2_when_a_cancel_races_the_money_what_the_customer_was_told_is_true(floor: Floor) -> None:
    order, anna = paid_unheard(floor), floor.anna
    looked, cancelled = at_once(
        lambda: floor.syncs(order),
        lambda: floor.shop.cancel_order(order_id=order.id, actor=anna),
    )
    assert isinstance(looked, ConcurrentUpdate | ProviderUnreachable | None)
    status, payment, kept = end_of_c2(floor, order)
    if cancelled is None:
        assert (status, kept) == (OrderStatus.CANCELLED, 0)
        assert payment in (PaymentStatus.REFUNDED, PaymentStatus.NONE)
    else:
        assert isinstance(cancelled, ConcurrentUpdate | MoneyOnItsWay)
        assert (status, payment, kept) == (OrderStatus.IN_PRODUCTION, PaymentStatus.PAID, PRICE.minor)


@state_row
def test_r2_refunds_at_once_never_give_back_more_than_came(floor: Floor) -> None:
    order = floor.paid()
    floor.printed(order)
    payment_id, staff = floor.payment(order).id, floor.staff

    def asked(number: int) -> Callable[[], object]:
        return lambda: floor.shop.refund_payment(
            payment_id=payment_id,
            amount=Money.of("1.00", "EUR"),
            reason="A print was torn",
            idempotency_key=f"refund-{number}",
            staff=staff,
        )

    asks = [asked(number) for number in range(5)]
    refusals = at_once(*asks)
    while any(isinstance(refusal, ConcurrentUpdate) for refusal in refusals):
        refusals = [refusal for act in asks for refusal in at_once(act)]
    floor.work()
    floor.hear()
    assert sum(isinstance(refusal, RefundTooLarge) for refusal in refusals) == 2
    assert floor.payment(order).refunded == PRICE
    assert sorted(line.amount.minor for line in floor.provider.ledger()) == [-100, -100, -100, 300]

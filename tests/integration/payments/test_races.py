"""Two who want different things of the same money at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from printapic.application.ports.unit_of_work import ConcurrentUpdate
from printapic.domain.errors import PrintAPicError
from printapic.domain.money import Money
from printapic.domain.orders.status import OrderStatus
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


@state_row
def test_c2_when_a_cancel_races_the_money_one_wins_and_the_books_agree(floor: Floor) -> None:
    floor.provider.webhooks(WebhookPlan(lost=True))
    order = floor.places()
    floor.provider.pay(floor.opens(order))
    at_once(
        lambda: floor.syncs(order),
        lambda: floor.shop.cancel_order(order_id=order.id, actor=floor.anna),
    )
    for _ in range(4):
        floor.later(DAY / 2)  # so long may an approval last that nobody takes
    kept = sum(line.amount.minor for line in floor.provider.ledger())
    if floor.order(order).status is OrderStatus.CANCELLED:
        assert kept == 0
        assert floor.payment(order).status in (PaymentStatus.REFUNDED, PaymentStatus.NONE)
    else:
        assert floor.payment(order).status is PaymentStatus.PAID
        assert kept == PRICE.minor


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

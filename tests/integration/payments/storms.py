"""Weather: news that come often and in any order, and lines that lose answers. Long proofs repeat it."""

from __future__ import annotations

import random

import attrs

from printapic.application.payments.dispatch import ProviderUnreachable
from printapic.domain.money import Money
from printapic.domain.orders.order import Order
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.status import PaymentStatus
from tests.integration.payments.floor import Floor
from tests.providers.counter import WebhookPlan
from tests.shop_floor import HOUR, MINUTE

PART = Money.of("1.00", "EUR")


@attrs.frozen(kw_only=True)
class End:
    """What became of an order: the same for everybody to whom the same things happened."""

    order: OrderStatus
    payment: PaymentStatus
    attempts: tuple[AttemptState, ...]
    rows: tuple[tuple[str, int], ...]
    """The log: types and minor units. Its order is the one in which we heard of things."""


def end_of(floor: Floor, order: Order) -> End:
    payment = floor.payment(order)
    return End(
        order=floor.order(order).status,
        payment=payment.status,
        attempts=tuple(attempt.state for attempt in payment.attempts),
        rows=tuple(sorted((row.type.value, row.amount.minor) for row in payment.transactions)),
    )


def news_storm(floor: Floor, seed: int) -> End:
    """One order: a refused card, another one, a refund of theirs, one of ours; all its news five times.

    Where `seed` lets some news come in between the steps, the others still come later.
    """
    chance = random.Random(seed)
    floor.provider.webhooks(WebhookPlan(copies=5, shuffled=True, seed=seed))

    def perhaps_hear() -> None:
        if chance.random() < 0.5:
            floor.hear()

    order = floor.places()
    ref = floor.opens(order)
    floor.provider.decline(ref)
    perhaps_hear()
    floor.provider.pay(ref)
    perhaps_hear()
    floor.syncs(order)
    (capture,) = floor.captures(order)
    floor.provider.refund(capture.ref, PART)
    perhaps_hear()
    floor.refunds(order, "0.50")
    perhaps_hear()
    floor.hear()
    return end_of(floor, order)


def pay_on_a_lossy_line(floor: Floor, orders: int, seed: int) -> None:
    """Anna orders and pays while a third of the answers is lost, half of them before the effect."""
    floor.provider.webhooks(WebhookPlan(copies=2))
    floor.provider.drop_replies(0.3, seed=seed)
    for _ in range(orders):
        floor.provider.pay(insistently_opened(floor, floor.places()))
        floor.hear()
    for _ in range(6):
        floor.later(10 * MINUTE)
        floor.hear()
    floor.provider.drop_replies(0, seed=seed)
    floor.later(2 * HOUR)
    floor.hear()


def insistently_opened(floor: Floor, order: Order) -> str:
    """Ask for the page again, under the same key, until there is an answer."""
    for _ in range(20):
        try:
            return floor.opens(order)
        except ProviderUnreachable:
            floor.later(MINUTE)
    raise AssertionError("the page does not open")

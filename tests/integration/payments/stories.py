"""What happens to one order, told so that it can be gone on with after any interruption."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import StrEnum

from printapic.application.orders.changes import MoneyOnItsWay
from printapic.application.payments.dispatch import ProviderUnreachable
from printapic.domain.orders.order import Order
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.status import PaymentStatus
from tests.integration.payments.floor import Floor
from tests.providers.counter import PageClosed


class Story(StrEnum):
    """CHECKOUT: paid. CAPTURE: held by a bank, and taken when production starts. REFUND: a part of it given
    back by staff. CANCEL: called off, and all of it given back."""

    CHECKOUT = "checkout"
    CAPTURE = "capture"
    REFUND = "refund"
    CANCEL = "cancel"


ENDS: Mapping[Story, tuple[OrderStatus, PaymentStatus]] = {
    Story.CHECKOUT: (OrderStatus.CONFIRMED, PaymentStatus.PAID),
    Story.CAPTURE: (OrderStatus.IN_PRODUCTION, PaymentStatus.PAID),
    Story.REFUND: (OrderStatus.IN_PRODUCTION, PaymentStatus.PARTIALLY_REFUNDED),
    Story.CANCEL: (OrderStatus.CANCELLED, PaymentStatus.REFUNDED),
}


def play(floor: Floor, story: Story, order: Order, *, since: int) -> bool:
    """Go on with it; whether it has come to its end, and no call about it is undecided.

    All news from number `since` on are delivered again each time, as a provider does that had no answer.
    """
    try:
        _pay(floor, order)
        hears(floor, since)
        _REST[story](floor, order)
        hears(floor, since)
    except (ProviderUnreachable, MoneyOnItsWay):
        return False
    undecided = [op for op in floor.payment(order).operations if op.undecided]
    return floor.status(order) == ENDS[story] and not undecided


def hears(floor: Floor, since: int) -> None:
    """Let the news come in until there are no more."""
    floor.work()
    told = since
    while news := floor.provider.raw_deliveries()[told:]:
        for body, headers in news:
            answer = floor.tell(floor.side.provider, body, headers)
            assert answer == 200, answer
        told += len(news)
        floor.work()


def _pay(floor: Floor, order: Order) -> None:
    if floor.order(order).wants_payment:
        ref = floor.opens(order)
        with suppress(PageClosed):
            floor.provider.pay(ref)


def _nothing(floor: Floor, order: Order) -> None:
    """Paying is all."""


def _print(floor: Floor, order: Order) -> None:
    """Let the time pass in which the customer might change their mind."""
    now = floor.order(order)
    if now.status is OrderStatus.CONFIRMED and now.edit_until is not None:
        rest = now.edit_until - floor.clock.now()
        if rest.total_seconds() > 0:
            floor.later(rest)
    floor.work()


def _refund(floor: Floor, order: Order) -> None:
    _print(floor, order)
    if floor.order(order).status is OrderStatus.IN_PRODUCTION:
        floor.refunds(order, "1.00")


def _cancel(floor: Floor, order: Order) -> None:
    if floor.order(order).status is OrderStatus.CONFIRMED:
        floor.cancels(order)


_REST: Mapping[Story, Callable[[Floor, Order], None]] = {
    Story.CHECKOUT: _nothing,
    Story.CAPTURE: _print,
    Story.REFUND: _refund,
    Story.CANCEL: _cancel,
}

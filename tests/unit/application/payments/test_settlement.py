"""Settlement: whoever makes us look, the provider alone says what happened to money."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import attrs
import pytest

from printapic.adapters.payments.simulated.books import BookEntry, SimulatedBooks
from printapic.adapters.payments.simulated.checkout import Choice, DeskOrder, WebhookTiming
from printapic.adapters.payments.simulated.faults import Fault
from printapic.adapters.payments.simulated.gateway import Collection, SimulatedGateway
from printapic.application.payments.collection import Started
from printapic.application.payments.settlement import ProviderSilent
from printapic.application.ports.payments import Outcome, Rejected
from printapic.domain.actors import Actor
from printapic.domain.money import Money
from printapic.domain.orders.order import PAYMENT_WINDOW, Order
from printapic.domain.orders.status import HoldReason, OrderStatus
from printapic.domain.payments.account import PaymentNotFound
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.operation import NOT_FOUND
from printapic.domain.payments.snapshot import RefundState, Snapshot
from printapic.domain.payments.status import PaymentStatus
from printapic.domain.payments.transaction import Source
from tests.shop_floor import DAY, HOUR, MINUTE, NOON, ShopFloor, open_floor, user_of

SILENTLY = DeskOrder(webhook=WebhookTiming.NEVER)


@pytest.fixture
def order(floor: ShopFloor, anna: Actor) -> Order:
    return floor.place(anna).order


def next_poll(floor: ShopFloor) -> datetime | None:
    waiting = floor.waiting("PollPayment")
    return waiting[0].run_at if waiting else None


# Who looks


def test_a_customer_who_comes_back_before_the_webhook_has_paid(floor: ShopFloor, order: Order) -> None:
    floor.press(floor.start(order), desk=SILENTLY)
    payment = floor.shop.sync_payment(
        payment_id=floor.payment(order).id, source=Source.RETURN, owner_id=order.user_id
    )
    assert payment.status is PaymentStatus.PAID
    assert payment.log.captures()[0].source is Source.RETURN
    assert floor.order(order.id).status is OrderStatus.CONFIRMED


def test_nobody_makes_us_look_at_a_foreign_payment(floor: ShopFloor, order: Order) -> None:
    floor.start(order)
    bert = floor.customer("bert@example.org")
    with pytest.raises(PaymentNotFound):
        floor.shop.sync_payment(
            payment_id=floor.payment(order).id, source=Source.RETURN, owner_id=user_of(bert)
        )


def test_looking_before_anything_happened_changes_nothing(floor: ShopFloor, order: Order) -> None:
    floor.start(order)
    payment = floor.shop.sync_payment(payment_id=floor.payment(order).id, source=Source.STAFF)
    assert payment.status is PaymentStatus.NONE
    assert floor.order(order.id).version == order.version


def test_looking_again_and_again_takes_the_money_in_once(floor: ShopFloor, order: Order) -> None:
    floor.press(floor.start(order), desk=SILENTLY)
    for source in (Source.RETURN, Source.POLLER, Source.STAFF):
        floor.shop.sync_payment(payment_id=floor.payment(order).id, source=source)
    floor.work()
    assert len(floor.money_rows(order)) == 1
    assert floor.told() == ["order-placed", "payment-received"]


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.TIME_OUT_BEFORE, Fault.MALFORMED, Fault.UNAUTHORIZED])
def test_a_silent_provider_is_said_to_be_silent_and_nothing_changes(
    floor: ShopFloor, order: Order, fault: Fault
) -> None:
    floor.press(floor.start(order), desk=SILENTLY)
    floor.gateway.faults.plan("fetch", 1, fault)
    with pytest.raises(ProviderSilent):
        floor.shop.sync_payment(payment_id=floor.payment(order).id, source=Source.STAFF)
    assert floor.money_rows(order) == []


def test_one_silent_checkout_does_not_hide_the_money_of_another(floor: ShopFloor, order: Order) -> None:
    floor.start(order, key="pay-1")
    floor.press(floor.start(order, key="pay-2"), desk=SILENTLY)
    floor.gateway.faults.plan("fetch", 1, Fault.TIME_OUT_BEFORE)
    with pytest.raises(ProviderSilent):
        floor.shop.sync_payment(payment_id=floor.payment(order).id, source=Source.STAFF)
    assert floor.order(order.id).status is OrderStatus.CONFIRMED


def test_a_provider_that_the_shop_gave_up_is_silent(floor: ShopFloor, order: Order) -> None:
    floor.start(order)
    alone = attrs.evolve(floor.shop.sync_payment, gateways={})
    with pytest.raises(ProviderSilent):
        alone(payment_id=floor.payment(order).id, source=Source.STAFF)


class Slow(SimulatedGateway):
    """Its answers take so long that something else happens before they arrive."""

    meanwhile: Callable[[], object] | None = None

    def fetch(self, *, ref: str) -> Outcome[Snapshot]:
        outcome = super().fetch(ref=ref)
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            act()
        return outcome


def test_an_older_answer_that_arrives_later_changes_nothing() -> None:
    floor = open_floor(gateway=Slow)
    order = floor.place(floor.customer()).order
    started = floor.start(order)
    gateway = floor.gateway
    assert isinstance(gateway, Slow)

    def look_again_after_the_customer_chose_to_wait_for_the_bank() -> None:
        floor.press(started, Choice.PENDING, SILENTLY)
        floor.shop.sync_payment(payment_id=started.payment.id, source=Source.RETURN)

    gateway.meanwhile = look_again_after_the_customer_chose_to_wait_for_the_bank
    floor.shop.sync_payment(payment_id=started.payment.id, source=Source.POLLER)
    assert floor.payment(order).status is PaymentStatus.PROCESSING


# What fits and what does not


@pytest.mark.parametrize("off", [-1, 1])
def test_a_wrong_amount_confirms_nothing_and_waits_for_a_person(
    floor: ShopFloor, order: Order, off: int
) -> None:
    floor.press(floor.start(order), desk=DeskOrder(amount_off=off))
    floor.hear()
    payment = floor.payment(order)
    assert payment.status is PaymentStatus.NEEDS_REVIEW
    assert payment.captured == Money(300 + off, order.total.currency)
    assert not payment.allocated
    assert floor.order(order.id).status is OrderStatus.AWAITING_PAYMENT
    assert floor.told() == ["order-placed"]


def test_an_order_paid_right_after_it_was_paid_wrong_is_held_for_a_person(
    floor: ShopFloor, order: Order, operator: Actor
) -> None:
    floor.press(floor.start(order, key="wrong"), desk=DeskOrder(amount_off=-1))
    floor.hear()
    floor.press(floor.start(order, key="right"))
    floor.hear()
    held = floor.order(order.id)
    assert (held.status, held.hold_reason) == (OrderStatus.ON_HOLD, HoldReason.OTHER)
    floor.shop.release_order(order_id=order.id, actor=operator)
    floor.shop.sync_payment(payment_id=floor.payment(order).id, source=Source.STAFF)
    assert floor.order(order.id).status is OrderStatus.CONFIRMED


def test_a_paid_order_that_gives_reason_to_look_is_held(floor: ShopFloor, order: Order) -> None:
    """A second page takes a wrong amount after the first one paid the order."""
    first, second = floor.start(order, key="pay-1"), floor.start(order, key="pay-2")
    floor.press(first, desk=SILENTLY)
    floor.press(second, desk=DeskOrder(webhook=WebhookTiming.NEVER, amount_off=1))
    floor.gateway.faults.plan("fetch", 2, Fault.TIME_OUT_BEFORE)
    payment_id = floor.payment(order).id
    with pytest.raises(ProviderSilent):
        floor.shop.sync_payment(payment_id=payment_id, source=Source.STAFF)
    assert floor.order(order.id).status is OrderStatus.CONFIRMED
    floor.shop.sync_payment(payment_id=payment_id, source=Source.STAFF)
    assert floor.order(order.id).status is OrderStatus.ON_HOLD


def test_money_taken_in_two_steps_is_taken_when_the_customer_agreed() -> None:
    floor = open_floor(gateway=in_two_steps)
    order = floor.place(floor.customer()).order
    floor.press(floor.start(order))
    assert floor.captured_and_refunded() == (0, 0)
    floor.hear()
    floor.hear()
    assert floor.captured_and_refunded() == (300, 0)
    assert floor.order(order.id).status is OrderStatus.CONFIRMED


def in_two_steps(books: SimulatedBooks, *, public_url: str) -> SimulatedGateway:
    return SimulatedGateway(books, public_url=public_url, collection=Collection.ON_COMPLETE)


# The poller


def test_a_lost_webhook_costs_five_minutes(floor: ShopFloor, order: Order) -> None:
    floor.press(floor.start(order), desk=SILENTLY)
    floor.later(5 * MINUTE - timedelta(seconds=1))
    assert floor.order(order.id).status is OrderStatus.AWAITING_PAYMENT
    floor.later(timedelta(seconds=1))
    assert floor.order(order.id).status is OrderStatus.CONFIRMED
    assert floor.payment(order).log.captures()[0].source is Source.POLLER
    assert next_poll(floor) is None


def test_an_open_page_is_looked_at_ever_less_often_until_shortly_after_its_end(
    floor: ShopFloor, order: Order
) -> None:
    floor.start(order)
    looks = []
    while (due := next_poll(floor)) is not None:
        looks.append(due - NOON)
        floor.later(due - floor.clock.now())
    assert looks[:4] == [5 * MINUTE, 20 * MINUTE, 80 * MINUTE, 140 * MINUTE]
    assert {later - earlier for earlier, later in pairwise(looks[2:-1])} == {HOUR}
    assert looks[-1] <= PAYMENT_WINDOW + 5 * MINUTE
    assert len(looks) < 30


def test_the_last_look_is_taken_after_the_page_has_ended(floor: ShopFloor, order: Order) -> None:
    """Paid in the last minute, not a word from the provider: the money goes back all the same."""
    started = floor.start(order)
    while (due := next_poll(floor)) is not None and due < order.expires_at:
        floor.later(due - floor.clock.now())
    floor.clock.advance(order.expires_at - MINUTE - floor.clock.now())
    floor.press(started, desk=SILENTLY)
    floor.later(7 * MINUTE)
    floor.work()
    assert floor.order(order.id).status is OrderStatus.EXPIRED
    assert floor.captured_and_refunded() == (300, 300)


def test_a_provider_that_is_down_for_hours_is_asked_until_it_answers(floor: ShopFloor, order: Order) -> None:
    floor.press(floor.start(order), desk=SILENTLY)
    for nth in range(1, 7):
        floor.gateway.faults.plan("fetch", nth, Fault.TIME_OUT_BEFORE)
    for _ in range(7):
        floor.later(HOUR)
    assert floor.order(order.id).status is OrderStatus.CONFIRMED
    assert floor.dead() == []


def test_a_bank_that_takes_days_is_waited_for(floor: ShopFloor, order: Order) -> None:
    """The order's own time is over by then; but it does not expire while its money is on the way."""
    started = floor.start(order)
    floor.press(started, Choice.PENDING)
    floor.hear()
    assert floor.payment(order).status is PaymentStatus.PROCESSING
    for _ in range(40):
        floor.later(2 * HOUR)
    floor.press(started, Choice.PAY, SILENTLY)
    for _ in range(4):
        floor.later(6 * HOUR)
    assert floor.captured_and_refunded() == (300, 0)
    assert floor.payment(order).status is PaymentStatus.PAID


def test_a_bank_that_never_decides_is_given_up_after_a_month(floor: ShopFloor, order: Order) -> None:
    floor.press(floor.start(order), Choice.PENDING)
    floor.hear()
    looks = 0
    while (due := next_poll(floor)) is not None:
        floor.later(due - floor.clock.now())
        looks += 1
    assert order.expires_at + 30 * DAY <= floor.clock.now() < order.expires_at + 31 * DAY
    assert looks < 170


def test_a_refund_that_the_bank_decides_later_is_found_without_a_webhook() -> None:
    floor = open_floor(gateway=with_slow_refunds)
    anna = floor.customer()
    order = floor.paid(anna)
    floor.later(HOUR)
    assert next_poll(floor) is None
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.work()
    assert floor.payment(order).status is PaymentStatus.PAID
    assert "refunded" not in floor.told()
    with floor.books.entry() as entry:
        (ref,) = refunds(entry)
    floor.later(2 * DAY)
    floor.dashboard.decide_refund(ref, RefundState.SUCCEEDED)
    floor.later(6 * HOUR)
    assert floor.payment(order).status is PaymentStatus.REFUNDED
    assert floor.told().count("refunded") == 1
    floor.later(6 * HOUR)
    assert next_poll(floor) is None


def with_slow_refunds(books: SimulatedBooks, *, public_url: str) -> SimulatedGateway:
    return SimulatedGateway(books, public_url=public_url, refunds_pend=True)


def refunds(entry: BookEntry) -> list[str]:
    return [row["ref"] for row in entry.connection.execute("SELECT ref FROM refund")]


class Forgetful(SimulatedGateway):
    """Like PayPal it forgets a page that nobody paid on."""

    forgot = False

    def fetch(self, *, ref: str) -> Outcome[Snapshot]:
        return Rejected(code=NOT_FOUND) if self.forgot else super().fetch(ref=ref)


def forgetful_floor() -> tuple[ShopFloor, Order, Started, Forgetful]:
    floor = open_floor(gateway=Forgetful)
    order = floor.place(floor.customer()).order
    started = floor.start(order)
    gateway = floor.gateway
    assert isinstance(gateway, Forgetful)
    gateway.forgot = True
    return floor, order, started, gateway


def test_a_page_that_the_provider_forgot_has_expired() -> None:
    floor, order, _, _ = forgetful_floor()
    floor.later(9 * MINUTE)
    with pytest.raises(ProviderSilent):
        floor.shop.sync_payment(payment_id=floor.payment(order).id, source=Source.STAFF)
    floor.later(MINUTE)
    payment = floor.shop.sync_payment(payment_id=floor.payment(order).id, source=Source.STAFF)
    assert [attempt.state for attempt in payment.attempts] == [AttemptState.EXPIRED]


def test_money_that_a_forgetful_provider_remembers_after_all_counts() -> None:
    floor, order, started, gateway = forgetful_floor()
    floor.later(HOUR)
    floor.shop.sync_payment(payment_id=floor.payment(order).id, source=Source.STAFF)
    gateway.forgot = False
    floor.press(started)
    floor.hear()
    assert floor.order(order.id).status is OrderStatus.CONFIRMED


def test_money_is_never_forgotten_because_the_provider_does_not_find_it() -> None:
    floor, order, started, gateway = forgetful_floor()
    gateway.forgot = False
    floor.press(started)
    floor.hear()
    gateway.forgot = True
    floor.later(HOUR)
    with pytest.raises(ProviderSilent):
        floor.shop.sync_payment(payment_id=floor.payment(order).id, source=Source.STAFF)
    assert floor.payment(order).status is PaymentStatus.PAID

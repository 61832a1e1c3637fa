"""Collecting money: one page for one key, whatever happens to the call that opens it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import attrs
import pytest

from printapic.adapters.payments.simulated.checkout import Choice
from printapic.adapters.payments.simulated.faults import Fault
from printapic.adapters.payments.simulated.gateway import SimulatedGateway
from printapic.application.payments.collection import (
    CheckoutRefused,
    OrderNotPayable,
    ProviderNotOffered,
    ReturnUrlNotAllowed,
    Started,
)
from printapic.application.payments.dispatch import ProviderUnreachable
from printapic.application.ports.payments import Capabilities, CheckoutRequest, Opened, Outcome
from printapic.application.ports.unit_of_work import StorageUnavailable
from printapic.domain.actors import Actor, Role
from printapic.domain.ids import OperationId, PaymentId
from printapic.domain.orders.order import PAYMENT_WINDOW, Order, OrderNotFound
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.account import (
    MAX_CHECKOUTS,
    IdempotencyKeyReused,
    PaymentNotFound,
    TooManyCheckouts,
)
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.operation import LEASE, OperationState
from printapic.domain.payments.status import PaymentStatus
from printapic.domain.payments.transaction import Source
from tests.shop_floor import HOUR, WEB, ShopFloor, line, open_floor, user_of

BEFORE = (Fault.TIME_OUT_BEFORE, Fault.SERVER_ERROR_BEFORE)
AFTER = (Fault.TIME_OUT_AFTER, Fault.SERVER_ERROR_AFTER, Fault.MALFORMED)


@pytest.fixture
def order(floor: ShopFloor, anna: Actor) -> Order:
    return floor.place(anna).order


def checkouts(floor: ShopFloor) -> int:
    """How many pages the provider made."""
    with floor.books.entry() as entry:
        count: int = entry.connection.execute("SELECT count(*) FROM checkout").fetchone()[0]
    return count


def start(floor: ShopFloor, order: Order, **changes: str) -> Started:
    request = {
        "provider": "simulated",
        "return_url": f"{WEB}/thanks",
        "cancel_url": f"{WEB}/basket",
        "idempotency_key": "pay-1",
    }
    return floor.shop.start_payment(order_id=order.id, owner_id=order.user_id, **(request | changes))


def test_a_page_asks_for_what_the_order_costs_while_the_order_waits(floor: ShopFloor, order: Order) -> None:
    started = start(floor, order)
    page = floor.pages.show((started.attempt.redirect_url or "").rpartition("/")[2])
    assert (page.amount, page.order_number) == (order.total, order.number)
    assert page.expires_at == started.attempt.expires_at == order.expires_at
    assert page.leave_url == f"{WEB}/thanks"
    assert floor.payment(order).status is PaymentStatus.NONE


def test_the_same_key_finds_the_same_page(floor: ShopFloor, order: Order) -> None:
    first, second = start(floor, order), start(floor, order)
    assert first.attempt == second.attempt
    assert (first.replayed, second.replayed) == (False, True)
    assert checkouts(floor) == 1


def test_the_same_key_finds_its_page_after_the_order_was_paid(floor: ShopFloor, order: Order) -> None:
    started = start(floor, order)
    floor.press(started)
    floor.hear()
    assert start(floor, order).attempt.redirect_url == started.attempt.redirect_url


@pytest.mark.parametrize("change", [{"return_url": f"{WEB}/elsewhere"}, {"cancel_url": f"{WEB}/elsewhere"}])
def test_the_same_key_with_another_request_is_refused(
    floor: ShopFloor, order: Order, change: dict[str, str]
) -> None:
    start(floor, order)
    with pytest.raises(IdempotencyKeyReused):
        start(floor, order, **change)
    assert checkouts(floor) == 1


def test_another_key_opens_another_page(floor: ShopFloor, order: Order) -> None:
    first, second = start(floor, order), start(floor, order, idempotency_key="pay-2")
    assert first.payment.id == second.payment.id
    assert first.attempt.id != second.attempt.id
    assert checkouts(floor) == 2


@pytest.mark.parametrize("provider", ["stripe", "", "SIMULATED"])
def test_a_provider_that_the_shop_does_not_have_is_not_offered(
    floor: ShopFloor, order: Order, provider: str
) -> None:
    with pytest.raises(ProviderNotOffered) as refusal:
        start(floor, order, provider=provider)
    assert refusal.value.details == {"offered": ["simulated"]}


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/thanks",
        "https://shop.example.evil.example/",
        "https://shop.example:8443/",
        "https://shop.example@evil.example/",
        "https://anna@shop.example/",
        "http://shop.example/",
        "https://shop.example:port/",
        "https://[shop.example/",
        "HTTPS://shop.example/",
        "https://SHOP.example/",
        "javascript:alert(1)",
        "//shop.example/",
        "/thanks",
        "",
        WEB + "/" + "x" * 2000,
    ],
)
@pytest.mark.parametrize("field", ["return_url", "cancel_url"])
def test_the_customer_is_sent_back_to_the_shops_own_pages_alone(
    floor: ShopFloor, order: Order, url: str, field: str
) -> None:
    with pytest.raises(ReturnUrlNotAllowed):
        start(floor, order, **{field: url})
    assert checkouts(floor) == 0


@pytest.mark.parametrize("url", [f"{WEB}/orders/1?paid=yes#top", f"{WEB}/", WEB])
def test_any_page_of_the_shop_will_do(floor: ShopFloor, order: Order, url: str) -> None:
    assert start(floor, order, return_url=url).attempt.return_url == url


def test_nobody_pays_for_a_foreign_order(floor: ShopFloor, order: Order) -> None:
    bert = floor.customer("bert@example.org")
    with pytest.raises(OrderNotFound):
        floor.shop.start_payment(
            order_id=order.id,
            owner_id=user_of(bert),
            provider="simulated",
            return_url=WEB,
            cancel_url=WEB,
            idempotency_key="pay-1",
        )


def cancelled(floor: ShopFloor, order: Order, anna: Actor) -> None:
    floor.shop.cancel_order(order_id=order.id, actor=anna)


def paid(floor: ShopFloor, order: Order, anna: Actor) -> None:
    floor.press(start(floor, order, idempotency_key="earlier"))
    floor.hear()


def overdue(floor: ShopFloor, order: Order, anna: Actor) -> None:
    """Its time is over, and `ExpireOrder` has not run yet."""
    floor.clock.advance(PAYMENT_WINDOW)


@pytest.mark.parametrize("closed", [cancelled, paid, overdue])
def test_an_order_that_waits_for_no_money_opens_no_page(
    floor: ShopFloor, order: Order, anna: Actor, closed: Callable[[ShopFloor, Order, Actor], None]
) -> None:
    closed(floor, order, anna)
    before = checkouts(floor)
    with pytest.raises(OrderNotPayable):
        start(floor, order)
    assert checkouts(floor) == before


# When the call goes wrong


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.THROTTLE, *BEFORE, *AFTER])
def test_a_provider_that_does_not_answer_is_asked_again_under_the_same_key(
    floor: ShopFloor, order: Order, fault: Fault
) -> None:
    floor.gateway.faults.plan("open", 1, fault)
    with pytest.raises(ProviderUnreachable):
        start(floor, order)
    assert checkouts(floor) == (1 if fault in AFTER else 0)
    started = start(floor, order)
    assert checkouts(floor) == 1
    floor.press(started)
    floor.hear()
    assert floor.captured_and_refunded() == (300, 0)


def test_a_provider_that_refuses_the_checkout_refuses_it_under_this_key_for_good(
    floor: ShopFloor, order: Order
) -> None:
    floor.gateway.faults.plan("open", 1, Fault.UNAUTHORIZED)
    for _ in range(2):
        with pytest.raises(CheckoutRefused):
            start(floor, order)
    assert floor.payment(order).operations[0].outcome_code == "unauthorized"
    assert start(floor, order, idempotency_key="pay-2").attempt.redirect_url


def test_two_clicks_at_the_same_moment_open_one_page(floor: ShopFloor, order: Order) -> None:
    together = threading.Barrier(4, timeout=20)

    def click(_: int) -> Started | None:
        together.wait()
        try:
            return start(floor, order)
        except ProviderUnreachable:
            return None

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(click, range(4)))
    started = [answer for answer in answers if answer is not None]
    assert {each.attempt.id for each in started} == {start(floor, order).attempt.id}
    assert checkouts(floor) == 1


class Interrupted(SimulatedGateway):
    """Something else happens in the shop before or after the provider opens a page."""

    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None

    def open(self, *, checkout: CheckoutRequest, key: OperationId) -> Outcome[Opened]:
        if self.before is not None:
            self.before()
        outcome = super().open(checkout=checkout, key=key)
        if self.after is not None:
            self.after()
        return outcome


def test_a_shop_that_died_after_the_call_finds_the_page_that_was_made() -> None:
    """The dead one may still have the call in hand, so it is repeated when their time is over."""
    floor = open_floor(gateway=Interrupted)
    order = floor.place(floor.customer()).order
    gateway = floor.gateway
    assert isinstance(gateway, Interrupted)

    def die() -> None:
        floor.unit_of_work.state.fail_with = StorageUnavailable()

    gateway.after = die
    with pytest.raises(StorageUnavailable):
        start(floor, order)
    gateway.after = floor.unit_of_work.state.fail_with = None
    assert checkouts(floor) == 1
    with pytest.raises(ProviderUnreachable):
        start(floor, order)
    floor.clock.advance(LEASE)
    start(floor, order)
    assert checkouts(floor) == 1


def test_a_page_that_opens_for_an_order_called_off_meanwhile_is_closed_and_not_shown() -> None:
    floor = open_floor(gateway=Interrupted)
    anna = floor.customer()
    order = floor.place(anna).order
    gateway = floor.gateway
    assert isinstance(gateway, Interrupted)
    gateway.before = lambda: floor.shop.cancel_order(order_id=order.id, actor=anna)
    with pytest.raises(OrderNotPayable):
        start(floor, order)
    floor.hear()
    (attempt,) = floor.payment(order).attempts
    assert attempt.state == "voided"
    assert floor.pages.show((attempt.redirect_url or "").rpartition("/")[2]).choices == ()


def test_a_page_that_opens_for_an_order_paid_meanwhile_is_closed_and_the_money_stays() -> None:
    floor = open_floor(gateway=Interrupted)
    order = floor.place(floor.customer()).order
    first = start(floor, order)
    gateway = floor.gateway
    assert isinstance(gateway, Interrupted)

    def pay_the_first() -> None:
        floor.press(first)
        floor.deliverer.deliver_due()
        floor.shop.sync_payment(payment_id=first.payment.id, source=Source.RETURN)

    gateway.before = pay_the_first
    with pytest.raises(OrderNotPayable):
        start(floor, order, idempotency_key="pay-2")
    gateway.before = None
    floor.hear()
    assert floor.order(order.id).status == "confirmed"
    assert floor.captured_and_refunded() == (300, 0)
    assert [attempt.state for attempt in floor.payment(order).attempts] == ["captured", "voided"]


def test_a_page_that_was_never_asked_for_is_given_up_with_its_order(
    floor: ShopFloor, order: Order, anna: Actor
) -> None:
    floor.gateway.faults.plan("open", 1, Fault.REFUSE)
    with pytest.raises(ProviderUnreachable):
        start(floor, order)
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.work()
    (operation,) = floor.payment(order).operations
    assert (operation.state, operation.outcome_code) == (OperationState.ABANDONED, "given-up")
    with pytest.raises(CheckoutRefused):
        start(floor, order)
    assert checkouts(floor) == 0


# Reading


def test_a_payment_is_read_by_its_owner_and_by_staff(floor: ShopFloor, order: Order, anna: Actor) -> None:
    assert floor.shop.read_order_payment(order_id=order.id, owner_id=user_of(anna)) is None
    payment = start(floor, order).payment
    for owner_id in (user_of(anna), None):
        assert floor.shop.read_payment(payment_id=payment.id, owner_id=owner_id) == payment
        assert floor.shop.read_order_payment(order_id=order.id, owner_id=owner_id) == payment
    bert = user_of(floor.customer("bert@example.org"))
    with pytest.raises(PaymentNotFound):
        floor.shop.read_payment(payment_id=payment.id, owner_id=bert)
    with pytest.raises(OrderNotFound):
        floor.shop.read_order_payment(order_id=order.id, owner_id=bert)
    with pytest.raises(PaymentNotFound):
        floor.shop.read_payment(payment_id=PaymentId(order.id), owner_id=None)


def test_two_pages_both_paid_are_paid_once_and_the_second_is_given_back(
    floor: ShopFloor, order: Order
) -> None:
    first, second = start(floor, order), start(floor, order, idempotency_key="pay-2")
    floor.press(first)
    floor.press(second)
    floor.hear()
    floor.hear()
    assert floor.captured_and_refunded() == (600, 300)
    payment = floor.payment(order)
    assert payment.allocated == order.total
    assert payment.status is PaymentStatus.PAID
    assert floor.order(order.id).status == "confirmed"
    assert floor.told() == ["order-placed", "payment-received", "refunded"]


def test_pages_for_one_order_have_an_end_and_are_all_closed_with_it(floor: ShopFloor, order: Order) -> None:
    for number in range(MAX_CHECKOUTS):
        start(floor, order, idempotency_key=f"pay-{number}")
    with pytest.raises(TooManyCheckouts):
        start(floor, order, idempotency_key="one too many")
    assert start(floor, order, idempotency_key="pay-3").replayed
    floor.shop.cancel_order(order_id=order.id, actor=Actor(order.user_id, frozenset({Role.CUSTOMER})))
    floor.work()
    assert {attempt.state for attempt in floor.payment(order).attempts} == {AttemptState.VOIDED}


def test_once_an_order_is_paid_its_other_page_is_closed(floor: ShopFloor, order: Order) -> None:
    first, second = start(floor, order), start(floor, order, idempotency_key="pay-2")
    floor.press(first)
    floor.hear()
    page = floor.pages.show((second.attempt.redirect_url or "").rpartition("/")[2])
    assert page.choices == ()


def test_a_declined_card_is_no_end(floor: ShopFloor, order: Order) -> None:
    floor.press(start(floor, order), Choice.DECLINE)
    floor.hear()
    assert floor.told() == ["order-placed", "payment-failed"]
    floor.press(start(floor, order, idempotency_key="pay-2"))
    floor.hear()
    floor.later(timedelta(minutes=5))
    assert floor.order(order.id).status == "confirmed"
    assert floor.told() == ["order-placed", "payment-failed", "payment-received"]


def test_an_order_of_several_lines_is_paid_as_one(floor: ShopFloor, anna: Actor) -> None:
    image = floor.upload(anna)
    order = floor.paid(anna, line(image), line(image, quantity=4), key="several")
    assert floor.payment(order).allocated == order.total


def test_h2_a_shop_may_let_banks_hold_the_money_until_production_starts() -> None:
    floor = open_floor(manual_capture=True)
    order = floor.place(floor.customer()).order
    floor.press(floor.start(order))
    floor.hear()
    payment = floor.payment(order)
    assert [attempt.manual_capture for attempt in payment.attempts] == [True]
    assert (payment.status, payment.captured.minor) == (PaymentStatus.AUTHORIZED, 0)
    assert floor.order(order.id).status is OrderStatus.CONFIRMED
    floor.later(3 * HOUR)
    assert floor.captured_and_refunded() == (order.total.minor, 0)
    assert floor.order(order.id).status is OrderStatus.IN_PRODUCTION


class Plain(SimulatedGateway):
    """It takes money at once or not at all."""

    def capabilities(self) -> Capabilities:
        return attrs.evolve(super().capabilities(), manual_capture=False)


def test_where_a_provider_holds_no_money_it_is_taken_at_once() -> None:
    floor = open_floor(gateway=Plain, manual_capture=True)
    order = floor.place(floor.customer()).order
    floor.press(floor.start(order))
    floor.hear()
    assert floor.payment(order).status is PaymentStatus.PAID

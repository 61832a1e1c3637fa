"""Doubts: whatever became of a call and of whoever made it, it is decided in the end, and done once."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import attrs
import pytest

from printapic.adapters.payments.simulated.checkout import DeskOrder, WebhookTiming
from printapic.adapters.payments.simulated.faults import Call, Fault
from printapic.adapters.payments.simulated.gateway import Collection, SimulatedGateway
from printapic.application.payments.dispatch import ProviderUnreachable
from printapic.application.payments.undecided import PAUSES
from printapic.domain.actors import Actor
from printapic.domain.orders.order import EDIT_WINDOW, Order
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.operation import LEASE, Operation, OperationKind, OperationState
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.transaction import TransactionType
from tests.shop_floor import DAY, HOUR, MINUTE, ShopFloor, open_floor

SILENCE = Fault.TIME_OUT_BEFORE


@pytest.fixture
def order(floor: ShopFloor, anna: Actor) -> Order:
    return floor.place(anna).order


def fail(floor: ShopFloor, call: Call, fault: Fault, times: int = 1) -> None:
    for nth in range(1, times + 1):
        floor.gateway.faults.plan(call, nth, fault)


def open_in_vain(floor: ShopFloor, order: Order, fault: Fault, times: int = 1) -> Operation:
    """Somebody wants to pay, is told to try again, and never does."""
    fail(floor, "open", fault, times)
    with pytest.raises(ProviderUnreachable):
        floor.start(order)
    return the(OperationKind.OPEN, floor.payment(order))


def the(kind: OperationKind, payment: Payment) -> Operation:
    (found,) = (each for each in payment.operations if each.kind is kind)
    return found


def resolve(floor: ShopFloor, order: Order, kind: OperationKind, tries: int = 1) -> None:
    payment = floor.payment(order)
    floor.perform(
        "ResolveOperation",
        payment_id=str(payment.id),
        operation_id=str(the(kind, payment).id),
        tries=tries,
    )


def forget(floor: ShopFloor) -> None:
    """Let so much time pass, with nobody at work, that the provider forgets its keys."""
    floor.clock.advance(floor.gateway.capabilities().key_lifetime)


# Openings


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.TIME_OUT_BEFORE, Fault.TIME_OUT_AFTER])
def test_a_page_is_opened_though_whoever_asked_for_it_is_gone(
    floor: ShopFloor, order: Order, fault: Fault
) -> None:
    open_in_vain(floor, order, fault)
    floor.later(LEASE)
    (attempt,) = floor.payment(order).attempts
    assert attempt.state is AttemptState.OPEN
    assert attempt.redirect_url is not None
    assert len(floor.waiting("PollPayment")) == 1
    assert floor.start(order).attempt.redirect_url == attempt.redirect_url


def test_a_page_that_opens_at_once_is_asked_for_once(floor: ShopFloor, order: Order) -> None:
    floor.start(order)
    floor.later(LEASE)
    assert the(OperationKind.OPEN, floor.payment(order)).sends == 1
    assert floor.waiting("ResolveOperation") == []


def test_a_call_in_the_hands_of_somebody_who_died_is_made_again_when_their_lease_ends(
    floor: ShopFloor, order: Order
) -> None:
    """Their job comes back earlier than that: finding the call taken is no try of its own."""
    opening = open_in_vain(floor, order, Fault.REFUSE)
    with floor.unit_of_work() as work:
        payment = work.payments.get(floor.payment(order).id)
        payment.dispatch(opening.id, at=floor.clock.now())
        work.payments.save(payment)
        work.commit()
    floor.clock.advance(LEASE / 3)
    resolve(floor, order, OperationKind.OPEN, tries=3)
    jobs = floor.waiting("ResolveOperation")
    assert {job.run_at for job in jobs} == {floor.clock.now() + 2 * LEASE / 3}
    assert {job.payload["tries"] for job in jobs} == {1, 3}
    floor.later(2 * LEASE / 3)
    (attempt,) = floor.payment(order).attempts
    assert attempt.state is AttemptState.OPEN
    assert the(OperationKind.OPEN, floor.payment(order)).sends == 3


def test_every_try_waits_longer_than_the_one_before_it(floor: ShopFloor, order: Order) -> None:
    open_in_vain(floor, order, SILENCE, times=20)
    waited: list[timedelta] = []
    while floor.clock.now() + PAUSES[len(waited)] < order.expires_at:
        (job,) = floor.waiting("ResolveOperation")
        waited.append(job.run_at - floor.clock.now())
        floor.later(waited[-1])
    assert waited == [LEASE, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR]
    assert the(OperationKind.OPEN, floor.payment(order)).state is OperationState.UNKNOWN
    assert floor.dead() == []


def test_a_page_of_which_the_provider_knows_nothing_is_given_up_when_nobody_may_pay_any_more(
    floor: ShopFloor, order: Order, anna: Actor
) -> None:
    open_in_vain(floor, order, SILENCE)
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.later(LEASE)
    payment = floor.payment(order)
    assert the(OperationKind.OPEN, payment).state is OperationState.ABANDONED
    assert payment.attempts[0].state is AttemptState.VOIDED
    assert floor.waiting("ResolveOperation") == []


def test_a_page_that_turns_up_after_the_order_was_called_off_is_closed(
    floor: ShopFloor, order: Order, anna: Actor
) -> None:
    open_in_vain(floor, order, Fault.TIME_OUT_AFTER)
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.later(LEASE)
    payment = floor.payment(order)
    assert the(OperationKind.OPEN, payment).state is OperationState.SUCCEEDED
    assert the(OperationKind.VOID, payment).state is OperationState.SUCCEEDED
    assert payment.attempts[0].state is AttemptState.VOIDED


def test_a_page_that_nobody_waits_for_and_that_was_never_asked_for_is_given_up_unseen(
    floor: ShopFloor, order: Order
) -> None:
    open_in_vain(floor, order, Fault.REFUSE)
    fail(floor, "find", SILENCE)
    floor.clock.advance(DAY)
    resolve(floor, order, OperationKind.OPEN)
    assert the(OperationKind.OPEN, floor.payment(order)).state is OperationState.ABANDONED


@pytest.mark.parametrize("call", ["find", "fetch"])
def test_nothing_is_given_up_before_the_provider_has_said_what_it_has(
    floor: ShopFloor, order: Order, anna: Actor, call: Call
) -> None:
    open_in_vain(floor, order, Fault.TIME_OUT_AFTER)
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    fail(floor, call, SILENCE)
    floor.later(LEASE)
    assert the(OperationKind.OPEN, floor.payment(order)).state is OperationState.UNKNOWN
    floor.later(MINUTE)
    assert floor.payment(order).attempts[0].state is AttemptState.VOIDED


def test_without_its_provider_a_doubt_stays(floor: ShopFloor, order: Order, anna: Actor) -> None:
    open_in_vain(floor, order, SILENCE)
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.clock.advance(LEASE)
    payment = floor.payment(order)
    opening = the(OperationKind.OPEN, payment)
    without = attrs.evolve(
        floor.shop.resolve_operation, look=attrs.evolve(floor.shop.resolve_operation.look, gateways={})
    )
    without(payment_id=payment.id, operation_id=opening.id, tries=1)
    assert the(OperationKind.OPEN, floor.payment(order)) == opening
    assert len(floor.waiting("ResolveOperation")) == 2


def test_a_call_in_somebodys_hands_is_left_there(floor: ShopFloor, order: Order, anna: Actor) -> None:
    open_in_vain(floor, order, SILENCE)
    payment = floor.payment(order)
    with floor.unit_of_work() as work:
        held = work.payments.get(payment.id)
        held.dispatch(payment.operations[0].id, at=floor.clock.now())
        work.payments.save(held)
        work.commit()
    resolve(floor, order, OperationKind.OPEN)
    assert the(OperationKind.OPEN, floor.payment(order)).sends == 2
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    resolve(floor, order, OperationKind.OPEN)
    assert the(OperationKind.OPEN, floor.payment(order)).state is OperationState.DISPATCHED


# Money


def called_off(floor: ShopFloor, anna: Actor, fault: Fault, times: int = 1) -> Order:
    """A paid order that is called off; the first refunds go wrong, and nobody hears of them."""
    order = floor.paid(anna)
    fail(floor, "refund", fault, times)
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.work()
    return order


@pytest.mark.parametrize(("fault", "sends"), [(Fault.TIME_OUT_AFTER, 1), (Fault.TIME_OUT_BEFORE, 2)])
def test_i4_a_key_that_the_provider_forgot_protects_nothing_and_its_books_are_asked_first(
    floor: ShopFloor, anna: Actor, fault: Fault, sends: int
) -> None:
    order = called_off(floor, anna, fault)
    forget(floor)
    floor.work()
    assert floor.captured_and_refunded() == (300, 300)
    refund = the(OperationKind.REFUND, floor.payment(order))
    assert (refund.state, refund.sends) == (OperationState.SUCCEEDED, sends)


def test_i4_a_forgotten_key_is_not_used_while_the_books_stay_closed(floor: ShopFloor, anna: Actor) -> None:
    order = called_off(floor, anna, SILENCE)
    forget(floor)
    fail(floor, "fetch", SILENCE, times=2)
    resolve(floor, order, OperationKind.REFUND)
    assert the(OperationKind.REFUND, floor.payment(order)).sends == 1
    floor.later(MINUTE)
    floor.later(MINUTE)
    assert floor.captured_and_refunded() == (300, 300)


def test_i4_an_order_does_not_expire_while_its_money_may_be_taken_and_is_paid_once_in_the_end() -> None:
    floor = open_floor(gateway=partial(SimulatedGateway, collection=Collection.ON_COMPLETE))
    order = floor.place(floor.customer()).order
    floor.press(floor.start(order))
    fail(floor, "complete", SILENCE)
    floor.hear()
    assert the(OperationKind.COMPLETE, floor.payment(order)).state is OperationState.UNKNOWN
    forget(floor)
    floor.perform("ExpireOrder", order_id=str(order.id))
    assert floor.order(order.id).status is OrderStatus.AWAITING_PAYMENT
    resolve(floor, order, OperationKind.COMPLETE)
    complete = the(OperationKind.COMPLETE, floor.payment(order))
    assert (complete.state, complete.sends) == (OperationState.SUCCEEDED, 2)
    floor.later(HOUR)
    assert floor.order(order.id).status is OrderStatus.CONFIRMED
    assert floor.captured_and_refunded() == (300, 0)


def test_i4_a_page_whose_opening_was_forgotten_is_found_and_not_opened_twice(
    floor: ShopFloor, order: Order
) -> None:
    """The shop was off for a day, less a moment in which the page can still be paid at."""
    open_in_vain(floor, order, Fault.TIME_OUT_AFTER)
    floor.clock.advance(DAY - LEASE)
    resolve(floor, order, OperationKind.OPEN)
    opening = the(OperationKind.OPEN, floor.payment(order))
    assert (opening.state, opening.sends) == (OperationState.SUCCEEDED, 1)
    assert floor.payment(order).attempts[0].ref is not None


@pytest.mark.parametrize("fault", [Fault.TIME_OUT_AFTER, Fault.TIME_OUT_BEFORE, Fault.REFUSE])
def test_the_same_try_in_two_places_gives_back_once(floor: ShopFloor, anna: Actor, fault: Fault) -> None:
    order = called_off(floor, anna, fault)
    for _ in range(2):
        resolve(floor, order, OperationKind.REFUND)
    floor.later(DAY)
    assert floor.captured_and_refunded() == (300, 300)
    assert the(OperationKind.REFUND, floor.payment(order)).state is OperationState.SUCCEEDED
    assert floor.told().count("refunded") == 1


def test_what_was_decided_is_looked_at_until_it_is_in_the_log(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    fail(floor, "fetch", SILENCE)
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.work()
    assert the(OperationKind.REFUND, floor.payment(order)).state is OperationState.SUCCEEDED
    assert TransactionType.REFUND_SUCCEEDED not in floor.money_rows(order)
    floor.later(MINUTE)
    assert TransactionType.REFUND_SUCCEEDED in floor.money_rows(order)
    assert floor.failed() == []


def test_a_last_look_that_fails_at_what_is_decided_bothers_nobody(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    floor.later(MINUTE)
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.work()
    fail(floor, "fetch", SILENCE)
    resolve(floor, order, OperationKind.REFUND, tries=len(PAUSES))
    assert floor.payment(order).review_reasons == ()
    assert floor.waiting("ResolveOperation") == []


def test_a_refund_that_stays_undecided_waits_for_a_person_whatever_became_of_the_order(
    floor: ShopFloor, anna: Actor
) -> None:
    order = called_off(floor, anna, SILENCE, times=2)
    resolve(floor, order, OperationKind.REFUND, tries=len(PAUSES))
    refund = the(OperationKind.REFUND, floor.payment(order))
    assert floor.payment(order).review_reasons == (f"undecided:{refund.id}",)
    assert floor.order(order.id).status is OrderStatus.CANCELLED


def test_what_stays_undecided_for_six_days_waits_for_a_person() -> None:
    """Money that a bank holds for an order cannot be taken: the order waits, and then a person is asked."""
    floor = open_floor(gateway=partial(SimulatedGateway, collection=Collection.ON_CAPTURE))
    order = floor.place(floor.customer()).order
    floor.press(floor.start(order), desk=DeskOrder(webhook=WebhookTiming.NEVER))
    fail(floor, "capture", SILENCE, times=len(PAUSES) + 1)
    floor.later(5 * MINUTE)
    floor.later(EDIT_WINDOW)
    capture = the(OperationKind.CAPTURE, floor.payment(order))
    since = floor.clock.now()
    while jobs := floor.waiting("ResolveOperation"):
        assert floor.payment(order).review_reasons == ()
        floor.later(jobs[0].run_at - floor.clock.now())
    assert floor.clock.now() - since == sum(PAUSES, timedelta())
    assert floor.payment(order).review_reasons == (f"undecided:{capture.id}",)
    assert floor.order(order.id).status is OrderStatus.ON_HOLD
    assert floor.dead() == []

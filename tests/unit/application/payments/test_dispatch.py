"""Calls that move money: prepared first, sent under one key, and sent again until their effect is known."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest

from printapic.adapters.payments.simulated.checkout import DeskOrder, WebhookTiming
from printapic.adapters.payments.simulated.faults import Fault
from printapic.adapters.payments.simulated.gateway import Collection, SimulatedGateway
from printapic.application.payments.dispatch import ProviderUnreachable
from printapic.application.ports.payments import ActionRequired, Declined, Outcome
from printapic.domain.actors import Actor
from printapic.domain.ids import OperationId
from printapic.domain.money import Money
from printapic.domain.orders.order import Order
from printapic.domain.payments.operation import Operation, OperationKind, OperationState
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.snapshot import RefundState, Snapshot
from printapic.domain.payments.status import PaymentStatus
from printapic.domain.users.user import Locale
from tests.shop_floor import HOUR, MINUTE, ShopFloor, open_floor


def called_off(floor: ShopFloor, anna: Actor) -> Order:
    """A paid order that is called off; its refund is prepared and not sent."""
    order = floor.paid(anna)
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.perform("ReleasePayment", order_id=str(order.id))
    return order


def operation(payment: Payment, kind: OperationKind) -> Operation:
    (found,) = (each for each in payment.operations if each.kind is kind)
    return found


def dispatch(floor: ShopFloor, payment: Payment, sent: Operation) -> None:
    floor.shop.dispatch_operation(payment_id=payment.id, operation_id=sent.id)


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.UNAUTHORIZED])
def test_whatever_happens_to_the_call_the_customer_is_refunded_once(
    floor: ShopFloor, anna: Actor, fault: Fault
) -> None:
    order = called_off(floor, anna)
    floor.gateway.faults.plan("refund", 1, fault)
    floor.work()
    floor.later(MINUTE)
    assert floor.captured_and_refunded() == (300, 300)
    assert floor.payment(order).status is PaymentStatus.REFUNDED
    assert floor.told().count("refunded") == 1
    assert floor.dead() == []


@pytest.mark.parametrize("locale", Locale)
def test_the_page_speaks_the_customers_language(floor: ShopFloor, anna: Actor, locale: Locale) -> None:
    order = floor.place(anna).order
    floor.shop.update_profile(user_id=order.user_id, locale=locale)
    started = floor.start(order)
    token = urlsplit(started.attempt.redirect_url or "").path.rpartition("/")[2]
    assert floor.pages.show(token).locale == locale.value


def test_a_call_of_unknown_effect_stays_unknown_and_is_sent_under_the_same_key(
    floor: ShopFloor, anna: Actor
) -> None:
    order = called_off(floor, anna)
    floor.gateway.faults.plan("refund", 1, Fault.TIME_OUT_AFTER)
    payment = floor.payment(order)
    refund = operation(payment, OperationKind.REFUND)
    with pytest.raises(ProviderUnreachable):
        dispatch(floor, payment, refund)
    unknown = operation(floor.payment(order), OperationKind.REFUND)
    assert (unknown.state, unknown.outcome_code) == (OperationState.UNKNOWN, "time-out-after")
    dispatch(floor, payment, refund)
    assert operation(floor.payment(order), OperationKind.REFUND).state is OperationState.SUCCEEDED
    assert floor.captured_and_refunded() == (300, 300)


def test_how_the_provider_names_a_call_is_kept_for_their_support(floor: ShopFloor, anna: Actor) -> None:
    order = called_off(floor, anna)
    prepared = operation(floor.payment(order), OperationKind.REFUND)
    assert prepared.provider_request_id is None
    floor.work()
    answered = operation(floor.payment(order), OperationKind.REFUND)
    assert (answered.provider_request_id or "").startswith("sim_req_")


def test_news_that_outrun_an_answer_do_not_hide_how_the_provider_names_the_call(
    floor: ShopFloor, anna: Actor
) -> None:
    order = called_off(floor, anna)
    floor.gateway.faults.plan("refund", 1, Fault.TIME_OUT_AFTER)
    payment = floor.payment(order)
    refund = operation(payment, OperationKind.REFUND)
    with pytest.raises(ProviderUnreachable):
        dispatch(floor, payment, refund)
    nameless = operation(floor.payment(order), OperationKind.REFUND)
    assert (nameless.state, nameless.provider_request_id) == (OperationState.UNKNOWN, None)
    dispatch(floor, payment, refund)
    named = operation(floor.payment(order), OperationKind.REFUND)
    assert named.provider_request_id is not None
    assert named.answered(provider_request_id=None) == named


def test_a_decided_call_is_never_sent_again(floor: ShopFloor, anna: Actor) -> None:
    order = called_off(floor, anna)
    floor.work()
    payment = floor.payment(order)
    refund = operation(payment, OperationKind.REFUND)
    dispatch(floor, payment, refund)
    assert operation(floor.payment(order), OperationKind.REFUND).sends == 1


def test_a_refund_that_the_provider_refuses_waits_for_a_person(floor: ShopFloor, anna: Actor) -> None:
    order = called_off(floor, anna)
    floor.gateway.faults.plan("refund", 1, Fault.UNAUTHORIZED)
    floor.work()
    floor.later(HOUR)
    payment = floor.payment(order)
    assert payment.status is PaymentStatus.NEEDS_REVIEW
    assert operation(payment, OperationKind.REFUND).state is OperationState.REJECTED
    assert floor.captured_and_refunded() == (300, 0)


@pytest.mark.parametrize(
    ("first", "becomes"),
    [
        (Fault.TIME_OUT_BEFORE, OperationState.REJECTED),
        (Fault.TIME_OUT_AFTER, OperationState.SUCCEEDED),
    ],
)
def test_u2_a_refusal_of_a_later_sending_says_nothing_of_the_first_which_the_books_tell(
    floor: ShopFloor, anna: Actor, first: Fault, becomes: OperationState
) -> None:
    order = called_off(floor, anna)
    floor.gateway.faults.plan("refund", 1, first)
    floor.gateway.faults.plan("refund", 2, Fault.UNAUTHORIZED)
    floor.work()
    floor.later(HOUR)
    assert operation(floor.payment(order), OperationKind.REFUND).state is becomes
    done = becomes is OperationState.SUCCEEDED
    assert floor.captured_and_refunded() == (300, 300 if done else 0)
    assert floor.payment(order).status is (PaymentStatus.REFUNDED if done else PaymentStatus.NEEDS_REVIEW)


def test_u2_a_refusal_stays_unknown_while_the_books_are_closed(floor: ShopFloor, anna: Actor) -> None:
    order = called_off(floor, anna)
    payment = floor.payment(order)
    refund = operation(payment, OperationKind.REFUND)
    floor.gateway.faults.plan("refund", 1, Fault.TIME_OUT_AFTER)
    floor.gateway.faults.plan("refund", 2, Fault.UNAUTHORIZED)
    floor.gateway.faults.plan("fetch", 1, Fault.REFUSE)
    for _ in range(2):
        with pytest.raises(ProviderUnreachable):
            dispatch(floor, payment, refund)
        floor.clock.advance(MINUTE)
    assert operation(floor.payment(order), OperationKind.REFUND).state is OperationState.UNKNOWN
    floor.later(HOUR)
    assert floor.captured_and_refunded() == (300, 300)
    assert floor.payment(order).status is PaymentStatus.REFUNDED


def test_money_given_back_in_the_providers_dashboard_is_not_given_back_again(
    floor: ShopFloor, anna: Actor
) -> None:
    order = floor.paid(anna)
    capture = floor.payment(order).log.captures()[0]
    floor.dashboard.refund(capture.ref, Money(100, order.total.currency))
    floor.hear()
    assert floor.payment(order).status is PaymentStatus.PARTIALLY_REFUNDED
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.hear()
    assert floor.captured_and_refunded() == (300, 300)
    assert floor.told().count("refunded") == 2


def test_a_customer_who_pays_while_the_page_is_being_closed_gets_the_money_back(
    floor: ShopFloor, anna: Actor
) -> None:
    order = floor.place(anna).order
    started = floor.start(order)
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.press(started, desk=DeskOrder(webhook=WebhookTiming.NEVER))
    floor.work()
    assert floor.captured_and_refunded() == (300, 300)
    assert floor.order(order.id).status == "cancelled"
    assert sorted(floor.told()) == ["order-cancelled", "order-placed", "refunded"]


def test_a_customer_who_pays_before_calling_off_gets_the_money_back(floor: ShopFloor, anna: Actor) -> None:
    """The order is called off before the shop has heard of the money."""
    order = floor.place(anna).order
    floor.press(floor.start(order))
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.hear()
    assert floor.captured_and_refunded() == (300, 300)
    assert "payment-received" not in floor.told()


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.TIME_OUT_AFTER])
def test_closing_a_page_is_tried_until_it_is_closed(floor: ShopFloor, anna: Actor, fault: Fault) -> None:
    order = floor.place(anna).order
    started = floor.start(order)
    floor.gateway.faults.plan("void", 1, fault)
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.work()
    floor.later(MINUTE)
    assert floor.pages.show((started.attempt.redirect_url or "").rpartition("/")[2]).choices == ()
    assert floor.payment(order).attempts[0].state == "voided"


def test_a_call_to_a_provider_that_the_shop_gave_up_waits_for_its_return(
    floor: ShopFloor, anna: Actor
) -> None:
    order = called_off(floor, anna)
    payment = floor.payment(order)
    refund = operation(payment, OperationKind.REFUND)
    without = attrs.evolve(floor.shop.dispatch_operation, gateways={})
    with pytest.raises(ProviderUnreachable):
        without(payment_id=payment.id, operation_id=refund.id)
    assert operation(floor.payment(order), OperationKind.REFUND).state is OperationState.NOT_SENT
    floor.work()
    assert floor.captured_and_refunded() == (300, 300)


def test_a_refund_that_comes_back_after_all_waits_for_a_person(floor: ShopFloor, anna: Actor) -> None:
    order = called_off(floor, anna)
    floor.work()
    (refund,) = floor.payment(order).log.refunds
    floor.dashboard.decide_refund(refund.ref, RefundState.FAILED)
    floor.hear()
    payment = floor.payment(order)
    assert payment.status is PaymentStatus.NEEDS_REVIEW
    assert not payment.refunded


# Providers that take money in steps


class InSteps(SimulatedGateway):
    """Waits for the shop to take what the customer agreed to."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options, collection=Collection.ON_COMPLETE)


@pytest.mark.parametrize("fault", [None, Fault.REFUSE, Fault.TIME_OUT_BEFORE, Fault.TIME_OUT_AFTER])
def test_what_the_customer_agreed_to_is_taken_once(fault: Fault | None) -> None:
    floor = open_floor(gateway=InSteps)
    order = floor.place(floor.customer()).order
    if fault is not None:
        floor.gateway.faults.plan("complete", 1, fault)
    floor.press(floor.start(order))
    floor.hear()
    floor.later(MINUTE)
    assert floor.captured_and_refunded() == (300, 0)
    assert floor.order(order.id).status == "confirmed"
    assert operation(floor.payment(order), OperationKind.COMPLETE).state is OperationState.SUCCEEDED


class Reluctant(InSteps):
    """Declines to complete: the card was blocked between agreeing and taking."""

    def complete(self, *, ref: str, key: OperationId) -> Outcome[Snapshot]:
        return Declined(code="card-blocked")


def test_a_bank_that_declines_at_the_last_moment_leaves_the_order_unpaid() -> None:
    floor = open_floor(gateway=Reluctant)
    order = floor.place(floor.customer()).order
    floor.press(floor.start(order))
    floor.hear()
    declined = operation(floor.payment(order), OperationKind.COMPLETE)
    assert (declined.state, declined.outcome_code) == (OperationState.DECLINED, "card-blocked")
    assert floor.order(order.id).status == "awaiting_payment"


class Hesitant(InSteps):
    """Sends the customer back to the page once more."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.asked = 0

    def complete(self, *, ref: str, key: OperationId) -> Outcome[Snapshot]:
        self.asked += 1
        return ActionRequired(redirect_url="https://pay.example/again")


def test_a_provider_that_wants_the_customer_again_is_not_asked_for_ever() -> None:
    floor = open_floor(gateway=Hesitant)
    order = floor.place(floor.customer()).order
    floor.press(floor.start(order))
    floor.hear()
    floor.later(HOUR)
    assert operation(floor.payment(order), OperationKind.COMPLETE).state is OperationState.PAYER_ACTION
    assert isinstance(floor.gateway, Hesitant)
    assert floor.gateway.asked == 1


class Authorizing(SimulatedGateway):
    """Holds the money until the shop captures it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options, collection=Collection.ON_CAPTURE)


def test_authorized_money_is_captured_for_the_whole_amount() -> None:
    floor = open_floor(gateway=Authorizing)
    order = floor.place(floor.customer()).order
    floor.press(floor.start(order))
    floor.hear()
    with floor.unit_of_work() as work:
        payment = work.payments.get(floor.payment(order).id)
        capture = attrs.evolve(
            payment.operations[0],
            id=OperationId(floor.shop.place_order.identifiers.uuid()),
            kind=OperationKind.CAPTURE,
            state=OperationState.PREPARED,
            sends=0,
            first_sent_at=None,
            leased_until=None,
            provider_ref=None,
        )
        payment.operations = (*payment.operations, capture)
        work.payments.save(payment)
        work.commit()
    dispatch(floor, floor.payment(order), capture)
    assert floor.order(order.id).status == "confirmed"
    assert floor.captured_and_refunded() == (300, 0)

"""Money that is not what was asked for."""

from __future__ import annotations

from uuid import uuid4

import pytest

from printapic.application.ports.payments import CheckoutRequest, Done, Rejected
from printapic.domain.ids import OperationId
from printapic.domain.money import Currency, Money
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.giving_back import MoneyNotAcceptable
from printapic.domain.payments.payment import ForeignSnapshot
from printapic.domain.payments.status import PaymentStatus
from printapic.domain.payments.transaction import Source, TransactionType
from tests.integration.contracts.gateway_drivers import NOON
from tests.integration.payments.closing import all_is_done
from tests.integration.payments.conftest import SideMaker, state_row
from tests.integration.payments.floor import PAID, PRICE, Backend, Floor
from tests.integration.payments.sides import Side
from tests.shop_floor import HOUR


@state_row
@pytest.mark.parametrize("paid", ["2.99 EUR", "3.01 EUR"])
def test_a1_another_amount_than_due_fulfils_nothing_until_a_person_decides(floor: Floor, paid: str) -> None:
    order = floor.places()
    amount, _, currency = paid.partition(" ")
    floor.provider.pay(floor.opens(order), amount=Money.of(amount, currency))
    floor.hear()
    (capture,) = floor.captures(order)
    assert (capture.type, str(capture.amount)) == (TransactionType.CAPTURE_PARKED, paid)
    assert floor.status(order) == (OrderStatus.AWAITING_PAYMENT, PaymentStatus.NEEDS_REVIEW)


@state_row
@pytest.mark.parametrize("came", [Money.of("34.00", "SEK"), Money(2700, Currency.known("HKD"))], ids=str)
def test_a1_money_of_another_currency_is_seen_parked_and_given_back(floor: Floor, came: Money) -> None:
    order = floor.places()
    floor.provider.pay(floor.opens(order), amount=came)
    floor.hear()
    (capture,) = floor.captures(order)
    assert (capture.type, capture.amount) == (TransactionType.CAPTURE_PARKED, came)
    assert floor.status(order) == (OrderStatus.AWAITING_PAYMENT, PaymentStatus.NEEDS_REVIEW)
    with pytest.raises(MoneyNotAcceptable):
        floor.shop.accept_parked_money(
            payment_id=floor.payment(order).id, capture_ref=capture.ref, reason="Enough?", staff=floor.staff
        )
    floor.later(4 * HOUR)
    floor.syncs(order)
    (report,) = floor.shop.reconcile_payments(since=NOON - HOUR)
    assert report.clean
    floor.refunds(order, capture=capture.ref)
    floor.hear()
    assert [str(line.amount) for line in floor.provider.ledger()] == [str(came), str(-came)]
    assert floor.order(order).status is not OrderStatus.CONFIRMED


@state_row
def test_a1_money_of_another_currency_goes_back_as_the_order_is_called_off(floor: Floor) -> None:
    order, came = floor.places(), Money(2700, Currency.known("HKD"))
    floor.provider.pay(floor.opens(order), amount=came)
    floor.hear()
    floor.cancels(order)
    floor.hear()
    assert [line.amount for line in floor.provider.ledger()] == [came, -came]


def test_a1_more_than_due_may_be_accepted_and_the_rest_goes_back(floor: Floor) -> None:
    order = floor.places()
    floor.provider.pay(floor.opens(order), amount=Money.of("3.50", "EUR"))
    floor.hear()
    (capture,) = floor.captures(order)
    floor.shop.accept_parked_money(
        payment_id=floor.payment(order).id, capture_ref=capture.ref, reason="It is enough", staff=floor.staff
    )
    floor.work()
    floor.hear()
    assert floor.status(order) == PAID
    assert [str(line.amount) for line in floor.provider.ledger()] == ["3.50 EUR", "-0.50 EUR"]


def test_a1_less_than_due_is_given_back_by_hand(floor: Floor) -> None:
    order = floor.places()
    floor.provider.pay(floor.opens(order), amount=Money.of("1.00", "EUR"))
    floor.hear()
    floor.refunds(order)
    floor.hear()
    assert sum(line.amount.minor for line in floor.provider.ledger()) == 0
    assert floor.order(order).status is OrderStatus.AWAITING_PAYMENT


def test_a2_the_page_of_another_order_pays_nothing_here(floor: Floor) -> None:
    mine, other = floor.places(), floor.places()
    floor.opens(mine)
    foreign = floor.opens(other, "pay-2")
    floor.provider.pay(foreign)
    payment = floor.payment(mine)
    with pytest.raises(ForeignSnapshot):
        floor.shop.sync_payment(
            payment_id=payment.id, source=Source.RETURN, attempt_id=payment.attempts[0].id, ref=foreign
        )
    assert floor.captures(mine) == ()
    floor.hear()
    assert floor.status(other) == PAID
    assert floor.order(mine).status is OrderStatus.AWAITING_PAYMENT


@pytest.mark.contracts
@state_row
def test_h7_two_providers_are_paid_for_one_order_and_one_gives_back(
    make_side: SideMaker, store: Backend
) -> None:
    stripe, paypal = make_side("stripe"), make_side("paypal")
    floor = Floor(store, [stripe, paypal])
    order = floor.places()
    first = floor.opens(order, "pay-1", at=stripe.provider)
    second = floor.opens(order, "pay-2", at=paypal.provider)
    paypal.simulator.pay(second)
    stripe.simulator.pay(first)
    floor.hear()
    floor.later(HOUR)
    floor.hear()
    assert floor.order(order).status is OrderStatus.CONFIRMED
    kept = {
        side.provider: sum(line.amount.minor for line in side.simulator.ledger()) for side in (stripe, paypal)
    }
    assert sorted(kept.values()) == [0, PRICE.minor]
    assert floor.payment(order).allocated == PRICE
    all_is_done(floor)


def asked(side: Side, price: Money) -> CheckoutRequest:
    return CheckoutRequest(
        our_reference=str(uuid4()),
        payment_reference=str(uuid4()),
        order_number="PA-7K3M-92QX",
        amount=price,
        return_url="https://shop.test/return",
        cancel_url="https://shop.test/cancel",
        expires_at=side.books.now() + HOUR,
    )


@pytest.mark.parametrize("price", [Money.of("0.50", "EUR"), Money.of("1290", "JPY")], ids=str)
def test_h6_amounts_arrive_to_the_minor_unit(side: Side, price: Money) -> None:
    opened = side.gateway.open(checkout=asked(side, price), key=OperationId(uuid4()))
    assert isinstance(opened, Done)
    side.simulator.pay(opened.value.ref)
    paid = side.gateway.complete(ref=opened.value.ref, key=OperationId(uuid4()))
    assert isinstance(paid, Done)
    assert [capture.amount for capture in paid.value.captures] == [price]
    assert [line.amount for line in side.simulator.ledger()] == [price]


def test_h6_a_currency_that_nobody_listed_is_refused_unsent(side: Side) -> None:
    request = asked(side, Money(1000, Currency("XTS", 2)))
    assert isinstance(side.gateway.open(checkout=request, key=OperationId(uuid4())), Rejected)
    assert list(side.simulator.checkouts(request.our_reference)) == []

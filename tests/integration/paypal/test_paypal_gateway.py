"""Our PayPal adapter against a PayPal that behaves, and misbehaves, over a wire where contracts are kept."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from printapic.application.ports.payments import (
    ActionRequired,
    MovementsUnavailable,
    Pending,
    Rejected,
    Unknown,
)
from printapic.domain.money import Currency, Money
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.snapshot import DisputeState, RefundState
from tests.integration.paypal.conftest import UnderContract
from tests.integration.paypal.till import PRICE, TWO, Shop, new_key, value_of
from tests.provider_contracts.contract import Contract
from tests.providers.paypal.redirection import to_loopback
from tests.providers.paypal.simulator import PayPalSimulator


def test_h1_what_the_customer_approved_is_taken_once(till: Shop) -> None:
    request = till.request()
    opened = value_of(till.gateway.open(checkout=request, key=new_key()))
    assert opened.redirect_url.startswith("https://www.paypal.com/")
    before = till.look(opened.ref)
    assert (before.state, before.captures, before.our_reference) == (
        AttemptState.OPEN,
        (),
        request.our_reference,
    )
    till.paypal.pay(opened.ref)
    assert till.look(opened.ref).state is AttemptState.APPROVED
    assert till.paypal.ledger() == []
    taken = value_of(till.gateway.complete(ref=opened.ref, key=new_key()))
    assert taken == till.look(opened.ref)
    assert (taken.state, [fact.amount for fact in taken.captures]) == (AttemptState.CAPTURED, [PRICE])
    assert value_of(till.gateway.complete(ref=opened.ref, key=new_key())) == taken
    assert len(till.paypal.ledger()) == 1


@pytest.mark.parametrize(
    "price",
    [
        Money.of("0.01", "EUR"),
        Money.of("1290", "JPY"),
        Money(129000, Currency("HUF", 2)),
        Money(129000, Currency("TWD", 2)),
    ],
)
def test_h6_amounts_arrive_to_the_minor_unit(till: Shop, price: Money) -> None:
    ref, capture = till.paid(price)
    assert capture.amount == price
    assert value_of(till.refund(capture, price, new_key())).amount == price
    assert till.look(ref).refunds[0].amount == price


def test_h2_money_is_held_and_taken_in_parts(till: Shop) -> None:
    ref = till.held(Money.of("30.00", "EUR"))
    key = new_key()
    part = till.gateway.capture(ref=ref, amount=Money.of("10.00", "EUR"), final=False, key=key)
    assert value_of(part).state is AttemptState.AUTHORIZED
    again = till.gateway.capture(ref=ref, amount=Money.of("10.00", "EUR"), final=False, key=key)
    assert value_of(again) == value_of(part)
    too_much = till.gateway.capture(ref=ref, amount=Money.of("20.01", "EUR"), final=True, key=new_key())
    assert isinstance(too_much, Rejected)
    last = till.gateway.capture(ref=ref, amount=Money.of("5.00", "EUR"), final=True, key=new_key())
    assert value_of(last).state is AttemptState.CAPTURED
    more = till.gateway.capture(ref=ref, amount=Money.of("1.00", "EUR"), final=True, key=new_key())
    assert isinstance(more, Rejected)
    assert [str(fact.amount) for fact in till.look(ref).captures] == ["10.00 EUR", "5.00 EUR"]


def test_h2_money_that_is_held_is_let_go(till: Shop) -> None:
    ref, key = till.held(), new_key()
    first = value_of(till.gateway.void(ref=ref, key=key))
    assert first.state is AttemptState.VOIDED
    assert value_of(till.gateway.void(ref=ref, key=key)) == first
    taken = till.gateway.capture(ref=ref, amount=PRICE, final=True, key=new_key())
    assert isinstance(taken, Rejected)
    assert till.paypal.ledger() == []


def test_c1_a_page_that_nobody_wants_any_more_takes_no_money_without_us(till: Shop) -> None:
    ref = till.opened().ref
    assert value_of(till.gateway.void(ref=ref, key=new_key())).state is AttemptState.OPEN
    till.paypal.pay(ref)
    assert value_of(till.gateway.void(ref=ref, key=new_key())).state is AttemptState.APPROVED
    till.paypal.books.pass_time(timedelta(hours=4))
    assert till.gateway.fetch(ref=ref) == Rejected(code="not-found"), (
        "PayPal forgets orders that were not completed"
    )
    assert till.paypal.ledger() == []


def test_h3_a_challenge_sends_the_customer_back_and_then_the_money_comes(till: Shop) -> None:
    ref = till.opened().ref
    assert isinstance(till.gateway.complete(ref=ref, key=new_key()), ActionRequired)
    till.paypal.challenge(ref)
    sent_back = till.gateway.complete(ref=ref, key=new_key())
    assert isinstance(sent_back, ActionRequired)
    assert sent_back.redirect_url.startswith("https://www.paypal.com/")
    till.paypal.pay(ref)
    assert value_of(till.gateway.complete(ref=ref, key=new_key())).state is AttemptState.CAPTURED


def test_h5_after_a_decline_the_same_order_may_still_be_paid(till: Shop) -> None:
    ref = till.opened().ref
    till.paypal.decline(ref)
    assert isinstance(till.gateway.complete(ref=ref, key=new_key()), ActionRequired)
    assert till.look(ref).captures == ()
    till.paypal.pay(ref)
    assert value_of(till.gateway.complete(ref=ref, key=new_key())).state is AttemptState.CAPTURED


@pytest.mark.parametrize(("good", "state"), [(True, AttemptState.CAPTURED), (False, AttemptState.FAILED)])
def test_h4_money_that_takes_days_comes_or_does_not(till: Shop, good: bool, state: AttemptState) -> None:
    ref = till.opened().ref
    till.paypal.pay_slowly(ref)
    assert isinstance(till.gateway.complete(ref=ref, key=new_key()), Pending)
    waiting = till.look(ref)
    assert (waiting.state, waiting.captures) == (AttemptState.PROCESSING, ())
    assert isinstance(till.gateway.void(ref=ref, key=new_key()), Rejected)
    till.paypal.bank_decides(ref, good=good)
    assert till.look(ref).state is state


def test_c3_a_bank_does_not_hold_money_for_ever(till: Shop) -> None:
    ref = till.held()
    till.paypal.expire(ref)
    assert till.look(ref).state in (AttemptState.EXPIRED, AttemptState.VOIDED)
    taken = till.gateway.capture(ref=ref, amount=PRICE, final=True, key=new_key())
    assert isinstance(taken, Rejected)


def test_a1_another_amount_than_asked_is_shown_as_it_came(till: Shop) -> None:
    ref = till.opened().ref
    till.paypal.pay(ref, amount=TWO)
    assert [fact.amount for fact in value_of(till.gateway.complete(ref=ref, key=new_key())).captures] == [TWO]


def test_r3_refunds_wait_and_may_fail(till: Shop) -> None:
    ref, capture = till.paid()
    till.paypal.refunds_pend()
    key = new_key()
    waiting = till.refund(capture, TWO, key)
    assert isinstance(waiting, Pending)
    for state in (RefundState.SUCCEEDED, RefundState.FAILED):
        till.paypal.decide_refund(waiting.ref, state)
        (fact,) = till.look(ref).refunds
        assert (fact.ref, fact.state, fact.operation_id) == (waiting.ref, state, key)


def test_r4_refunds_from_the_dashboard_are_nobodys_operation(till: Shop) -> None:
    ref, capture = till.paid()
    by_hand = till.paypal.refund(capture.ref, TWO)
    (fact,) = till.look(ref).refunds
    assert (fact.ref, fact.amount, fact.operation_id) == (by_hand, TWO, None)


def test_w5_a_checkout_is_found_by_each_of_its_names(till: Shop) -> None:
    ref, capture = till.paid()
    value_of(till.refund(capture, TWO, new_key()))
    till.paypal.dispute(capture.ref, PRICE)
    held = till.held()
    for order in (ref, held):
        snapshot = till.look(order)
        assert snapshot.other_refs
        for name in snapshot.other_refs:
            assert till.look(name) == snapshot


def test_d1_a_dispute_is_followed_to_its_end(till: Shop) -> None:
    ref, capture = till.paid()
    dispute = till.paypal.dispute(capture.ref, PRICE, inquiry=True)
    (asked,) = till.look(ref).disputes
    assert (asked.state, asked.movements) == (DisputeState.INQUIRY, ())
    assert isinstance(till.refund(capture, TWO, new_key()), Rejected)
    till.paypal.decide_dispute(dispute, DisputeState.OPEN)
    (contested,) = till.look(ref).disputes
    assert contested.state is DisputeState.OPEN
    ((took, fee),) = [(movement.amount, movement.fee) for movement in contested.movements]
    assert took == -PRICE
    assert fee is not None
    till.paypal.books.pass_time(timedelta(days=3))
    till.paypal.decide_dispute(dispute, DisputeState.WON)
    (won,) = till.look(ref).disputes
    assert won.state is DisputeState.WON
    assert [movement.amount for movement in won.movements] == [-PRICE, PRICE]


def test_l1_our_reading_of_its_books_is_what_its_books_say(till: Shop) -> None:
    began = till.paypal.books.now() - timedelta(days=1)
    hour = timedelta(hours=1)
    _, capture = till.paid()
    value_of(till.refund(capture, TWO, new_key()))
    till.paypal.books.pass_time(hour)
    _, disputed = till.paid(Money.of("20.00", "EUR"))
    returned = till.paypal.refund(disputed.ref, TWO)
    till.paypal.decide_refund(returned, RefundState.FAILED)
    till.paypal.books.pass_time(hour)
    dispute = till.paypal.dispute(disputed.ref, disputed.amount)
    till.paypal.books.pass_time(hour)
    till.paypal.decide_dispute(dispute, DisputeState.WON)
    till.paypal.books.pass_time(40 * 24 * hour)
    held = till.held()
    value_of(till.gateway.capture(ref=held, amount=TWO, final=True, key=new_key()))
    till.paypal.payout(TWO)
    ours = list(till.gateway.movements(since=began, until=till.paypal.books.now() + hour))
    assert sorted(ours, key=repr) == sorted(till.paypal.ledger(), key=repr)
    assert len(ours) == 10


def test_l1_a_report_that_is_late_proves_nothing(till: Shop) -> None:
    began = till.paypal.books.now()
    till.paid()
    till.paypal.report_late(timedelta(hours=3))
    with pytest.raises(MovementsUnavailable):
        list(till.gateway.movements(since=began, until=till.paypal.books.now()))
    till.paypal.books.pass_time(timedelta(hours=4))
    until = till.paypal.books.now() - timedelta(hours=3)
    assert len(list(till.gateway.movements(since=began - timedelta(seconds=1), until=until))) == 1


def test_i4_what_money_moved_for_is_found_by_our_reference(till: Shop) -> None:
    began = till.paypal.books.now() - timedelta(seconds=1)
    ref, _ = till.paid()
    held = till.held()
    for order in (ref, held):
        snapshot = till.look(order)
        assert value_of(till.gateway.find(our_reference=snapshot.our_reference, since=began)) == snapshot
    assert isinstance(till.gateway.find(our_reference=str(uuid4()), since=began), Unknown)
    till.paypal.books.pass_time(timedelta(hours=3))
    assert value_of(till.gateway.find(our_reference=str(uuid4()), since=began)) is None


def test_every_request_of_the_adapter_was_held_against_the_contract(
    paypal: PayPalSimulator, paypal_contract: Contract, under_contract: UnderContract
) -> None:
    transport = under_contract(to_loopback(), paypal_contract)
    till = Shop(paypal, transport)
    _, capture = till.paid()
    refund = value_of(till.refund(capture, TWO, new_key()))
    dispute = paypal.dispute(capture.ref, PRICE)
    held, let_go = till.held(), till.held()
    value_of(till.gateway.capture(ref=held, amount=PRICE, final=True, key=new_key()))
    value_of(till.gateway.void(ref=let_go, key=new_key()))
    authorization = till.look(let_go).other_refs[0]
    for name in (refund.ref, dispute, authorization):
        till.look(name)
    list(till.gateway.movements(since=paypal.books.now() - timedelta(days=1), until=paypal.books.now()))
    assert set(transport.seen) == {
        "POST /v1/oauth2/token",
        "POST /v2/checkout/orders",
        "GET /v2/checkout/orders/{id}",
        "POST /v2/checkout/orders/{id}/capture",
        "POST /v2/checkout/orders/{id}/authorize",
        "POST /v2/payments/authorizations/{authorization_id}/capture",
        "POST /v2/payments/authorizations/{authorization_id}/void",
        "GET /v2/payments/authorizations/{authorization_id}",
        "POST /v2/payments/captures/{capture_id}/refund",
        "GET /v2/payments/captures/{capture_id}",
        "GET /v2/payments/refunds/{refund_id}",
        "GET /v1/customer/disputes",
        "GET /v1/customer/disputes/{id}",
        "GET /v1/reporting/transactions",
    }
    till.client.close()

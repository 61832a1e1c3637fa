"""Our PayPal adapter against a PayPal that behaves, and misbehaves, over a wire where contracts are kept."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import uuid4

import httpx
import pytest

from printapic.adapters.payments.paypal.api import PayPalApi
from printapic.adapters.payments.paypal.gateway import PayPalGateway
from printapic.adapters.payments.sending import provider_client
from printapic.application.ports.clock import Clock
from printapic.application.ports.payments import (
    ActionRequired,
    CheckoutRequest,
    Done,
    MovementsUnavailable,
    NotSent,
    Opened,
    Outcome,
    Pending,
    Rejected,
    Unknown,
)
from printapic.domain.ids import OperationId
from printapic.domain.money import Currency, Money
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.snapshot import CaptureFact, DisputeState, RefundFact, RefundState, Snapshot
from tests.integration.paypal.conftest import UnderContract
from tests.provider_contracts.contract import Contract
from tests.providers.books import ProviderBooks
from tests.providers.counter import Call, WireFault
from tests.providers.paypal.redirection import to_loopback
from tests.providers.paypal.simulator import PayPalSimulator

T = TypeVar("T")
PRICE = Money.of("12.90", "EUR")
TWO = Money.of("2.00", "EUR")
DEAD = (
    WireFault.DROP_BEFORE,
    WireFault.DROP_AFTER,
    WireFault.SERVER_ERROR_BEFORE,
    WireFault.SERVER_ERROR_AFTER,
)
SPOILT = (WireFault.MALFORMED, WireFault.UNKNOWN_WORD, WireFault.MISSING_FIELD)
PASSING = (*DEAD, WireFault.DELAY, WireFault.BUSY, WireFault.TOO_MANY, WireFault.EXPIRED_CREDENTIALS)


class ClockOfBooks(Clock):
    """The time at the simulated provider is everybody's."""

    def __init__(self, books: ProviderBooks) -> None:
        self._books = books

    def now(self) -> datetime:
        return self._books.now()


class Shop:
    """Our side of the wire. `pauses` are those that the adapter wanted to make."""

    def __init__(self, paypal: PayPalSimulator, transport: httpx.BaseTransport) -> None:
        self.paypal = paypal
        self.pauses: list[float] = []
        self.client = provider_client(transport)
        clock = ClockOfBooks(paypal.books)
        api = PayPalApi(
            self.client,
            client_id=paypal.client_id,
            client_secret=paypal.client_secret,
            clock=clock,
            api_url=paypal.url,
            pause=self.pauses.append,
        )
        self.gateway = PayPalGateway(api, livemode=False, clock=clock)

    def request(self, price: Money = PRICE, *, manual: bool = False) -> CheckoutRequest:
        return CheckoutRequest(
            our_reference=str(uuid4()),
            payment_reference=str(uuid4()),
            order_number="PA-7K3M-92QX",
            amount=price,
            return_url="https://shop.test/return?order=1",
            cancel_url="https://shop.test/cancel",
            expires_at=self.paypal.books.now() + timedelta(hours=1),
            locale="de",
            manual_capture=manual,
        )

    def opened(self, price: Money = PRICE, *, manual: bool = False) -> Opened:
        return value_of(self.gateway.open(checkout=self.request(price, manual=manual), key=new_key()))

    def approved(self, price: Money = PRICE, *, manual: bool = False) -> str:
        ref = self.opened(price, manual=manual).ref
        self.paypal.pay(ref)
        return ref

    def paid(self, price: Money = PRICE) -> tuple[str, CaptureFact]:
        ref = self.approved(price)
        (capture,) = value_of(self.gateway.complete(ref=ref, key=new_key())).captures
        return ref, capture

    def held(self, price: Money = PRICE) -> str:
        ref = self.approved(price, manual=True)
        assert value_of(self.gateway.complete(ref=ref, key=new_key())).state is AttemptState.AUTHORIZED
        return ref

    def look(self, ref: str) -> Snapshot:
        return value_of(self.gateway.fetch(ref=ref))

    def refund(self, capture: CaptureFact, amount: Money, key: OperationId) -> Outcome[RefundFact]:
        return self.gateway.refund(capture_ref=capture.ref, amount=amount, reason="asked", key=key)


def new_key() -> OperationId:
    return OperationId(uuid4())


def value_of(outcome: Outcome[T]) -> T:
    assert isinstance(outcome, Done), outcome
    return outcome.value


@pytest.fixture
def till(paypal: PayPalSimulator, paypal_contract: Contract, under_contract: UnderContract) -> Iterator[Shop]:
    shop = Shop(paypal, under_contract(to_loopback(), paypal_contract))
    yield shop
    shop.client.close()


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


def converged(till: Shop, call: str, fault: WireFault) -> None:
    """Whatever goes wrong the first time: the same call under the same key has one effect in the end."""
    key, request = new_key(), till.request()
    ref = till.approved()
    if call in ("capture", "void"):
        ref = till.held()
    elif call == "refund":
        ref, capture = till.paid()
    till.paypal.plan(Call(call), 1, fault)

    def once() -> Outcome[Opened] | Outcome[Snapshot] | Outcome[RefundFact]:
        match call:
            case "open":
                return till.gateway.open(checkout=request, key=key)
            case "complete":
                return till.gateway.complete(ref=ref, key=key)
            case "capture":
                return till.gateway.capture(ref=ref, amount=PRICE, final=True, key=key)
            case "void":
                return till.gateway.void(ref=ref, key=key)
            case _:
                return till.refund(capture, TWO, key)

    first = once()
    if fault in SPOILT and call != "void":
        assert isinstance(first, Unknown), first
    assert isinstance(first, Done | Unknown), first
    assert isinstance(once(), Done)
    match call:
        case "open":
            assert len(till.paypal.checkouts(request.our_reference)) == 1
        case "void":
            assert till.look(ref).state is AttemptState.VOIDED
        case "refund":
            assert [fact.operation_id for fact in till.look(ref).refunds] == [key]
        case _:
            assert [fact.amount for fact in till.look(ref).captures] == [PRICE]


@pytest.mark.parametrize("fault", [*PASSING, *SPOILT])
@pytest.mark.parametrize("call", ["open", "complete", "capture", "void", "refund"])
def test_u2_u3_u4_u5_every_call_converges_after_every_mishap(till: Shop, call: str, fault: WireFault) -> None:
    converged(till, call, fault)


@pytest.mark.parametrize("fault", [*DEAD, *SPOILT])
def test_w6_a_look_that_goes_wrong_is_repeated_or_admits_it(till: Shop, fault: WireFault) -> None:
    ref, _ = till.paid()
    till.paypal.plan(Call.FETCH, 1, fault)
    outcome = till.gateway.fetch(ref=ref)
    assert isinstance(outcome, Unknown if fault in SPOILT else Done)
    assert till.look(ref).state is AttemptState.CAPTURED


def test_u1_behind_a_closed_door_nothing_is_sent(till: Shop) -> None:
    ref, capture = till.paid()
    till.paypal.close_door()
    assert isinstance(till.refund(capture, TWO, new_key()), NotSent)
    assert isinstance(till.gateway.fetch(ref=ref), NotSent)
    till.paypal.close_door(False)
    assert till.look(ref).refunds == ()


def test_u4_tokens_end_before_their_time_and_nobody_notices(till: Shop) -> None:
    ref, capture = till.paid()
    till.paypal.expire_tokens()
    value_of(till.refund(capture, TWO, new_key()))
    till.paypal.tokens_last(timedelta(seconds=90))
    till.paypal.expire_tokens()
    till.look(ref)
    till.paypal.books.pass_time(timedelta(seconds=91))
    assert len(till.look(ref).refunds) == 1


def test_i4_forgotten_keys_refund_nothing_twice(till: Shop) -> None:
    ref, capture = till.paid()
    for amount in (TWO, capture.amount - TWO):
        key = new_key()
        first = value_of(till.refund(capture, amount, key))
        till.paypal.plan(Call.REFUND, 1, WireFault.FORGOTTEN_KEYS)
        assert value_of(till.refund(capture, amount, key)) == first
    assert sum(fact.amount.minor for fact in till.look(ref).refunds) == PRICE.minor


def test_i4_forgotten_keys_take_nothing_twice(till: Shop) -> None:
    ref, key = till.held(), new_key()
    part = Money.of("5.00", "EUR")
    for _ in range(2):
        till.paypal.plan(Call.CAPTURE, 1, WireFault.FORGOTTEN_KEYS)
        value_of(till.gateway.capture(ref=ref, amount=part, final=False, key=key))
    assert [fact.amount for fact in till.look(ref).captures] == [part]


def test_i2_a_key_serves_no_second_amount(till: Shop) -> None:
    ref, capture = till.paid()
    key = new_key()
    value_of(till.refund(capture, TWO, key))
    assert isinstance(till.refund(capture, Money.of("3.00", "EUR"), key), Rejected)
    request, other = till.request(), till.request(TWO)
    opening = new_key()
    value_of(till.gateway.open(checkout=request, key=opening))
    assert isinstance(till.gateway.open(checkout=other, key=opening), Rejected)
    assert [fact.amount for fact in till.look(ref).refunds] == [TWO]
    assert till.paypal.checkouts(other.our_reference) == []


def test_r5_threads_under_one_key_have_one_effect(till: Shop) -> None:
    ref = till.approved()
    key = new_key()
    with ThreadPoolExecutor(6) as threads:
        done = list(threads.map(lambda _: till.gateway.complete(ref=ref, key=key), range(6)))
        (capture,) = till.look(ref).captures
        facts = list(threads.map(lambda _: till.refund(capture, TWO, key), range(6)))
    assert any(isinstance(outcome, Done) for outcome in done)
    assert {type(outcome) for outcome in (*done, *facts)} <= {Done, Unknown}
    assert len(till.look(ref).refunds) == 1


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

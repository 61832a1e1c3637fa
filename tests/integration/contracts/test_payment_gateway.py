"""The contract of `PaymentGateway`, for every provider.

A new provider joins with a driver: the gateway, and the customer and the mishaps on the other side of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias, TypeVar
from uuid import uuid4

import attrs
import httpx
import pytest

from printapic.application.ports.payments import (
    ActionRequired,
    CheckoutRequest,
    Declined,
    Done,
    NotSent,
    Opened,
    Outcome,
    Rejected,
    Unknown,
)
from printapic.domain.ids import OperationId
from printapic.domain.money import Currency, Money
from printapic.domain.payments.attempt import TERMINAL, AttemptState
from printapic.domain.payments.snapshot import CaptureFact, RefundFact, RefundState, Snapshot
from printapic.domain.users.user import Locale
from tests.integration.contracts.gateway_drivers import (
    NOON,
    Driver,
    Mishap,
    PayPalDriver,
    SimulatedDriver,
    StripeDriver,
    Wrap,
)
from tests.provider_contracts.contract import Contract
from tests.provider_contracts.transport import ContractTransport
from tests.providers.counter import PageClosed

T = TypeVar("T")
UnderContract: TypeAlias = Callable[[httpx.BaseTransport, Contract], ContractTransport]
PRICE = Money.of("12.90", "EUR")
THREADS = 20
INDEX_LAG = timedelta(hours=3)
"""After that long every provider can tell that it knows nothing of a checkout."""
OVER = (AttemptState.VOIDED, AttemptState.EXPIRED)
"""A page that nobody paid on and nobody can: Stripe does not say who ended it."""


DRIVERS: dict[str, Callable[[Path, Wrap], Driver]] = {
    "simulated in memory": lambda folder, wrap: SimulatedDriver(None),
    "simulated in a file": lambda folder, wrap: SimulatedDriver(folder / "provider" / "books.sqlite"),
    "stripe": StripeDriver,
    "paypal": PayPalDriver,
}
CONTRACTS = {"stripe": "stripe_contract", "paypal": "paypal_contract"}
"""The fixture of the published contract that everything on a real wire is held against."""


@pytest.fixture(
    params=[
        pytest.param(name, marks=pytest.mark.contracts) if name in CONTRACTS else name for name in DRIVERS
    ]
)
def driver(request: pytest.FixtureRequest, tmp_path: Path, under_contract: UnderContract) -> Iterator[Driver]:
    fixture = CONTRACTS.get(request.param)
    contract: Contract | None = request.getfixturevalue(fixture) if fixture else None

    def wrap(inner: httpx.BaseTransport) -> httpx.BaseTransport:
        return inner if contract is None else under_contract(inner, contract)

    driver = DRIVERS[request.param](tmp_path, wrap)
    yield driver
    driver.close()


def new_key() -> OperationId:
    return OperationId(uuid4())


def request_for(driver: Driver, price: Money = PRICE, *, reference: str | None = None) -> CheckoutRequest:
    return CheckoutRequest(
        our_reference=reference or str(uuid4()),
        payment_reference=str(uuid4()),
        order_number="PA-7K3M-92QX",
        amount=price,
        return_url="https://shop.test/return?order=1",
        cancel_url="https://shop.test/cancel",
        expires_at=driver.now() + timedelta(hours=1),
        locale="de",
    )


def value_of(outcome: Outcome[T]) -> T:
    assert isinstance(outcome, Done), outcome
    return outcome.value


def opened(driver: Driver, price: Money = PRICE) -> Opened:
    return value_of(driver.gateway.open(checkout=request_for(driver, price), key=new_key()))


def look(driver: Driver, page: Opened) -> Snapshot:
    return value_of(driver.gateway.fetch(ref=page.ref))


def pay(driver: Driver, page: Opened) -> None:
    """What the customer and the shop do together: where the one only approves, the other completes."""
    driver.buyer_pays(page)
    if look(driver, page).state is AttemptState.APPROVED:
        value_of(driver.gateway.complete(ref=page.ref, key=new_key()))


def is_paid(driver: Driver, page: Opened) -> bool:
    """Whether the page still let the customer pay."""
    try:
        pay(driver, page)
    except PageClosed:
        return False
    return True


def paid(driver: Driver, price: Money = PRICE) -> tuple[Opened, CaptureFact]:
    page = opened(driver, price)
    pay(driver, page)
    (capture,) = look(driver, page).captures
    return page, capture


def decided(call: Callable[[], Outcome[T]]) -> Outcome[T]:
    """What the shop's worker does about a doubt: the same again, under the same key."""
    outcome = call()
    for _ in range(50):
        if not isinstance(outcome, NotSent | Unknown):
            break
        outcome = call()
    return outcome


def refund(driver: Driver, capture_ref: str, amount: Money, key: OperationId) -> Outcome[RefundFact]:
    return driver.gateway.refund(capture_ref=capture_ref, amount=amount, reason="requested", key=key)


def test_no_real_money_moves_in_tests(driver: Driver) -> None:
    assert driver.gateway.livemode is False
    assert look(driver, opened(driver)).livemode is False


def test_h1_a_page_is_open_until_the_customer_pays_exactly_what_was_asked(driver: Driver) -> None:
    request = request_for(driver)
    page = value_of(driver.gateway.open(checkout=request, key=new_key()))
    assert page.redirect_url.startswith("https://")
    assert page.expires_at == request.expires_at
    before = look(driver, page)
    assert (before.state, before.captures, before.refunds) == (AttemptState.OPEN, (), ())
    pay(driver, page)
    after = look(driver, page)
    assert after.state is AttemptState.CAPTURED
    assert [capture.amount for capture in after.captures] == [PRICE]
    for snapshot in (before, after):
        assert snapshot.provider is driver.gateway.provider
        assert (snapshot.ref, snapshot.our_reference) == (page.ref, request.our_reference)


def test_looking_changes_nothing(driver: Driver) -> None:
    page, _ = paid(driver)
    assert look(driver, page) == look(driver, page)


@pytest.mark.parametrize("locale", Locale)
def test_a_page_opens_in_every_language_of_the_shop(driver: Driver, locale: Locale) -> None:
    request = attrs.evolve(request_for(driver), locale=locale.value)
    assert value_of(driver.gateway.open(checkout=request, key=new_key())).redirect_url


def test_pages_of_two_checkouts_have_nothing_in_common(driver: Driver) -> None:
    first, second = opened(driver), opened(driver)
    assert first.ref != second.ref
    assert first.redirect_url != second.redirect_url
    pay(driver, first)
    assert look(driver, second).captures == ()


@pytest.mark.parametrize("leaves", ["buyer_declines", "buyer_cancels"])
def test_h5_a_page_left_unpaid_took_nothing_and_is_over_or_can_be_paid_once(
    driver: Driver, leaves: str
) -> None:
    page = opened(driver)
    getattr(driver, leaves)(page)
    left = look(driver, page)
    if left.state is AttemptState.APPROVED:
        refused = driver.gateway.complete(ref=page.ref, key=new_key())
        assert isinstance(refused, ActionRequired | Declined)
        left = look(driver, page)
    assert left.captures == ()
    assert left.state in (
        AttemptState.OPEN,
        AttemptState.ACTION_REQUIRED,
        AttemptState.FAILED,
        AttemptState.VOIDED,
    )
    took = is_paid(driver, page)
    assert took is (left.state not in TERMINAL)
    assert [fact.amount for fact in look(driver, page).captures] == [PRICE] * took
    assert not is_paid(driver, page)


def test_a_paid_checkout_cannot_be_paid_again(driver: Driver) -> None:
    page, _ = paid(driver)
    for press in (driver.buyer_pays, driver.buyer_declines, driver.buyer_cancels):
        with pytest.raises(PageClosed):
            press(page)
    assert len(look(driver, page).captures) == 1


def test_c3_a_checkout_whose_time_is_over_cannot_be_paid(driver: Driver) -> None:
    page = opened(driver)
    driver.pass_time(driver.page_lasts + timedelta(seconds=1))
    with pytest.raises(PageClosed):
        driver.buyer_pays(page)
    if driver.gateway.capabilities().ends_pages:
        assert look(driver, page).state is AttemptState.EXPIRED
    else:
        assert isinstance(driver.gateway.fetch(ref=page.ref), Rejected)


def test_c1_a_voided_checkout_takes_no_money(driver: Driver) -> None:
    page = opened(driver)
    voided = value_of(driver.gateway.void(ref=page.ref, key=new_key()))
    if driver.gateway.capabilities().ends_pages:
        assert voided.state in OVER
        with pytest.raises(PageClosed):
            driver.buyer_pays(page)
    else:
        assert voided.state is AttemptState.OPEN
        driver.buyer_pays(page)
        voided = value_of(driver.gateway.void(ref=page.ref, key=new_key()))
        assert voided.state is AttemptState.APPROVED
    assert look(driver, page).captures == ()


def test_c2_voiding_a_paid_checkout_leaves_the_money_taken(driver: Driver) -> None:
    page, capture = paid(driver)
    snapshot = value_of(driver.gateway.void(ref=page.ref, key=new_key()))
    assert (snapshot.state, snapshot.captures) == (AttemptState.CAPTURED, (capture,))
    assert look(driver, page) == snapshot


def test_c2_when_payment_and_void_race_one_wins_and_money_agrees(driver: Driver) -> None:
    for _ in range(5):
        page = opened(driver)

        with ThreadPoolExecutor(2) as threads:
            buyer = threads.submit(has_paid, driver, page)
            shop = threads.submit(driver.gateway.void, ref=page.ref, key=new_key())
            was_paid, voided = buyer.result(), value_of(shop.result())
        assert len(look(driver, page).captures) == (voided.state is AttemptState.CAPTURED)
        if driver.gateway.capabilities().ends_pages:
            assert voided.state in ((AttemptState.CAPTURED,) if was_paid else OVER)


def has_paid(driver: Driver, page: Opened) -> bool:
    """Whether the page still let the customer do their part."""
    try:
        driver.buyer_pays(page)
    except PageClosed:
        return False
    return True


def test_i1_the_same_key_opens_one_page(driver: Driver) -> None:
    request, key = request_for(driver), new_key()
    first = driver.gateway.open(checkout=request, key=key)
    again = driver.gateway.open(checkout=request, key=key)
    assert value_of(first) == value_of(again)
    assert isinstance(again, Done)


def test_i1_the_same_key_refunds_once_and_answers_the_same(driver: Driver) -> None:
    page, capture = paid(driver)
    key = new_key()
    part = Money.of("2.00", "EUR")
    first = value_of(refund(driver, capture.ref, part, key))
    assert value_of(refund(driver, capture.ref, part, key)) == first
    assert [fact.ref for fact in look(driver, page).refunds] == [first.ref]


def test_i1_the_same_key_voids_once_and_answers_the_same(driver: Driver) -> None:
    page, key = opened(driver), new_key()
    first = value_of(driver.gateway.void(ref=page.ref, key=key))
    assert value_of(driver.gateway.void(ref=page.ref, key=key)) == first
    assert first.captures == ()


def test_completing_a_paid_checkout_takes_nothing_more(driver: Driver) -> None:
    page, _ = paid(driver)
    assert value_of(driver.gateway.complete(ref=page.ref, key=new_key())) == look(driver, page)
    assert len(look(driver, page).captures) == 1


def test_i2_the_same_key_with_another_request_is_rejected_without_effect(driver: Driver) -> None:
    page, capture = paid(driver)
    key = new_key()
    value_of(refund(driver, capture.ref, Money.of("2.00", "EUR"), key))
    assert isinstance(refund(driver, capture.ref, Money.of("3.00", "EUR"), key), Rejected)
    opening = new_key()
    value_of(driver.gateway.open(checkout=request_for(driver), key=opening))
    other = request_for(driver, Money.of("3.00", "EUR"))
    assert isinstance(driver.gateway.open(checkout=other, key=opening), Rejected)
    assert [fact.amount for fact in look(driver, page).refunds] == [Money.of("2.00", "EUR")]


def test_i1_twenty_threads_with_one_key_open_one_page(driver: Driver) -> None:
    request, key = request_for(driver), new_key()
    pages = at_once(lambda _: value_of(decided(lambda: driver.gateway.open(checkout=request, key=key))))
    assert len({page.ref for page in pages}) == 1


def test_r5_twenty_threads_with_one_key_refund_once(driver: Driver) -> None:
    page, capture = paid(driver)
    key = new_key()
    facts = at_once(lambda _: value_of(decided(lambda: refund(driver, capture.ref, PRICE, key))))
    assert len({fact.ref for fact in facts}) == 1
    assert len(look(driver, page).refunds) == 1


def test_r2_twenty_refunds_at_once_never_give_back_more_than_came(driver: Driver) -> None:
    page, capture = paid(driver)
    five = Money.of("5.00", "EUR")
    keys = [new_key() for _ in range(THREADS)]
    outcomes = at_once(lambda n: decided(lambda: refund(driver, capture.ref, five, keys[n])))
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == 2
    assert sum(isinstance(outcome, Rejected) for outcome in outcomes) == THREADS - 2
    assert [fact.amount for fact in look(driver, page).refunds] == [five, five]


def test_r1_partial_refunds_add_up_to_the_capture_and_no_further(driver: Driver) -> None:
    page, capture = paid(driver)
    for amount in ("0.01", "2.89", "10.00"):
        key = new_key()
        fact = value_of(refund(driver, capture.ref, Money.of(amount, "EUR"), key))
        assert (fact.capture_ref, fact.amount) == (capture.ref, Money.of(amount, "EUR"))
        assert (fact.state, fact.operation_id) == (RefundState.SUCCEEDED, key)
    assert isinstance(refund(driver, capture.ref, Money.of("0.01", "EUR"), new_key()), Rejected)
    snapshot = look(driver, page)
    assert snapshot.state is AttemptState.CAPTURED
    assert sum(fact.amount.minor for fact in snapshot.refunds) == PRICE.minor
    assert snapshot.captures == (capture,)


@pytest.mark.parametrize("amount", ["12.91", "0.00", "-1.00"])
def test_r2_a_refund_beyond_the_capture_or_of_nothing_is_rejected(driver: Driver, amount: str) -> None:
    page, capture = paid(driver)
    assert isinstance(refund(driver, capture.ref, Money.of(amount, "EUR"), new_key()), Rejected)
    assert look(driver, page).refunds == ()


def test_a_refund_in_another_currency_is_rejected(driver: Driver) -> None:
    page, capture = paid(driver)
    assert isinstance(refund(driver, capture.ref, Money.of("1.00", "USD"), new_key()), Rejected)
    assert look(driver, page).refunds == ()


@pytest.mark.parametrize(
    "amount", ["12.90 EUR", "0.99 GBP", "1999.00 USD", "12.35 CHF", "50 JPY", "1290 JPY"]
)
def test_h6_amounts_arrive_to_the_minor_unit_whatever_the_decimals(driver: Driver, amount: str) -> None:
    price = Money.of(*amount.split())
    rule = driver.gateway.capabilities().currencies[price.currency.code]
    assert rule.exponent == price.currency.exponent
    page, capture = paid(driver, price)
    assert capture.amount == price
    assert capture.amount.currency.exponent == price.currency.exponent
    assert value_of(refund(driver, capture.ref, price, new_key())).amount == price
    assert look(driver, page).refunds[0].amount == price


@pytest.mark.parametrize(
    "price",
    [
        Money(1290, Currency("XTS", 2)),
        Money(1290, Currency("EUR", 3)),
        Money.of("0.00", "EUR"),
        Money.of("-1.00", "EUR"),
        Money.of("1000000.00", "EUR"),
    ],
    ids=["unlisted currency", "wrong decimals", "nothing", "less than nothing", "too much"],
)
def test_h6_what_cannot_be_paid_is_rejected_before_anything_happens(driver: Driver, price: Money) -> None:
    request = request_for(driver, price)
    assert isinstance(driver.gateway.open(checkout=request, key=new_key()), Rejected)
    driver.pass_time(INDEX_LAG)
    found = driver.gateway.find(our_reference=request.our_reference, since=NOON)
    assert value_of(found) is None


def test_the_provider_knows_nothing_of_foreign_refs(driver: Driver) -> None:
    ref = "cs_test_foreign"
    gateway = driver.gateway
    outcomes: list[Outcome[Snapshot] | Outcome[RefundFact]] = [
        gateway.fetch(ref=ref),
        gateway.void(ref=ref, key=new_key()),
        gateway.complete(ref=ref, key=new_key()),
        gateway.capture(ref=ref, amount=PRICE, final=True, key=new_key()),
        refund(driver, ref, PRICE, new_key()),
    ]
    assert all(isinstance(outcome, Rejected) for outcome in outcomes)


def test_a_checkout_is_looked_at_by_every_name_that_it_has(driver: Driver) -> None:
    page, capture = paid(driver)
    fact = value_of(refund(driver, capture.ref, Money.of("2.00", "EUR"), new_key()))
    whole = value_of(driver.gateway.fetch(ref=page.ref))
    assert {capture.ref, fact.ref} <= set(whole.other_refs)
    for name in whole.other_refs:
        assert value_of(driver.gateway.fetch(ref=name)) == whole


def test_a_capture_cannot_be_refunded_by_the_name_of_its_page(driver: Driver) -> None:
    page, _ = paid(driver)
    assert isinstance(refund(driver, page.ref, PRICE, new_key()), Rejected)


def test_i4_a_checkout_is_found_by_our_reference(driver: Driver) -> None:
    request = request_for(driver)
    page = value_of(driver.gateway.open(checkout=request, key=new_key()))
    opened(driver)
    if not driver.gateway.capabilities().finds_pages:
        pay(driver, page)
    found = driver.gateway.find(our_reference=request.our_reference, since=NOON)
    assert value_of(found) == look(driver, page)


def test_i4_nothing_is_found_where_nothing_was_opened(driver: Driver) -> None:
    opened(driver)
    driver.pass_time(INDEX_LAG)
    found = driver.gateway.find(our_reference=str(uuid4()), since=NOON)
    assert value_of(found) is None


def test_movements_tell_what_came_what_it_cost_and_what_went_back(driver: Driver) -> None:
    began = driver.now()
    _, capture = paid(driver)
    driver.pass_time(timedelta(minutes=1))
    fact = value_of(refund(driver, capture.ref, Money.of("2.00", "EUR"), new_key()))
    driver.pass_time(timedelta(minutes=1))
    paid(driver)
    came, went = driver.gateway.movements(since=began, until=driver.now())
    assert (came.ref, came.amount, came.occurred_at) == (capture.ref, PRICE, capture.occurred_at)
    assert came.fee is not None
    assert Money.zero(PRICE.currency) <= came.fee < PRICE
    assert (went.ref, went.amount) == (fact.ref, Money.of("-2.00", "EUR"))
    assert list(driver.gateway.movements(since=began, until=began)) == []


@pytest.mark.parametrize("mishap", ["timed out before", "timed out after", "unreadable"])
def test_u2_a_refund_of_unknown_fate_is_sent_again_and_happens_once(driver: Driver, mishap: Mishap) -> None:
    page, capture = paid(driver)
    key = new_key()
    driver.mishap("refund", mishap)
    assert isinstance(refund(driver, capture.ref, PRICE, key), Unknown)
    assert len(look(driver, page).refunds) == (0 if mishap == "timed out before" else 1)
    value_of(refund(driver, capture.ref, PRICE, key))
    assert [fact.operation_id for fact in look(driver, page).refunds] == [key]


@pytest.mark.parametrize("mishap", ["timed out before", "timed out after", "unreadable"])
def test_u2_a_page_of_unknown_fate_is_opened_once(driver: Driver, mishap: Mishap) -> None:
    request, key = request_for(driver), new_key()
    driver.mishap("open", mishap)
    assert isinstance(driver.gateway.open(checkout=request, key=key), Unknown)
    page = value_of(driver.gateway.open(checkout=request, key=key))
    pay(driver, page)
    found = value_of(driver.gateway.find(our_reference=request.our_reference, since=NOON))
    assert found is not None
    assert found.ref == page.ref


def test_u1_what_was_not_sent_had_no_effect_and_may_be_sent_again(driver: Driver) -> None:
    page, capture = paid(driver)
    key = new_key()
    driver.mishap("refund", "refused")
    assert isinstance(refund(driver, capture.ref, PRICE, key), NotSent)
    assert look(driver, page).refunds == ()
    value_of(refund(driver, capture.ref, PRICE, key))
    assert len(look(driver, page).refunds) == 1


@pytest.mark.parametrize("mishap", ["refused", "timed out before", "unreadable"])
def test_w6_a_look_that_fails_says_nothing_about_the_money(driver: Driver, mishap: Mishap) -> None:
    page, _ = paid(driver)
    driver.mishap("fetch", mishap)
    driver.mishap("find", mishap)
    assert isinstance(driver.gateway.fetch(ref=page.ref), NotSent | Unknown)
    assert isinstance(driver.gateway.find(our_reference="any", since=NOON), NotSent | Unknown)
    assert look(driver, page).state is AttemptState.CAPTURED


def test_i3_pages_money_and_keys_outlive_the_shop(driver: Driver) -> None:
    page, capture = paid(driver)
    key = new_key()
    fact = value_of(refund(driver, capture.ref, Money.of("2.00", "EUR"), key))
    waiting = opened(driver)
    driver.restart()
    assert value_of(refund(driver, capture.ref, Money.of("2.00", "EUR"), key)) == fact
    assert look(driver, page).refunds == (fact,)
    assert isinstance(refund(driver, capture.ref, PRICE, new_key()), Rejected)
    pay(driver, waiting)
    assert look(driver, waiting).state is AttemptState.CAPTURED


def at_once(call: Callable[[int], T]) -> list[T]:
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(call, range(THREADS)))

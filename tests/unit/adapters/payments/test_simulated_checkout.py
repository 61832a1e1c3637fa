"""The hosted page: what it shows, what its buttons do, and what the test desk may order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from printapic.adapters.payments.simulated.checkout import (
    CheckoutFinished,
    CheckoutNotFound,
    Choice,
    DeskOrder,
    DeskOrderInvalid,
    PressNotGenuine,
)
from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState
from tests.unit.adapters.payments.counter import CANCEL, NOON, PRICE, RETURN, Counter, token_of


def test_an_open_page_shows_what_is_asked_and_offers_its_buttons() -> None:
    counter = Counter()
    opened = counter.opened()
    page = counter.page.show(token_of(opened))
    assert (page.order_number, page.amount, page.locale) == ("PA-7K3M-92QX", PRICE, "de")
    assert (page.state, page.expires_at) == (AttemptState.OPEN, NOON + timedelta(hours=1))
    assert page.choices == (Choice.PAY, Choice.DECLINE, Choice.CANCEL, Choice.PENDING)
    assert page.leave_url == RETURN
    assert page.csrf_token not in repr(page)


@pytest.mark.parametrize(
    ("choice", "state", "url"),
    [
        (Choice.PAY, AttemptState.CAPTURED, RETURN),
        (Choice.DECLINE, AttemptState.FAILED, RETURN),
        (Choice.CANCEL, AttemptState.VOIDED, CANCEL),
        (Choice.PENDING, AttemptState.PROCESSING, RETURN),
    ],
)
def test_a_button_ends_the_page_and_leads_back_to_the_shop(
    choice: Choice, state: AttemptState, url: str
) -> None:
    counter = Counter()
    opened = counter.opened()
    assert counter.press(opened, choice) == url
    page = counter.page.show(token_of(opened))
    assert (page.state, page.leave_url) == (state, url)
    assert counter.look(opened).state is state
    with pytest.raises(CheckoutFinished) as finished:
        counter.press(opened, Choice.CANCEL)
    assert finished.value.details == {"state": state.value}


@pytest.mark.parametrize("state", [AttemptState.CAPTURED, AttemptState.FAILED])
def test_h4_the_bank_decides_about_a_transfer_days_later(state: AttemptState) -> None:
    counter = Counter()
    opened = counter.opened()
    counter.press(opened, Choice.PENDING)
    counter.clock.advance(timedelta(days=3))
    assert counter.page.show(token_of(opened)).choices == (Choice.PAY, Choice.DECLINE)
    counter.press(opened, Choice.PAY if state is AttemptState.CAPTURED else Choice.DECLINE)
    assert counter.look(opened).state is state
    assert len(counter.look(opened).captures) == (state is AttemptState.CAPTURED)


@pytest.mark.parametrize("forged", ["", "x", "é" * 8, "\udcff"])
def test_a_press_from_another_site_is_refused_and_does_nothing(forged: str) -> None:
    counter = Counter()
    opened, other = counter.opened(), counter.opened()
    for csrf_token in (forged, counter.page.show(token_of(other)).csrf_token):
        with pytest.raises(PressNotGenuine):
            counter.page.press(token_of(opened), Choice.PAY, csrf_token=csrf_token)
    assert counter.look(opened).state is AttemptState.OPEN


def test_an_unknown_page_is_not_found() -> None:
    counter = Counter()
    with pytest.raises(CheckoutNotFound):
        counter.page.show("guess")
    with pytest.raises(CheckoutNotFound):
        counter.page.press("guess", Choice.PAY, csrf_token="guess")


def test_c3_a_page_whose_time_is_over_shows_that_and_has_no_buttons() -> None:
    counter = Counter()
    opened = counter.opened()
    counter.clock.advance(timedelta(hours=1))
    page = counter.page.show(token_of(opened))
    assert (page.state, page.choices) == (AttemptState.EXPIRED, ())
    with pytest.raises(CheckoutFinished):
        counter.press(opened, Choice.PAY)


def test_the_last_moment_is_in_time() -> None:
    counter = Counter()
    opened = counter.opened()
    counter.clock.advance(timedelta(hours=1) - timedelta(microseconds=1))
    counter.press(opened, Choice.PAY)
    assert counter.look(opened).state is AttemptState.CAPTURED


@pytest.mark.parametrize("off", [-1, 1])
def test_a1_the_desk_makes_the_provider_take_the_wrong_amount(off: int) -> None:
    counter = Counter()
    opened = counter.paid(DeskOrder(amount_off=off))
    (capture,) = counter.look(opened).captures
    assert capture.amount == Money(PRICE.minor + off, PRICE.currency)


def test_nothing_left_to_pay_is_no_payment() -> None:
    counter = Counter()
    opened = counter.opened(Money.of("0.01", "EUR"))
    with pytest.raises(DeskOrderInvalid):
        counter.press(opened, Choice.PAY, DeskOrder(amount_off=-1))
    assert counter.look(opened).state is AttemptState.OPEN


@pytest.mark.parametrize("off", [-2, 2, 100])
def test_the_desk_is_off_by_one_at_most(off: int) -> None:
    with pytest.raises(DeskOrderInvalid):
        DeskOrder(amount_off=off)


@pytest.mark.parametrize("late_by", [timedelta(seconds=-1), timedelta(days=3, seconds=1)])
def test_the_desk_sends_nothing_before_its_time_nor_after_days(late_by: timedelta) -> None:
    with pytest.raises(DeskOrderInvalid):
        DeskOrder(late_by=late_by)


def test_a_double_click_pays_once() -> None:
    counter = Counter()
    opened = counter.opened()

    def click(_: int) -> bool:
        try:
            counter.press(opened, Choice.PAY)
        except CheckoutFinished:
            return False
        return True

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(click, range(10))) == 1
    assert len(counter.look(opened).captures) == 1

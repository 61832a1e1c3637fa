"""What one copy costs, and which products cannot be."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.domain.catalogue.product import PriceStep
from printapic.domain.money import Currency, CurrencyUnsupported, Money
from tests.unit.domain.catalogue.price_lists import EUR, JPY, ladder, product

LADDERS = st.dictionaries(st.integers(2, 500), st.integers(0, 10_000), max_size=5).flatmap(
    lambda later: st.integers(0, 10_000).map(lambda first: sorted({**later, 1: first}.items()))
)


def test_a_copy_costs_less_from_the_next_step_of_the_ladder_on() -> None:
    print_ = product(prices={"EUR": ladder("EUR", (1, 29), (50, 23), (200, 17))})
    prices = {quantity: print_.unit_price(quantity, EUR).amount for quantity in (1, 49, 50, 199, 200, 9999)}
    assert prices == {1: "0.29", 49: "0.29", 50: "0.23", 199: "0.23", 200: "0.17", 9999: "0.17"}


def test_each_currency_has_a_ladder_of_its_own() -> None:
    assert product().unit_price(60, EUR) == Money.of("0.23", "EUR")
    assert product().unit_price(60, JPY) == Money.of("45", "JPY")


@given(steps=LADDERS, quantity=st.integers(1, 600))
def test_the_price_is_that_of_the_last_step_that_was_reached(
    steps: list[tuple[int, int]], quantity: int
) -> None:
    reached = [minor for from_quantity, minor in steps if from_quantity <= quantity]
    assert product(prices={"EUR": ladder("EUR", *steps)}).unit_price(quantity, EUR).minor == reached[-1]


def test_a_product_without_a_price_in_a_currency_is_not_sold_in_it() -> None:
    with pytest.raises(CurrencyUnsupported) as refused:
        product().unit_price(1, Currency.of("SEK"))
    assert refused.value.currency == "SEK"


@pytest.mark.parametrize("quantity", [0, -1])
def test_nobody_can_ask_the_price_of_fewer_than_one_copy(quantity: int) -> None:
    with pytest.raises(ValueError, match="fewer than one copy"):
        product().unit_price(quantity, EUR)


@pytest.mark.parametrize(
    "steps",
    [(), ((2, 20),), ((1, 29), (50, 23), (20, 25)), ((1, 29), (50, 23), (50, 22))],
    ids=["empty", "does not start at one", "does not ascend", "names a quantity twice"],
)
def test_a_ladder_starts_at_one_copy_and_ascends(steps: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ValueError, match="EUR price ladder must start at 1 and ascend"):
        product(prices={"EUR": ladder("EUR", *steps)})


@pytest.mark.parametrize(
    "step", [PriceStep(1, Money.of("29", "JPY")), PriceStep(1, Money.of("-0.01", "EUR"))]
)
def test_a_ladder_holds_prices_of_its_own_currency_and_none_below_zero(step: PriceStep) -> None:
    with pytest.raises(ValueError, match="negative or in another currency"):
        product(prices={"EUR": (step,)})


def test_a_product_can_be_ordered_at_least_once() -> None:
    with pytest.raises(ValueError, match="at least once"):
        product(max_copies=0)


def test_a_product_does_not_make_a_parcel_lighter() -> None:
    with pytest.raises(ValueError, match="weighs something"):
        product(weight_g=-1)


def test_the_day_of_retirement_has_a_time_zone() -> None:
    with pytest.raises(ValueError, match="retired_at must be an aware UTC time"):
        product(retired_at=datetime(2026, 1, 1))  # noqa: DTZ001

"""Finding prices, shipping and taxes in a price list, and what follows on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.domain.catalogue.price_list import (
    PriceList,
    PriceListInvalid,
    ShippingMethod,
    ShippingRate,
    ShippingUnavailable,
)
from printapic.domain.catalogue.product import Product, ProductNotFound
from printapic.domain.money import Currency, CurrencyUnsupported, Money
from tests.unit.domain.catalogue.price_lists import EUR, NOON, method, price_list, product, rate, tax

SKUS = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), min_size=1, unique=True)


def test_a_product_is_found_by_its_sku() -> None:
    canvas = product("canvas-30x40")
    assert price_list(product(), canvas).product("canvas-30x40") is canvas


def test_a_retired_product_is_still_found_and_no_longer_on_sale() -> None:
    old = product("old", retired_at=NOON)
    prices = price_list(product("new"), old)
    assert prices.product("old") is old
    assert [each.sku for each in prices.on_sale()] == ["new"]


def test_an_unknown_product_is_not_found() -> None:
    with pytest.raises(ProductNotFound) as refused:
        price_list().product("balloon")
    assert refused.value.details == {"sku": "balloon"}


@pytest.mark.parametrize(
    ("country", "weight_g", "price"),
    [
        ("DE", 0, "2.95"),
        ("DE", 500, "2.95"),
        ("DE", 501, "4.95"),
        ("DE", 5000, "4.95"),
        ("FR", 500, "9.95"),
        ("JP", 1000, "19.95"),
    ],
)
def test_a_parcel_costs_what_its_country_and_weight_band_say(country: str, weight_g: int, price: str) -> None:
    assert price_list().shipping_price("standard", country, weight_g, EUR) == Money.of(price, "EUR")


@pytest.mark.parametrize(
    ("code", "country", "weight_g"),
    [("standard", "DE", 5001), ("standard", "JP", 1001), ("by-pigeon", "DE", 1)],
    ids=["too heavy for its own group, though another takes it", "too heavy for the rest", "unknown method"],
)
def test_a_parcel_that_no_rate_takes_is_refused(code: str, country: str, weight_g: int) -> None:
    with pytest.raises(ShippingUnavailable) as refused:
        price_list(methods=[method(), method("express", rates=[rate(["*"], 10**6, EUR=1)])]).shipping_price(
            code, country, weight_g, EUR
        )
    assert (refused.value.method, refused.value.details) == (code, {"country": country})


def test_a_group_of_its_own_keeps_a_country_out_of_the_rest_even_where_the_rest_takes_more() -> None:
    by_hand = method(rates=[rate(["CH"], 100, EUR=500), rate(["*"], 9000, EUR=900)])
    assert by_hand.rate("CH", 101) is None
    assert by_hand.rate("NO", 101) is by_hand.rates[1]


def test_a_method_serves_the_countries_that_it_has_a_rate_for() -> None:
    nearby = method(rates=[rate(["DE", "AT"], 100, EUR=500)])
    assert [country for country in ("DE", "AT", "FR") if nearby.serves(country)] == ["DE", "AT"]


def test_shipping_is_not_sold_in_a_currency_without_a_price() -> None:
    with pytest.raises(CurrencyUnsupported):
        price_list().shipping_price("standard", "DE", 1, Currency.of("SEK"))


@given(
    bands=st.dictionaries(st.integers(1, 3000), st.integers(0, 5000), min_size=1, max_size=6),
    weight_g=st.integers(0, 4000),
    data=st.data(),
)
def test_the_lightest_band_that_fits_is_taken_in_whatever_order_they_are_written(
    bands: dict[int, int], weight_g: int, data: st.DataObject
) -> None:
    written = data.draw(st.permutations(list(bands.items())))
    shipping = method(rates=[rate(["*"], limit, EUR=minor) for limit, minor in written])
    found = shipping.rate("DE", weight_g)
    fitting = [limit for limit in bands if limit >= weight_g]
    assert (found.max_weight_g if found else None) == min(fitting, default=None)


def test_the_tax_rate_is_that_of_the_country_and_class() -> None:
    prices = price_list(taxes=[tax("DE", "19"), tax("DE", "7", "books"), tax("FI", "25.5")])
    assert prices.tax_rate("DE", "books") == Fraction(7, 100)
    assert prices.tax_rate("FI", "standard") == Fraction(51, 200)


def test_where_the_tax_table_is_silent_no_tax_is_contained() -> None:
    assert price_list().tax_rate("US", "standard") == 0
    assert price_list().tax_rate("DE", "books") == 0


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"products": (product(), product())}, "same sku"),
        ({"products": ()}, "at least one product"),
        ({"shipping_methods": ()}, "at least one product and one shipping method"),
        ({"shipping_methods": (method(), method())}, "same code"),
        ({"taxes": (tax("DE", "19"), tax("DE", "16"))}, "two rates"),
    ],
)
def test_a_list_that_contradicts_itself_is_refused(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(PriceListInvalid, match=complaint):
        attrs.evolve(price_list(), **change)


@pytest.mark.parametrize("percent", ["-1", "100"])
def test_a_tax_rate_lies_between_nothing_and_everything(percent: str) -> None:
    with pytest.raises(PriceListInvalid, match="tax rate"):
        tax("DE", percent)


def test_a_shipping_price_is_not_negative() -> None:
    with pytest.raises(PriceListInvalid, match="negative"):
        rate(["DE"], 500, EUR=-1)


def test_a_shipping_price_is_in_the_currency_under_which_it_stands() -> None:
    with pytest.raises(PriceListInvalid, match="another currency"):
        ShippingRate(countries=("DE",), max_weight_g=1, prices={"USD": Money.of("1.00", "EUR")})


@pytest.mark.parametrize(("min_days", "max_days"), [(3, 2), (-1, 2)])
def test_a_parcel_does_not_arrive_before_it_could(min_days: int, max_days: int) -> None:
    with pytest.raises(PriceListInvalid, match="max_days"):
        ShippingMethod(code="x", name="x", min_days=min_days, max_days=max_days, rates=())


def test_the_time_of_loading_has_a_zone() -> None:
    with pytest.raises(ValueError, match="loaded_at must be an aware UTC time"):
        price_list(loaded_at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_the_first_list_of_a_shop_succeeds_nobody() -> None:
    first = price_list()
    assert first.succeed(None) is first


def test_what_a_new_list_no_longer_names_is_retired_on_the_day_it_is_loaded() -> None:
    old = price_list(product("a"), product("b"))
    new = price_list(product("b", name="New b"), version="v2", loaded_at=NOON + timedelta(days=1))
    successor = new.succeed(old)
    assert successor.product("a") == product("a", retired_at=new.loaded_at)
    assert successor.product("b") == product("b", name="New b")
    assert (successor.version, successor.loaded_at) == ("v2", new.loaded_at)


def test_a_retired_product_keeps_its_day_and_comes_back_when_it_is_named_again() -> None:
    first = price_list(product("a"), product("b"))
    second = price_list(product("b"), loaded_at=NOON + timedelta(days=1)).succeed(first)
    third = price_list(product("b"), loaded_at=NOON + timedelta(days=2)).succeed(second)
    assert third.product("a").retired_at == NOON + timedelta(days=1)
    assert price_list(product("a")).succeed(third).product("a").retired_at is None


@given(generations=st.lists(SKUS, min_size=1, max_size=6))
def test_through_all_generations_nothing_is_lost_and_only_the_latest_is_sold(
    generations: list[list[str]],
) -> None:
    current: PriceList | None = None
    for day, skus in enumerate(generations):
        named = price_list(*map(product, skus), loaded_at=NOON + timedelta(days=day))
        current = named.succeed(current)
        assert named.succeed(current) == current
    assert current is not None
    assert [each.sku for each in current.on_sale()] == generations[-1]
    assert {each.sku for each in current.products} == set().union(*generations)
    assert _retired(current) == {
        sku: max(day for day, skus in enumerate(generations) if sku in skus) + 1
        for sku in set().union(*generations) - set(generations[-1])
    }


def _retired(current: PriceList) -> dict[str, int]:
    """By sku, the day of the first list that did not name it."""
    gone: list[Product] = [each for each in current.products if each.retired_at]
    return {each.sku: (each.retired_at - NOON).days for each in gone if each.retired_at}

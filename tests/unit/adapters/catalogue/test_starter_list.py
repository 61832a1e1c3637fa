"""The price list that comes with PrintAPic: could a shop open with it?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest

from printapic.adapters.catalogue.toml_price_list import TomlPriceListReader
from printapic.domain.catalogue.product import ProductKind
from printapic.domain.catalogue.quote import QuoteRequestLine, quote
from printapic.domain.ids import Sku
from printapic.domain.money import Currency
from printapic.domain.print_sizes import Orientation, ResolutionBands

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STARTER = TomlPriceListReader().starter(at=NOON)
CURRENCIES = ("EUR", "GBP", "USD")
EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()
COUNTRIES = (*EU, "GB", "CH", "NO", "LI", "IS", "US", "CA", "JP", "BR")


def test_it_offers_prints_enlargements_posters_and_canvases() -> None:
    assert {product.kind for product in STARTER.products} == set(ProductKind)
    assert {product.finish for product in STARTER.products} >= {"glossy", "matt", "pearl", "fine-art"}
    assert all(product.retired_at is None for product in STARTER.products)


@pytest.mark.parametrize(
    ("sku", "size"),
    [
        ("print-9x13-glossy", "90x130 mm"),
        ("print-10x15-glossy", "100x150 mm"),
        ("print-13x13-matt", "130x130 mm"),
        ("print-4x6in-glossy", "101.6x152.4 mm"),
        ("print-8x10in-glossy", "203.2x254 mm"),
        ("print-50x70-fine-art", "500x700 mm"),
        ("canvas-40x60", "400x600 mm"),
    ],
)
def test_a_size_is_what_the_sku_says(sku: str, size: str) -> None:
    assert str(STARTER.product(sku).specification.trim) == size


@pytest.mark.parametrize(
    ("sku", "bands"),
    [("print-10x15-glossy", (300, 200, 100)), ("print-30x45-matt", (220, 150, 80)),
     ("poster-60x90-satin", (180, 120, 72)), ("canvas-30x40", (150, 100, 72))],
)  # fmt: skip
def test_the_farther_away_it_hangs_the_coarser_a_photo_may_be(sku: str, bands: tuple[int, int, int]) -> None:
    inform, warn, block = bands
    expected = ResolutionBands(inform_dpi=inform, warn_dpi=warn, block_dpi=block)
    assert STARTER.product(sku).specification.bands == expected


def test_a_square_print_does_not_turn_and_the_others_do() -> None:
    fixed = {p.sku for p in STARTER.products if p.specification.orientation is Orientation.FIXED}
    assert fixed == {"print-13x13-matt"}


def test_every_ladder_gets_cheaper_with_every_step() -> None:
    for product in STARTER.products:
        assert set(product.prices) == set(CURRENCIES)
        for ladder in product.prices.values():
            assert all(less.unit_price > more.unit_price for less, more in pairwise(ladder)), product.sku


def test_a_heavier_parcel_never_costs_less_and_express_never_less_than_standard() -> None:
    for country in COUNTRIES:
        for code in CURRENCIES:
            currency = Currency.of(code)
            prices = {
                method: [
                    STARTER.shipping_price(method, country, weight_g, currency)
                    for weight_g in (1, 501, 2001, 5001, 10_001, 31_500)
                ]
                for method in ("standard", "express")
            }
            assert all(less <= more for ladder in prices.values() for less, more in pairwise(ladder))
            assert all(slow < fast for slow, fast in zip(*prices.values(), strict=True))


@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize("code", CURRENCIES)
def test_one_of_everything_can_be_ordered_from_anywhere(country: str, code: str) -> None:
    lines = [QuoteRequestLine(sku=product.sku, quantity=1) for product in STARTER.on_sale()]
    offer = quote(
        STARTER,
        lines,
        country=country,
        shipping_method="standard",
        currency=Currency.of(code),
        expires_at=NOON + timedelta(hours=1),
    )
    rate = STARTER.tax_rate(country, "standard")
    assert offer.tax == offer.total.share(rate.numerator, rate.numerator + rate.denominator)


def test_as_many_copies_as_a_product_allows_fit_into_one_parcel() -> None:
    for product in STARTER.products:
        quote(
            STARTER,
            [QuoteRequestLine(sku=Sku(product.sku), quantity=product.max_copies)],
            country="DE",
            shipping_method="standard",
            currency=Currency.of("EUR"),
            expires_at=NOON,
        )


@pytest.mark.parametrize(
    ("country", "percent"),
    [("DE", "19"), ("EE", "24"), ("FI", "25.5"), ("RO", "21"), ("SK", "23"), ("HU", "27"), ("LU", "17"),
     ("GB", "20"), ("CH", "8.1"), ("NO", "25"), ("US", "0"), ("JP", "0")],
)  # fmt: skip
def test_prices_contain_the_taxes_of_2026(country: str, percent: str) -> None:
    assert STARTER.tax_rate(country, "standard") == Fraction(percent) / 100


def test_every_country_of_the_union_has_a_rate_of_at_least_the_fifteen_percent_it_demands() -> None:
    assert all(STARTER.tax_rate(country, "standard") >= Fraction(15, 100) for country in EU)

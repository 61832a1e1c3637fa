"""What an order costs, and holding the shop to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.domain.addresses import AddressInvalid
from printapic.domain.catalogue.price_list import PriceList, ShippingUnavailable, TaxRule
from printapic.domain.catalogue.product import ProductKind, ProductNotFound
from printapic.domain.catalogue.quote import (
    MAX_LINES,
    MAX_TOTAL_MINOR,
    QUOTE_LIFETIME,
    ProductRetired,
    Quote,
    QuoteChanged,
    QuoteExpired,
    QuoteInvalid,
    QuoteRequestLine,
    accept,
    quote,
)
from printapic.domain.ids import Sku
from printapic.domain.money import Currency, CurrencyUnsupported, Money
from printapic.domain.print_sizes import Orientation
from tests.unit.domain.catalogue.price_lists import (
    EUR,
    JPY,
    NOON,
    ladder,
    method,
    price_list,
    product,
    rate,
    tax,
)

SECOND = timedelta(seconds=1)
LARGE = price_list(
    product("print", prices={"EUR": ladder("EUR", (1, 29), (50, 23)), "JPY": ladder("JPY", (1, 45))}),
    product("book", tax_class="books", weight_g=0, prices={c: ladder(c, (1, 1999)) for c in ("EUR", "JPY")}),
    methods=[method(rates=[rate(["*"], 10**9, EUR=395, JPY=600)])],
    taxes=[tax("DE", "19"), tax("DE", "7", "books"), tax("FI", "25.5"), tax("CH", "8.1")],
)
BASKETS = st.lists(st.tuples(st.sampled_from(["print", "book"]), st.integers(1, 400)), min_size=1, max_size=5)
COUNTRIES = st.sampled_from(["DE", "FI", "CH", "US"])
CURRENCIES = st.sampled_from([EUR, JPY])


def basket(*lines: tuple[str, int]) -> list[QuoteRequestLine]:
    return [QuoteRequestLine(sku=Sku(sku), quantity=quantity) for sku, quantity in lines]


ONE_PRINT = basket(("print-10x15-glossy", 1))


def quoted(
    prices: PriceList,
    lines: Sequence[QuoteRequestLine] = ONE_PRINT,
    *,
    country: str = "DE",
    shipping_method: str = "standard",
    currency: Currency = EUR,
    at: datetime = NOON,
) -> Quote:
    return quote(
        prices,
        lines,
        country=country,
        shipping_method=shipping_method,
        currency=currency,
        expires_at=at + QUOTE_LIFETIME,
    )


def accepted(
    prices: PriceList,
    quote_hash: str,
    lines: Sequence[QuoteRequestLine] = ONE_PRINT,
    *,
    country: str = "DE",
    shipping_method: str = "standard",
    currency: Currency = EUR,
    at: datetime = NOON,
) -> Quote:
    return accept(
        prices,
        lines,
        quote_hash=quote_hash,
        country=country,
        shipping_method=shipping_method,
        currency=currency,
        at=at,
    )


def test_a_quote_names_every_part_of_the_price() -> None:
    offer = quoted(price_list(), basket(("print-10x15-glossy", 60)))
    assert [(line.quantity, line.unit_price.amount, line.line_total.amount) for line in offer.lines] == [
        (60, "0.23", "13.80")
    ]
    parts = (offer.items_total, offer.shipping, offer.discount, offer.total, offer.tax)
    assert [part.amount for part in parts] == ["13.80", "2.95", "0.00", "16.75", "2.67"]


def test_what_weighs_more_together_costs_more_to_send() -> None:
    heavy = product("heavy", weight_g=300)
    assert quoted(price_list(heavy), basket(("heavy", 1))).shipping == Money.of("2.95", "EUR")
    assert quoted(price_list(heavy), basket(("heavy", 1), ("heavy", 1))).shipping == Money.of("4.95", "EUR")
    assert quoted(price_list(heavy), basket(("heavy", 2))).shipping == Money.of("4.95", "EUR")


def test_a_currency_without_decimals_is_quoted_in_whole_units() -> None:
    offer = quoted(price_list(), basket(("print-10x15-glossy", 3)), currency=JPY)
    assert (offer.total.amount, offer.tax.amount) == ("635", "101")


@given(lines=BASKETS, country=COUNTRIES, currency=CURRENCIES)
def test_the_parts_always_sum_to_the_total(
    lines: list[tuple[str, int]], country: str, currency: Currency
) -> None:
    offer = quoted(LARGE, basket(*lines), country=country, currency=currency)
    for line in offer.lines:
        assert line.unit_price.minor * line.quantity == line.line_total.minor
    assert sum(line.line_total.minor for line in offer.lines) == offer.items_total.minor
    assert offer.items_total + offer.shipping - offer.discount == offer.total


@given(lines=BASKETS, country=COUNTRIES, currency=CURRENCIES)
def test_the_tax_is_what_the_gross_price_contains_rounded_half_even_once_per_class(
    lines: list[tuple[str, int]], country: str, currency: Currency
) -> None:
    offer = quoted(LARGE, basket(*lines), country=country, currency=currency)
    gross = {"standard": offer.shipping.minor, "books": 0}
    for line in offer.lines:
        gross[line.product.tax_class] += line.line_total.minor
    contained = 0
    for tax_class, minor in gross.items():
        tax_rate = LARGE.tax_rate(country, tax_class)
        exact = Fraction(minor) * tax_rate / (1 + tax_rate)
        contained += int(
            (Decimal(exact.numerator) / exact.denominator).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
        )
    assert offer.tax == Money(contained, currency)
    assert 0 <= offer.tax.minor <= offer.total.minor


@pytest.mark.parametrize(("gross", "tax_"), [(2, 0), (6, 2), (10, 2), (14, 4)])
def test_half_a_cent_of_tax_goes_to_the_even_neighbour(gross: int, tax_: int) -> None:
    a_quarter_is_contained = TaxRule(country="DE", tax_class="standard", rate=Fraction(1, 3))
    prices = price_list(
        product(prices={"EUR": ladder("EUR", (1, gross))}),
        methods=[method(rates=[rate(["*"], 100, EUR=0)])],
        taxes=[a_quarter_is_contained],
    )
    assert quoted(prices).tax.minor == tax_


@pytest.mark.parametrize("count", [0, MAX_LINES + 1])
def test_an_order_has_some_lines_and_not_too_many(count: int) -> None:
    with pytest.raises(QuoteInvalid) as refused:
        quoted(price_list(), ONE_PRINT * count)
    assert refused.value.details == {"limit": MAX_LINES}


def test_the_longest_order_is_quoted() -> None:
    assert len(quoted(price_list(), ONE_PRINT * MAX_LINES).lines) == MAX_LINES


@pytest.mark.parametrize("quantity", [-1, 0, 21])
def test_more_copies_than_the_product_allows_or_none_are_refused(quantity: int) -> None:
    with pytest.raises(QuoteInvalid) as refused:
        quoted(price_list(product("few", max_copies=20)), basket(("few", quantity)))
    assert refused.value.details == {"sku": "few", "limit": 20}


def test_as_many_copies_as_the_product_allows_are_quoted() -> None:
    assert quoted(price_list(product("few", max_copies=20)), basket(("few", 20))).lines[0].quantity == 20


def test_a_retired_product_is_not_quoted() -> None:
    with pytest.raises(ProductRetired) as refused:
        quoted(price_list(product("new"), product("old", retired_at=NOON)), basket(("old", 1)))
    assert refused.value.details == {"sku": "old"}


def test_what_cannot_be_priced_is_refused() -> None:
    with pytest.raises(ProductNotFound):
        quoted(price_list(), basket(("balloon", 1)))
    with pytest.raises(ShippingUnavailable):
        quoted(price_list(), shipping_method="by-pigeon")
    with pytest.raises(CurrencyUnsupported):
        quoted(price_list(), currency=Currency.of("SEK"))
    with pytest.raises(AddressInvalid):
        quoted(price_list(), country="*")


@pytest.mark.parametrize(("code", "amount"), [("EUR", "999999.99"), ("JPY", "99999999")])
def test_the_largest_total_fits_ten_digits_of_which_two_are_decimals(code: str, amount: str) -> None:
    """In every currency: the column is DECIMAL(10,2), and a yen has no decimals to give."""
    for minor, fits in ((MAX_TOTAL_MINOR - 100, True), (MAX_TOTAL_MINOR - 99, False)):
        prices = price_list(
            product("palace", prices={code: ladder(code, (1, minor))}),
            methods=[method(rates=[rate(["*"], 100, **{code: 100})])],
        )
        if fits:
            offer = quoted(prices, basket(("palace", 1)), currency=Currency.of(code))
            assert offer.total.amount == amount
            assert Decimal(offer.total.amount) <= Decimal("99999999.99")
        else:
            with pytest.raises(QuoteInvalid, match="larger than one order can be"):
                quoted(prices, basket(("palace", 1)), currency=Currency.of(code))


def test_an_accepted_quote_is_the_one_that_was_given() -> None:
    offer = quoted(price_list(), at=NOON + timedelta(microseconds=123456))
    assert accepted(price_list(), offer.quote_hash) == offer


def test_the_hash_is_the_same_whenever_and_from_whatever_equal_list_it_is_made() -> None:
    again = price_list(version="another", loaded_at=NOON + timedelta(days=5))
    assert quoted(price_list()).quote_hash == quoted(again).quote_hash


HASHES = {
    "as it is": quoted(price_list()),
    "another country": quoted(price_list(), country="FI"),
    "another method": quoted(price_list(), shipping_method="express"),
    "another currency": quoted(price_list(), currency=JPY),
    "another quantity": quoted(price_list(), basket(("print-10x15-glossy", 2))),
    "two lines": quoted(price_list(), ONE_PRINT * 2),
    "another expiry": quoted(price_list(), at=NOON + SECOND),
    "another sku": quoted(price_list(product("x")), basket(("x", 1))),
    "another price": quoted(price_list(product(prices={"EUR": ladder("EUR", (1, 30))}))),
    "another tax": quoted(price_list(taxes=[tax("DE", "16")])),
    "another shipping price": quoted(price_list(methods=[method(rates=[rate(["*"], 9, EUR=296)])])),
    "another name": quoted(price_list(product(name="Print"))),
    "another kind": quoted(price_list(product(kind=ProductKind.POSTER))),
    "another paper": quoted(price_list(product(paper="Newsprint"))),
    "another finish": quoted(price_list(product(finish="matt"))),
    "another size": quoted(price_list(product(width_mm=101))),
    "another orientation": quoted(price_list(product(orientation=Orientation.FIXED))),
}


def test_whatever_the_customer_saw_is_in_the_hash() -> None:
    by_hash = {offer.quote_hash: change for change, offer in HASHES.items()}
    assert list(by_hash.values()) == list(HASHES)


@pytest.mark.parametrize(
    "change", [change for change in HASHES if change not in ("as it is", "another expiry")]
)
def test_a_quote_of_something_else_is_answered_with_the_right_one(change: str) -> None:
    with pytest.raises(QuoteChanged) as refused:
        accepted(price_list(), HASHES[change].quote_hash)
    assert refused.value.quote == HASHES["as it is"]


@given(first=BASKETS, second=BASKETS)
def test_two_baskets_have_one_hash_only_if_they_are_one_basket(
    first: list[tuple[str, int]], second: list[tuple[str, int]]
) -> None:
    hashes = [quoted(LARGE, basket(*lines)).quote_hash for lines in (first, second)]
    assert (hashes[0] == hashes[1]) == (first == second)


@pytest.mark.parametrize(
    "nonsense", ["", "x", "0" * 74, "-" + "0" * 64, f"{chr(0x660) * 9}-{'0' * 64}", f"fffffffff-{'0' * 64}"]
)
def test_a_hash_that_we_never_gave_is_answered_with_a_quote(nonsense: str) -> None:
    with pytest.raises(QuoteChanged) as refused:
        accepted(price_list(), nonsense)
    assert accepted(price_list(), refused.value.quote.quote_hash) == refused.value.quote


@given(position=st.integers(0, 73), digit=st.sampled_from("0123456789abcdefF-"))
def test_no_character_of_a_hash_can_be_changed(position: int, digit: str) -> None:
    offer = quoted(price_list())
    forged = offer.quote_hash[:position] + digit + offer.quote_hash[position + 1 :]
    if forged == offer.quote_hash:
        return
    with pytest.raises(QuoteChanged) as refused:
        accepted(price_list(), forged)
    assert refused.value.quote == offer


def test_a_quote_is_good_until_the_last_second_of_its_life() -> None:
    offer = quoted(price_list())
    assert accepted(price_list(), offer.quote_hash, at=offer.expires_at - SECOND) == offer
    with pytest.raises(QuoteExpired) as refused:
        accepted(price_list(), offer.quote_hash, at=offer.expires_at)
    renewed = refused.value.quote
    assert renewed.expires_at == offer.expires_at + QUOTE_LIFETIME
    assert accepted(price_list(), renewed.quote_hash, at=offer.expires_at) == renewed


@given(beyond=st.timedeltas(SECOND, timedelta(days=20_000)))
def test_nobody_can_make_a_quote_that_outlives_the_ones_we_give(beyond: timedelta) -> None:
    """A client knows how to make hashes, prices are public; what it may not choose is a late expiry."""
    for_ever = quoted(price_list(), at=NOON + beyond)
    with pytest.raises(QuoteChanged) as refused:
        accepted(price_list(), for_ever.quote_hash)
    assert refused.value.quote == quoted(price_list())


@given(minor=st.integers(0, 10_000), hours=st.integers(0, 100))
def test_nobody_pays_another_price_than_todays(minor: int, hours: int) -> None:
    """Whatever the list said when the quote was made, an accepted quote costs what the list says now."""
    then = price_list(product(prices={"EUR": ladder("EUR", (1, minor))}))
    later = NOON + timedelta(hours=hours)
    offer = quoted(then)
    try:
        outcome = accepted(price_list(), offer.quote_hash, at=later)
    except (QuoteChanged, QuoteExpired) as refused:
        outcome = refused.quote
        assert minor != 29 or hours >= 48
        assert outcome.expires_at == later + QUOTE_LIFETIME
    assert outcome.lines[0].unit_price == Money.of("0.29", "EUR")
    assert accepted(price_list(), outcome.quote_hash, at=later) == outcome


def test_what_can_no_longer_be_ordered_is_refused_for_that_and_not_for_its_price() -> None:
    offer = quoted(price_list())
    retired = price_list(product("new")).succeed(price_list())
    with pytest.raises(ProductRetired):
        accepted(retired, offer.quote_hash)


def test_the_expiry_has_a_time_zone() -> None:
    with pytest.raises(ValueError, match="expires_at must be an aware UTC time"):
        quoted(price_list(), at=NOON.replace(tzinfo=None))


def test_the_hash_begins_with_the_second_of_its_expiry() -> None:
    offer = quoted(price_list())
    assert datetime.fromtimestamp(int(offer.quote_hash.split("-")[0], 16), UTC) == NOON + QUOTE_LIFETIME

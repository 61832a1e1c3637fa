from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.domain.money import (
    ISO_4217,
    TRADED,
    AmountInvalid,
    Currency,
    CurrencyMismatch,
    CurrencyUnsupported,
    Money,
    round_half_even,
    total,
)

EUR, JPY = Currency.of("EUR"), Currency.of("JPY")
ONE_EURO, ONE_YEN = Money.of("1.00", "EUR"), Money.of("1", "JPY")
minors = st.integers(-(10**12) + 1, 10**12 - 1)
currencies = st.sampled_from(["EUR", "USD", "GBP", "JPY", "KRW"]).map(Currency.of)
amounts = st.builds(Money, minors, currencies)
euros = st.builds(Money, minors, st.just(EUR))


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.90", "EUR", 1290),
        ("0.05", "USD", 5),
        ("-3.10", "GBP", -310),
        ("0.00", "EUR", 0),
        ("-0.00", "EUR", 0),
        ("1290", "JPY", 1290),
        ("-7", "KRW", -7),
        ("999999999999.99", "EUR", 99_999_999_999_999),
    ],
)
def test_an_amount_is_read_exactly(amount: str, currency: str, minor: int) -> None:
    assert Money.of(amount, currency) == Money(minor, Currency.of(currency))


@pytest.mark.parametrize(
    "amount",
    [
        *("", " ", "12", "12.9", "12.900", "12,90", "1e2", ".50", "12.", "+1.00", "--1.00", "1.00 ", " 1.00"),
        *(
            "1.00\n",
            "NaN",
            "Infinity",
            "0x10",
            "\u0661.\u0660\u0660",
            "1_0.00",
            "1 000.00",
            "1000000000000.00",
            "1.00 EUR",
        ),
    ],
)
def test_what_is_no_exact_amount_is_refused(amount: str) -> None:
    with pytest.raises(AmountInvalid) as refusal:
        Money.of(amount, "EUR")
    assert "2 decimals" in refusal.value.message


@pytest.mark.parametrize("amount", ["1.0", "1.00", "1.", "0.5"])
def test_a_currency_without_decimals_takes_none(amount: str) -> None:
    with pytest.raises(AmountInvalid, match="0 decimals"):
        Money.of(amount, "JPY")


@pytest.mark.parametrize("code", ["", "eur", "XXX", "EURO", "BHD"])
def test_a_currency_that_the_shop_does_not_trade_in_is_refused(code: str) -> None:
    with pytest.raises(CurrencyUnsupported) as refusal:
        Money.of("1.00", code)
    assert refusal.value.currency == code
    assert refusal.value.details["supported"] == sorted(refusal.value.details["supported"])  # type: ignore[call-overload]
    assert "EUR" in refusal.value.details["supported"]  # type: ignore[operator]


@pytest.mark.parametrize(("code", "exponent"), [("EUR", 2), ("HKD", 2), ("ISK", 0), ("KWD", 3), ("CLF", 4)])
def test_money_may_come_in_any_currency(code: str, exponent: int) -> None:
    unit = Currency.known(code)
    assert (unit.code, unit.exponent) == (code, exponent)
    assert Money.read(Money(-120_034, unit).amount, unit) == Money(-120_034, unit)


@pytest.mark.parametrize("code", ["", "eur", "XXX", "XTS", "EURO"])
def test_what_is_no_currency_is_never_known(code: str) -> None:
    with pytest.raises(CurrencyUnsupported):
        Currency.known(code)


def test_everything_that_the_shop_trades_in_is_a_currency() -> None:
    assert set(ISO_4217) >= TRADED
    assert all(Currency.of(code) == Currency.known(code) for code in TRADED)


@given(amounts)
def test_an_amount_survives_the_wire(money: Money) -> None:
    assert Money.of(money.amount, money.currency.code) == money


@given(amounts)
def test_an_amount_is_written_with_all_its_decimals(money: Money) -> None:
    _, _, decimals = money.amount.partition(".")
    assert len(decimals) == money.currency.exponent
    assert Fraction(money.amount) == Fraction(money.minor, 10**money.currency.exponent)
    assert str(money) == f"{money.amount} {money.currency.code}"


@given(euros, euros, euros)
def test_sums_and_differences_are_exact(one: Money, two: Money, three: Money) -> None:
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert one + two - two == one
    assert one - two == -(two - one)
    assert one + Money.zero(EUR) == one


@given(euros, st.integers(0, 999))
def test_a_multiple_is_a_repeated_sum(price: Money, times: int) -> None:
    assert price * times == Money(price.minor * times, EUR)
    assert price * 2 == price + price


@given(euros, euros)
def test_amounts_are_ordered_like_their_minor_units(one: Money, other: Money) -> None:
    assert (one < other) is (one.minor < other.minor)
    assert (one <= other) is (one.minor <= other.minor)
    assert (one > other) is (one.minor > other.minor)
    assert (one >= other) is (one.minor >= other.minor)
    assert (one == other) is (one.minor == other.minor)


def test_only_nothing_is_false() -> None:
    assert not Money.zero(EUR)
    assert Money(1, EUR)
    assert Money(-1, EUR)


def test_two_currencies_do_not_mix() -> None:
    for mix in (
        lambda: ONE_EURO + ONE_YEN,
        lambda: ONE_EURO - ONE_YEN,
        lambda: ONE_EURO < ONE_YEN,
        lambda: ONE_EURO <= ONE_YEN,
        lambda: ONE_EURO > ONE_YEN,
        lambda: ONE_EURO >= ONE_YEN,
        lambda: total([ONE_EURO, ONE_YEN], EUR),
    ):
        with pytest.raises(CurrencyMismatch, match="do not mix"):
            mix()


def test_comparing_for_equality_never_fails() -> None:
    assert Money.zero(EUR) != Money.zero(JPY)
    assert object() != ONE_EURO
    assert len({Money(1, EUR), Money(1, EUR), Money(1, JPY)}) == 2


def test_money_is_never_a_float() -> None:
    with pytest.raises(TypeError):
        Money(1.5, EUR)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        ONE_EURO * 1.5  # type: ignore[operator]


@pytest.mark.parametrize(
    ("numerator", "denominator", "nearest"),
    [
        (5, 10, 0),
        (15, 10, 2),
        (25, 10, 2),
        (-5, 10, 0),
        (-15, 10, -2),
        (-25, 10, -2),
        (7, 2, 4),
        (1, 3, 0),
        (2, 3, 1),
    ],
)
def test_a_tie_goes_to_the_even_neighbour(numerator: int, denominator: int, nearest: int) -> None:
    assert round_half_even(numerator, denominator) == nearest


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**6))
def test_rounding_is_that_of_exact_fractions(numerator: int, denominator: int) -> None:
    assert round_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@given(euros, st.integers(-10_000, 10_000), st.integers(1, 10_000))
def test_a_share_is_off_by_half_a_unit_at_most(money: Money, numerator: int, denominator: int) -> None:
    share = money.share(numerator, denominator)
    assert abs(share.minor - Fraction(money.minor * numerator, denominator)) <= Fraction(1, 2)
    assert share.currency == money.currency
    assert (-money).share(numerator, denominator) == -share


@given(euros, st.integers(0, 100))
def test_a_part_and_the_rest_are_the_whole(money: Money, percent: int) -> None:
    part = money.share(percent, 100)
    assert part + (money - part) == money
    assert abs((money - part).minor - money.share(100 - percent, 100).minor) <= 1


@given(st.lists(euros, max_size=20))
def test_a_total_is_the_sum_of_its_parts(parts: list[Money]) -> None:
    assert total(parts, EUR) == Money(sum(part.minor for part in parts), EUR)


def test_the_total_of_nothing_is_zero_in_its_currency() -> None:
    assert total([], JPY) == Money.zero(JPY)

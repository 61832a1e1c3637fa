"""Amounts as PayPal writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.adapters.payments.paypal.answers import Refused, Unreadable
from printapic.adapters.payments.paypal.currencies import CURRENCIES, Amount, money_of, on_wire
from printapic.domain.money import ISO_4217, Currency, Money

NO_DECIMALS = {"HUF", "JPY", "TWD"}


@given(st.sampled_from(sorted(CURRENCIES)), st.data())
def test_h6_every_payable_amount_goes_out_and_comes_back_unchanged(code: str, data: st.DataObject) -> None:
    rule = CURRENCIES[code]
    steps = st.integers(rule.min_minor // rule.step_minor, rule.max_minor // rule.step_minor)
    money = Money(data.draw(steps) * rule.step_minor, Currency(code, rule.exponent))
    written = on_wire(money)
    assert ("." in written.value) is (code not in NO_DECIMALS)
    assert money_of(written) == money
    assert money_of(written).currency.exponent == rule.exponent


@pytest.mark.parametrize(
    ("value", "code", "minor"),
    [
        ("12.90", "EUR", 1290),
        ("12.9", "EUR", 1290),
        ("12", "EUR", 1200),
        (".50", "EUR", 50),
        ("-0.64", "EUR", -64),
        ("12.9000", "EUR", 1290),
        ("1290", "JPY", 1290),
        ("1290.00", "JPY", 1290),
        ("1290", "HUF", 129000),
        ("1290.00", "TWD", 129000),
    ],
)
def test_h6_what_paypal_writes_is_read_to_the_last_digit(value: str, code: str, minor: int) -> None:
    money = money_of(Amount(currency_code=code, value=value))
    assert (money.minor, money.currency.code) == (minor, code)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "EUR"),
        ("-", "EUR"),
        (".", "EUR"),
        ("1.", "EUR"),
        ("1,00", "EUR"),
        ("1.005", "EUR"),
        ("1.5", "JPY"),
        ("1e3", "EUR"),
        ("NaN", "EUR"),
        ("١٢", "EUR"),
        (" 1", "EUR"),
        ("1" * 16, "EUR"),
        ("1.00", "XTS"),
        ("1.00", "eur"),
    ],
)
def test_u5_an_amount_that_is_none_is_unreadable(value: str, code: str) -> None:
    with pytest.raises(Unreadable):
        money_of(Amount(currency_code=code, value=value))


def test_paypal_and_the_shop_count_the_same_decimals() -> None:
    for code, rule in CURRENCIES.items():
        assert rule.exponent == ISO_4217[code], code


@given(st.sampled_from(sorted(ISO_4217)), st.integers(-(10**12), 10**12))
def test_a1_books_are_read_in_currencies_that_nobody_can_be_asked_for(code: str, minor: int) -> None:
    told = Money(minor, Currency.known(code))
    assert money_of(Amount(currency_code=code, value=told.amount)) == told
    if code not in CURRENCIES:
        with pytest.raises(Refused):
            on_wire(told)

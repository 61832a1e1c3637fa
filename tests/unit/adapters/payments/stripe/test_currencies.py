"""Scenario H6: amounts as Stripe writes them, for every currency that it treats specially."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.adapters.payments.stripe.currencies import (
    LARGEST_WIRE_AMOUNT,
    UNITS,
    AmountNotPayable,
    WireAmountUnreadable,
    money_of,
    traded,
    wire_amount,
    wire_currency,
)
from printapic.domain.money import ISO_4217, Currency, Money

NO_DECIMALS = "BIF CLP DJF GNF JPY KMF KRW PYG RWF VND VUV XAF XOF XPF".split()
THREE_DECIMALS = "BHD JOD KWD OMR TND".split()


def money(minor: int, code: str) -> Money:
    return Money(minor, Currency(code, UNITS[code].exponent))


@pytest.mark.parametrize("code", NO_DECIMALS)
def test_h6_currencies_without_decimals_are_written_as_they_are(code: str) -> None:
    assert wire_amount(money(1290, code)) == 1290
    assert money_of(1290, code.lower()) == Money(1290, Currency(code, 0))


@pytest.mark.parametrize("code", ["ISK", "UGX"])
def test_h6_two_currencies_without_decimals_are_written_with_two_that_are_zero(code: str) -> None:
    assert wire_amount(money(1290, code)) == 129000
    assert money_of(129000, code.lower()) == Money(1290, Currency(code, 0))
    with pytest.raises(WireAmountUnreadable):
        money_of(129050, code.lower())


def test_h6_ariary_have_hundredths_that_stripe_does_not_write() -> None:
    assert wire_amount(money(129000, "MGA")) == 1290
    assert money_of(1290, "mga") == Money(129000, Currency("MGA", 2))
    assert money_of(1290, "mga").currency.exponent == 2
    with pytest.raises(AmountNotPayable):
        wire_amount(money(129050, "MGA"))


@pytest.mark.parametrize("code", THREE_DECIMALS)
def test_h6_currencies_with_three_decimals_end_in_a_zero(code: str) -> None:
    assert wire_amount(money(12990, code)) == 12990
    assert money_of(12990, code.lower()) == Money(12990, Currency(code, 3))
    with pytest.raises(AmountNotPayable):
        wire_amount(money(12995, code))


@pytest.mark.parametrize("code", ["HUF", "TWD", "EUR", "USD", "CHF"])
def test_h6_others_are_written_with_two_decimals_forint_and_taiwan_dollar_too(code: str) -> None:
    assert wire_amount(money(1295, code)) == 1295
    assert money_of(1295, code.lower()) == Money(1295, Currency(code, 2))


@given(st.sampled_from(sorted(UNITS)), st.data())
def test_h6_what_is_sent_comes_back_the_same(code: str, data: st.DataObject) -> None:
    rule = UNITS[code].rule
    steps = data.draw(st.integers(1, rule.max_minor // rule.step_minor))
    asked = money(steps * rule.step_minor, code)
    assert 0 < wire_amount(asked) <= LARGEST_WIRE_AMOUNT
    assert money_of(wire_amount(asked), wire_currency(asked)) == asked


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Money(1290, Currency("XTS", 2)), "currency-unsupported"),
        (Money(1290, Currency("EUR", 3)), "currency-unsupported"),
        (Money(1290, Currency("JPY", 2)), "currency-unsupported"),
        (Money.of("0.00", "EUR"), "amount-invalid"),
        (Money.of("-0.01", "EUR"), "amount-invalid"),
        (Money.of("1000000.00", "EUR"), "amount-invalid"),
        (money(1_000_000, "ISK"), "amount-invalid"),
    ],
)
def test_h6_what_stripe_would_refuse_or_round_is_refused_before(asked: Money, code: str) -> None:
    with pytest.raises(AmountNotPayable) as refused:
        wire_amount(asked)
    assert refused.value.code == code


def test_h6_a_currency_that_is_not_listed_cannot_be_read() -> None:
    with pytest.raises(WireAmountUnreadable):
        money_of(1290, "xts")


def test_money_that_left_is_read_with_its_sign() -> None:
    assert money_of(-129000, "isk") == Money(-1290, Currency("ISK", 0))


def test_only_what_the_shop_trades_in_is_offered() -> None:
    assert {"EUR", "USD", "JPY", "KRW", "CHF"} <= set(traded())
    assert not {"HUF", "ISK", "KWD"} & set(traded())
    assert traded()["JPY"].exponent == 0


def test_a1_money_that_came_is_read_and_given_back_in_a_currency_that_is_not_offered() -> None:
    came = money_of(2000, "hkd")
    assert (came, came.currency.exponent) == (Money(2000, Currency("HKD", 2)), 2)
    assert (wire_amount(came), wire_currency(came)) == (2000, "hkd")


def test_stripe_and_the_shop_count_the_same_decimals() -> None:
    assert {code: unit.exponent for code, unit in UNITS.items()} == ISO_4217

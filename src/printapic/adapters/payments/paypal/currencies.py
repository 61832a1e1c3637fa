"""Amounts as PayPal writes them: decimal strings, in three currencies without decimals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from printapic.adapters.payments.paypal.answers import Refused, Unreadable
from printapic.application.ports.payments import CurrencyRule
from printapic.domain.money import Currency, CurrencyUnsupported, Money

_TWO = (
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "ILS", "MXN", "MYR", "NOK", "NZD",
    "PHP", "PLN", "SEK", "SGD", "THB", "USD",
)  # fmt: skip
_RULES: dict[str, CurrencyRule] = {code: CurrencyRule(exponent=2) for code in _TWO}
_RULES["JPY"] = CurrencyRule(exponent=0)
# Forints and Taiwan dollars have hundredths (ISO 4217) that PayPal does not take (DECIMALS_NOT_SUPPORTED).
_RULES["HUF"] = _RULES["TWD"] = CurrencyRule(exponent=2, step_minor=100, min_minor=100, max_minor=999_999_900)
CURRENCIES: Mapping[str, CurrencyRule] = MappingProxyType(_RULES)
_VALUE = re.compile(r"(?P<sign>-?)(?P<whole>[0-9]{0,15})(?:[.](?P<fraction>[0-9]{1,8}))?", re.ASCII)


class Amount(msgspec.Struct, frozen=True):
    """Money on the wire."""

    currency_code: str
    value: str


def on_wire(money: Money) -> Amount:
    """An amount to pay, capture or refund. Nothing is ever rounded: raises `Refused`."""
    rule = CURRENCIES.get(money.currency.code)
    if rule is None or rule.exponent != money.currency.exponent:
        raise Refused("currency-unsupported")
    if money.minor % rule.step_minor:
        raise Refused("amount-needs-rounding")
    if not rule.min_minor <= money.minor <= rule.max_minor:
        raise Refused("amount-out-of-range")
    value = money.amount if rule.step_minor == 1 else str(money.minor // rule.step_minor)
    return Amount(currency_code=money.currency.code, value=value)


def money_of(amount: Amount) -> Money:
    """What PayPal says, to the last digit, in any currency: accounts have lines that nobody asked for.

    Raises `Unreadable` for more decimals than there are, and for what is no currency.
    """
    try:
        unit = Currency.known(amount.currency_code)
    except CurrencyUnsupported:
        raise Unreadable("currency") from None
    match = _VALUE.fullmatch(amount.value)
    if match is None or not (match["whole"] or match["fraction"]):
        raise Unreadable("amount")
    fraction = (match["fraction"] or "").rstrip("0")
    if len(fraction) > unit.exponent:
        raise Unreadable("amount")
    minor = int((match["whole"] or "0") + fraction.ljust(unit.exponent, "0"))
    return Money(-minor if match["sign"] else minor, unit)


def sum_of(amount: Amount) -> Money:
    """Money that was held, taken or given back: more than nothing. Raises `Unreadable`."""
    money = money_of(amount)
    if money.minor <= 0:
        raise Unreadable("amount")
    return money

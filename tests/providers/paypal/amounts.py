"""Amounts as PayPal writes them: decimal strings, and no decimals at all in three currencies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from printapic.domain.money import Currency, Money
from tests.providers.paypal.refusals import bad_request, refused

WITHOUT_DECIMALS = frozenset({"HUF", "JPY", "TWD"})
CURRENCIES = WITHOUT_DECIMALS | {
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "ILS",
    "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "USD",
}  # fmt: skip
_VALUE = re.compile(r"(?P<sign>-?)(?P<whole>[0-9]*)(?:[.](?P<fraction>[0-9]+))?", re.ASCII)
_LONGEST = 32


def currency(code: str) -> Currency:
    """A currency with its ISO 4217 decimals, which are not PayPal's for forints and Taiwan dollars."""
    return Currency(code, 0 if code == "JPY" else 2)


def amount_body(amount: Money) -> dict[str, str]:
    code = amount.currency.code
    whole_only = code in WITHOUT_DECIMALS and amount.currency.exponent
    value = amount.amount.rpartition(".")[0] if whole_only else amount.amount
    return {"currency_code": code, "value": value}


def read_amount(
    body: Mapping[str, Any] | None, field: str, *, if_decimals: str = "DECIMALS_NOT_SUPPORTED"
) -> Money:
    """A positive amount from a request. Raises `Refusal` as PayPal words it.

    `if_decimals` is the issue where a currency without decimals comes with some: orders have another one.
    """
    if not isinstance(body, Mapping):
        raise bad_request("MISSING_REQUIRED_PARAMETER", field)
    code, value = body.get("currency_code"), body.get("value")
    for name, text in (("currency_code", code), ("value", value)):
        if text is None:
            raise bad_request("MISSING_REQUIRED_PARAMETER", f"{field}/{name}")
    if not isinstance(code, str) or len(code) != 3:
        raise bad_request("INVALID_STRING_LENGTH", f"{field}/currency_code")
    if not isinstance(value, str) or len(value) > _LONGEST or not (match := _VALUE.fullmatch(value)):
        raise bad_request("INVALID_PARAMETER_SYNTAX", f"{field}/value")
    if code not in CURRENCIES:
        raise refused("INVALID_CURRENCY_CODE", f"{field}/currency_code")
    fraction = match["fraction"] or ""
    if code in WITHOUT_DECIMALS and fraction.strip("0"):
        raise refused(if_decimals, f"{field}/value")
    if len(fraction) > 2:
        raise refused("DECIMAL_PRECISION", f"{field}/value")
    unit = currency(code)
    minor = int((match["whole"] or "0") + fraction.ljust(2, "0")[: unit.exponent])
    if match["sign"] or not minor:
        raise refused("CANNOT_BE_ZERO_OR_NEGATIVE", f"{field}/value")
    return Money(minor, unit)

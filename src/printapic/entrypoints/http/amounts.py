"""Money on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from printapic.domain.money import Money
from printapic.entrypoints.http.bodies import ResponseBody


class Amount(ResponseBody, kw_only=True):
    """An exact amount with all decimals of its currency, and its ISO 4217 code."""

    amount: str
    currency: str

    example: ClassVar[Mapping[str, object]] = {"amount": "12.90", "currency": "EUR"}


def amount(money: Money) -> Amount:
    return Amount(amount=money.amount, currency=money.currency.code)

"""Amounts as Stripe writes them: integers, in a unit that is not always the currency's minor one.

Source: docs.stripe.com/currencies, for charges and refunds (payouts in HUF and TWD have rules of their own).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs

from printapic.application.ports.payments import CurrencyRule
from printapic.domain.money import ISO_4217, TRADED, Currency, Money

LARGEST_WIRE_AMOUNT = 99_999_999


class AmountNotPayable(ValueError):
    """Stripe would refuse, or round, this amount. `code` says why, for an outcome."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class WireAmountUnreadable(ValueError):
    """Stripe speaks of what is no currency, or of a fraction of its minor unit."""


@attrs.frozen(kw_only=True)
class WireUnit:
    """`exponent` is the currency's own number of decimals, `decimals` that of amounts on the wire."""

    exponent: int
    decimals: int
    step_minor: int = 1

    @property
    def rule(self) -> CurrencyRule:
        """The same for whoever wants to ask for an amount.

        The least amount is for Stripe to say: it depends on the account's own currency.
        """
        return CurrencyRule(
            exponent=self.exponent,
            step_minor=self.step_minor,
            min_minor=self.step_minor,
            max_minor=LARGEST_WIRE_AMOUNT * 10**self.exponent // 10**self.decimals,
        )


_WRITTEN_WITHOUT = frozenset({"MGA"})
_WRITTEN_WITH_TWO = frozenset({"ISK", "UGX"})
_STEP_OF_THREE_DECIMALS = 10


def _unit(code: str, exponent: int) -> WireUnit:
    if code in _WRITTEN_WITH_TWO:
        return WireUnit(exponent=exponent, decimals=2)
    if code in _WRITTEN_WITHOUT:
        return WireUnit(exponent=exponent, decimals=0, step_minor=10**exponent)
    step = _STEP_OF_THREE_DECIMALS if exponent == 3 else 1
    return WireUnit(exponent=exponent, decimals=exponent, step_minor=step)


UNITS: Mapping[str, WireUnit] = MappingProxyType(
    {code: _unit(code, exponent) for code, exponent in ISO_4217.items()}
)


def traded() -> dict[str, CurrencyRule]:
    """What may be paid with: what Stripe takes and the shop trades in."""
    return {code: UNITS[code].rule for code in TRADED}


def wire_amount(money: Money) -> int:
    """An amount to ask for, or to give back of whatever came.

    Raises `AmountNotPayable` rather than to round, or to ask for nothing.
    """
    unit = UNITS.get(money.currency.code)
    if unit is None or unit.exponent != money.currency.exponent:
        raise AmountNotPayable("currency-unsupported")
    rule = unit.rule
    if not rule.min_minor <= money.minor <= rule.max_minor or money.minor % rule.step_minor:
        raise AmountNotPayable("amount-invalid")
    wire: int = money.minor * 10**unit.decimals // 10**unit.exponent
    return wire


def wire_currency(money: Money) -> str:
    """The code as Stripe writes it."""
    return money.currency.code.lower()


def money_of(amount: int, currency: str) -> Money:
    """An amount off the wire, which may be negative, in any currency: the shop need not trade in it.

    Raises `WireAmountUnreadable`.
    """
    code = currency.upper()
    if code not in UNITS:
        raise WireAmountUnreadable(code)
    unit = UNITS[code]
    minor, fraction = divmod(amount * 10**unit.exponent, 10**unit.decimals)
    if fraction:
        raise WireAmountUnreadable(code)
    return Money(minor, Currency.known(code))

"""Amounts as Stripe writes them: integers, in a unit that is not always the currency's minor one.

Source: docs.stripe.com/currencies, for charges and refunds (payouts in HUF and TWD have rules of their own).
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from printapic.application.ports.payments import CurrencyRule
from printapic.domain.money import Currency, CurrencyUnsupported, Money

LARGEST_WIRE_AMOUNT = 99_999_999


class AmountNotPayable(ValueError):
    """Stripe would refuse, or round, this amount. `code` says why, for an outcome."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class WireAmountUnreadable(ValueError):
    """Stripe speaks of a currency that we do not know, or of a fraction of its minor unit."""


@attrs.frozen(kw_only=True)
class WireUnit:
    """`exponent` is the currency's own; an amount on the wire is `scale` times as many minor units."""

    exponent: int
    scale: int = 1
    step_minor: int = 1

    @property
    def rule(self) -> CurrencyRule:
        """The same for whoever wants to ask for an amount.

        The least amount is for Stripe to say: it depends on the account's own currency.
        """
        return CurrencyRule(
            exponent=self.exponent,
            step_minor=self.step_minor,
            max_minor=LARGEST_WIRE_AMOUNT // self.scale,
        )


_NO_DECIMALS = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
_WRITTEN_WITH_TWO = "ISK UGX"
_THREE_DECIMALS = "BHD JOD KWD OMR TND"
_TWO_DECIMALS = "AUD BGN CAD CHF CZK DKK EUR GBP HUF NOK NZD PLN RON SEK TWD USD"

UNITS: Mapping[str, WireUnit] = {
    **dict.fromkeys(_NO_DECIMALS.split(), WireUnit(exponent=0)),
    **dict.fromkeys(_WRITTEN_WITH_TWO.split(), WireUnit(exponent=0, scale=100)),
    **dict.fromkeys(_THREE_DECIMALS.split(), WireUnit(exponent=3, step_minor=10)),
    **dict.fromkeys(_TWO_DECIMALS.split(), WireUnit(exponent=2)),
}


def traded() -> dict[str, CurrencyRule]:
    """What may be paid with: what Stripe takes and the shop trades in."""
    return {code: unit.rule for code, unit in UNITS.items() if _is_traded(code)}


def wire_amount(money: Money) -> int:
    """Raises `AmountNotPayable` rather than to round, or to ask for nothing."""
    unit = UNITS.get(money.currency.code)
    if unit is None or unit.exponent != money.currency.exponent:
        raise AmountNotPayable("currency-unsupported")
    rule = unit.rule
    if not rule.min_minor <= money.minor <= rule.max_minor or money.minor % rule.step_minor:
        raise AmountNotPayable("amount-invalid")
    return money.minor * unit.scale


def wire_currency(money: Money) -> str:
    """The code as Stripe writes it."""
    return money.currency.code.lower()


def money_of(amount: int, currency: str) -> Money:
    """An amount off the wire, which may be negative. Raises `WireAmountUnreadable`."""
    code = currency.upper()
    unit = UNITS.get(code)
    if unit is None or amount % unit.scale:
        raise WireAmountUnreadable(code)
    return Money(amount // unit.scale, Currency(code, unit.exponent))


def traded_money_of(amount: int, currency: str) -> Money | None:
    """The same, None for a currency that the shop does not trade in: it could not be written down."""
    return money_of(amount, currency) if _is_traded(currency.upper()) else None


def _is_traded(code: str) -> bool:
    try:
        return Currency.of(code).exponent == UNITS[code].exponent
    except (CurrencyUnsupported, KeyError):
        return False

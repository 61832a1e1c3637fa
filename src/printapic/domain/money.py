"""Money: whole minor units in one currency, and the one place where a fraction of a cent is rounded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Self

import attrs

from printapic.domain.errors import Invalid

_EXPONENTS = {
    "AUD": 2, "CAD": 2, "CHF": 2, "CZK": 2, "DKK": 2, "EUR": 2, "GBP": 2, "JPY": 0,
    "KRW": 0, "NOK": 2, "NZD": 2, "PLN": 2, "SEK": 2, "USD": 2,
}  # fmt: skip
_AMOUNT = re.compile(r"(?P<sign>-?)(?P<whole>\d{1,12})(?:\.(?P<fraction>\d+))?", re.ASCII)


class CurrencyUnsupported(Invalid):
    code = "currency-unsupported"

    def __init__(self, currency: str) -> None:
        super().__init__(
            "This currency is not one of those the shop trades in.", supported=sorted(_EXPONENTS)
        )
        self.currency = currency


class AmountInvalid(Invalid):
    code = "amount-invalid"

    def __init__(self, currency: str, exponent: int) -> None:
        super().__init__(f"An amount in {currency} is a decimal number with exactly {exponent} decimals.")


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were added or compared: a bug, never a customer's mistake."""


@attrs.frozen(order=False)
class Currency:
    """An ISO 4217 currency that we trade in. `exponent` is its number of decimals, two or none."""

    code: str
    exponent: int = attrs.field(eq=False)

    @classmethod
    def of(cls, code: str) -> Self:
        """Raises `CurrencyUnsupported`."""
        if code not in _EXPONENTS:
            raise CurrencyUnsupported(code)
        return cls(code, _EXPONENTS[code])


@attrs.frozen(order=False)
class Money:
    """An exact amount: `minor` units (cents, pence, yen) of one currency. May be negative."""

    minor: int = attrs.field(validator=attrs.validators.instance_of(int))
    currency: Currency

    @classmethod
    def of(cls, amount: str, currency: str) -> Self:
        """Read an amount as it stands on the wire: `Money.of("12.90", "EUR")`.

        Raises `CurrencyUnsupported`, or `AmountInvalid` where the text is not an exact amount.
        """
        unit = Currency.of(currency)
        match = _AMOUNT.fullmatch(amount)
        fraction = (match["fraction"] or "") if match else ""
        if match is None or len(fraction) != unit.exponent:
            raise AmountInvalid(currency, unit.exponent)
        minor = int(match["whole"] + fraction)
        return cls(-minor if match["sign"] else minor, unit)

    @classmethod
    def zero(cls, currency: Currency) -> Self:
        return cls(0, currency)

    @property
    def amount(self) -> str:
        """The amount as written on the wire, with all decimals of the currency: `"12.90"`."""
        exponent = self.currency.exponent
        digits = str(abs(self.minor)).rjust(exponent + 1, "0")
        sign = "-" if self.minor < 0 else ""
        return sign + (f"{digits[:-exponent]}.{digits[-exponent:]}" if exponent else digits)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency.code}"

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._minor_of(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._minor_of(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.minor * times, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._minor_of(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._minor_of(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._minor_of(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._minor_of(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def share(self, numerator: int, denominator: int) -> Money:
        """`numerator / denominator` of this amount, rounded half-even to a whole minor unit."""
        return Money(round_half_even(self.minor * numerator, denominator), self.currency)

    def _minor_of(self, other: Money) -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency.code} and {other.currency.code} do not mix")
        return other.minor


def round_half_even(numerator: int, denominator: int) -> int:
    """The integer nearest to `numerator / denominator`; a tie goes to the even neighbour.

    Every division of money in the system ends here. `denominator` must be positive.
    """
    quotient, remainder = divmod(numerator, denominator)
    doubled = 2 * remainder
    if doubled > denominator or (doubled == denominator and quotient % 2):
        quotient += 1
    return quotient


def total(amounts: Sequence[Money], currency: Currency) -> Money:
    """The sum of `amounts`, each of which must be in `currency`; zero for none."""
    result = Money.zero(currency)
    for amount in amounts:
        result += amount
    return result

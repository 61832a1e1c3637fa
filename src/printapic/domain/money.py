"""Money: whole minor units in one currency, and the one place where a fraction of a cent is rounded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Self

import attrs

from printapic.domain.errors import Invalid

TRADED = frozenset("AUD CAD CHF CZK DKK EUR GBP JPY KRW NOK NZD PLN SEK USD".split())
"""What prices may be in."""
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS = "CLF UYW"
# Some are not paid with any more: books tell of years ago too.
_TWO_DECIMALS = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF
    CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ
    GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD
    MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD
    RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STD STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS
    UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ZWL
"""
ISO_4217: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(_NO_DECIMALS.split(), 0),
        **dict.fromkeys(_TWO_DECIMALS.split(), 2),
        **dict.fromkeys(_THREE_DECIMALS.split(), 3),
        **dict.fromkeys(_FOUR_DECIMALS.split(), 4),
    }
)
"""Every currency that somebody may pay in, or be charged a fee in, and its number of decimals."""
_AMOUNT = re.compile(r"(?P<sign>-?)(?P<whole>\d{1,12})(?:\.(?P<fraction>\d+))?", re.ASCII)


class CurrencyUnsupported(Invalid):
    code = "currency-unsupported"

    def __init__(self, currency: str) -> None:
        super().__init__("This currency is not one of those the shop trades in.", supported=sorted(TRADED))
        self.currency = currency


class AmountInvalid(Invalid):
    code = "amount-invalid"

    def __init__(self, currency: str, exponent: int) -> None:
        super().__init__(f"An amount in {currency} is a decimal number with exactly {exponent} decimals.")


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were added or compared: a bug, never a customer's mistake."""


@attrs.frozen(order=False)
class Currency:
    """An ISO 4217 currency. `exponent` is its number of decimals.

    Prices are in those that the shop trades in (`of`). Money may come, and books may tell of it, in any
    (`known`): whatever came can be written down, and read again.
    """

    code: str
    exponent: int = attrs.field(eq=False)

    @classmethod
    def of(cls, code: str) -> Self:
        """One that the shop trades in. Raises `CurrencyUnsupported`."""
        if code not in TRADED:
            raise CurrencyUnsupported(code)
        return cls.known(code)

    @classmethod
    def known(cls, code: str) -> Self:
        """Any. Raises `CurrencyUnsupported` for what is none."""
        if code not in ISO_4217:
            raise CurrencyUnsupported(code)
        return cls(code, ISO_4217[code])


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
        return cls.read(amount, Currency.of(currency))

    @classmethod
    def read(cls, amount: str, unit: Currency) -> Self:
        """The same in whichever currency. Raises `AmountInvalid`."""
        match = _AMOUNT.fullmatch(amount)
        fraction = (match["fraction"] or "") if match else ""
        if match is None or len(fraction) != unit.exponent:
            raise AmountInvalid(unit.code, unit.exponent)
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

"""Prices: loading, showing and quoting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from printapic.application.ports.catalogue import NoPriceList, PriceListReader, VoucherUnknown
from printapic.application.ports.clock import Clock
from printapic.application.ports.payments import PaymentGateway
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.addresses import country_code
from printapic.domain.catalogue.price_list import PriceList
from printapic.domain.catalogue.quote import QUOTE_LIFETIME, Quote, QuoteRequestLine, quote
from printapic.domain.errors import Invalid
from printapic.domain.money import Currency
from printapic.domain.payments.attempt import Provider


class CurrencyNotPayable(Invalid):
    """Customers would order in it and find, at the last step, that they cannot pay."""

    code = "currency-not-payable"

    def __init__(self, provider: Provider, currencies: Sequence[str]) -> None:
        super().__init__(
            f"There are prices in {', '.join(currencies)}, which {provider.value} does not take: "
            "load a price list without them, or choose another provider in PRINTAPIC_PAYMENTS.",
            provider=provider.value,
            currencies=list(currencies),
        )


@attrs.frozen(kw_only=True)
class LoadPriceList:
    """Make a price list the current one. Loading the current one again changes nothing."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    reader: PriceListReader
    gateways: Mapping[Provider, PaymentGateway]

    def __call__(self, *, document: str | None = None) -> tuple[PriceList, bool]:
        """Read `document`, or the starter list without one; returns the list and whether it is new.

        Raises `PriceListInvalid`, or `CurrencyNotPayable`.
        """
        now = self.clock.now()
        loaded = self.reader.starter(at=now) if document is None else self.reader.read(document, at=now)
        _expect_payable(loaded, self.gateways)
        with self.unit_of_work() as work:
            previous = work.price_lists.current()
            if previous is not None and previous.version == loaded.version:
                return previous, False
            successor = loaded.succeed(previous)
            work.price_lists.add(successor)
            work.commit()
        return successor, True


@attrs.frozen(kw_only=True)
class ReadPriceList:
    """The price list that counts now."""

    unit_of_work: UnitOfWorkFactory

    def __call__(self) -> PriceList:
        """Raises `NoPriceList`."""
        with self.unit_of_work.reading() as work:
            price_list = work.price_lists.current()
        if price_list is None:
            raise NoPriceList
        return price_list


@attrs.frozen(kw_only=True)
class CheckCurrencies:
    """Whether all that is sold can be paid for with every provider that customers may choose."""

    unit_of_work: UnitOfWorkFactory
    gateways: Mapping[Provider, PaymentGateway]

    def __call__(self) -> None:
        """Raises `CurrencyNotPayable`. Without a price list nothing is sold."""
        with self.unit_of_work.reading() as work:
            price_list = work.price_lists.current()
        if price_list is not None:
            _expect_payable(price_list, self.gateways)


@attrs.frozen(kw_only=True)
class QuoteOrder:
    """Say what an order would cost, for the next 48 hours."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(
        self,
        *,
        lines: Sequence[QuoteRequestLine],
        country: str,
        shipping_method: str,
        currency: str,
        voucher: str | None = None,
    ) -> Quote:
        """Raises `NoPriceList`, `VoucherUnknown`, `AddressInvalid`, and whatever `quote` raises."""
        if voucher is not None:
            raise VoucherUnknown
        with self.unit_of_work.reading() as work:
            price_list = work.price_lists.current()
        if price_list is None:
            raise NoPriceList
        return quote(
            price_list,
            lines,
            country=country_code(country),
            shipping_method=shipping_method,
            currency=Currency.of(currency),
            expires_at=(self.clock.now() + QUOTE_LIFETIME).replace(microsecond=0),
        )


def _expect_payable(price_list: PriceList, gateways: Mapping[Provider, PaymentGateway]) -> None:
    for provider, gateway in gateways.items():
        rules = gateway.capabilities().currencies
        lacking = [
            code
            for code in sorted(price_list.currencies)
            if code not in rules or rules[code].exponent != Currency.of(code).exponent
        ]
        if lacking:
            raise CurrencyNotPayable(provider, lacking)

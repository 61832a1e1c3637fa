"""Prices: loading, showing and quoting."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from printapic.application.ports.catalogue import NoPriceList, PriceListReader, VoucherUnknown
from printapic.application.ports.clock import Clock
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.addresses import country_code
from printapic.domain.catalogue.price_list import PriceList
from printapic.domain.catalogue.quote import QUOTE_LIFETIME, Quote, QuoteRequestLine, quote
from printapic.domain.money import Currency


@attrs.frozen(kw_only=True)
class LoadPriceList:
    """Make a price list the current one. Loading the current one again changes nothing."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    reader: PriceListReader

    def __call__(self, *, document: str | None = None) -> tuple[PriceList, bool]:
        """Read `document`, or the starter list without one; returns the list and whether it is new.

        Raises `PriceListInvalid`.
        """
        now = self.clock.now()
        loaded = self.reader.starter(at=now) if document is None else self.reader.read(document, at=now)
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

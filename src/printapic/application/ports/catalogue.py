"""What the catalogue needs."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from printapic.domain.catalogue.price_list import PriceList
from printapic.domain.errors import Invalid, Unavailable


class NoPriceList(Unavailable):
    code = "no-price-list"

    def __init__(self) -> None:
        super().__init__("This shop has no price list yet.", retry_after_s=60)


class VoucherUnknown(Invalid):
    code = "voucher-unknown"

    def __init__(self) -> None:
        super().__init__("There is no such voucher.")


class PriceLists(Protocol):
    """Every price list that was ever loaded; the newest is the one that counts."""

    @abstractmethod
    def current(self) -> PriceList | None:
        """The newest list, or None in a shop that has none. Cheap: an unchanged list is not read again."""

    @abstractmethod
    def add(self, price_list: PriceList) -> None:
        """Make this the newest list."""


class PriceListReader(Protocol):
    """Understands a price list file."""

    @abstractmethod
    def read(self, document: str, *, at: datetime) -> PriceList:
        """Raises `PriceListInvalid`, naming the place that is wrong."""

    @abstractmethod
    def starter(self, *, at: datetime) -> PriceList:
        """The list that comes with PrintAPic: about twenty products in EUR, GBP and USD."""

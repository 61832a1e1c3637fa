"""Price lists in memory."""

from __future__ import annotations

from printapic.adapters.persistence.memory.state import MemoryTransaction
from printapic.application.ports.catalogue import PriceLists
from printapic.domain.catalogue.price_list import PriceList


class MemoryPriceLists(PriceLists):
    """Every list that was ever loaded, by a running number. They are immutable and therefore shared."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def current(self) -> PriceList | None:
        """The newest list."""
        lists = self._transaction.table("price_lists")
        newest: PriceList | None = lists.get(len(lists))
        return newest

    def add(self, price_list: PriceList) -> None:
        """Make this the newest list."""
        self._transaction.put("price_lists", len(self._transaction.table("price_lists")) + 1, price_list)

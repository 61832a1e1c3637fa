"""Price lists in SQL: one row per list that was ever loaded."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select

from printapic.adapters.persistence.sql.price_documents import read_price_list, write_price_list
from printapic.adapters.persistence.sql.tables import price_lists
from printapic.adapters.persistence.sql.transaction import SqlTransaction
from printapic.application.ports.catalogue import PriceLists
from printapic.domain.catalogue.price_list import PriceList

_Key = tuple[int, str, datetime]
_NEWEST = (
    select(price_lists.c.id, price_lists.c.version, price_lists.c.loaded_at)
    .order_by(price_lists.c.id.desc())
    .limit(1)
)


class PriceListCache:
    """The newest price list that this process read, known by its row, version and time of loading.

    All three, because a row number given to a list that was rolled back may be given again.
    """

    def __init__(self) -> None:
        self._newest: tuple[_Key, PriceList] | None = None

    def get(self, key: _Key) -> PriceList | None:
        """The list, if it is this one."""
        newest = self._newest
        return newest[1] if newest is not None and newest[0] == key else None

    def put(self, key: _Key, price_list: PriceList) -> None:
        """Remember this list instead of the last."""
        self._newest = (key, price_list)


class SqlPriceLists(PriceLists):
    """Price lists; `current` reads a document of some hundred kilobytes only where it has changed."""

    def __init__(self, transaction: SqlTransaction, cache: PriceListCache) -> None:
        self._transaction = transaction
        self._cache = cache

    def current(self) -> PriceList | None:
        """The newest list; shared between callers, because it is immutable."""
        row = self._transaction.row(_NEWEST)
        if row is None:
            return None
        key = (row["id"], row["version"], row["loaded_at"])
        return self._cache.get(key) or self._read(key)

    def add(self, price_list: PriceList) -> None:
        """Make this the newest list."""
        document = write_price_list(price_list)
        self._transaction.write(
            insert(price_lists).values(
                version=price_list.version, loaded_at=price_list.loaded_at, document=document
            )
        )

    def _read(self, key: _Key) -> PriceList | None:
        row_id, version, loaded_at = key
        row = self._transaction.row(select(price_lists.c.document).where(price_lists.c.id == row_id))
        if row is None:
            return None
        price_list = read_price_list(row["document"], version=version, loaded_at=loaded_at)
        self._cache.put(key, price_list)
        return price_list

"""Reading TOML strictly: every key is asked for, none is left over, every complaint names its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn, TypeVar

from printapic.domain.catalogue.price_list import PriceListInvalid
from printapic.domain.errors import PrintAPicError

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}", re.ASCII)
_MOST_DECIMALS = -3
Choice = TypeVar("Choice", bound=StrEnum)


def refuse(place: str, reason: str) -> NoReturn:
    """Raise `PriceListInvalid` for one place, written as `products[3].prices.EUR`."""
    raise PriceListInvalid(f"{place or 'The document'}: {reason}", place=place)


@contextmanager
def blamed_on(place: str) -> Iterator[None]:
    """What the domain refuses inside this block is refused as a mistake at `place`."""
    try:
        yield
    except (PrintAPicError, ValueError) as refusal:
        if isinstance(refusal, PriceListInvalid) and "place" in refusal.details:
            raise
        refuse(place, str(refusal))


def within(place: str, key: str) -> str:
    """The place of `key` inside the table at `place`; keys that need quotes are quoted and cut short."""
    name = key if _BARE_KEY.fullmatch(key) else ascii(key[:60])
    return f"{place}.{name}" if place else name


class StrictTable:
    """One table of the document.

    Every reader removes its key and raises `PriceListInvalid` where it is missing or holds something
    else than expected; `finish` refuses whatever was not read.
    """

    def __init__(self, value: object, place: str = "") -> None:
        if not isinstance(value, dict):
            refuse(place, "must be a table")
        self.place = place
        self._unread: dict[str, object] = dict(value)

    def __contains__(self, key: str) -> bool:
        return key in self._unread

    def at(self, key: str) -> str:
        """The place of one key, for complaints."""
        return within(self.place, key)

    def filled_keys(self) -> tuple[str, ...]:
        """The keys not read yet, at least one, for tables whose keys are data."""
        if not self._unread:
            refuse(self.place, "must not be empty")
        return tuple(self._unread)

    def finish(self) -> None:
        """Refuse the table if it holds a key that nobody asked for."""
        for key in self._unread:
            refuse(self.at(key), "is not a key that a price list knows")

    def text(self, key: str, pattern: re.Pattern[str] | None = None, *, most: int = 100) -> str:
        """A string of one printable line, 1 to `most` characters, matching `pattern` as a whole."""
        value = self._take(key)
        if not isinstance(value, str):
            refuse(self.at(key), "must be a string in quotes")
        if not value.strip() or len(value) > most or not value.isprintable():
            refuse(self.at(key), f"must be one printable line of 1 to {most} characters")
        if pattern is not None and not pattern.fullmatch(value):
            refuse(self.at(key), f"must match {pattern.pattern}")
        return value

    def choice(self, key: str, choices: type[Choice]) -> Choice:
        """One of the values of an enumeration."""
        value = self.text(key)
        if value not in list(choices):
            refuse(self.at(key), f"must be one of {', '.join(choices)}")
        return choices(value)

    def whole(self, key: str, *, least: int, most: int) -> int:
        """An integer between `least` and `most`."""
        value = self._take(key)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            refuse(self.at(key), f"must be a whole number between {least} and {most}")
        return value

    def millimetres(self, key: str, *, least: int, most: int) -> Decimal:
        """An exact length with at most three decimals; the document was parsed with `parse_float=Decimal`."""
        value = self._take(key)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            refuse(self.at(key), "must be a number of millimetres")
        length = Decimal(value)
        if not length.is_finite() or not least <= length <= most:
            refuse(self.at(key), f"must be between {least} and {most} mm")
        exponent = length.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < _MOST_DECIMALS:
            refuse(self.at(key), "must have at most three decimals")
        return length

    def table(self, key: str) -> StrictTable:
        """A table within this one."""
        return StrictTable(self._take(key), self.at(key))

    def tables(self, key: str) -> tuple[StrictTable, ...]:
        """An array of tables, at least one."""
        return tuple(StrictTable(value, place) for value, place in self._array(key))

    def texts(self, key: str) -> tuple[str, ...]:
        """An array of strings, at least one, none of them twice."""
        values = []
        for value, place in self._array(key):
            if not isinstance(value, str):
                refuse(place, "must be a string in quotes")
            if value in values:
                refuse(place, "is named twice")
            values.append(value)
        return tuple(values)

    def _array(self, key: str) -> list[tuple[object, str]]:
        value = self._take(key)
        if not isinstance(value, list) or not value:
            refuse(self.at(key), "must be an array that is not empty")
        return [(each, f"{self.at(key)}[{index}]") for index, each in enumerate(value)]

    def _take(self, key: str) -> object:
        if key not in self._unread:
            refuse(self.at(key), "is missing")
        return self._unread.pop(key)

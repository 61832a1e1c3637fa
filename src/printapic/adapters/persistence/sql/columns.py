"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import DECIMAL, BigInteger, DateTime, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

SERIAL = BigInteger().with_variant(Integer, "sqlite")
"""The key of a table that counts by itself: SQLite numbers nothing but an INTEGER PRIMARY KEY."""

_CENT = Decimal("0.01")
_TO_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, to the microsecond.

    SQLite keeps text of one fixed width without a zone, which sorts by time; the zone is put back on
    reading. Raises `ValueError` for a time without a zone.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time; hand SQLite the same moment without its zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a stored time has a zone, {value!r} has none")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Read a time, or its text out of a JSON document that the database made."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class JsonDocument(TypeDecorator[Any]):
    """A frozen value that is only ever read back whole, as JSON text."""

    impl = Text()
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write compact JSON; None is NULL."""
        if value is None:
            return None
        return _TO_JSON(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Read the JSON back."""
        return None if value is None else msgspec.json.decode(value)


class MoneyAmount(TypeDecorator[Decimal]):
    """`DECIMAL(10, 2)`, exact on both databases.

    SQLite turns what it takes for a number into a float of 15 safe digits, of which ten are used; they
    are read back to the cent. Raises `ValueError` for an amount that would have to be rounded.
    """

    impl = DECIMAL(10, 2)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """SQLite's own type: SQLAlchemy would go by way of a float there, and warn."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(_DecimalText())
        return dialect.type_descriptor(self.impl_instance)

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | None:
        """Refuse fractions of a cent and what does not fit ten digits."""
        if value is not None and (value != value.quantize(_CENT) or abs(value) >= 10**8):
            raise ValueError(f"{value} does not fit DECIMAL(10, 2)")
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Two decimals, always."""
        return None if value is None else Decimal(str(value)).quantize(_CENT)


class _DecimalText(UserDefinedType[Decimal]):
    """`DECIMAL(10, 2)` as SQLite knows it: written as text, read as whatever SQLite made of it."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "DECIMAL(10, 2)"

    def bind_processor(self, dialect: Dialect) -> Callable[[Decimal | None], str | None]:
        return lambda value: None if value is None else f"{value:.2f}"

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Decimal | None]:
        return lambda value: None if value is None else Decimal(f"{value:.2f}")

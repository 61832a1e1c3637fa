"""How times, amounts and names stand in the books."""

from __future__ import annotations

import secrets
import sqlite3
from datetime import datetime

from printapic.domain.money import Currency, Money

_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def as_text(at: datetime) -> str:
    """A moment in UTC, written so that text sorts as time does."""
    return at.isoformat(timespec="microseconds")


def as_money(row: sqlite3.Row, column: str = "minor") -> Money:
    return Money(row[column], Currency(row["currency"], row["exponent"]))


def new_ref(kind: str) -> str:
    """A name for a new thing at the provider.

    It has letters only: a run of digits in it could look like a card's number to a filter.
    """
    return f"sim_{kind}_{secrets.token_hex(12).translate(_LETTERS)}"

"""Identifiers: random ones for the shop, and a reproducible sequence for tests."""

from __future__ import annotations

import random
import secrets
import threading
from uuid import UUID

from uuid_utils.compat import uuid7

from printapic.application.ports.identifiers import Identifiers

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ORDER_NUMBER_BITS = 40
_SEEDED_EPOCH_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z


class RandomIdentifiers(Identifiers):
    """Identifiers that nobody else makes and nobody can guess."""

    def uuid(self) -> UUID:
        return uuid7()

    def order_number(self) -> str:
        return _order_number(secrets.randbits(_ORDER_NUMBER_BITS))


class SeededIdentifiers(Identifiers):
    """The same identifiers, in the same order, for the same seed.

    They sort by creation, each in a millisecond of its own. Never for a shop that keeps its data: the
    second start would name new things like old ones.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - to be predictable is its purpose
        self._lock = threading.Lock()
        self._made = 0

    def uuid(self) -> UUID:
        """A UUID laid out as RFC 9562 section 5.7 says: milliseconds, version, random bits."""
        with self._lock:
            milliseconds = _SEEDED_EPOCH_MS + self._made
            self._made += 1
            head, tail = self._random.getrandbits(12), self._random.getrandbits(62)
        return UUID(int=milliseconds << 80 | 0x7 << 76 | head << 64 | 0b10 << 62 | tail)

    def order_number(self) -> str:
        with self._lock:
            return _order_number(self._random.getrandbits(_ORDER_NUMBER_BITS))


def _order_number(bits: int) -> str:
    """Crockford's alphabet has no I, L, O or U: nothing to misread, nothing to blush at."""
    letters = "".join(_CROCKFORD[bits >> shift & 31] for shift in range(_ORDER_NUMBER_BITS - 5, -1, -5))
    return f"PA-{letters[:4]}-{letters[4:]}"

"""Identifiers, made before the thing that they name exists."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol
from uuid import UUID


class Identifiers(Protocol):
    """Makes identifiers that were never made before."""

    @abstractmethod
    def uuid(self) -> UUID:
        """A UUID of version 7 (RFC 9562): unguessable enough to show, and sorting by creation."""

    @abstractmethod
    def order_number(self) -> str:
        """A short number for people, such as `PA-7K3M-92QX`: 40 random bits in Crockford's base 32.

        Two may collide; the store refuses the second, and the use case asks again.
        """

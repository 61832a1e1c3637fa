"""A shop for every test of the use cases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from printapic.domain.actors import Actor, Role
from tests.shop_floor import ShopFloor, open_floor


@pytest.fixture
def floor() -> Iterator[ShopFloor]:
    """A shop in memory, open and empty but for its prices."""
    opened = open_floor()
    yield opened
    opened.deliverer.close()
    opened.books.close()


@pytest.fixture
def anna(floor: ShopFloor) -> Actor:
    """A customer."""
    return floor.customer()


@pytest.fixture
def operator(floor: ShopFloor) -> Actor:
    """Somebody of production."""
    return floor.staff(Role.OPERATOR)

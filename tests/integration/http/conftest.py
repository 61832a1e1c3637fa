"""One live shop for all tests of a worker; people are made anew for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.http.live_shop import LiveShop, Person, live_shop



@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveShop]:
    with live_shop(tmp_path_factory.mktemp("shop")) as running:
        yield running


@pytest.fixture
def anna(shop: LiveShop) -> Person:
    """A customer."""
    return shop.person()


@pytest.fixture
def bert(shop: LiveShop) -> Person:
    """Another customer."""
    return shop.person()

"""One live shop for all tests of a worker; people are made anew for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import LogCapture

from tests.integration.http.live_shop import LiveShop, Person, live_shop


@pytest.fixture(scope="session")
def log() -> Iterator[LogCapture]:
    """What the shop logged, instead of pages of coloured lines on the terminal."""
    before, capture = structlog.get_config(), LogCapture()
    structlog.configure(processors=[capture])
    yield capture
    structlog.configure(**before)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, log: LogCapture) -> Iterator[LiveShop]:
    with live_shop(tmp_path_factory.mktemp("shop")) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_broke(log: LogCapture) -> Iterator[None]:
    """No test of this folder may meet a bug: a 500 fails it, whatever else it looks at."""
    log.entries.clear()
    yield
    assert [entry for entry in log.entries if entry["event"] == "request failed"] == []


@pytest.fixture
def anna(shop: LiveShop) -> Person:
    """A customer."""
    return shop.person()


@pytest.fixture
def bert(shop: LiveShop) -> Person:
    """Another customer."""
    return shop.person()

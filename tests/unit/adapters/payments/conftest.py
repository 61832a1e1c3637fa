"""Books are closed when a test is done with them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.adapters.payments.counter import IN_USE


@pytest.fixture(autouse=True)
def _tidy() -> Iterator[None]:
    yield
    while IN_USE:
        IN_USE.pop().close()

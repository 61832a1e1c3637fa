"""A line to Stripe for every test."""

from __future__ import annotations

import pytest

from tests.unit.adapters.payments.stripe.wire import Wire


@pytest.fixture
def wire() -> Wire:
    return Wire()

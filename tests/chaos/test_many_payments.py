"""A thousand interleavings of captures, refunds, cancels, expiries and disputes of one payment."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.unit.domain.payments.interleavings import Interleavings

INTERLEAVINGS = int(os.environ.get("PRINTAPIC_CHAOS_INTERLEAVINGS", "1000"))

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]


def test_v1_v5_many_interleavings_lose_no_cent_and_take_none_twice() -> None:
    many = settings(max_examples=INTERLEAVINGS, stateful_step_count=50, deadline=None)
    run_state_machine_as_test(Interleavings, settings=many)

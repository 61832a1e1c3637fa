"""V1-V5 under whatever order a customer, a bank, support and the network can think of."""

from __future__ import annotations

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.unit.domain.payments.interleavings import Interleavings


def test_v1_v5_no_order_of_events_loses_a_cent_or_takes_one_twice() -> None:
    run_state_machine_as_test(Interleavings, settings=settings(max_examples=100, stateful_step_count=30))

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.adapters.system.clock import FixedClock, SystemClock

SECOND = 1_000_000_000
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Machine:
    """A computer whose owner sets its clock."""

    def __init__(self, wall: datetime) -> None:
        self.wall_ns = int(wall.timestamp()) * SECOND
        self.steady_ns = 17 * SECOND

    def clock(self) -> SystemClock:
        return SystemClock(wall=lambda: self.wall_ns, steady=lambda: self.steady_ns)

    def run(self, seconds: float) -> None:
        self.wall_ns += int(seconds * SECOND)
        self.steady_ns += int(seconds * SECOND)

    def set_by(self, seconds: float) -> None:
        self.wall_ns += int(seconds * SECOND)


def test_the_system_clock_tells_the_machines_time() -> None:
    before = datetime.now(UTC)
    told = SystemClock().now()
    after = datetime.now(UTC)
    assert before <= told <= after


def test_a_clock_set_forwards_is_followed_at_once() -> None:
    machine = Machine(NOON)
    clock = machine.clock()
    machine.set_by(3600)
    assert clock.now() == NOON + timedelta(hours=1)


def test_a_clock_set_back_neither_goes_back_nor_stands_still() -> None:
    machine = Machine(NOON)
    clock = machine.clock()
    machine.set_by(-60)
    assert clock.now() == NOON
    machine.run(40)
    assert clock.now() == NOON + timedelta(seconds=20)


def test_after_twice_the_step_back_the_clock_is_right_again() -> None:
    machine = Machine(NOON)
    clock = machine.clock()
    machine.set_by(-60)
    machine.run(120)
    assert clock.now() == NOON + timedelta(seconds=60)
    machine.run(10)
    assert clock.now() == NOON + timedelta(seconds=70)


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(-1e5, 1e5)), max_size=30))
def test_whatever_happens_to_the_machines_clock_time_goes_on(steps: list[tuple[float, float]]) -> None:
    machine = Machine(NOON)
    clock = machine.clock()
    told = [clock.now()]
    for run, set_by in steps:
        machine.run(run)
        machine.set_by(set_by)
        told.append(clock.now())
        assert (told[-1] - told[-2]).total_seconds() >= run / 2 - 1e-5
        assert told[-1].timestamp() >= machine.wall_ns / SECOND - 1e-5
    assert all(earlier <= later for earlier, later in pairwise(told))


def test_a_fixed_clock_moves_only_when_advanced() -> None:
    clock = FixedClock(NOON)
    assert clock.now() == clock.now() == NOON
    assert clock.advance(timedelta(minutes=5)) == NOON + timedelta(minutes=5)
    assert clock.now() == NOON + timedelta(minutes=5)


def test_a_fixed_clock_tells_a_foreign_start_in_utc() -> None:
    berlin = timezone(timedelta(hours=1))
    told = FixedClock(datetime(2026, 11, 22, 13, 0, tzinfo=berlin)).now()
    assert (told, told.tzinfo) == (NOON, UTC)


def test_a_fixed_clock_refuses_a_start_without_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        FixedClock(datetime(2026, 11, 22, 12, 0))  # noqa: DTZ001


def test_a_fixed_clock_refuses_to_go_back() -> None:
    with pytest.raises(ValueError, match="backwards"):
        FixedClock(NOON).advance(timedelta(microseconds=-1))

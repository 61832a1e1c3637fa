from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest

from printapic.domain.events import Aggregate, DomainEvent, aware_utc

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NAIVE = datetime(2026, 11, 22, 12, 0)  # noqa: DTZ001
BERLIN = datetime(2026, 11, 22, 13, 0, tzinfo=timezone(timedelta(hours=1)))


@attrs.frozen(kw_only=True)
class Rang(DomainEvent):
    times: int


@attrs.define(kw_only=True, eq=False)
class Bell(Aggregate):
    id: int = attrs.field(on_setattr=attrs.setters.frozen)
    cast_at: datetime = attrs.field(default=NOON, validator=aware_utc)
    cracked_at: datetime | None = attrs.field(default=None, validator=aware_utc)

    def ring(self, times: int) -> None:
        self._record(Rang(at=NOON, times=times))


@attrs.define(kw_only=True, eq=False)
class Gong(Aggregate):
    id: int = attrs.field(on_setattr=attrs.setters.frozen)


@pytest.mark.parametrize("moment", [NAIVE, BERLIN])
def test_a_time_that_is_not_utc_is_refused(moment: datetime) -> None:
    with pytest.raises(ValueError, match=r"Rang\.at must be an aware UTC time"):
        Rang(at=moment, times=1)
    with pytest.raises(ValueError, match=r"Bell\.cast_at"):
        Bell(id=1, cast_at=moment)


@pytest.mark.parametrize("moment", [NAIVE, BERLIN])
def test_a_time_that_is_not_utc_is_refused_later_too(moment: datetime) -> None:
    bell = Bell(id=1)
    with pytest.raises(ValueError, match=r"Bell\.cracked_at"):
        bell.cracked_at = moment
    assert bell.cracked_at is None


def test_a_time_that_has_not_come_is_none() -> None:
    bell = Bell(id=1, cracked_at=NOON)
    bell.cracked_at = None
    assert bell.cracked_at is None


def test_an_event_cannot_be_changed_afterwards() -> None:
    event = Rang(at=NOON, times=1)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        event.times = 2  # type: ignore[misc]


def test_aggregates_are_equal_by_identity_not_by_state() -> None:
    one, same, other = Bell(id=1), Bell(id=1, version=7, cracked_at=NOON), Bell(id=2)
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert len({one, same, other}) == 2


def test_things_of_two_kinds_with_one_id_are_two_things() -> None:
    assert Bell(id=1) != Gong(id=1)
    assert Bell(id=1) != 1


def test_an_aggregate_keeps_its_id() -> None:
    bell = Bell(id=1)
    with pytest.raises(attrs.exceptions.FrozenAttributeError):
        bell.id = 2


def test_recorded_events_leave_once_and_in_order() -> None:
    bell = Bell(id=1)
    assert bell.take_events() == ()
    bell.ring(1)
    bell.ring(2)
    assert bell.take_events() == (Rang(at=NOON, times=1), Rang(at=NOON, times=2))
    assert bell.take_events() == ()
    bell.ring(3)
    assert bell.take_events() == (Rang(at=NOON, times=3),)


def test_two_aggregates_do_not_share_their_events() -> None:
    one, other = Bell(id=1), Bell(id=2)
    one.ring(1)
    assert other.take_events() == ()


def test_events_are_no_part_of_how_an_aggregate_looks() -> None:
    bell = Bell(id=1)
    bell.ring(4711)
    assert "4711" not in repr(bell)

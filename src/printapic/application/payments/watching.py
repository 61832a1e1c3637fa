"""Watching: what waits too long or does not add up is told to whoever is on duty, without being asked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import attrs

from printapic.application.payments.checking import CheckPayments, Concern
from printapic.application.ports.alerts import Alerts
from printapic.application.ports.clock import Clock
from printapic.application.ports.schedules import promise
from printapic.application.ports.unit_of_work import UnitOfWorkFactory

WATCH_EVERY = timedelta(minutes=5)
LOOK_THROUGH_EVERY = timedelta(days=1)
TELL_AGAIN = timedelta(days=1) - WATCH_EVERY
MOST_TOLD = 100
"""At one look. The others are told at the next ones: whoever gets a hundred has enough to do."""
_OVERLAP = timedelta(minutes=10)
"""A row is stored a little later than it says: what was under way at the last look is looked at again."""
_FORGOTTEN_AFTER = timedelta(days=7)
_LOOK = "payments watched"
_CONCERN = "payment concern "


@attrs.frozen(kw_only=True)
class TellConcerns:
    """Tell each concern when it is new, and once a day while it lasts, however many processes look.

    What was told is remembered in the database, after it was told: a process that dies in between makes
    it be told twice, never not at all.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    alerts: Alerts

    def __call__(self, *, concerns: Iterable[Concern]) -> int:
        """How many were told."""
        now, told = self.clock.now(), 0
        with self.unit_of_work() as work:
            for concern in concerns:
                kind = concern.kind.value
                name = f"{_CONCERN}{kind} {concern.ref} {concern.what}"
                if told < MOST_TOLD and work.timers.claim(name, now, pause=TELL_AGAIN):
                    self.alerts.concern(kind=kind, ref=concern.ref, what=concern.what, since=concern.since)
                    told += 1
            work.commit()
        return told


@attrs.frozen(kw_only=True)
class WatchPayments:
    """Look at what waits, and at what changed since the last look: so it costs what happened since then."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    check: CheckPayments
    tell: TellConcerns

    def __call__(self) -> int:
        """How many concerns were told."""
        now = self.clock.now()
        with self.unit_of_work.reading() as work:
            last = work.timers.last(_LOOK)
        since = (last or now - LOOK_THROUGH_EVERY) - _OVERLAP
        told = self.tell(concerns=self.check(changed_since=since))
        with self.unit_of_work() as work:
            work.timers.claim(_LOOK, now)
            work.commit()
        return told


@attrs.frozen(kw_only=True)
class LookThroughPayments:
    """Look at every payment there is: a row that was changed behind our back has no time of its own."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    check: CheckPayments
    tell: TellConcerns

    def __call__(self) -> int:
        """How many concerns were told."""
        told = self.tell(concerns=self.check())
        with self.unit_of_work() as work:
            work.timers.forget(_CONCERN, before=self.clock.now() - _FORGOTTEN_AFTER)
            work.commit()
        return told


@attrs.frozen(kw_only=True)
class ScheduleWatch:
    """Promise the looks of these minutes and of this day, unless somebody has; return when the next begin."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self) -> datetime:
        often = promise(self.unit_of_work, self.clock, WatchPayments.__name__, every=WATCH_EVERY)
        daily = promise(self.unit_of_work, self.clock, LookThroughPayments.__name__, every=LOOK_THROUGH_EVERY)
        return min(often, daily)

"""What is to happen once in every stretch of time: how a timer becomes a job."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from printapic.application.ports.clock import Clock
from printapic.application.ports.jobs import Job
from printapic.application.ports.unit_of_work import UnitOfWorkFactory

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def promise(unit_of_work: UnitOfWorkFactory, clock: Clock, name: str, *, every: timedelta) -> datetime:
    """Promise one job of this name for the present stretch, unless somebody has; when the next one begins.

    Meant to be asked by every process that has workers, again and again: the first one wins, the rest do
    nothing. Raises `StorageUnavailable`.
    """
    now = clock.now()
    slot = now - (now - _EPOCH) % every
    with unit_of_work() as work:
        if work.timers.claim(name, slot):
            work.jobs.enqueue(Job(name=name, payload={}, run_at=now))
            work.commit()
    return slot + every

"""Housekeeping: what has had its time goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.jobs import Job
from printapic.application.ports.schedules import promise
from printapic.application.ports.shredding import Shredder
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.application.users.erasure import EraseUser
from printapic.domain.ids import UserId

PURGE_EVERY = timedelta(hours=1)
REQUESTS_KEPT = timedelta(days=7)
"""Requests by mail, after their links have expired: as long as a change of address may be taken back.
Registrations go as soon as they have expired: many of them never became anybody's account."""
SESSIONS_KEPT = timedelta(days=30)
COPIES_KEPT = timedelta(days=35)
"""As long as backups: whoever was erased since is still in them."""
_BATCH = 500


@attrs.frozen(kw_only=True)
class PurgeExpired:
    """Remove registrations, requests, sessions and kept invoices whose time is over, a batch at a time.

    It also reminds of every user who waits to be erased, so that none is forgotten: neither one whose orders
    took their time, nor one whom a restored backup brought back to that state.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    shredder: Shredder

    def __call__(self) -> None:
        now = self.clock.now()
        self._remind(now)
        for purge in _purges(now):
            while self._batch(purge) == _BATCH:
                pass
        self.shredder.drop_copies(older_than=now - COPIES_KEPT)

    def _remind(self, now: datetime) -> None:
        after: UserId | None = None
        while True:
            with self.unit_of_work() as work:
                leaving = work.users.leaving(after=after, limit=_BATCH)
                for user_id in leaving:
                    job = Job(name=EraseUser.__name__, payload={"user_id": str(user_id)}, run_at=now)
                    work.jobs.enqueue(job)
                work.commit()
            if len(leaving) < _BATCH:
                return
            after = leaving[-1]

    def _batch(self, purge: Callable[[UnitOfWork], int]) -> int:
        with self.unit_of_work() as work:
            purged = purge(work)
            work.commit()
        return purged


def _purges(now: datetime) -> tuple[Callable[[UnitOfWork], int], ...]:
    asked, logged_in = now - REQUESTS_KEPT, now - SESSIONS_KEPT
    return (
        lambda work: work.registrations.purge(expired_before=now, limit=_BATCH),
        lambda work: work.account_requests.purge(expired_before=asked, limit=_BATCH),
        lambda work: work.sessions.purge(over_before=logged_in, limit=_BATCH),
        lambda work: work.invoices.purge(at=now, limit=_BATCH),
    )


@attrs.frozen(kw_only=True)
class SchedulePurge:
    """Promise the purge of the present hour, unless somebody has; return when the next hour begins."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self) -> datetime:
        return promise(self.unit_of_work, self.clock, PurgeExpired.__name__, every=PURGE_EVERY)

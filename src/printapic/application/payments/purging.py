"""Purging: webhooks that were looked into are not kept for ever."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.schedules import promise
from printapic.application.ports.unit_of_work import UnitOfWorkFactory

PURGE_EVERY = timedelta(days=1)
_BATCH = 500


@attrs.frozen(kw_only=True)
class PurgeInbox:
    """Remove webhooks that came more than `webhooks_kept` ago, a batch at a time.

    Those that nobody could look into stay until somebody can: they may tell of money.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    webhooks_kept: timedelta

    def __call__(self) -> int:
        """How many went."""
        before, gone = self.clock.now() - self.webhooks_kept, 0
        while True:
            with self.unit_of_work() as work:
                purged = work.inbox.purge(received_before=before, limit=_BATCH)
                work.commit()
            gone += purged
            if purged < _BATCH:
                return gone


@attrs.frozen(kw_only=True)
class ScheduleInboxPurge:
    """Promise the purge of the present day, unless somebody has; return when the next day begins."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self) -> datetime:
        return promise(self.unit_of_work, self.clock, PurgeInbox.__name__, every=PURGE_EVERY)

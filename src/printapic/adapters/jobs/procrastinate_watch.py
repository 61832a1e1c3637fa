"""Heartbeats and orphaned jobs: what Procrastinate leaves to whoever runs its workers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Self

import structlog

from printapic.adapters.jobs import procrastinate_tables as tables
from printapic.adapters.jobs.retries import RunnerLost, described, origin
from printapic.application.ports.jobs import MAX_ATTEMPTS

log = structlog.get_logger(__name__)

REAP_EVERY_S = 5.0
SWEEP_EVERY_S = 3600.0


class JobWatch:
    """Beats for a worker, gives away the jobs of workers that were lost, and sweeps, in its own thread.

    Procrastinate's worker beats too, but no more once it is told to end, and would lose a long last job
    to the reaper of another process. A reaper must not be a job: it could wait behind itself.
    `worker_id` tells which worker of this process to beat for, if there is one at the moment.
    """

    def __init__(self, dsn: str, *, heartbeat: timedelta, stalled: timedelta) -> None:
        self.worker_id: Callable[[], int | None] = lambda: None
        self._dsn = dsn
        self._stalled = stalled
        self._every = min(heartbeat.total_seconds(), REAP_EVERY_S)
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="printapic-job-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._thread.join()

    def reap(self, session: tables.Session) -> None:
        """Give away the jobs of lost workers, or bury those that were lost too often."""
        lost = described(RunnerLost())
        for job_id, state in tables.reap(
            session, stalled=self._stalled, limit=MAX_ATTEMPTS, error=lost
        ).items():
            log.warning("a job's runner was lost", job_id=str(job_id), state=state.value)

    def _watch(self) -> None:
        sweep_at = time.monotonic() + SWEEP_EVERY_S
        while not self._left.wait(self._every):
            try:
                with tables.connected(self._dsn) as session:
                    if (worker := self.worker_id()) is not None:
                        tables.beat(session, worker)
                    self.reap(session)
                    if time.monotonic() > sweep_at:
                        sweep_at = time.monotonic() + SWEEP_EVERY_S
                        tables.sweep(session)
            except Exception as error:
                log.warning("job workers are not watched", error=described(error), where=origin(error))

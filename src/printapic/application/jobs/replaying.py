"""Replaying: a job that died is to be tried once more."""

from __future__ import annotations

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.jobs import JobWorker
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.audit.event import AuditAction, AuditEvent

_LONGEST_ID = 40


@attrs.frozen(kw_only=True)
class ReplayJob:
    """Make a dead job due now, with a fresh count of attempts. For the shop's own machine.

    It is written down first, since jobs live where no unit of work reaches: so no job runs again of which
    the audit log does not know, and one entry more where there was no such dead job does no harm.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    worker: JobWorker

    def __call__(self, *, job_id: str) -> None:
        """Raises `JobNotFound`."""
        with self.unit_of_work() as work:
            work.audit.append(
                AuditEvent(
                    at=self.clock.now(),
                    action=AuditAction.JOB_REPLAY_REQUESTED,
                    details={"job": job_id[:_LONGEST_ID]},
                )
            )
            work.commit()
        self.worker.replay(job_id)

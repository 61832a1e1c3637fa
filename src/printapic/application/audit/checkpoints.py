"""Checkpoints of the audit log: every few minutes, and when somebody asks for one."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from printapic.application.ports.audit import AuditCheckpoints, AuditSeal
from printapic.application.ports.clock import Clock
from printapic.application.ports.schedules import promise
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.audit.checkpoint import AuditCheckpoint

CHECKPOINT_EVERY = timedelta(minutes=5)


@attrs.frozen
class SealAuditLog:
    """Keep outside the database where every chain ends now. Repeating it does no harm.

    Raises `StorageUnavailable` and `CheckpointsUnavailable`.
    """

    unit_of_work: UnitOfWorkFactory
    audit_seal: AuditSeal
    audit_checkpoints: AuditCheckpoints
    clock: Clock

    def __call__(self) -> AuditCheckpoint:
        at = self.clock.now()
        with self.unit_of_work.reading() as work:
            heads = tuple(work.audit.head(stream) for stream in work.audit.streams())
        checkpoint = AuditCheckpoint(at=at, heads=heads)
        text = checkpoint.written(self.audit_seal.key_id, self.audit_seal.mac)
        self.audit_checkpoints.append(text, at=at)
        return checkpoint


@attrs.frozen
class ScheduleCheckpoint:
    """Promise the checkpoint of the present five minutes, unless somebody has; return when the next begin.

    Meant to be asked by every process that has workers, again and again: the first one wins, the rest do
    nothing. Raises `StorageUnavailable`.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self) -> datetime:
        return promise(self.unit_of_work, self.clock, SealAuditLog.__name__, every=CHECKPOINT_EVERY)

"""Looking into the audit log."""

from __future__ import annotations

import attrs

from printapic.application.ports.audit import AuditPosition, AuditQuery
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.audit.entry import AuditRecord


@attrs.frozen
class ReadAuditLog:
    """Entries, newest first, with their callers as far as these were not forgotten.

    Reading is no event of its own. Raises `AuditLogDamaged`.
    """

    unit_of_work: UnitOfWorkFactory

    def __call__(
        self, *, query: AuditQuery, before: AuditPosition | None = None, limit: int = 100
    ) -> tuple[AuditRecord, ...]:
        with self.unit_of_work.reading() as work:
            return work.audit.page(query, before=before, limit=limit)

"""What the audit log needs: a place in the transaction, and one outside the database."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from printapic.domain.audit.event import AuditEvent
from printapic.domain.ids import UserId


class AuditLog(Protocol):
    """The log inside a unit of work. An entry and what it tells of are stored together, or neither is."""

    @abstractmethod
    def append(self, event: AuditEvent) -> None:
        """Add one entry at the end of its stream's chain. Writers of one stream take turns until commit."""

    @abstractmethod
    def forget(self, user_id: UserId) -> None:
        """Destroy the key under which this subject's personal parts lie. The chain stays valid."""

"""Timers in memory."""

from __future__ import annotations

from datetime import datetime, timedelta

from printapic.adapters.persistence.memory.state import MemoryTransaction
from printapic.application.ports.timers import Timers


class MemoryTimers(Timers):
    """The slot that was claimed last, by name."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def claim(self, name: str, slot: datetime, *, pause: timedelta = timedelta()) -> bool:
        """Move forward only."""
        last = self.last(name)
        if last is not None and last >= slot - pause:
            return False
        self._transaction.put("timers", name, (name, slot))
        return True

    def last(self, name: str) -> datetime | None:
        """Where it was moved to."""
        row: tuple[str, datetime] | None = self._transaction.table("timers").get(name)
        return row[1] if row else None

    def forget(self, prefix: str, *, before: datetime) -> None:
        """Remove old ones."""
        self._transaction.drop("timers", lambda row: row[0].startswith(prefix) and row[1] < before)

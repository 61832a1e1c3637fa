"""Timers in memory."""

from __future__ import annotations

from datetime import datetime

from printapic.adapters.persistence.memory.state import MemoryTransaction
from printapic.application.ports.timers import Timers


class MemoryTimers(Timers):
    """The slot that was claimed last, by name."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def claim(self, name: str, slot: datetime) -> bool:
        """Move forward only."""
        last: datetime | None = self._transaction.table("timers").get(name)
        if last is not None and last >= slot:
            return False
        self._transaction.put("timers", name, slot)
        return True

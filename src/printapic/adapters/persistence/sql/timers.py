"""Timers in SQL: one row each, moved forward by one statement."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from printapic.adapters.persistence.sql.audit_tables import timers
from printapic.adapters.persistence.sql.transaction import SqlTransaction
from printapic.application.ports.timers import Timers


class SqlTimers(Timers):
    """Of those who claim at once, the second waits for the first one's row, and finds it moved."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    def claim(self, name: str, slot: datetime) -> bool:
        """Move the row forward, or make it."""
        forward = update(timers).where(timers.c.name == name, timers.c.slot < slot).values(slot=slot)
        if self._transaction.write(forward).rowcount == 1:
            return True
        return self._transaction.insert_new(timers, {"name": name, "slot": slot})

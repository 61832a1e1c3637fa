"""Timers in SQL: one row each, moved forward by one statement."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from printapic.adapters.persistence.sql.audit_tables import timers
from printapic.adapters.persistence.sql.transaction import SqlTransaction
from printapic.application.ports.timers import Timers


class SqlTimers(Timers):
    """Of those who claim at once, the second waits for the first one's row, and finds it moved."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    def claim(self, name: str, slot: datetime, *, pause: timedelta = timedelta()) -> bool:
        """Move the row forward, or make it."""
        forward = update(timers).where(timers.c.name == name, timers.c.slot < slot - pause).values(slot=slot)
        if self._transaction.write(forward).rowcount == 1:
            return True
        return self._transaction.insert_new(timers, {"name": name, "slot": slot})

    def last(self, name: str) -> datetime | None:
        """Where the row was moved to."""
        row = self._transaction.row(select(timers.c.slot).where(timers.c.name == name))
        slot: datetime | None = row["slot"] if row else None
        return slot

    def forget(self, prefix: str, *, before: datetime) -> None:
        """Remove old rows."""
        theirs = timers.c.name.startswith(prefix, autoescape=True)
        self._transaction.write(delete(timers).where(theirs, timers.c.slot < before))

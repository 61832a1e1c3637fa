"""The simulated provider's outgoing notifications: what happened, and which deliveries of it are due."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from printapic.adapters.payments.simulated.rows import as_text, new_ref

LEASE = timedelta(seconds=30)
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(hours=1)
MOST_TRIES = 80
"""About three days of trying."""


def pause_after(tries: int) -> timedelta:
    """How long to wait after so many failed tries: doubling from a second up to an hour."""
    return min(FIRST_PAUSE * (1 << min(tries - 1, 20)), LONGEST_PAUSE)


@attrs.frozen(kw_only=True)
class Delivery:
    """One delivery in somebody's hands. Several may carry the same event."""

    id: int
    event_id: str
    type: str
    ref: str
    created_at: datetime
    tries: int


class Outgoing:
    """The notification side of one entry."""

    def __init__(self, connection: sqlite3.Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self.announced = False

    def announce(self, type_: str, ref: str, *, after: Sequence[timedelta] = (timedelta(0),)) -> None:
        """Write down that something happened to checkout `ref`, with one delivery for each delay."""
        event_id = new_ref("evt")
        self._connection.execute(
            "INSERT INTO event (id, type, ref, created_at) VALUES (?, ?, ?, ?)",
            (event_id, type_, ref, as_text(self._now)),
        )
        self._connection.executemany(
            "INSERT INTO delivery (event_id, due_at) VALUES (?, ?)",
            [(event_id, as_text(self._now + delay)) for delay in after],
        )
        self.announced = True

    def claim(self) -> Delivery | None:
        """Take the delivery that has been due for longest; it comes back if its sender dies."""
        now = as_text(self._now)
        row = self._connection.execute(
            "UPDATE delivery SET tries = tries + 1, leased_until = ? WHERE id = ("
            "SELECT id FROM delivery WHERE delivered_at IS NULL AND due_at <= ?"
            " AND (leased_until IS NULL OR leased_until <= ?) ORDER BY due_at, id LIMIT 1"
            ") RETURNING id, event_id, tries",
            (as_text(self._now + LEASE), now, now),
        ).fetchone()
        if row is None:
            return None
        event = self._connection.execute("SELECT * FROM event WHERE id = ?", (row["event_id"],)).fetchone()
        return Delivery(
            id=row["id"],
            event_id=event["id"],
            type=event["type"],
            ref=event["ref"],
            created_at=datetime.fromisoformat(event["created_at"]),
            tries=row["tries"],
        )

    def delivered(self, delivery: Delivery) -> None:
        """The shop has it: this delivery is never sent again."""
        self._connection.execute(
            "UPDATE delivery SET delivered_at = ?, leased_until = NULL WHERE id = ?",
            (as_text(self._now), delivery.id),
        )

    def failed(self, delivery: Delivery) -> None:
        """The shop did not take it: once more later, up to `MOST_TRIES` times.

        A sender that took longer than its lease says nothing any more: the delivery is in other hands.
        """
        again = self._now + pause_after(delivery.tries) if delivery.tries < MOST_TRIES else None
        self._connection.execute(
            "UPDATE delivery SET due_at = ?, leased_until = NULL WHERE id = ? AND tries = ?",
            (as_text(again) if again else None, delivery.id, delivery.tries),
        )

    def next_due(self) -> datetime | None:
        """When the next delivery may be sent; None if nothing waits."""
        row = self._connection.execute(
            "SELECT min(max(due_at, coalesce(leased_until, due_at))) AS due FROM delivery"
            " WHERE delivered_at IS NULL AND due_at IS NOT NULL"
        ).fetchone()
        return None if row["due"] is None else datetime.fromisoformat(row["due"])

"""A simulated provider's notifications: written with what they are about, delivered late, twice, or never."""

from __future__ import annotations

import json
import random
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Protocol

import attrs
import httpx

from tests.providers.books import Entry, Json, ProviderBooks
from tests.providers.counter import WebhookPlan

LEASE_S = 30
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0


@attrs.frozen(kw_only=True)
class Parcel:
    """One delivery: several may carry the same event. `id` stays the same however often it is tried."""

    id: str
    event_id: str
    body: bytes = attrs.field(repr=False)
    tries: int = 0


class Signer(Protocol):
    """Makes the headers of a delivery, freshly signed."""

    def __call__(self, parcel: Parcel) -> dict[str, str]: ...


Receiver = Callable[[bytes, Mapping[str, str]], int]
"""Takes body and headers, and says with which HTTP status."""


def keep_plan(entry: Entry, plan: WebhookPlan) -> None:
    """From now on notify like this."""
    entry.keep("webhook_plan", {**attrs.asdict(plan), "late_by": plan.late_by.total_seconds()})


def current_plan(entry: Entry) -> WebhookPlan:
    kept = entry.setting("webhook_plan")
    return WebhookPlan(**{**kept, "late_by": timedelta(seconds=kept["late_by"])}) if kept else WebhookPlan()


def announce(entry: Entry, event: Json) -> None:
    """Write down the event `event["id"]`, with as many deliveries as the plan says: none where it is lost."""
    plan = current_plan(entry)
    entry.connection.execute(
        "INSERT INTO event (id, body) VALUES (?, ?)", (event["id"], json.dumps(event).encode())
    )
    due_at = (entry.now + plan.late_by).timestamp()
    for _ in range(0 if plan.lost else plan.copies):
        entry.connection.execute(
            "INSERT INTO delivery (event_id, due_at) VALUES (?, ?)", (event["id"], due_at)
        )


def every_parcel(entry: Entry) -> list[Parcel]:
    """One for each event so far, the lost ones too, oldest first."""
    rows = entry.connection.execute("SELECT * FROM event ORDER BY seq")
    return [Parcel(id=f"event-{row['seq']}", event_id=row["id"], body=row["body"]) for row in rows]


def http_receiver(client: httpx.Client, url: str) -> Receiver:
    """The shop's own address; what cannot be reached counts as 503."""

    def receive(body: bytes, headers: Mapping[str, str]) -> int:
        try:
            return client.post(url, content=body, headers=dict(headers)).status_code
        except httpx.HTTPError:
            return 503

    return receive


def webhook_client() -> httpx.Client:
    return httpx.Client(
        # The shop listens on loopback: loading the authorities of the whole world would only take time.
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(10, connect=2),
    )


class Postman:
    """Carries what the books hold to `receiver`. Thread-safe; several may work on the same books."""

    def __init__(self, books: ProviderBooks, *, sign: Signer, receiver: Receiver) -> None:
        self._books = books
        self._sign = sign
        self._receiver = receiver

    def deliver(self) -> int:
        """Send everything that is due, each once, shuffled if the plan says so; how many the shop took.

        What the shop did not take (anything but 2xx) stays due: the next call sends it again.
        """
        with self._books.entry() as entry:
            plan = current_plan(entry)
            due = _due(entry)
        if plan.shuffled:
            random.Random(plan.seed).shuffle(due)
        return sum(self._send(delivery, pause=False) for delivery in due)

    def run(self, stop: threading.Event) -> None:
        """Send whatever comes as soon as it is due, until `stop` is set: for a provider of its own process.

        What the shop did not take comes again after a tenth of a second, then twice that, up to five.
        Where the plan shuffles, everything waits for `deliver`.
        """
        while not stop.wait(0.02):
            with self._books.entry() as entry:
                due = [] if current_plan(entry).shuffled else _due(entry)
            for delivery in due:
                if not stop.is_set():
                    self._send(delivery, pause=True)

    def _send(self, delivery: int, *, pause: bool) -> bool:
        with self._books.entry() as entry:
            parcel = _claimed(entry, delivery)
        if parcel is None:
            return False
        pause_s = min(FIRST_PAUSE_S * 2 ** min(parcel.tries, 10), LONGEST_PAUSE_S) if pause else 0
        taken = False
        try:
            taken = 200 <= self._receiver(parcel.body, self._sign(parcel)) < 300
        finally:
            self._back(delivery, parcel.tries, taken=taken, pause_s=pause_s)
        return taken

    def _back(self, delivery: int, tries: int, *, taken: bool, pause_s: float) -> None:
        with self._books.entry() as entry:
            entry.connection.execute(
                # Who took longer than the lease gives back nothing: the delivery is in other hands.
                "UPDATE delivery SET leased_until = ? WHERE id = ? AND tries = ?",
                (time.time() + pause_s, delivery, tries),
            )
            entry.connection.execute(
                "UPDATE delivery SET taken = ? WHERE id = ? AND NOT taken", (taken, delivery)
            )


def _due(entry: Entry) -> list[int]:
    rows = entry.connection.execute(
        "SELECT id FROM delivery WHERE NOT taken AND due_at <= ? AND leased_until <= ? ORDER BY due_at, id",
        (entry.now.timestamp(), time.time()),
    )
    return [row["id"] for row in rows]


def _claimed(entry: Entry, delivery: int) -> Parcel | None:
    """Take a delivery into one's hands; it comes back when its carrier dies."""
    row = entry.connection.execute(
        "UPDATE delivery SET tries = tries + 1, leased_until = ?"
        " WHERE id = ? AND NOT taken AND leased_until <= ? RETURNING event_id, tries",
        (time.time() + LEASE_S, delivery, time.time()),
    ).fetchone()
    if row is None:
        return None
    event = entry.connection.execute("SELECT body FROM event WHERE id = ?", (row["event_id"],)).fetchone()
    return Parcel(id=f"delivery-{delivery}", event_id=row["event_id"], body=event["body"], tries=row["tries"])

"""Our account at Stripe, during one entry: objects, names, seconds, and events about what happened."""

from __future__ import annotations

import secrets
import string
from typing import Any

import attrs

from tests.providers import notifications
from tests.providers.books import Entry, Json
from tests.providers.stripe.refusals import missing

API_VERSION = "2026-05-27.dahlia"
_LENGTH = {"cs_test": 58, "evt": 24, "req": 14, "pi": 24, "ch": 24}
KINDS = {
    "cs": "checkout.session",
    "pi": "payment_intent",
    "ch": "charge",
    "py": "charge",
    "re": "refund",
    "pyr": "refund",
    "du": "dispute",
    "txn": "balance_transaction",
    "po": "payout",
    "evt": "event",
}
"""What an id's first letters say about its object."""
SUBSCRIBED = frozenset(
    [
        *(f"checkout.session.{each}" for each in ("completed", "expired")),
        *(f"checkout.session.async_payment_{each}" for each in ("succeeded", "failed")),
        *(f"payment_intent.{each}" for each in ("succeeded", "payment_failed", "processing", "canceled")),
        *(f"payment_intent.{each}" for each in ("amount_capturable_updated", "requires_action")),
        *(f"charge.{each}" for each in ("refunded", "expired")),
        *(f"charge.dispute.{each}" for each in ("created", "updated", "closed")),
        *(f"charge.dispute.funds_{each}" for each in ("withdrawn", "reinstated")),
        *(f"refund.{each}" for each in ("created", "updated", "failed")),
        "radar.early_fraud_warning.created",
        *(f"payout.{each}" for each in ("paid", "failed", "reconciliation_completed")),
    ]
)
"""What our endpoint was made for; everything else happens, and nobody is told."""


def new_id(prefix: str) -> str:
    """A name of letters only: a run of digits in it could look like a card's number to a filter."""
    letters = (secrets.choice(string.ascii_letters) for _ in range(_LENGTH.get(prefix, 24)))
    return f"{prefix}_{''.join(letters)}"


@attrs.frozen(kw_only=True)
class Account:
    """`request_id` and `key` name the API call that all this happens for; None where a customer did it."""

    entry: Entry
    request_id: str | None = None
    key: str | None = None

    @property
    def now(self) -> int:
        """Stripe's time: whole seconds."""
        return int(self.entry.now.timestamp())

    def load(self, kind: str, id_: str, *, param: str = "id") -> Json:
        """Raises `Refused` with 404."""
        found = self.entry.get(kind, id_)
        if found is None:
            raise missing(kind, id_, param)
        return found

    def known(self, id_: str) -> Json | None:
        """The object of this name, whatever it is."""
        kind = KINDS.get(id_.partition("_")[0])
        return None if kind is None else self.entry.get(kind, id_)

    def save(self, body: Json) -> Json:
        self.entry.put(body["object"], body)
        return body

    def find(self, kind: str, **where: str | int) -> list[Json]:
        """Objects whose members are so, oldest first."""
        return self.entry.find(kind, where)

    def announce(self, type_: str, subject: Json) -> None:
        """Something happened to `subject`, which is told as it is now."""
        event: dict[str, Any] = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now,
            "data": {"object": subject},
            "livemode": False,
            "pending_webhooks": int(type_ in SUBSCRIBED),
            "request": {"id": self.request_id, "idempotency_key": self.key},
            "type": type_,
        }
        self.entry.put("event", event)
        if type_ in SUBSCRIBED:
            notifications.announce(self.entry, event)

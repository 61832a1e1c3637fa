"""One sender per provider for the contract of `WebhookVerifier`: it writes bodies, and signs any bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

import attrs

from printapic.adapters.payments.paypal.webhooks import AHEAD, OLDEST
from printapic.adapters.payments.simulated.webhooks import (
    HEADER,
    TOLERANCE,
    SimulatedWebhookVerifier,
    signature,
)
from printapic.adapters.payments.stripe import API_VERSION
from printapic.adapters.payments.stripe import webhooks as stripe
from printapic.application.ports.payments import WebhookVerifier
from tests.unit.adapters.payments.paypal.authority import Letter, rsa_key
from tests.unit.adapters.payments.paypal.authority import event as paypal_event
from tests.unit.adapters.payments.paypal.recipient import Recipient

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
Signer: TypeAlias = Literal["current", "previous", "both", "stranger"]
"""Which of its secrets a provider signs with, while the shop knows its current and its previous one."""


class Sender(Protocol):
    """A provider of webhooks. `verifier` believes a delivery from `oldest` ago until `ahead` of its time."""

    verifier: WebhookVerifier
    signature_header: ClassVar[str]
    type: ClassVar[str]
    """An event that is about a checkout."""
    livemode: ClassVar[bool]
    oldest: ClassVar[timedelta]
    ahead: ClassVar[timedelta]

    def body(self, *, event_id: str, type_: str, ref: str, padding: str = "") -> bytes: ...
    def sign(self, body: bytes, *, at: datetime = NOON, by: Signer = "current") -> dict[str, str]: ...


class SimulatedSender(Sender):
    signature_header = HEADER
    type = "checkout.completed"
    livemode = False
    oldest = ahead = TOLERANCE

    def __init__(self) -> None:
        self.verifier = SimulatedWebhookVerifier(["a new secret", "an old secret"])

    def body(self, *, event_id: str, type_: str, ref: str, padding: str = "") -> bytes:
        return _event_body(event_id, type_, {"id": ref}, padding=padding)

    def sign(self, body: bytes, *, at: datetime = NOON, by: Signer = "current") -> dict[str, str]:
        secrets = {
            "current": ["a new secret"],
            "previous": ["an old secret"],
            "both": ["an older secret", "an old secret"],
            "stranger": ["a guess", ""],
        }
        return {HEADER: signature(body, at=at, secrets=secrets[by])}


class StripeSender(Sender):
    """Signs as Stripe documents it, which is the scheme that the simulated provider borrowed."""

    signature_header = stripe.HEADER
    type = "checkout.session.completed"
    livemode = False
    oldest = ahead = stripe.TOLERANCE

    def __init__(self) -> None:
        self.verifier = stripe.StripeWebhookVerifier(["whsec_new", "whsec_old"], livemode=False)

    def body(self, *, event_id: str, type_: str, ref: str, padding: str = "") -> bytes:
        session = {"id": ref, "object": "checkout.session"}
        return _event_body(event_id, type_, session, api_version=API_VERSION, padding=padding)

    def sign(self, body: bytes, *, at: datetime = NOON, by: Signer = "current") -> dict[str, str]:
        secrets = {
            "current": ["whsec_new"],
            "previous": ["whsec_old"],
            "both": ["whsec_older", "whsec_old"],
            "stranger": ["whsec_guess", "whsec_"],
        }
        return {stripe.HEADER: signature(body, at=at, secrets=secrets[by])}


class PayPalSender(Sender):
    """PayPal has no secrets: while webhooks are moved, two ids are known, and each delivery is for one."""

    signature_header = "paypal-transmission-sig"
    type = "CHECKOUT.ORDER.APPROVED"
    livemode = True
    oldest, ahead = OLDEST, AHEAD

    def __init__(self) -> None:
        self.verifier = Recipient(webhook_ids=("0NEW", "0LD")).verifier()

    def body(self, *, event_id: str, type_: str, ref: str, padding: str = "") -> bytes:
        created = NOON.strftime("%Y-%m-%dT%H:%M:%SZ")
        return paypal_event(
            id=event_id, event_type=type_.upper(), create_time=created, resource={"id": ref}, padding=padding
        )

    def sign(self, body: bytes, *, at: datetime = NOON, by: Signer = "current") -> dict[str, str]:
        letter = Letter(body=body, time=at.strftime("%Y-%m-%dT%H:%M:%SZ"), webhook_id="0LD")
        if by == "stranger":
            return letter.headers(letter.signature(rsa_key("stranger")))
        return attrs.evolve(letter, webhook_id="0NEW" if by == "current" else "0LD").headers()


def _event_body(event_id: str, type_: str, subject: dict[str, str], **more: Any) -> bytes:
    event = {
        "id": event_id,
        "object": "event",
        "type": type_,
        "livemode": False,
        "created": int(NOON.timestamp()),
        "data": {"object": subject},
    }
    return json.dumps(event | more).encode()

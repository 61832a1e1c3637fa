"""Stripe's notifications: believed only when signed, and then only as a hint where to look.

The SDK's `construct_event` lets a delivery from tomorrow pass, fails in five ways on hostile bodies and
quotes body and header in its exception: so the check, docs.stripe.com/webhooks/signature, is made here.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar, Literal

import msgspec

from printapic.adapters.payments.stripe import API_VERSION
from printapic.adapters.payments.stripe.objects import Ref, Seconds, moment
from printapic.application.ports.payments import Notification, RawDelivery, WebhookRejected, WebhookVerifier
from printapic.domain.payments.attempt import Provider

HEADER = "stripe-signature"
TOLERANCE = timedelta(seconds=300)
LONGEST_HEADER = 4_000
SUBSCRIBED = frozenset(
    f"{family}.{event}"
    for family, events in {
        "checkout.session": "completed async_payment_succeeded async_payment_failed expired",
        "payment_intent": "succeeded payment_failed processing canceled amount_capturable_updated "
        "requires_action",
        "charge": "refunded expired",
        "charge.dispute": "created updated closed funds_withdrawn funds_reinstated",
        "refund": "created updated failed",
        "radar.early_fraud_warning": "created",
        "payout": "paid failed reconciliation_completed",
    }.items()
    for event in events.split()
)
"""The 24 types that the endpoint is created with."""
_WARNING = "radar.early_fraud_warning.created"
_TIMESTAMP = re.compile(r"[0-9]{1,11}", re.ASCII)
_WORD = re.compile(r"[a-z_]{1,64}", re.ASCII)
_logger = logging.getLogger(__name__)


class _Data(msgspec.Struct):
    object: msgspec.Raw


class _Event(msgspec.Struct, kw_only=True):
    id: Ref
    object: Literal["event"]
    type: Ref
    livemode: bool
    created: Seconds
    api_version: str | None = None
    data: _Data


class _Subject(msgspec.Struct):
    """What an event is about: a page, an intent, or something that names its intent."""

    id: Ref
    object: str
    payment_intent: Ref | None = None
    fraud_type: str | None = None


class StripeWebhookVerifier(WebhookVerifier):
    """Believes a delivery only if one of `secrets` (`whsec_...`) signed these very bytes just now.

    An event of the other environment, of another `api_version`, or of a type that we did not subscribe to,
    is genuine and says nothing to us: it has no `ref`. Raises `ValueError` without a secret.
    """

    provider: ClassVar[Provider] = Provider.STRIPE

    def __init__(self, secrets: Sequence[str], *, livemode: bool, api_version: str = API_VERSION) -> None:
        if not secrets or not all(secrets):
            raise ValueError("a verifier needs at least one secret, and none may be empty")
        self._secrets = tuple(secret.encode() for secret in secrets)
        self._livemode = livemode
        self._api_version = api_version

    def verify(self, delivery: RawDelivery) -> Notification:
        seconds, candidates = _read_header(delivery.headers.get(HEADER, ""))
        signed = seconds.encode() + b"." + delivery.body
        # Every secret against every candidate, and no way out before the last: time tells nothing.
        matches = [
            hmac.compare_digest(hmac.new(secret, signed, hashlib.sha256).hexdigest().encode(), candidate)
            for secret in self._secrets
            for candidate in candidates
        ]
        age = abs(delivery.received_at.timestamp() - int(seconds))
        if not any(matches) or age > TOLERANCE.total_seconds():
            raise WebhookRejected
        event = _read_event(delivery.body)
        subject = self._subject(event)
        return Notification(
            provider=self.provider,
            livemode=event.livemode,
            event_id=event.id,
            type=event.type,
            ref=None if subject is None else _ref(subject),
            warning=None if subject is None or event.type != _WARNING else _warning(subject),
            occurred_at=moment(event.created),
            body_sha256=hashlib.sha256(delivery.body).hexdigest(),
        )

    def _subject(self, event: _Event) -> _Subject | None:
        """What there is to look at; None for an event that is none of our business."""
        if event.livemode is not self._livemode:
            _logger.warning("Stripe's webhook endpoint belongs to the other environment")
            return None
        if event.api_version != self._api_version:
            _logger.warning("Stripe's webhook endpoint was not created for API %s", self._api_version)
            return None
        if event.type not in SUBSCRIBED:
            return None
        try:
            return msgspec.json.decode(event.data.object, type=_Subject)
        except (ValueError, RecursionError):
            _logger.warning("A webhook of Stripe is about something that cannot be read")
            return None


def _ref(subject: _Subject) -> str | None:
    if subject.object in ("checkout.session", "payment_intent"):
        return subject.id
    return subject.payment_intent


def _warning(subject: _Subject) -> str:
    said = subject.fraud_type or ""
    return f"early-fraud-warning:{said}" if _WORD.fullmatch(said) else "early-fraud-warning"


def _read_header(header: str) -> tuple[str, list[bytes]]:
    """The time and the candidates, still untrusted. Raises `WebhookRejected`."""
    if len(header) > LONGEST_HEADER:
        raise WebhookRejected
    items = [item.strip().partition("=") for item in header.split(",")]
    times = [value for name, _, value in items if name == "t"]
    if len(times) != 1 or not _TIMESTAMP.fullmatch(times[0]):
        raise WebhookRejected
    return times[0], [value.encode(errors="replace") for name, _, value in items if name == "v1"]


def _read_event(body: bytes) -> _Event:
    """A genuine body may still be one that we cannot read. Raises `WebhookRejected`."""
    try:
        return msgspec.json.decode(body.decode(), type=_Event)
    except (ValueError, RecursionError):
        raise WebhookRejected from None

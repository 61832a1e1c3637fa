"""PayPal's notifications: believed to be PayPal's, and no more than that.

The signature covers a CRC32 of the body, and whoever has seen one genuine delivery can write another body
with the same CRC32. So a notification only ever says where to look; what it says of money is not read.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import ClassVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from printapic.adapters.payments.paypal.certificates import CertificateStore, CertificateUnavailable
from printapic.adapters.payments.paypal.events import PayPalEvent
from printapic.adapters.payments.paypal.transmissions import MalformedTransmission, Transmission
from printapic.adapters.payments.paypal.trust import signing_key
from printapic.application.ports.payments import (
    Notification,
    RawDelivery,
    VerificationUnavailable,
    WebhookRejected,
    WebhookVerifier,
)
from printapic.domain.payments.attempt import Provider

SIGNER = "messageverificationcerts.paypal.com"
SANDBOX_SIGNER = "messageverificationcerts.sandbox.paypal.com"
AHEAD = timedelta(minutes=5)
OLDEST = timedelta(days=4)
"""PayPal repeats a delivery for three days, and does not say whether a repetition gets a new time."""
LARGEST_BODY = 1 << 20
_logger = logging.getLogger(__name__)


class PayPalWebhookVerifier(WebhookVerifier):
    """Believes a delivery that a certificate of PayPal's signed, for one of `webhook_ids`, within four days.

    Where the certificate leads to no root that we have, PayPal itself is asked: `verify_by_api` posts the
    bytes to /v1/notifications/verify-webhook-signature, and answers None where it cannot tell. Nobody is
    asked about a delivery whose signature, name or date is wrong. Thread-safe. Raises `ValueError`
    without webhook ids.
    """

    provider: ClassVar[Provider] = Provider.PAYPAL

    def __init__(
        self,
        certificates: CertificateStore,
        *,
        webhook_ids: Sequence[str],
        livemode: bool,
        verify_by_api: Callable[[bytes], bool | None],
    ) -> None:
        if not webhook_ids or not all(each.isascii() and each.isalnum() for each in webhook_ids):
            raise ValueError("a verifier needs at least one webhook id, of letters and digits")
        self._certificates = certificates
        self._webhook_ids = tuple(webhook_ids)
        self._livemode = livemode
        self._signer = SIGNER if livemode else SANDBOX_SIGNER
        self._verify_by_api = verify_by_api

    def verify(self, delivery: RawDelivery) -> Notification:
        """Raises `WebhookRejected`, or `VerificationUnavailable` where PayPal has to be asked and is away."""
        transmission = self._read(delivery)
        try:
            chain = self._certificates.chain(transmission.certificate_url, at=delivery.received_at)
        except CertificateUnavailable:
            raise VerificationUnavailable from None
        webhook_id = self._signed_for(transmission, chain[0], delivery)
        event = _event(delivery.body)
        if not self._certificates.vouches(chain, name=self._signer, at=delivery.received_at):
            self._ask(transmission.question(webhook_id, delivery.body))
        return Notification(
            provider=self.provider,
            livemode=self._livemode,
            event_id=event.id,
            delivery_id=transmission.id,
            type=event.event_type,
            ref=event.ref,
            occurred_at=event.create_time,
            body_sha256=hashlib.sha256(delivery.body).hexdigest(),
        )

    def _read(self, delivery: RawDelivery) -> Transmission:
        if len(delivery.body) > LARGEST_BODY:
            raise _refusal("size")
        try:
            transmission = Transmission.read(delivery.headers, livemode=self._livemode)
        except MalformedTransmission as malformed:
            raise _refusal(str(malformed)) from None
        if not -AHEAD <= delivery.received_at - transmission.sent_at <= OLDEST:
            raise _refusal("time")
        return transmission

    def _signed_for(
        self, transmission: Transmission, certificate: x509.Certificate, delivery: RawDelivery
    ) -> str:
        """The one of our webhooks that this was signed for. Raises `WebhookRejected`."""
        key = signing_key(certificate, name=self._signer, at=delivery.received_at)
        if key is None:
            raise _refusal("certificate")
        for webhook_id in self._webhook_ids:
            if _has_signed(key, transmission.signature, transmission.signed_text(webhook_id, delivery.body)):
                return webhook_id
        raise _refusal("signature")

    def _ask(self, question: bytes) -> None:
        """Raises `WebhookRejected` or `VerificationUnavailable` unless PayPal says that it is genuine."""
        _logger.warning("PayPal's certificate leads to no known root: PayPal is asked about the delivery")
        match self._verify_by_api(question):
            case True:
                return
            case False:
                raise _refusal("PayPal's answer")
            case None:
                raise VerificationUnavailable


def _has_signed(key: RSAPublicKey, signature: bytes, text: bytes) -> bool:
    try:
        key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _event(body: bytes) -> PayPalEvent:
    """A genuine body may still be one that we cannot read. Raises `WebhookRejected`."""
    with suppress(ValueError):
        return PayPalEvent.read(body)
    # Out here, since what went wrong in there may hold the body.
    raise _refusal("body")


def _refusal(why: str) -> WebhookRejected:
    """The log names what was wrong in a word; nothing of the delivery is in it."""
    _logger.info("a delivery that claims to be PayPal's was refused: %s", why)
    return WebhookRejected()

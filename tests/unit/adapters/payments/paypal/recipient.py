"""A shop that takes PayPal's notifications, the host of PayPal's certificates, and PayPal's own opinion."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import attrs
import httpx
import pytest
from cryptography import x509

from printapic.adapters.payments.paypal.certificates import CertificateStore
from printapic.adapters.payments.paypal.webhooks import PayPalWebhookVerifier
from printapic.application.ports.payments import (
    Notification,
    RawDelivery,
    VerificationUnavailable,
    WebhookRejected,
)
from tests.unit.adapters.payments.paypal.authority import URL, WEBHOOK_ID, Authority, pem


@cache
def root() -> Authority:
    return Authority.root()


@cache
def intermediate() -> Authority:
    return root().below()


@cache
def certificate() -> x509.Certificate:
    return intermediate().issue()


@attrs.define(kw_only=True)
class Recipient:
    """The verifier, and everything around it that a test looks at."""

    presented: Sequence[x509.Certificate] = attrs.field(
        factory=lambda: (certificate(), intermediate().certificate)
    )
    roots: Sequence[x509.Certificate] | None = attrs.field(factory=lambda: (root().certificate,))
    intermediates: Sequence[x509.Certificate] = ()
    webhook_ids: Sequence[str] = (WEBHOOK_ID,)
    livemode: bool = True
    url: str = URL
    opinion: bool | None = None
    downloads: list[str] = attrs.field(factory=list)
    questions: list[bytes] = attrs.field(factory=list)

    def verifier(self) -> PayPalWebhookVerifier:
        client = httpx.Client(transport=httpx.MockTransport(self._serve), trust_env=False)
        store = CertificateStore(client, roots=self.roots, intermediates=self.intermediates)
        return PayPalWebhookVerifier(
            store, webhook_ids=self.webhook_ids, livemode=self.livemode, verify_by_api=self._judge
        )

    def takes(self, delivery: RawDelivery) -> Notification:
        return self.verifier().verify(delivery)

    def refuses(self, delivery: RawDelivery) -> bool:
        """In the one way in which everything is refused, without asking PayPal."""
        with pytest.raises(WebhookRejected) as rejection:
            self.takes(delivery)
        assert (rejection.value.message, rejection.value.details) == (WebhookRejected().message, {})
        assert rejection.value.__cause__ is None
        return not self.questions

    def cannot_tell(self, delivery: RawDelivery) -> bool:
        with pytest.raises(VerificationUnavailable):
            self.takes(delivery)
        return True

    def _serve(self, request: httpx.Request) -> httpx.Response:
        self.downloads.append(str(request.url))
        if str(request.url) != self.url:
            return httpx.Response(404)
        return httpx.Response(200, content=pem(*self.presented))

    def _judge(self, question: bytes) -> bool | None:
        self.questions.append(question)
        return self.opinion


def alone(**fields: Any) -> Recipient:
    """PayPal serves the certificate without the chain, and we have nothing to complete it with."""
    return attrs.evolve(Recipient(presented=(certificate(),)), **fields)

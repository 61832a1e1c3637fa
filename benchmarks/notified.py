"""`printapic serve`, but PayPal's certificates and their root are in a folder and not on the internet.

`python -m benchmarks.notified PORT FOLDER`: the folder has `root.pem`, and `chain.pem`, which is found at
whatever address a notification names. Everything else is what a shop runs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
from cryptography import x509
from dependency_injector import providers

from printapic.adapters.payments.paypal.certificates import CertificateStore
from printapic.adapters.payments.paypal.webhooks import PayPalWebhookVerifier
from printapic.adapters.payments.stripe.webhooks import StripeWebhookVerifier
from printapic.application.ports.payments import WebhookVerifier
from printapic.domain.payments.attempt import Provider
from printapic.entrypoints.cli.main import cli
from printapic.entrypoints.container import Container
from printapic.entrypoints.settings import PayPalPayments, Settings, StripePayments


def verifiers(folder: Path) -> dict[Provider, WebhookVerifier]:
    """As the settings of the environment have them."""
    stripe, paypal = Settings.from_environment().payments
    assert isinstance(stripe, StripePayments)
    assert isinstance(paypal, PayPalPayments)
    chain, root = (folder / "chain.pem").read_bytes(), (folder / "root.pem").read_bytes()
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=chain)))
    certificates = CertificateStore(client, roots=x509.load_pem_x509_certificates(root))
    return {
        Provider.STRIPE: StripeWebhookVerifier(
            [secret.reveal() for secret in stripe.webhook_secrets], livemode=stripe.livemode
        ),
        Provider.PAYPAL: PayPalWebhookVerifier(
            certificates,
            webhook_ids=paypal.webhook_ids,
            livemode=paypal.livemode,
            verify_by_api=lambda _: None,
        ),
    }


def serve(port: str, folder: Path) -> None:
    """Serve until SIGTERM."""
    with Container.verifiers.override(providers.Object(verifiers(folder))):
        cli(["serve", "--no-jobs", "--port", port])


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]))

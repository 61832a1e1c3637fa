"""Payments: a gateway and a verifier for each provider chosen, and the simulated provider's own parts.

Stripe's and PayPal's adapters are loaded where they are chosen.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from printapic.adapters.payments.simulated.books import SimulatedBooks
from printapic.adapters.payments.simulated.checkout import HostedCheckout
from printapic.adapters.payments.simulated.gateway import SimulatedGateway
from printapic.adapters.payments.simulated.webhooks import SimulatedWebhookVerifier, WebhookDeliverer
from printapic.adapters.users.live_keyring import FileKeyRing
from printapic.application.ports.clock import Clock
from printapic.application.ports.payments import PaymentGateway, WebhookVerifier
from printapic.domain.payments.attempt import Provider
from printapic.entrypoints import settings as choices
from printapic.entrypoints.settings import Settings

if TYPE_CHECKING:
    from printapic.adapters.payments.paypal.api import PayPalApi

_SANDBOX_PAGES = frozenset({"https://www.sandbox.paypal.com"})
_SIMULATED_WEBHOOKS = "/v1/webhooks/simulated"


def simulated_books(settings: Settings, clock: Clock, closing: ExitStack) -> SimulatedBooks | None:
    """None, here and below, where the simulated provider is not chosen."""
    if settings.simulated is None:
        return None
    return closing.enter_context(contextlib.closing(SimulatedBooks(settings.simulated.books, clock)))


def simulated_gateway(settings: Settings, books: SimulatedBooks | None) -> SimulatedGateway | None:
    return None if books is None else SimulatedGateway(books, public_url=settings.public_url)


def hosted_checkout(books: SimulatedBooks | None) -> HostedCheckout | None:
    return None if books is None else HostedCheckout(books)


def deliverer(
    settings: Settings, books: SimulatedBooks | None, keys: FileKeyRing, closing: ExitStack
) -> WebhookDeliverer | None:
    if books is None:
        return None
    url = settings.public_url + _SIMULATED_WEBHOOKS
    opened = WebhookDeliverer(books, url=url, secret=_webhook_secret(keys))
    return closing.enter_context(contextlib.closing(opened))


def paypal_api(settings: Settings, clock: Clock, closing: ExitStack) -> PayPalApi | None:
    """What the gateway and the verifier share: one access token. None where PayPal is not chosen."""
    for chosen in settings.payments:
        if isinstance(chosen, choices.PayPalPayments):
            from printapic.adapters.payments.paypal.api import PayPalApi
            from printapic.adapters.payments.sending import provider_client

            return PayPalApi(
                closing.enter_context(provider_client()),
                client_id=chosen.client_id,
                client_secret=chosen.client_secret.reveal(),
                clock=clock,
                api_url=chosen.api_url,
            )
    return None


def gateways(
    settings: Settings,
    simulated: SimulatedGateway | None,
    paypal: PayPalApi | None,
    clock: Clock,
    closing: ExitStack,
) -> Mapping[Provider, PaymentGateway]:
    """In the order in which the providers were listed."""
    opened: list[PaymentGateway] = []
    for chosen in settings.payments:
        match chosen:
            case choices.StripePayments() as stripe:
                opened.append(_stripe_gateway(stripe, closing))
            case choices.PayPalPayments() if paypal is not None:
                opened.append(_paypal_gateway(chosen, paypal, clock))
            case choices.SimulatedPayments() if simulated is not None:
                opened.append(simulated)
    return {gateway.provider: gateway for gateway in opened}


def _stripe_gateway(stripe: choices.StripePayments, closing: ExitStack) -> PaymentGateway:
    from printapic.adapters.payments.sending import provider_client
    from printapic.adapters.payments.stripe.gateway import PAGE_ORIGINS, StripeGateway

    return StripeGateway(
        closing.enter_context(provider_client()),
        secret_key=stripe.secret_key.reveal(),
        livemode=stripe.livemode,
        api_url=stripe.api_url,
        page_origins=PAGE_ORIGINS | stripe.page_origins,
    )


def _paypal_gateway(chosen: choices.PayPalPayments, paypal: PayPalApi, clock: Clock) -> PaymentGateway:
    from printapic.adapters.payments.paypal.gateway import PAGES, PayPalGateway

    pages = _SANDBOX_PAGES if chosen.sandbox else PAGES
    return PayPalGateway(paypal, livemode=chosen.livemode, clock=clock, page_origins=pages)


def verifiers(
    settings: Settings, keys: FileKeyRing, paypal: PayPalApi | None, closing: ExitStack
) -> Mapping[Provider, WebhookVerifier]:
    """Those whose webhooks can be verified: without a secret, or an id, there are none to take."""
    opened: list[WebhookVerifier] = []
    for chosen in settings.payments:
        match chosen:
            case choices.StripePayments() if chosen.webhook_secrets:
                opened.append(_stripe_verifier(chosen))
            case choices.PayPalPayments() if chosen.webhook_ids and paypal is not None:
                opened.append(_paypal_verifier(chosen, paypal, closing))
            case choices.SimulatedPayments():
                opened.append(SimulatedWebhookVerifier([_webhook_secret(keys)]))
    return {verifier.provider: verifier for verifier in opened}


def _stripe_verifier(stripe: choices.StripePayments) -> WebhookVerifier:
    from printapic.adapters.payments.stripe.webhooks import StripeWebhookVerifier

    secrets = [secret.reveal() for secret in stripe.webhook_secrets]
    return StripeWebhookVerifier(secrets, livemode=stripe.livemode)


def _paypal_verifier(
    chosen: choices.PayPalPayments, paypal: PayPalApi, closing: ExitStack
) -> WebhookVerifier:
    from printapic.adapters.payments.paypal.certificates import CertificateStore
    from printapic.adapters.payments.paypal.trust import read_bundle
    from printapic.adapters.payments.paypal.verification import SignatureCheck
    from printapic.adapters.payments.paypal.webhooks import PayPalWebhookVerifier
    from printapic.adapters.payments.sending import provider_client

    # A client of its own: certificates are fetched without our token, and need none of its connections.
    certificates = CertificateStore(
        closing.enter_context(provider_client()),
        intermediates=read_bundle(chosen.intermediates) if chosen.intermediates else (),
    )
    return PayPalWebhookVerifier(
        certificates,
        webhook_ids=chosen.webhook_ids,
        livemode=chosen.livemode,
        verify_by_api=SignatureCheck(paypal),
    )


def _webhook_secret(keys: FileKeyRing) -> str:
    """The same for ever, under the oldest key: as with a real provider, no rotation of ours changes it."""
    return keys.secret("simulated webhooks", keys.kids[0]).hex()

"""The other side of each counter: a provider on a real wire, its adapter, and its news."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from cryptography import x509

from printapic.adapters.payments.paypal.certificates import CertificateStore
from printapic.adapters.payments.paypal.webhooks import PayPalWebhookVerifier
from printapic.adapters.payments.sending import provider_client
from printapic.adapters.payments.stripe.webhooks import StripeWebhookVerifier
from printapic.application.ports.payments import PaymentGateway, WebhookVerifier
from printapic.domain.payments.attempt import Provider
from tests.integration.contracts.gateway_drivers import Call as Calling
from tests.integration.contracts.gateway_drivers import (
    Mishap,
    PayPalDriver,
    StripeDriver,
    WireDriver,
    Wrap,
)
from tests.provider_contracts.contract import Contract
from tests.providers.books import ProviderBooks
from tests.providers.counter import ProviderSimulator
from tests.providers.notifications import Postman, Receiver, Signer
from tests.providers.paypal.opening import signer_on as paypal_signer_on
from tests.providers.paypal.redirection import ToSimulator
from tests.providers.stripe import opening

# Loading the authorities of the whole world takes longer than most tests here.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Side:
    """One provider: `driver` has its adapter and its simulator, `verifier` believes its news."""

    provider: Provider
    driver: WireDriver
    verifier: WebhookVerifier
    sign: Signer
    books: ProviderBooks

    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    @property
    def simulator(self) -> ProviderSimulator:
        return self.driver.simulator

    @property
    def gateway(self) -> PaymentGateway:
        return self.driver.gateway

    def now(self) -> datetime:
        return self.driver.now()

    def pass_time(self, by: timedelta) -> None:
        self.driver.pass_time(by)

    def mishap(self, call: Calling, what: Mishap) -> None:
        self.driver.mishap(call, what)

    def postman(self, receiver: Receiver) -> Postman:
        return Postman(self.books, sign=self.sign, receiver=receiver)

    def close(self) -> None:
        """Close it; whatever it had to tell is held against its published contract."""
        deliveries = self.simulator.raw_deliveries()
        self.driver.close()
        for body, _ in deliveries:
            self.contract.check_event(body)


class StripeSide(Side):
    """Stripe, which takes the money as soon as the customer pays."""

    provider = Provider.STRIPE

    def __init__(self, folder: Path, wrap: Wrap, contract: Contract) -> None:
        super().__init__(contract)
        self.driver = self.stripe = StripeDriver(folder, wrap)
        self.books = self.stripe.stripe.books
        self.verifier = StripeWebhookVerifier([opening.DEFAULT_SECRET], livemode=False)
        self.sign = opening.signer_on(self.books)


class PayPalSide(Side):
    """PayPal, whose customer only approves: the money is taken when the shop asks for it."""

    provider = Provider.PAYPAL

    def __init__(self, folder: Path, wrap: Wrap, contract: Contract) -> None:
        super().__init__(contract)
        self.driver = self.paypal = PayPalDriver(folder, wrap)
        simulator = self.paypal.paypal
        self.books = simulator.books
        self._client = provider_client(ToSimulator(simulator.url, httpx.HTTPTransport(verify=NO_TLS)))
        self.verifier = PayPalWebhookVerifier(
            CertificateStore(
                self._client, roots=[x509.load_pem_x509_certificate(simulator.root_pem.encode())]
            ),
            webhook_ids=[simulator.webhook_id],
            livemode=False,
            verify_by_api=lambda _: None,
        )
        self.sign = paypal_signer_on(self.books)

    def close(self) -> None:
        self._client.close()
        super().close()

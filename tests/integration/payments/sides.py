"""The other side of each counter: a provider on a real wire, its adapter, and its news."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import attrs
import httpx
from cryptography import x509

from printapic.adapters.payments.paypal.api import PayPalApi
from printapic.adapters.payments.paypal.certificates import CertificateStore
from printapic.adapters.payments.paypal.gateway import PayPalGateway
from printapic.adapters.payments.paypal.webhooks import PayPalWebhookVerifier
from printapic.adapters.payments.sending import provider_client
from printapic.adapters.payments.stripe.gateway import StripeGateway
from printapic.adapters.payments.stripe.webhooks import StripeWebhookVerifier
from printapic.application.ports.payments import PaymentGateway, WebhookVerifier
from printapic.domain.payments.attempt import Provider
from tests.integration.contracts.gateway_drivers import (
    SANDBOX_PAGES,
    ClockOfBooks,
    Mishap,
    PayPalDriver,
    StripeDriver,
)
from tests.integration.contracts.gateway_drivers import Call as Calling
from tests.providers.books import ProviderBooks
from tests.providers.counter import ProviderSimulator
from tests.providers.notifications import Postman, Receiver, Signer
from tests.providers.paypal import opening as paypal_opening
from tests.providers.paypal.redirection import ToSimulator
from tests.providers.paypal.simulator import PayPalSimulator
from tests.providers.stripe import opening
from tests.providers.stripe.simulator import StripeSimulator

# Loading the authorities of the whole world takes longer than most tests here.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@attrs.frozen(kw_only=True)
class Side:
    """One provider: its `simulator` and the `books` behind it, our adapter, and who believes its news.

    `mishap` lets the next call of a kind go wrong on the wire, whatever the adapter tries.
    """

    simulator: ProviderSimulator
    gateway: PaymentGateway
    books: ProviderBooks
    verifier: WebhookVerifier
    sign: Signer
    mishap: Callable[[Calling, Mishap], None]
    close: Callable[[], None]

    @property
    def provider(self) -> Provider:
        return self.simulator.provider

    def pass_time(self, by: timedelta) -> None:
        self.books.pass_time(by)

    def postman(self, receiver: Receiver) -> Postman:
        return Postman(self.books, sign=self.sign, receiver=receiver)


def stripe_side(driver: StripeDriver) -> Side:
    """Stripe, which takes the money as soon as the customer pays."""
    return Side(
        simulator=driver.stripe,
        gateway=driver.gateway,
        books=driver.stripe.books,
        verifier=stripe_verifier(),
        sign=opening.signer_on(driver.stripe.books),
        mishap=driver.mishap,
        close=driver.close,
    )


def paypal_side(driver: PayPalDriver) -> Side:
    """PayPal, whose customer only approves: the money is taken when the shop asks for it."""
    client = certificate_client(driver.paypal.url)

    def close() -> None:
        client.close()
        driver.close()

    return Side(
        simulator=driver.paypal,
        gateway=driver.gateway,
        books=driver.paypal.books,
        verifier=paypal_verifier(driver.paypal, client),
        sign=paypal_opening.signer_on(driver.paypal.books),
        mishap=driver.mishap,
        close=close,
    )


def side_served_at(url: str, provider: Provider, folder: Path, wire: httpx.BaseTransport) -> Side:
    """A provider that a process of its own serves at `url`, on the books in `folder`."""
    books = books_of(provider, folder)
    match provider:
        case Provider.STRIPE:
            stripe = StripeSimulator(books, served_at=url)
            client = provider_client(wire)
            return Side(
                simulator=stripe,
                gateway=StripeGateway(
                    client,
                    secret_key=opening.DEFAULT_KEY,
                    livemode=False,
                    api_url=url,
                    pause=lambda _: None,
                ),
                books=stripe.books,
                verifier=stripe_verifier(),
                sign=opening.signer_on(stripe.books),
                mishap=no_mishap,
                close=lambda: close_all(client, stripe),
            )
        case Provider.PAYPAL:
            paypal = PayPalSimulator(books, served_at=url, sandbox=True)
            client, certificates = provider_client(wire), certificate_client(url)
            clock = ClockOfBooks(paypal.books)
            api = PayPalApi(
                client,
                client_id=paypal.client_id,
                client_secret=paypal.client_secret,
                clock=clock,
                api_url=url,
                pause=lambda _: None,
            )
            return Side(
                simulator=paypal,
                gateway=PayPalGateway(api, livemode=False, clock=clock, page_origins=SANDBOX_PAGES),
                books=paypal.books,
                verifier=paypal_verifier(paypal, certificates),
                sign=paypal_opening.signer_on(paypal.books),
                mishap=no_mishap,
                close=lambda: close_all(client, certificates, paypal),
            )
        case _:
            raise ValueError(f"{provider} is served by nobody")


def books_of(provider: Provider, folder: Path) -> Path:
    return folder / f"{provider}.sqlite"


def no_mishap(call: Calling, what: Mishap) -> None:
    raise NotImplementedError("mishaps are planned on a wire of one's own")


def close_all(*things: httpx.Client | ProviderSimulator) -> None:
    for thing in things:
        thing.close()


def stripe_verifier() -> StripeWebhookVerifier:
    return StripeWebhookVerifier([opening.DEFAULT_SECRET], livemode=False)


def certificate_client(url: str) -> httpx.Client:
    """Finds PayPal's certificates at the simulator."""
    return provider_client(ToSimulator(url, httpx.HTTPTransport(verify=NO_TLS)))


def paypal_verifier(simulator: PayPalSimulator, client: httpx.Client) -> PayPalWebhookVerifier:
    """Trusts the simulator's authority, which nobody else does."""
    root = x509.load_pem_x509_certificate(simulator.root_pem.encode())
    return PayPalWebhookVerifier(
        CertificateStore(client, roots=[root]),
        webhook_ids=[simulator.webhook_id],
        livemode=False,
        verify_by_api=lambda _: None,
    )

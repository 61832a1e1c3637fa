"""The gateways as the container makes them, on the wire: keys, addresses and secrets go where they belong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from printapic.application.ports.payments import CheckoutRequest, Done, RawDelivery, Rejected
from printapic.domain.ids import OperationId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState, Provider
from printapic.entrypoints.container import Container, close
from printapic.entrypoints.settings import Settings
from tests.providers.counter import ProviderSimulator
from tests.providers.paypal.simulator import PayPalSimulator
from tests.providers.stripe import opening, sessions
from tests.providers.stripe.simulator import StripeSimulator


@pytest.fixture
def stripe(tmp_path: Path) -> Iterator[StripeSimulator]:
    simulator = StripeSimulator(tmp_path / "stripe.sqlite")
    yield simulator
    simulator.close()


@pytest.fixture
def paypal(tmp_path: Path) -> Iterator[PayPalSimulator]:
    simulator = PayPalSimulator(tmp_path / "paypal.sqlite", sandbox=True)
    yield simulator
    simulator.close()


@pytest.fixture
def variables(tmp_path: Path, stripe: StripeSimulator, paypal: PayPalSimulator) -> dict[str, str]:
    secret = tmp_path / "paypal-secret"
    secret.write_text(paypal.client_secret + "\n")
    secret.chmod(0o600)
    return {
        "PRINTAPIC_DATA": str(tmp_path / "shop"),
        "PRINTAPIC_DATABASE_URL": "memory",
        "PRINTAPIC_PAYMENTS": "stripe,paypal",
        "PRINTAPIC_STRIPE_SECRET_KEY": opening.DEFAULT_KEY,
        "PRINTAPIC_STRIPE_WEBHOOK_SECRETS": opening.DEFAULT_SECRET,
        "PRINTAPIC_STRIPE_API_URL": stripe.url,
        "PRINTAPIC_PAYPAL_CLIENT_ID": paypal.client_id,
        "PRINTAPIC_PAYPAL_CLIENT_SECRET_FILE": str(secret),
        "PRINTAPIC_PAYPAL_WEBHOOK_IDS": paypal.webhook_id,
        "PRINTAPIC_PAYPAL_API_URL": paypal.url,
    }


def assembled(variables: dict[str, str]) -> Container:
    settings = Settings.from_environment(variables)
    settings.check()
    return Container(settings=settings)


def request(container: Container) -> CheckoutRequest:
    return CheckoutRequest(
        our_reference=str(uuid4()),
        payment_reference=str(uuid4()),
        order_number="PA-1",
        amount=Money.of("12.90", "EUR"),
        return_url="https://shop.example/back",
        cancel_url="https://shop.example/cancel",
        expires_at=container.clock().now() + timedelta(hours=1),
    )


def new_key() -> OperationId:
    return OperationId(uuid4())


@pytest.mark.parametrize("provider", [Provider.STRIPE, Provider.PAYPAL])
def test_a_checkout_is_opened_paid_and_captured(
    variables: dict[str, str], stripe: StripeSimulator, paypal: PayPalSimulator, provider: Provider
) -> None:
    simulators: dict[Provider, ProviderSimulator] = {Provider.STRIPE: stripe, Provider.PAYPAL: paypal}
    container = assembled(variables)
    try:
        gateway = container.gateways()[provider]
        opened = gateway.open(checkout=request(container), key=new_key())
        assert isinstance(opened, Done)
        simulators[provider].pay(opened.value.ref)
        paid = gateway.complete(ref=opened.value.ref, key=new_key())
        assert isinstance(paid, Done)
        assert paid.value.state is AttemptState.CAPTURED
        assert not paid.value.livemode
    finally:
        close(container)


def test_customers_are_sent_to_a_domain_of_ones_own_where_it_was_set(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "PAGE", "https://pay.example/c/pay")
    for known in (False, True):
        own = {"PRINTAPIC_STRIPE_PAGE_ORIGINS": "https://pay.example"} if known else {}
        container = assembled(variables | own)
        opened = container.gateways()[Provider.STRIPE].open(checkout=request(container), key=new_key())
        assert isinstance(opened, Done) is known
        close(container)


def test_stripes_news_are_verified_with_the_secret_that_was_set(
    variables: dict[str, str], stripe: StripeSimulator
) -> None:
    container = assembled(variables)
    try:
        opened = container.gateways()[Provider.STRIPE].open(checkout=request(container), key=new_key())
        assert isinstance(opened, Done)
        stripe.pay(opened.value.ref)
        verifier, now = container.verifiers()[Provider.STRIPE], container.clock().now()
        refs = {
            verifier.verify(RawDelivery(body=body, headers=lower(headers), received_at=now)).ref
            for body, headers in stripe.raw_deliveries()
        }
        assert opened.value.ref in refs
    finally:
        close(container)


def lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@pytest.mark.parametrize(
    ("provider", "wrong"),
    [
        (Provider.STRIPE, {"PRINTAPIC_STRIPE_SECRET_KEY": "sk_test_stale"}),
        (Provider.PAYPAL, {"PRINTAPIC_PAYPAL_CLIENT_ID": "somebody"}),
    ],
)
def test_u4_wrong_credentials_are_refused_and_nothing_is_opened(
    variables: dict[str, str],
    stripe: StripeSimulator,
    paypal: PayPalSimulator,
    provider: Provider,
    wrong: dict[str, str],
) -> None:
    container = assembled(variables | wrong)
    try:
        checkout = request(container)
        answer = container.gateways()[provider].open(checkout=checkout, key=new_key())
        assert isinstance(answer, Rejected)
        simulators: tuple[ProviderSimulator, ...] = (stripe, paypal)
        assert not any(each.checkouts(checkout.our_reference) for each in simulators)
    finally:
        close(container)

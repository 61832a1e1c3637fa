"""A simulated Stripe, and a shop that asks it with bare hands."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.stripe.till import Till
from tests.provider_contracts.contract import Contract
from tests.provider_contracts.transport import ContractTransport
from tests.providers.stripe.api import StripeApi
from tests.providers.stripe.simulator import StripeSimulator


@pytest.fixture
def stripe(tmp_path: Path, stripe_contract: Contract) -> Iterator[StripeSimulator]:
    """Stripe, whose every event is held against the contract at the end."""
    simulator = StripeSimulator(tmp_path / "stripe.sqlite")
    yield simulator
    deliveries = simulator.raw_deliveries()
    simulator.close()
    for body, _ in deliveries:
        stripe_contract.check_event(body)


@pytest.fixture
def api(stripe: StripeSimulator, stripe_contract: Contract) -> Iterator[StripeApi]:
    api = StripeApi(stripe.url, stripe_contract)
    yield api
    api.close()


@pytest.fixture
def till(
    stripe: StripeSimulator,
    stripe_contract: Contract,
    under_contract: Callable[[httpx.BaseTransport, Contract], ContractTransport],
) -> Iterator[Till]:
    """Our adapter: whatever it says and hears is held against the contract."""
    # Loading the authorities of the whole world takes longer than most tests here.
    no_tls = httpx.HTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    till = Till(stripe, under_contract(no_tls, stripe_contract))
    yield till
    till.client.close()

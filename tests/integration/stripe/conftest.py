"""A simulated Stripe, and a shop that asks it with bare hands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.provider_contracts.contract import Contract, ContractViolation, stripe_contract
from tests.providers.stripe.api import StripeApi
from tests.providers.stripe.simulator import StripeSimulator


@pytest.fixture(scope="session")
def contract(contracts: Path) -> Contract:
    return stripe_contract(contracts)


@pytest.fixture
def stripe(tmp_path: Path, contract: Contract) -> Iterator[StripeSimulator]:
    """Stripe, whose every event is held against the contract at the end."""
    simulator = StripeSimulator(tmp_path / "stripe.sqlite")
    yield simulator
    deliveries = simulator.raw_deliveries()
    simulator.close()
    for body, _ in deliveries:
        try:
            contract.check_event(body)
        except ContractViolation as violation:
            # A `BaseException` would end the fixtures' own cleaning up half-way.
            raise AssertionError(str(violation)) from violation


@pytest.fixture
def api(stripe: StripeSimulator, contract: Contract) -> Iterator[StripeApi]:
    api = StripeApi(stripe.url, contract)
    yield api
    api.close()

from __future__ import annotations

import pytest

from tests.provider_contracts.contract import Contract


@pytest.fixture(scope="session")
def stripe(stripe_contract: Contract) -> Contract:
    return stripe_contract


@pytest.fixture(scope="session")
def paypal(paypal_contract: Contract) -> Contract:
    return paypal_contract

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.paypal.till import Shop
from tests.provider_contracts.contract import Contract
from tests.provider_contracts.transport import ContractTransport
from tests.providers.paypal.caller import Caller
from tests.providers.paypal.redirection import to_loopback
from tests.providers.paypal.simulator import PayPalSimulator

UnderContract = Callable[[httpx.BaseTransport, Contract], ContractTransport]


@pytest.fixture
def paypal(tmp_path: Path) -> Iterator[PayPalSimulator]:
    simulator = PayPalSimulator(tmp_path / "paypal.sqlite")
    yield simulator
    simulator.close()


@pytest.fixture
def shop(
    paypal: PayPalSimulator, paypal_contract: Contract, under_contract: UnderContract
) -> Iterator[Caller]:
    """Whatever goes over this wire, and all news at the end, is held against PayPal's published contract."""
    transport = under_contract(to_loopback(), paypal_contract)
    with httpx.Client(transport=transport, base_url=paypal.url, timeout=20) as client:
        yield Caller(client)
    for body, _ in paypal.raw_deliveries():
        paypal_contract.check_event(body)


@pytest.fixture
def bare(paypal: PayPalSimulator) -> Iterator[Caller]:
    """A shop that asks as our own rules forbid it to."""
    with httpx.Client(transport=to_loopback(), base_url=paypal.url, timeout=20) as client:
        yield Caller(client)


@pytest.fixture
def till(paypal: PayPalSimulator, paypal_contract: Contract, under_contract: UnderContract) -> Iterator[Shop]:
    shop = Shop(paypal, under_contract(to_loopback(), paypal_contract))
    yield shop
    shop.client.close()

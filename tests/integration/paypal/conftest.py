from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.provider_contracts.contract import Contract
from tests.provider_contracts.transport import ContractTransport
from tests.providers.paypal.caller import Caller
from tests.providers.paypal.simulator import PayPalSimulator

# Loading the authorities of the whole world takes longer than most tests here.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
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
    transport = under_contract(httpx.HTTPTransport(verify=NO_TLS), paypal_contract)
    with httpx.Client(transport=transport, base_url=paypal.url, timeout=20) as client:
        yield Caller(client)
    for body, _ in paypal.raw_deliveries():
        paypal_contract.check_event(body)


@pytest.fixture
def bare(paypal: PayPalSimulator) -> Iterator[Caller]:
    """A shop that asks as our own rules forbid it to."""
    with httpx.Client(base_url=paypal.url, timeout=20, verify=NO_TLS) as client:
        yield Caller(client)

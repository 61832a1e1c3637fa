"""Nothing that Stripe's adapter ever says escapes the contract: each of its requests goes through it once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import httpx

from printapic.application.ports.payments import CheckoutRequest, Done, Outcome
from printapic.domain.ids import OperationId
from printapic.domain.money import Money
from printapic.domain.payments.snapshot import Snapshot
from tests.integration.contracts.gateway_drivers import StripeDriver
from tests.provider_contracts.contract import Contract
from tests.provider_contracts.transport import ContractTransport

T = TypeVar("T")
PRICE, PART = Money.of("12.90", "EUR"), Money.of("2.00", "EUR")
UnderContract = Callable[[httpx.BaseTransport, Contract], ContractTransport]
EVERY_OPERATION = {
    "POST /v1/checkout/sessions",
    "GET /v1/checkout/sessions",
    "GET /v1/checkout/sessions/{session}",
    "POST /v1/checkout/sessions/{session}/expire",
    "POST /v1/payment_intents/{intent}/capture",
    "POST /v1/payment_intents/{intent}/cancel",
    "GET /v1/charges/{charge}",
    "POST /v1/refunds",
    "GET /v1/refunds",
    "GET /v1/refunds/{refund}",
    "GET /v1/disputes",
    "GET /v1/disputes/{dispute}",
    "GET /v1/balance_transactions",
}


class Till:
    """What a shop does at Stripe, each step down to its success."""

    def __init__(self, driver: StripeDriver) -> None:
        self.driver, self.gateway = driver, driver.gateway

    def opened(self, *, held: bool = False) -> str:
        checkout = CheckoutRequest(
            our_reference=str(uuid4()),
            payment_reference=str(uuid4()),
            order_number="PA-7K3M-92QX",
            amount=PRICE,
            return_url="https://shop.test/return",
            cancel_url="https://shop.test/cancel",
            expires_at=self.driver.now() + timedelta(hours=1),
            manual_capture=held,
        )
        return done(self.gateway.open(checkout=checkout, key=new_key())).ref

    def paid(self, *, held: bool = False) -> Snapshot:
        ref = self.opened(held=held)
        self.driver.simulator.pay(ref)
        return done(self.gateway.fetch(ref=ref))


def new_key() -> OperationId:
    return OperationId(uuid4())


def done(outcome: Outcome[T]) -> T:
    assert isinstance(outcome, Done), outcome
    return outcome.value


def test_every_request_of_the_adapter_is_held_against_the_contract(
    tmp_path: Path, stripe: Contract, under_contract: UnderContract
) -> None:
    wires: list[ContractTransport] = []

    def wrap(inner: httpx.BaseTransport) -> httpx.BaseTransport:
        wires.append(under_contract(inner, stripe))
        return wires[-1]

    driver = StripeDriver(tmp_path, wrap)
    till = Till(driver)
    gateway, began = driver.gateway, driver.now()

    paid = till.paid()
    (capture,) = paid.captures
    refund = done(gateway.refund(capture_ref=capture.ref, amount=PART, reason="asked", key=new_key()))
    dispute = driver.simulator.dispute(till.paid().captures[0].ref, PRICE)
    for name in (refund.ref, dispute, capture.ref, *paid.other_refs):
        done(gateway.fetch(ref=name))
    done(gateway.find(our_reference=paid.our_reference, since=began))
    for held in (till.paid(held=True), till.paid(held=True)):
        done(gateway.capture(ref=held.ref, amount=PRICE, final=True, key=new_key()))
    done(gateway.void(ref=till.paid(held=True).ref, key=new_key()))
    done(gateway.void(ref=till.opened(), key=new_key()))
    over = gateway.refund(capture_ref=capture.ref, amount=PRICE, reason="asked", key=new_key())
    assert not isinstance(over, Done)
    assert list(gateway.movements(since=began, until=driver.now() + timedelta(hours=1)))
    driver.close()

    (wire,) = wires
    assert set(wire.seen) == EVERY_OPERATION
    assert wire.answered["POST /v1/refunds", 400] == 1

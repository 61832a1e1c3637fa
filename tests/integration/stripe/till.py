"""Our side of the wire to Stripe."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar
from uuid import uuid4

import httpx

from printapic.adapters.payments.sending import provider_client
from printapic.adapters.payments.stripe.gateway import StripeGateway
from printapic.application.ports.payments import (
    CheckoutRequest,
    Done,
    NotSent,
    Opened,
    Outcome,
    Unknown,
)
from printapic.domain.ids import OperationId
from printapic.domain.money import Money
from printapic.domain.payments.snapshot import CaptureFact, RefundFact, Snapshot
from tests.providers.stripe import opening
from tests.providers.stripe.simulator import StripeSimulator

T = TypeVar("T")
OutcomeT = TypeVar("OutcomeT")
PRICE = Money.of("12.90", "EUR")
TWO = Money.of("2.00", "EUR")


class Till:
    """A gateway that waits for nobody, and what a shop does with it."""

    def __init__(self, stripe: StripeSimulator, transport: httpx.BaseTransport) -> None:
        self.stripe = stripe
        self.client = provider_client(transport)
        self.gateway = StripeGateway(
            self.client,
            secret_key=opening.DEFAULT_KEY,
            livemode=False,
            api_url=stripe.url,
            pause=lambda _: None,
        )

    def request(self, price: Money = PRICE, *, manual: bool = False) -> CheckoutRequest:
        return CheckoutRequest(
            our_reference=str(uuid4()),
            payment_reference=str(uuid4()),
            order_number="PA-7K3M-92QX",
            amount=price,
            return_url="https://shop.test/return?order=1",
            cancel_url="https://shop.test/cancel",
            expires_at=self.stripe.books.now() + timedelta(hours=1),
            locale="de",
            manual_capture=manual,
        )

    def opened(self, price: Money = PRICE, *, manual: bool = False) -> Opened:
        return value_of(self.gateway.open(checkout=self.request(price, manual=manual), key=new_key()))

    def paid(self, price: Money = PRICE) -> tuple[str, CaptureFact]:
        ref = self.opened(price).ref
        self.stripe.pay(ref)
        (capture,) = self.look(ref).captures
        return ref, capture

    def held(self, price: Money = PRICE) -> str:
        ref = self.opened(price, manual=True).ref
        self.stripe.pay(ref)
        return ref

    def look(self, ref: str) -> Snapshot:
        return value_of(self.gateway.fetch(ref=ref))

    def refund(self, capture: CaptureFact, amount: Money, key: OperationId) -> Outcome[RefundFact]:
        return self.gateway.refund(capture_ref=capture.ref, amount=amount, reason="asked", key=key)


def new_key() -> OperationId:
    return OperationId(uuid4())


def value_of(outcome: Outcome[T]) -> T:
    assert isinstance(outcome, Done), outcome
    return outcome.value


def decided(call: Callable[[], OutcomeT]) -> OutcomeT:
    """What the shop's worker does about a doubt: the same again, under the same key."""
    outcome = call()
    for _ in range(50):
        if not isinstance(outcome, NotSent | Unknown):
            break
        outcome = call()
    return outcome

"""Our side of the wire: the adapter, and what a shop does with it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar
from uuid import uuid4

import httpx

from printapic.adapters.payments.paypal.api import PayPalApi
from printapic.adapters.payments.paypal.gateway import PayPalGateway
from printapic.adapters.payments.sending import provider_client
from printapic.application.ports.clock import Clock
from printapic.application.ports.payments import (
    CheckoutRequest,
    Done,
    Opened,
    Outcome,
)
from printapic.domain.ids import OperationId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.snapshot import CaptureFact, RefundFact, Snapshot
from tests.providers.books import ProviderBooks
from tests.providers.paypal.simulator import PayPalSimulator

T = TypeVar("T")
PRICE = Money.of("12.90", "EUR")
TWO = Money.of("2.00", "EUR")


class ClockOfBooks(Clock):
    """The time at the simulated provider is everybody's."""

    def __init__(self, books: ProviderBooks) -> None:
        self._books = books

    def now(self) -> datetime:
        return self._books.now()


class Shop:
    """Our side of the wire. `pauses` are those that the adapter wanted to make."""

    def __init__(self, paypal: PayPalSimulator, transport: httpx.BaseTransport) -> None:
        self.paypal = paypal
        self.pauses: list[float] = []
        self.client = provider_client(transport)
        clock = ClockOfBooks(paypal.books)
        api = PayPalApi(
            self.client,
            client_id=paypal.client_id,
            client_secret=paypal.client_secret,
            clock=clock,
            api_url=paypal.url,
            pause=self.pauses.append,
        )
        self.gateway = PayPalGateway(api, livemode=False, clock=clock)

    def request(self, price: Money = PRICE, *, manual: bool = False) -> CheckoutRequest:
        return CheckoutRequest(
            our_reference=str(uuid4()),
            payment_reference=str(uuid4()),
            order_number="PA-7K3M-92QX",
            amount=price,
            return_url="https://shop.test/return?order=1",
            cancel_url="https://shop.test/cancel",
            expires_at=self.paypal.books.now() + timedelta(hours=1),
            locale="de",
            manual_capture=manual,
        )

    def opened(self, price: Money = PRICE, *, manual: bool = False) -> Opened:
        return value_of(self.gateway.open(checkout=self.request(price, manual=manual), key=new_key()))

    def approved(self, price: Money = PRICE, *, manual: bool = False) -> str:
        ref = self.opened(price, manual=manual).ref
        self.paypal.pay(ref)
        return ref

    def paid(self, price: Money = PRICE) -> tuple[str, CaptureFact]:
        ref = self.approved(price)
        (capture,) = value_of(self.gateway.complete(ref=ref, key=new_key())).captures
        return ref, capture

    def held(self, price: Money = PRICE) -> str:
        ref = self.approved(price, manual=True)
        assert value_of(self.gateway.complete(ref=ref, key=new_key())).state is AttemptState.AUTHORIZED
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

"""A simulated provider on the counter: books, gateway, page and a clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from printapic.adapters.payments.simulated.books import SimulatedBooks
from printapic.adapters.payments.simulated.checkout import Choice, DeskOrder, HostedCheckout
from printapic.adapters.payments.simulated.dashboard import ProviderDashboard
from printapic.adapters.payments.simulated.gateway import Collection, SimulatedGateway
from printapic.adapters.system.clock import FixedClock
from printapic.application.ports.payments import CheckoutRequest, Done, Opened, Outcome
from printapic.domain.ids import OperationId
from printapic.domain.money import Money
from printapic.domain.payments.snapshot import Snapshot

T = TypeVar("T")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PRICE = Money.of("12.90", "EUR")
IN_USE: list[SimulatedBooks] = []
RETURN, CANCEL = "https://shop.test/return", "https://shop.test/cancel"


def new_key() -> OperationId:
    return OperationId(uuid4())


def value_of(outcome: Outcome[T]) -> T:
    assert isinstance(outcome, Done), outcome
    return outcome.value


class Counter:
    def __init__(
        self,
        path: Path | None = None,
        *,
        collection: Collection = Collection.AT_ONCE,
        index_lag: timedelta = timedelta(0),
        refunds_pend: bool = False,
    ) -> None:
        self.clock = FixedClock(NOON)
        self.books = SimulatedBooks(path, self.clock)
        IN_USE.append(self.books)
        self.gateway = SimulatedGateway(
            self.books,
            public_url="https://shop.test/",
            collection=collection,
            index_lag=index_lag,
            refunds_pend=refunds_pend,
        )
        self.page = HostedCheckout(self.books)
        self.dashboard = ProviderDashboard(self.books)

    def request(self, price: Money = PRICE, *, reference: str = "attempt-1") -> CheckoutRequest:
        return CheckoutRequest(
            our_reference=reference,
            payment_reference="payment-1",
            order_number="PA-7K3M-92QX",
            amount=price,
            return_url=RETURN,
            cancel_url=CANCEL,
            expires_at=self.clock.now() + timedelta(hours=1),
            locale="de",
        )

    def opened(self, price: Money = PRICE) -> Opened:
        return value_of(self.gateway.open(checkout=self.request(price), key=new_key()))

    def press(self, opened: Opened, choice: Choice, desk: DeskOrder | None = None) -> str:
        token = token_of(opened)
        return self.page.press(token, choice, csrf_token=self.page.show(token).csrf_token, desk=desk)

    def look(self, opened: Opened) -> Snapshot:
        return value_of(self.gateway.fetch(ref=opened.ref))

    def paid(self, desk: DeskOrder | None = None) -> Opened:
        opened = self.opened()
        self.press(opened, Choice.PAY, desk)
        return opened


def token_of(opened: Opened) -> str:
    return opened.redirect_url.removeprefix("https://shop.test/simulated-checkout/")

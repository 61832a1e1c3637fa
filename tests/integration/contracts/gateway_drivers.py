"""Everything around a payment gateway that its contract suite needs: the other side of the wire."""

from __future__ import annotations

import socket
import ssl
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar, Literal, Protocol, TypeAlias

import httpx

from printapic.adapters.payments.paypal.api import PayPalApi
from printapic.adapters.payments.paypal.gateway import PayPalGateway
from printapic.adapters.payments.sending import MOST_SENDS, provider_client
from printapic.adapters.payments.simulated.books import SimulatedBooks
from printapic.adapters.payments.simulated.checkout import CheckoutFinished, Choice, HostedCheckout
from printapic.adapters.payments.simulated.faults import Fault
from printapic.adapters.payments.simulated.gateway import SimulatedGateway
from printapic.adapters.payments.stripe.gateway import StripeGateway
from printapic.adapters.system.clock import FixedClock
from printapic.application.ports.clock import Clock
from printapic.application.ports.payments import Opened, PaymentGateway
from tests.providers import counter
from tests.providers.books import ProviderBooks
from tests.providers.counter import PageClosed, ProviderSimulator, WireFault
from tests.providers.paypal.desk import PAGE_LASTS
from tests.providers.paypal.opening import app_on
from tests.providers.paypal.simulator import PayPalSimulator
from tests.providers.routes import Request
from tests.providers.stripe import opening
from tests.providers.stripe.app import StripeApp
from tests.providers.stripe.simulator import StripeSimulator

Call: TypeAlias = Literal["open", "refund", "fetch", "find"]
Mishap: TypeAlias = Literal["refused", "timed out before", "timed out after", "unreadable"]
Wrap: TypeAlias = Callable[[httpx.BaseTransport], httpx.BaseTransport]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SANDBOX_PAGES = frozenset({"https://www.sandbox.paypal.com"})
# Loading the authorities of the whole world takes longer than most tests here.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Driver(Protocol):
    """A gateway, and the customer, the mishaps and the time on the other side of it."""

    gateway: PaymentGateway

    page_lasts: timedelta
    """How long a page that is asked for an hour can be paid on."""

    def now(self) -> datetime: ...
    def pass_time(self, by: timedelta) -> None: ...
    def buyer_pays(self, opened: Opened) -> None:
        """Pay, or approve where the shop completes. Raises `PageClosed`, as do the other two."""

    def buyer_declines(self, opened: Opened) -> None:
        """Try a card that the bank refuses. Whether the page takes another one is the provider's affair."""

    def buyer_cancels(self, opened: Opened) -> None:
        """Leave without paying. Whether the page stays open is the provider's affair, too."""

    def mishap(self, call: Call, what: Mishap) -> None:
        """The next call of this kind goes wrong like this, whatever the adapter tries."""

    def restart(self) -> None:
        """The shop and the provider begin anew; what was committed is still there."""

    def close(self) -> None: ...


SIMULATED_FAULTS: dict[Mishap, Fault] = {
    "refused": Fault.REFUSE,
    "timed out before": Fault.TIME_OUT_BEFORE,
    "timed out after": Fault.TIME_OUT_AFTER,
    "unreadable": Fault.MALFORMED,
}


class SimulatedDriver:
    """The provider of our own."""

    page_lasts = timedelta(hours=1)

    def __init__(self, path: Path | None) -> None:
        self.clock = FixedClock(NOON)
        self.path = path
        self.books = SimulatedBooks(path, self.clock)
        self.gateway: PaymentGateway = self._connect()

    def _connect(self) -> SimulatedGateway:
        self._simulated = SimulatedGateway(self.books, public_url="https://shop.test")
        return self._simulated

    def now(self) -> datetime:
        return self.clock.now()

    def pass_time(self, by: timedelta) -> None:
        self.clock.advance(by)

    def buyer_pays(self, opened: Opened) -> None:
        self._press(opened, Choice.PAY)

    def buyer_declines(self, opened: Opened) -> None:
        self._press(opened, Choice.DECLINE)

    def buyer_cancels(self, opened: Opened) -> None:
        self._press(opened, Choice.CANCEL)

    def _press(self, opened: Opened, choice: Choice) -> None:
        token = opened.redirect_url.removeprefix("https://shop.test/simulated-checkout/")
        page = HostedCheckout(self.books)
        try:
            page.press(token, choice, csrf_token=page.show(token).csrf_token)
        except CheckoutFinished as finished:
            raise PageClosed from finished

    def mishap(self, call: Call, what: Mishap) -> None:
        self._simulated.faults.plan(call, 1, SIMULATED_FAULTS[what])

    def restart(self) -> None:
        if self.path is not None:
            self.books.close()
            self.books = SimulatedBooks(self.path, self.clock)
        self.gateway = self._connect()

    def close(self) -> None:
        self.books.close()


WIRE_FAULTS: dict[Mishap, tuple[WireFault, int]] = {
    # What breaks a connection is tried again by the adapter, and has to strike each time.
    "timed out before": (WireFault.DROP_BEFORE, MOST_SENDS),
    "timed out after": (WireFault.DROP_AFTER, MOST_SENDS),
    "unreadable": (WireFault.MALFORMED, 1),
}


class DeafPort(httpx.BaseTransport):
    """Sends some requests to a port where nobody listens: their connections are refused."""

    def __init__(self, inner: httpx.BaseTransport, call_of: Callable[[Request], counter.Call | None]) -> None:
        self._inner, self._call_of = inner, call_of
        # Bound and never listening: nobody else gets the port.
        self._deaf = socket.socket()
        self._deaf.bind(("127.0.0.1", 0))
        self.misled: Counter[counter.Call] = Counter()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        call = self._call_of(
            Request(method=request.method, path=request.url.path, query="", headers={}, body=b"")
        )
        if call is not None and self.misled[call] > 0:
            self.misled[call] -= 1
            request.url = request.url.copy_with(port=self._deaf.getsockname()[1])
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._deaf.close()
        self._inner.close()


class WireDriver(ABC):
    """A real adapter, which speaks over a real wire with a simulator of its provider."""

    page_lasts = timedelta(hours=1)
    struck: ClassVar[dict[Call, counter.Call]] = {}
    """What a call is planned as, where that is not its own name."""
    gateway: PaymentGateway
    simulator: ProviderSimulator

    def __init__(self, folder: Path, wrap: Wrap) -> None:
        self.folder, self.wrap = folder, wrap
        self.start()

    @abstractmethod
    def start(self) -> None:
        """Begin `simulator`, on its old books where it has some, and then `gateway`."""

    @abstractmethod
    def now(self) -> datetime: ...

    @abstractmethod
    def pass_time(self, by: timedelta) -> None: ...

    def connect(self, call_of: Callable[[Request], counter.Call | None]) -> httpx.Client:
        """A client for the adapter, under contract."""
        self._deaf = DeafPort(httpx.HTTPTransport(verify=NO_TLS), call_of)
        self._client = provider_client(self.wrap(self._deaf))
        return self._client

    def buyer_pays(self, opened: Opened) -> None:
        self.simulator.pay(opened.ref)

    def buyer_declines(self, opened: Opened) -> None:
        self.simulator.decline(opened.ref)

    def buyer_cancels(self, opened: Opened) -> None:
        self.simulator.cancel(opened.ref)

    def mishap(self, call: Call, what: Mishap) -> None:
        struck = self.struck.get(call, counter.Call(call))
        if what == "refused":
            self._deaf.misled[struck] += MOST_SENDS
            return
        fault, times = WIRE_FAULTS[what]
        for nth in range(1, times + 1):
            self.simulator.plan(struck, nth, fault)

    def restart(self) -> None:
        self.close()
        self.start()

    def close(self) -> None:
        self._client.close()
        self.simulator.close()


class StripeDriver(WireDriver):
    """Stripe's adapter and a Stripe in this process, whose time stands still."""

    def start(self) -> None:
        self.stripe = StripeSimulator(self.folder / "stripe.sqlite")
        self.simulator = self.stripe
        if self.stripe.books.look("clock") is None:
            self.stripe.books.stand_still(NOON)
        self.gateway = StripeGateway(
            self.connect(StripeApp(self.stripe.books).call_of),
            secret_key=opening.DEFAULT_KEY,
            livemode=False,
            api_url=self.stripe.url,
            pause=lambda _: None,
        )

    def now(self) -> datetime:
        return self.stripe.books.now()

    def pass_time(self, by: timedelta) -> None:
        self.stripe.pass_time(by)


class ClockOfBooks(Clock):
    """The time at the simulated provider is everybody's."""

    def __init__(self, books: ProviderBooks) -> None:
        self._books = books

    def now(self) -> datetime:
        return self._books.now()


class PayPalDriver(WireDriver):
    """PayPal's adapter and a PayPal in this process, whose time stands still."""

    page_lasts = PAGE_LASTS
    # PayPal's report serves whoever finds and whoever compares.
    struck: ClassVar[dict[Call, counter.Call]] = {"find": counter.Call.MOVEMENTS}

    def start(self) -> None:
        self.paypal = PayPalSimulator(self.folder / "paypal.sqlite", sandbox=True)
        self.simulator = self.paypal
        if self.paypal.books.look("clock") is None:
            self.paypal.books.stand_still(NOON)
        clock = ClockOfBooks(self.paypal.books)
        api = PayPalApi(
            self.connect(app_on(self.paypal.books).call_of),
            client_id=self.paypal.client_id,
            client_secret=self.paypal.client_secret,
            clock=clock,
            api_url=self.paypal.url,
            pause=lambda _: None,
        )
        self.gateway = PayPalGateway(api, livemode=False, clock=clock, page_origins=SANDBOX_PAGES)

    def now(self) -> datetime:
        return self.paypal.books.now()

    def pass_time(self, by: timedelta) -> None:
        self.paypal.books.pass_time(by)

"""S1: card numbers, payers and secrets come in by every door, and are found behind none of them."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import logging
import secrets
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import attrs
import httpx
import pytest
from cryptography import x509
from dependency_injector import providers
from structlog.testing import LogCapture

from printapic.adapters.payments.paypal.api import PayPalApi
from printapic.adapters.payments.paypal.certificates import CertificateStore
from printapic.adapters.payments.paypal.gateway import PayPalGateway
from printapic.adapters.payments.paypal.webhooks import PayPalWebhookVerifier
from printapic.adapters.payments.sending import provider_client
from printapic.adapters.payments.stripe.gateway import StripeGateway
from printapic.adapters.payments.stripe.webhooks import StripeWebhookVerifier
from printapic.adapters.system.clock import SystemClock
from printapic.domain.actors import Role
from printapic.domain.money import Money
from printapic.domain.payments.attempt import Provider
from printapic.entrypoints.container import Container
from printapic.entrypoints.settings import (
    PayPalPayments,
    PostgresStorage,
    Secret,
    StripePayments,
)
from tests import canaries
from tests.canaries import Ear, Gossip, betrayed
from tests.integration.http.live_shop import LiveShop, Person, live_shop
from tests.integration.http.search import in_database, in_folder
from tests.integration.paypal.real_address import RealAddress
from tests.providers.counter import Call, ProviderSimulator, WireFault
from tests.providers.paypal.simulator import PayPalSimulator
from tests.providers.server import ProviderServer
from tests.providers.stripe.simulator import StripeSimulator
from tests.unit.adapters.payments.paypal.crc32 import same_crc32

SANDBOX_PAGES = frozenset({"https://www.sandbox.paypal.com"})
LOGGERS = ("stripe", "httpx", "httpcore", "uvicorn", "uvicorn.error", "uvicorn.asgi", "asyncio", "printapic")
PROVIDERS = [Provider.STRIPE, Provider.PAYPAL]


@attrs.define
class Leaky:
    """A shop, two providers that gossip, and everything that was said."""

    shop: LiveShop
    stripe: StripeSimulator
    paypal: PayPalSimulator
    gossips: tuple[Gossip, ...]
    ear: Ear
    log: LogCapture
    entries: list[str] = attrs.field(factory=list)
    answers: list[str] = attrs.field(factory=list)
    signatures: set[str] = attrs.field(factory=set)

    def simulator(self, provider: Provider) -> ProviderSimulator:
        return self.stripe if provider is Provider.STRIPE else self.paypal

    def heard(self, answer: httpx.Response) -> httpx.Response:
        self.answers.append(f"{answer.headers} {answer.text}")
        return answer

    def opened(self, who: Person, provider: Provider) -> tuple[dict[str, Any], httpx.Response]:
        order = self.shop.order(who)
        return order, self.heard(self.shop.start_payment(who, order["id"], provider=provider.value))

    def payment(self, who: Person, order: dict[str, Any]) -> dict[str, Any]:
        answer = self.heard(self.shop.call("GET", f"/v1/orders/{order['id']}/payments", who))
        return dict(answer.json()["items"][0])

    def transactions(self, who: Person, payment: dict[str, Any]) -> list[dict[str, Any]]:
        answer = self.heard(self.shop.call("GET", f"/v1/payments/{payment['id']}/transactions", who))
        return list(answer.json()["items"])

    def sync(self, who: Person, payment: dict[str, Any]) -> httpx.Response:
        return self.heard(self.shop.call("POST", f"/v1/payments/{payment['id']}/sync", who))

    def paid(self, who: Person, provider: Provider) -> dict[str, Any]:
        order, started = self.opened(who, provider)
        assert started.status_code == 201, started.text
        self.simulator(provider).pay(self.ref(started.json()))
        payment = self.payment(who, order)
        self.sync(who, payment)
        self.work()
        assert self.shop.call("GET", f"/v1/orders/{order['id']}", who).json()["status"] == "confirmed"
        return payment

    def ref(self, started: dict[str, Any]) -> str:
        [ref] = [ref for each in (self.stripe, self.paypal) for ref in each.checkouts(started["attempt_id"])]
        return ref

    def work(self) -> None:
        while self.shop.container.worker().run_due(self.shop.shop.perform):
            pass

    def canaries(self) -> list[str]:
        tokens = [token for gossip in self.gossips for token in gossip.tokens]
        return [*canaries.EVERYWHERE, *tokens, *self.signatures, self.paypal.client_secret]

    def leaks(self) -> list[str]:
        """Where any canary is, in all that the shop said and keeps."""
        engine = self.shop.container.engine()
        assert engine is not None
        wanted = self.canaries()
        self.entries += [repr(entry) for entry in self.log.entries]
        said: list[tuple[str, str | bytes]]
        said = [("log", each) for each in [*self.ear.heard, *self.entries]]
        said += [("answer", each) for each in self.answers]
        rows = list(in_database(engine))
        files = [
            (name, content)
            for name, content in in_folder(self.shop.folder)
            if not name.startswith(("stripe.", "paypal."))
        ]
        return [leak for where, text in [*said, *rows, *files] for leak in betrayed(where, text, wanted)]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.chaos])])
def leaky(request: pytest.FixtureRequest, tmp_path: Path, log: LogCapture) -> Iterator[Leaky]:
    more: dict[str, Any] = {}
    if request.param == "postgres":
        more["storage"] = PostgresStorage(url=Secret(request.getfixturevalue("postgres_url")))
    stripe = StripeSimulator(
        tmp_path / "stripe.sqlite",
        api_keys=[canaries.API_KEY],
        webhook_secrets=[canaries.WEBHOOK_SECRET],
    )
    paypal = PayPalSimulator(tmp_path / "paypal.sqlite", sandbox=True)
    gossips = tuple(gossiping(each._server) for each in (stripe, paypal))
    ear, levels = Ear(), {name: logging.getLogger(name).level for name in ("", *LOGGERS)}
    listened_to = [
        logging.getLogger(name) for name in ("", "uvicorn")
    ]  # the latter keeps what it hears to itself
    for logger in listened_to:
        logger.addHandler(ear)
    with provider_client() as line, provider_client(RealAddress(paypal.url)) as certificates:
        clock = SystemClock()
        api = PayPalApi(
            line,
            client_id=paypal.client_id,
            client_secret=paypal.client_secret,
            clock=clock,
            api_url=paypal.url,
            pause=lambda _: None,
        )
        gateways = {
            Provider.STRIPE: StripeGateway(
                line, secret_key=canaries.API_KEY, livemode=False, api_url=stripe.url, pause=lambda _: None
            ),
            Provider.PAYPAL: PayPalGateway(api, livemode=False, clock=clock, page_origins=SANDBOX_PAGES),
        }
        root = x509.load_pem_x509_certificate(paypal.root_pem.encode())
        verifiers = {
            Provider.STRIPE: StripeWebhookVerifier([canaries.WEBHOOK_SECRET], livemode=False),
            Provider.PAYPAL: PayPalWebhookVerifier(
                CertificateStore(certificates, roots=[root]),
                webhook_ids=[paypal.webhook_id],
                livemode=False,
                verify_by_api=lambda _: None,
            ),
        }
        settings = (stripe_settings(stripe), paypal_settings(paypal))
        with (
            Container.gateways.override(providers.Object(gateways)),
            Container.verifiers.override(providers.Object(verifiers)),
            live_shop(tmp_path / "shop", payments=settings, patient=True, **more) as shop,
        ):
            for name in levels:
                logging.getLogger(name).setLevel(logging.DEBUG)
            yield Leaky(shop, stripe, paypal, gossips, ear, log)
    for logger in listened_to:
        logger.removeHandler(ear)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    stripe.close()
    paypal.close()


def gossiping(server: object) -> Gossip:
    assert isinstance(server, ProviderServer)
    gossip = Gossip(server.app)
    server.app = gossip
    return gossip


def stripe_settings(stripe: StripeSimulator) -> StripePayments:
    return StripePayments(
        secret_key=Secret(canaries.API_KEY),
        webhook_secrets=(Secret(canaries.WEBHOOK_SECRET),),
        api_url=stripe.url,
    )


def paypal_settings(paypal: PayPalSimulator) -> PayPalPayments:
    return PayPalPayments(
        client_id=paypal.client_id,
        client_secret=Secret(paypal.client_secret),
        sandbox=True,
        webhook_ids=(paypal.webhook_id,),
        api_url=paypal.url,
    )


@pytest.mark.parametrize("provider", PROVIDERS)
def test_s1_what_providers_tell_of_payers_goes_nowhere(leaky: Leaky, provider: Provider) -> None:
    """In good answers, in refusals, and in answers that break on the way."""
    anna, clara, simulator = leaky.shop.person(), leaky.shop.person(Role.SUPPORT), leaky.simulator(provider)
    payment = leaky.paid(anna, provider)
    order, started = leaky.opened(anna, provider)
    simulator.decline(leaky.ref(started.json()))
    leaky.sync(anna, leaky.payment(anna, order))
    for fault in WireFault:
        simulator.plan(Call.OPEN, 1, fault)
        leaky.opened(anna, provider)
        simulator.plan(Call.FETCH, 1, fault)
        leaky.sync(anna, payment)
        simulator.plan(Call.REFUND, 1, fault)
        request = {"amount": {"amount": "0.01", "currency": "EUR"}, "reason": "A scratch"}
        keyed = {"Idempotency-Key": secrets.token_hex(16)}
        path = f"/v1/payments/{payment['id']}/refunds"
        leaky.heard(leaky.shop.call("POST", path, clara, json=request, headers=keyed))
        leaky.work()
    (capture,) = (row["ref"] for row in leaky.transactions(clara, payment) if row["type"] == "capture")
    simulator.dispute(capture, Money.of("0.50", "EUR"))
    # Faults that nothing met yet may still be waiting.
    assert any(leaky.sync(anna, payment).json().get("disputed") for _ in WireFault)
    assert all(report.available for report in leaky.shop.shop.reconcile_payments())
    for path in ("", "/transactions", "/refunds", "/evidence"):
        leaky.heard(leaky.shop.call("GET", f"/v1/payments/{payment['id']}{path}", clara))
    assert any(entry.startswith("httpcore") for entry in leaky.ear.heard), "nobody listened"
    assert sum(gossip.told for gossip in leaky.gossips) > 40, "nobody told anything"
    assert leaky.leaks() == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_s1_what_webhooks_bring_goes_nowhere(leaky: Leaky, provider: Provider) -> None:
    anna = leaky.shop.person()
    leaky.paid(anna, provider)
    order, started = leaky.opened(anna, provider)
    leaky.simulator(provider).pay(leaky.ref(started.json()))
    path = f"/v1/webhooks/{provider.value}"
    for body, headers in list(leaky.simulator(provider).raw_deliveries()):
        gossip = json.dumps(canaries.tainted(json.loads(body))).encode()
        sent = dict(headers) | {"Authorization": f"Bearer {canaries.BEARER}", "Cookie": canaries.COOKIE}
        if provider is Provider.STRIPE:
            sent["stripe-signature"] = stripe_signature(gossip)
            leaky.signatures.add(sent["stripe-signature"].partition("v1=")[2])
        else:
            gossip = same_crc32(gossip[:-1] + b', "padding": "', b'"}', zlib.crc32(body))
            leaky.signatures.add(next(v for k, v in sent.items() if k.upper() == "PAYPAL-TRANSMISSION-SIG"))
        good = leaky.heard(leaky.shop.client.post(path, content=gossip, headers=sent))
        assert good.status_code == 200, good.text
        forged = {
            name: canaries.SIGNATURE if "sig" in name.lower() else value for name, value in sent.items()
        }
        for text, head in (
            (gossip + b" ", sent),
            (gossip, forged),
            (gossip[:50], sent),
            (b"\xff" + gossip, forged),
        ):
            bad = leaky.heard(leaky.shop.client.post(path, content=text, headers=head))
            assert bad.status_code == 400, bad.text
    leaky.work()
    assert leaky.shop.call("GET", f"/v1/orders/{order['id']}", anna).json()["status"] == "confirmed"
    assert leaky.leaks() == []


def stripe_signature(body: bytes) -> str:
    seconds = str(int(SystemClock().now().timestamp()))
    digest = hmac.new(canaries.WEBHOOK_SECRET.encode(), f"{seconds}.".encode() + body, hashlib.sha256)
    return f"t={seconds},v1={digest.hexdigest()}"


def test_s1_what_clients_send_where_it_does_not_belong_goes_nowhere(leaky: Leaky) -> None:
    anna, clara = leaky.shop.person(), leaky.shop.person(Role.SUPPORT)
    payment = leaky.paid(anna, Provider.STRIPE)
    back = urlencode(canaries.RETURNED)
    payer = {"number": canaries.PAN, "cvc": canaries.CVC, "email": canaries.EMAIL}
    for path in (f"/v1/payments/{payment['id']}/sync", "/v1/orders", "/back", f"/v1/payments/{canaries.CVC}"):
        for method in ("GET", "POST"):
            leaky.answers.append(bare(leaky.shop, method, f"{path}?{back}", anna.headers))
    for written in canaries.PANS:
        for name, body in (
            ("refunds", {"reason": f"to {written}"}),
            ("refunds", {"reason": "scratch", "card": payer}),
            ("accepted-money", {"capture_ref": "x", "reason": written}),
            ("resolved-reviews", {"review": "x", "reason": written, **payer}),
        ):
            for key in (secrets.token_hex(16), f"key {written} key".replace(" ", "-")):
                keyed = {"Idempotency-Key": key, "X-Request-ID": canaries.PAN}
                path = f"/v1/payments/{payment['id']}/{name}"
                refused = leaky.heard(leaky.shop.call("POST", path, clara, json=body, headers=keyed))
                assert refused.status_code == 422, refused.text
        broken = f'{{"reason": "{written}", "cvc": "{canaries.CVC}'
        json_type = {"Content-Type": "application/json", "Idempotency-Key": secrets.token_hex(16)}
        path = f"/v1/payments/{payment['id']}/refunds"
        leaky.heard(leaky.shop.call("POST", path, clara, content=broken, headers=json_type))
    stranger = {"Authorization": f"Bearer {canaries.BEARER}", "Cookie": canaries.COOKIE}
    leaky.heard(leaky.shop.client.get("/v1/users/me", headers=stranger))
    leaky.heard(leaky.shop.client.get("/v1/users/me", headers={"X-API-Key": canaries.API_KEY}))
    leaky.work()
    assert leaky.leaks() == []


def bare(shop: LiveShop, method: str, path: str, headers: dict[str, str]) -> str:
    """Ask without a client that logs its own addresses."""
    url = httpx.URL(shop.url)
    connection = http.client.HTTPConnection(url.host, url.port, timeout=30)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    said = f"{answer.getheaders()} {answer.read().decode()}"
    connection.close()
    return said


def test_s1_no_object_shows_a_secret_when_it_is_printed(leaky: Leaky) -> None:
    """As a debugger, a failed assertion or a log line with an object would."""
    leaky.paid(leaky.shop.person(), Provider.STRIPE)
    leaky.paid(leaky.shop.person(), Provider.PAYPAL)
    ours = leaky.shop.container
    roots = (
        ours.settings(),
        ours.gateways(),
        ours.verifiers(),
        ours.shop(),
        ours.unit_of_work(),
        ours.worker(),
    )
    shown = list(canaries.reachable(*roots))
    kinds = {type(each) for each in shown}
    assert kinds >= {StripeGateway, PayPalGateway, StripeWebhookVerifier, PayPalWebhookVerifier, Secret}
    assert len(kinds) > 100, "hardly anything was found"
    wanted = leaky.canaries()
    assert [leak for each in shown for leak in betrayed(type(each).__qualname__, repr(each), wanted)] == []


def test_s1_a_careless_object_would_be_found_wherever_it_is() -> None:
    @attrs.frozen
    class Careless:
        key: str

    @attrs.frozen
    class Careful:
        inside: object = attrs.field(repr=False)

    def closure(each: object = Careless(canaries.API_KEY)) -> object:
        return each

    for hiding in (
        [Careless(canaries.API_KEY)],
        Careful({"a": (Careless(canaries.API_KEY),)}),
        Careful(closure),
    ):
        shown = "".join(map(repr, canaries.reachable(hiding)))
        assert betrayed("shown", shown) == [f"shown: {canaries.API_KEY}"]

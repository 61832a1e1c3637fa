"""A shop that two providers send news to, and somebody who forges them."""

from __future__ import annotations

import random
import string
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import attrs
import httpx
from cryptography import x509
from dependency_injector import providers

from printapic.adapters.payments.paypal.certificates import CertificateStore
from printapic.adapters.payments.paypal.webhooks import PayPalWebhookVerifier
from printapic.adapters.payments.sending import provider_client
from printapic.adapters.payments.stripe.webhooks import StripeWebhookVerifier
from printapic.application.ports.payments import CheckoutRequest, Done
from printapic.domain.ids import OperationId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import Provider
from printapic.entrypoints.container import Container
from printapic.entrypoints.settings import PayPalPayments, Secret, StripePayments
from tests.integration.http.live_shop import LiveShop, live_shop
from tests.integration.paypal.real_address import RealAddress
from tests.providers.counter import ProviderSimulator
from tests.providers.paypal.simulator import PayPalSimulator
from tests.providers.stripe import opening
from tests.providers.stripe.simulator import StripeSimulator

Headers: TypeAlias = dict[str, bytes]
Delivery: TypeAlias = tuple[bytes, Headers]
SIGNED = ("stripe-signature", "paypal-")
CERTIFICATE = "paypal-cert-url"
SIGNED_AGAIN_EVERY = 250
"""Signatures are good for some minutes only, and a forger works on fresh ones."""


@attrs.frozen
class Besieged:
    """The shop, and both providers behind it."""

    shop: LiveShop
    simulators: dict[Provider, ProviderSimulator]

    def sells(self, provider: Provider) -> None:
        """Somebody pays at the provider, whose news nobody has sent yet."""
        gateway = self.shop.container.gateways()[provider]
        request = CheckoutRequest(
            our_reference=str(uuid4()),
            payment_reference=str(uuid4()),
            order_number="PA-7K3M-92QX",
            amount=Money.of("12.90", "EUR"),
            return_url="https://shop.test/return",
            cancel_url="https://shop.test/cancel",
            expires_at=self.shop.container.clock().now() + timedelta(hours=1),
        )
        opened = gateway.open(checkout=request, key=OperationId(uuid4()))
        assert isinstance(opened, Done)
        self.simulators[provider].pay(opened.value.ref)
        assert isinstance(gateway.complete(ref=opened.value.ref, key=OperationId(uuid4())), Done)

    def news(self, provider: Provider) -> list[Delivery]:
        """Freshly signed, without what a signature header has besides signatures that count."""
        return [
            (body, {name.lower(): value.partition(",v0=")[0].encode() for name, value in headers.items()})
            for body, headers in self.simulators[provider].raw_deliveries()
        ]

    def tell(self, provider: Provider, delivery: Delivery) -> httpx.Response:
        body, headers = delivery
        raw = [(name.encode(), value) for name, value in headers.items()]
        return self.shop.client.post(f"/v1/webhooks/{provider}", content=body, headers=raw)

    def inbox(self) -> int:
        rows = self.shop.traces()["rows"]
        assert isinstance(rows, dict)
        return int(rows["webhook_inbox"])


@contextmanager
def besieged_shop(folder: Path) -> Iterator[Besieged]:
    stripe = StripeSimulator(folder / "stripe.sqlite")
    paypal = PayPalSimulator(folder / "paypal.sqlite", sandbox=True)
    payments = (
        StripePayments(
            secret_key=Secret(opening.DEFAULT_KEY),
            webhook_secrets=(Secret(opening.DEFAULT_SECRET),),
            api_url=stripe.url,
        ),
        PayPalPayments(
            client_id=paypal.client_id,
            client_secret=Secret(paypal.client_secret),
            sandbox=True,
            webhook_ids=(paypal.webhook_id,),
            api_url=paypal.url,
        ),
    )
    with provider_client(RealAddress(paypal.url)) as client:
        # Nobody but a test trusts the simulator's authority, or finds it at PayPal's address.
        paypals = PayPalWebhookVerifier(
            CertificateStore(client, roots=[x509.load_pem_x509_certificate(paypal.root_pem.encode())]),
            webhook_ids=[paypal.webhook_id],
            livemode=False,
            verify_by_api=lambda _: None,
        )
        stripes = StripeWebhookVerifier([opening.DEFAULT_SECRET], livemode=False)
        ours = providers.Object({Provider.STRIPE: stripes, Provider.PAYPAL: paypals})
        with Container.verifiers.override(ours), live_shop(folder, payments=payments) as shop:
            yield Besieged(shop, {Provider.STRIPE: stripe, Provider.PAYPAL: paypal})
    stripe.close()
    paypal.close()


class Forger:
    """Has seen genuine deliveries, and has no key. Every forgery differs in what is signed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._tricks: list[Callable[[Delivery, Delivery], Delivery]] = [
            self._bit,
            self._cut,
            self._junk,
            self._body_of_another,
            self._letter,
            self._without_header,
            self._nonsense,
            self._swapped,
        ]

    def forge(self, genuine: list[Delivery]) -> Delivery:
        while True:
            seen, other = self._chance.sample(genuine, 2)
            body, headers = self._chance.choice(self._tricks)(seen, other)
            if (body, _signed(headers)) not in [(each, _signed(under)) for each, under in genuine]:
                return body, headers

    def _bit(self, seen: Delivery, _: Delivery) -> Delivery:
        body = bytearray(seen[0])
        body[self._chance.randrange(len(body))] ^= 1 << self._chance.randrange(8)
        return bytes(body), seen[1]

    def _cut(self, seen: Delivery, _: Delivery) -> Delivery:
        start = self._chance.randrange(len(seen[0]))
        scrap = self._chance.randbytes(self._chance.randrange(4))
        return seen[0][:start] + scrap + seen[0][start + self._chance.randrange(1, 40) :], seen[1]

    def _junk(self, seen: Delivery, _: Delivery) -> Delivery:
        scraps = [b"", b"null", b"[]", b"{}", b'"' * 9, b"[" * 5000, self._chance.randbytes(200)]
        return self._chance.choice(scraps), seen[1]

    def _body_of_another(self, seen: Delivery, other: Delivery) -> Delivery:
        return other[0], seen[1]

    def _letter(self, seen: Delivery, _: Delivery) -> Delivery:
        """Another letter in the middle of a signed header: not the same in capitals, nor in idle bits."""
        name = self._header_of(seen)
        value = bytearray(seen[1][name])
        places = [place for place, byte in enumerate(value[:-4]) if chr(byte).isalnum()]
        place = self._chance.choice(places or [0])
        others = [each for each in string.ascii_lowercase if each != chr(value[place]).lower()]
        value[place] = ord(self._chance.choice(others))
        return seen[0], {**seen[1], name: bytes(value)}

    def _without_header(self, seen: Delivery, _: Delivery) -> Delivery:
        dropped = self._header_of(seen)
        return seen[0], {name: value for name, value in seen[1].items() if name != dropped}

    def _nonsense(self, seen: Delivery, _: Delivery) -> Delivery:
        scraps = [b"", b"t=,v1=", b"v1=", b"t=1,v1=00", b"\xff\xfe", b"\xc3\xa9" * 50, b"9" * 4000, b"%00"]
        return seen[0], {**seen[1], self._header_of(seen): self._chance.choice(scraps)}

    def _swapped(self, seen: Delivery, other: Delivery) -> Delivery:
        name = self._header_of(seen)
        return seen[0], {**seen[1], name: other[1][name]}

    def _header_of(self, seen: Delivery) -> str:
        return self._chance.choice([name for name in seen[1] if name.startswith(SIGNED)])


def _signed(headers: Headers) -> Headers:
    return {name: value for name, value in headers.items() if name.startswith(SIGNED)}


def besiege(town: Besieged, provider: Provider, forgeries: int, *, seed: int) -> Counter[int]:
    """Send so many forgeries over HTTP; how they were answered. None may be stored, or break anything."""
    for _ in range(2):
        town.sells(provider)
    before, forger = town.inbox(), Forger(seed)
    answers: Counter[int] = Counter()
    told: set[str] = set()
    genuine: list[Delivery] = []
    for number in range(forgeries):
        if number % SIGNED_AGAIN_EVERY == 0:
            genuine = town.news(provider)
        forged = forger.forge(genuine)
        answer = town.tell(provider, forged)
        answers[answer.status_code] += 1
        if answer.status_code == 503:
            # An address that PayPal may have a certificate at, and has none: nobody can tell.
            known = [under.get(CERTIFICATE) for _, under in genuine]
            assert forged[1].get(CERTIFICATE) not in known, answer.text
        else:
            assert answer.status_code == 400, (answer.status_code, forged)
            told.add(answer.json()["detail"])
    assert town.inbox() == before
    assert len(told) == 1, "all are refused in the same words"
    assert town.tell(provider, town.news(provider)[0]).status_code == 200, "what is genuine comes in"
    return answers

"""PayPal's news, as they come in over HTTP to a shop that is paid by PayPal (W1, W3, W8, W9, W10, C4)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from cryptography import x509
from dependency_injector import providers

from printapic.adapters.payments.paypal.certificates import CertificateStore
from printapic.adapters.payments.paypal.webhooks import PayPalWebhookVerifier
from printapic.adapters.payments.sending import provider_client
from printapic.domain.actors import Role
from printapic.domain.payments.attempt import Provider
from printapic.entrypoints.container import Container
from printapic.entrypoints.settings import PayPalPayments, Secret
from tests.integration.http.live_shop import LiveShop, Person, live_shop
from tests.integration.http.problems import problem
from tests.integration.paypal.real_address import RealAddress
from tests.providers.paypal.simulator import PayPalSimulator
from tests.unit.adapters.payments.paypal.crc32 import same_crc32

WEBHOOKS = "/v1/webhooks/paypal"


@attrs.frozen
class PayingShop:
    """A shop that PayPal takes the money for, and the PayPal that does."""

    shop: LiveShop
    paypal: PayPalSimulator

    def opened(self, who: Person) -> tuple[dict[str, Any], str]:
        """An order, and PayPal's own for it, whose page waits for the customer."""
        order = self.shop.order(who)
        started = self.shop.start_payment(who, order["id"], provider="paypal")
        assert started.status_code == 201, started.text
        return order, started.json()["redirect_url"].partition("token=")[2]

    def status(self, who: Person, order: dict[str, Any]) -> str:
        return str(self.shop.call("GET", f"/v1/orders/{order['id']}", who).json()["status"])

    def news(self) -> list[tuple[bytes, dict[str, str]]]:
        return [(body, dict(headers)) for body, headers in self.paypal.raw_deliveries()]

    def tell(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return self.shop.client.post(WEBHOOKS, content=body, headers=headers)

    def work(self) -> None:
        while self.shop.container.worker().run_due(self.shop.shop.perform):
            pass

    def inbox(self) -> int:
        rows = self.shop.traces()["rows"]
        assert isinstance(rows, dict)
        return int(rows["webhook_inbox"])


@pytest.fixture(scope="module")
def paying(tmp_path_factory: pytest.TempPathFactory, log: object) -> Iterator[PayingShop]:
    folder: Path = tmp_path_factory.mktemp("paypal-shop")
    paypal = PayPalSimulator(folder / "paypal.sqlite", sandbox=True)
    settings = PayPalPayments(
        client_id=paypal.client_id,
        client_secret=Secret(paypal.client_secret),
        sandbox=True,
        webhook_ids=(paypal.webhook_id,),
        api_url=paypal.url,
    )
    with provider_client(RealAddress(paypal.url)) as client:
        root = x509.load_pem_x509_certificate(paypal.root_pem.encode())
        verifier = PayPalWebhookVerifier(
            CertificateStore(client, roots=[root]),
            webhook_ids=[paypal.webhook_id],
            livemode=False,
            verify_by_api=lambda _: None,
        )
        # Nobody but a test trusts the simulator's authority, or finds it at PayPal's address.
        ours = providers.Object({Provider.PAYPAL: verifier})
        with Container.verifiers.override(ours), live_shop(folder, payments=(settings,)) as shop:
            yield PayingShop(shop, paypal)
    paypal.close()


@pytest.fixture
def carla(paying: PayingShop) -> Person:
    return paying.shop.person()


def test_c4_news_of_an_approval_complete_an_order_whose_buyer_never_returns(
    paying: PayingShop, carla: Person
) -> None:
    order, ref = paying.opened(carla)
    paying.paypal.pay(ref)
    ((body, headers),) = [each for each in paying.news() if ref.encode() in each[0]]
    for _ in range(2):
        assert paying.tell(body, headers).json() == {"received": True}
        paying.work()
    assert paying.status(carla, order) == "confirmed"


def test_w9_a_forged_body_under_a_genuine_signature_changes_nothing(
    paying: PayingShop, carla: Person
) -> None:
    """Somebody saw one delivery, and says under its signature that an order of theirs was paid."""
    _, seen = paying.opened(carla)
    paying.paypal.pay(seen)
    ((genuine, headers),) = [each for each in paying.news() if seen.encode() in each[0]]
    order, ref = paying.opened(carla)
    claim = json.dumps(
        {
            "id": "WH-FORGED",
            "create_time": datetime.now(UTC).isoformat(),
            "event_type": "PAYMENT.CAPTURE.COMPLETED",
            "resource": {
                "id": "9XX12345XX678901X",
                "status": "COMPLETED",
                "amount": {"currency_code": "EUR", "value": "9999.99"},
                "supplementary_data": {"related_ids": {"order_id": ref}},
            },
            "summary": "%",
        }
    ).encode()
    start, end = claim.split(b"%")
    forged = same_crc32(start, end, zlib.crc32(genuine))
    assert paying.tell(forged, headers).status_code == 200, "it cannot be told from a genuine one"
    paying.work()
    assert paying.status(carla, order) == "awaiting_payment"
    (payment,) = paying.shop.call("GET", f"/v1/orders/{order['id']}/payments", carla).json()["items"]
    staff = paying.shop.person(Role.SUPPORT)
    money = paying.shop.call("GET", f"/v1/payments/{payment['id']}/transactions", staff)
    assert {row["type"] for row in money.json()["items"]} <= {"due"}


def test_w1_what_was_altered_or_signed_by_nobody_is_refused_in_the_same_words(
    paying: PayingShop, carla: Person
) -> None:
    _, ref = paying.opened(carla)
    paying.paypal.pay(ref)
    ((body, headers),) = [each for each in paying.news() if ref.encode() in each[0]]
    before = paying.inbox()
    told = set()
    for altered, with_headers in (
        (body + b" ", headers),
        (body.replace(b"APPROVED", b"APPROVEE"), headers),
        (b"", headers),
        (b"[]", headers),
        (b"\xff\xfe", headers),
        (body, {}),
        (body, headers | {"PAYPAL-TRANSMISSION-SIG": "AAAA"}),
        (body, headers | {"PAYPAL-CERT-URL": "https://evil.example/v1/notifications/certs/CERT-1"}),
        (body, headers | {"PAYPAL-TRANSMISSION-TIME": "2015-05-18T15:45:13Z"}),
        (body, headers | {"PAYPAL-AUTH-ALGO": "none"}),
    ):
        answer = problem(paying.tell(altered, with_headers), 400, "webhook-rejected")
        told.add(answer["detail"])
    twice = [*headers.items(), ("PAYPAL-TRANSMISSION-ID", "another-one")]
    problem(paying.shop.client.post(WEBHOOKS, content=body, headers=twice), 400, "webhook-rejected")
    umlaut = [(name.encode(), value.encode()) for name, value in headers.items()]
    umlaut[1] = (b"PAYPAL-TRANSMISSION-ID", b"\xfc\xff")
    problem(paying.shop.client.post(WEBHOOKS, content=body, headers=umlaut), 400, "webhook-rejected")
    problem(paying.tell(bytes((1 << 20) + 1), headers), 413, "body-too-large")
    assert len(told) == 1
    assert paying.inbox() == before


def test_w10_without_its_certificates_the_delivery_has_to_come_again(
    paying: PayingShop, carla: Person
) -> None:
    _, ref = paying.opened(carla)
    paying.paypal.pay(ref)
    ((body, headers),) = [each for each in paying.news() if ref.encode() in each[0]]
    nowhere = headers | {"PAYPAL-CERT-URL": headers["PAYPAL-CERT-URL"] + "-GONE"}
    problem(paying.tell(body, nowhere), 503, "webhook-verification-unavailable")
    alone = headers | {"PAYPAL-CERT-URL": headers["PAYPAL-CERT-URL"] + "-LEAF"}
    problem(paying.tell(body, alone), 503, "webhook-verification-unavailable")
    assert paying.tell(body, headers).status_code == 200

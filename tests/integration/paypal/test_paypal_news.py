"""The simulated PayPal's notifications: signed so that our own verifier believes them, and only them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta

import httpx
import pytest
from cryptography import x509

from printapic.adapters.payments.paypal.certificates import CertificateStore
from printapic.adapters.payments.paypal.webhooks import PayPalWebhookVerifier
from printapic.application.ports.payments import Notification, RawDelivery, WebhookRejected
from tests.providers.counter import Call, WebhookPlan, WireFault
from tests.providers.paypal.caller import Caller, done
from tests.providers.paypal.purchases import captured, euros, held, news
from tests.providers.paypal.redirection import ToSimulator, to_loopback
from tests.providers.paypal.simulator import PayPalSimulator

VERIFY = "/v1/notifications/verify-webhook-signature"


class Recipient:
    """The shop's door for news: keeps what came, and takes as many as it is told to."""

    def __init__(self) -> None:
        self.came: list[tuple[bytes, Mapping[str, str]]] = []
        self.refuses = 0

    def __call__(self, body: bytes, headers: Mapping[str, str]) -> int:
        self.came.append((body, headers))
        self.refuses -= 1
        return 503 if self.refuses >= 0 else 200

    def ids(self) -> list[str]:
        return [json.loads(body)["id"] for body, _ in self.came]

    def transmissions(self) -> list[str]:
        return [headers["PAYPAL-TRANSMISSION-ID"] for _, headers in self.came]


@pytest.fixture
def recipient() -> Recipient:
    return Recipient()


@pytest.fixture
def verifier(paypal: PayPalSimulator, shop: Caller) -> Iterator[PayPalWebhookVerifier]:
    def by_api(question: bytes) -> bool:
        return bool(asked(shop, question) == "SUCCESS")

    with httpx.Client(transport=ToSimulator(paypal.url)) as client:
        store = CertificateStore(client, roots=[x509.load_pem_x509_certificate(paypal.root_pem.encode())])
        yield PayPalWebhookVerifier(
            store, webhook_ids=[paypal.webhook_id], livemode=True, verify_by_api=by_api
        )


def asked(shop: Caller, question: bytes) -> str:
    headers = {"Authorization": f"Bearer {shop.token()}", "Content-Type": "application/json"}
    return str(done(shop.client.post(VERIFY, content=question, headers=headers))["verification_status"])


def question_about(body: bytes, headers: Mapping[str, str], **changed: str) -> bytes:
    claims = {
        "auth_algo": headers["PAYPAL-AUTH-ALGO"],
        "cert_url": headers["PAYPAL-CERT-URL"],
        "transmission_id": headers["PAYPAL-TRANSMISSION-ID"],
        "transmission_sig": headers["PAYPAL-TRANSMISSION-SIG"],
        "transmission_time": headers["PAYPAL-TRANSMISSION-TIME"],
        **changed,
    }
    return json.dumps(claims).encode()[:-1] + b', "webhook_event" : ' + body + b" }"


def delivered(paypal: PayPalSimulator, body: bytes, headers: Mapping[str, str]) -> RawDelivery:
    return RawDelivery(
        body=body,
        headers={name.lower(): value for name, value in headers.items()},
        received_at=paypal.books.now(),
    )


@pytest.mark.parametrize("alone", [False, True], ids=["with its chain", "leaf alone"])
def test_w1_our_verifier_believes_every_news(
    paypal: PayPalSimulator, shop: Caller, verifier: PayPalWebhookVerifier, alone: bool
) -> None:
    order, capture = captured(paypal, shop)
    done(shop.refund(capture, "1.00"))
    held_order, _ = held(paypal, shop)
    paypal.dispute(capture, euros("11.90"))
    regretted = shop.open()
    paypal.pay(regretted)
    paypal.reverse_approval(regretted)
    paypal.send_leaf_alone(alone)
    found: list[Notification] = [
        verifier.verify(delivered(paypal, body, headers)) for body, headers in paypal.raw_deliveries()
    ]
    assert [notification.type for notification in found] == news(paypal)
    names = {notification.ref for notification in found}
    # Refunds and disputes name the capture, from which the way leads on.
    assert names == {order, held_order, capture, regretted}


def test_w1_a_changed_body_is_not_believed(
    paypal: PayPalSimulator, shop: Caller, verifier: PayPalWebhookVerifier
) -> None:
    captured(paypal, shop)
    body, headers = paypal.raw_deliveries()[0]
    with pytest.raises(WebhookRejected):
        verifier.verify(delivered(paypal, body.replace(b"APPROVED", b"APPROVEd", 1), headers))


def test_paypal_vouches_for_the_bytes_that_it_sent(paypal: PayPalSimulator, shop: Caller) -> None:
    captured(paypal, shop)
    body, headers = paypal.raw_deliveries()[0]
    ours = {"webhook_id": paypal.webhook_id}
    assert asked(shop, question_about(body, headers, **ours)) == "SUCCESS"
    rewritten = json.dumps(json.loads(body), indent=1).encode()
    assert asked(shop, question_about(rewritten, headers, **ours)) == "FAILURE"
    assert asked(shop, question_about(body, headers, webhook_id="ANOTHER1")) == "FAILURE"
    for name, value in (
        ("transmission_sig", "a" * 344),
        ("transmission_id", "another-id"),
        ("auth_algo", "SHA1withRSA"),
        ("cert_url", "https://api.paypal.com/v1/notifications/certs/CERT-other"),
    ):
        assert asked(shop, question_about(body, headers, **ours, **{name: value})) == "FAILURE"


def test_w10_paypal_may_be_away_when_it_is_asked(paypal: PayPalSimulator, shop: Caller) -> None:
    captured(paypal, shop)
    body, headers = paypal.raw_deliveries()[0]
    paypal.plan(Call.VERIFY, 1, WireFault.UNAVAILABLE)
    sent = {"Authorization": f"Bearer {shop.token()}", "Content-Type": "application/json"}
    question = question_about(body, headers, webhook_id=paypal.webhook_id)
    assert shop.client.post(VERIFY, content=question, headers=sent).status_code == 503


def test_certificates_stand_where_the_news_say(paypal: PayPalSimulator) -> None:
    with httpx.Client(transport=ToSimulator(paypal.url)) as client:
        chain = x509.load_pem_x509_certificates(client.get(paypal.certificate_url).content)
        alone = x509.load_pem_x509_certificates(client.get(f"{paypal.certificate_url}-LEAF").content)
        assert client.get(f"{paypal.certificate_url}-OTHER").status_code == 404
    assert (len(chain), chain[:1]) == (2, alone)
    root = x509.load_pem_x509_certificate(paypal.root_pem.encode())
    chain[0].verify_directly_issued_by(chain[1])
    chain[1].verify_directly_issued_by(root)
    with (
        httpx.Client(transport=ToSimulator(paypal.url)) as client,
        pytest.raises(httpx.ConnectError),
    ):
        client.get("https://api.paypal.com.example/v1/notifications/certs/CERT-1")


def test_w3_what_the_shop_does_not_take_comes_again_under_another_transmission(
    tmp_path_factory: pytest.TempPathFactory, recipient: Recipient
) -> None:
    path = tmp_path_factory.mktemp("paypal") / "books.sqlite"
    paypal = PayPalSimulator(path, notify=recipient)
    with httpx.Client(transport=to_loopback(), base_url=paypal.url) as client:
        paypal.pay(Caller(client).open())
    recipient.refuses = 1
    assert [paypal.deliver() for _ in range(3)] == [0, 1, 0]
    assert len(recipient.came) == 2
    assert len(set(recipient.ids())) == 1
    assert len(set(recipient.transmissions())) == 2
    paypal.close()


def test_w3_w4_w6_news_come_twice_shuffled_late_or_never(
    tmp_path_factory: pytest.TempPathFactory, recipient: Recipient
) -> None:
    path = tmp_path_factory.mktemp("paypal") / "books.sqlite"
    paypal = PayPalSimulator(path, notify=recipient)
    with httpx.Client(transport=to_loopback(), base_url=paypal.url) as client:
        shop = Caller(client)
        paypal.webhooks(WebhookPlan(copies=2, shuffled=True, seed=3))
        captured(paypal, shop)
        assert paypal.deliver() == 6
        assert recipient.ids() != sorted(recipient.ids(), key=recipient.ids().index)
        paypal.webhooks(WebhookPlan(lost=True))
        paypal.pay(shop.open())
        assert paypal.deliver() == 0
        paypal.webhooks(WebhookPlan(late_by=timedelta(hours=2)))
        paypal.pay(shop.open())
        assert paypal.deliver() == 0
        paypal.books.pass_time(timedelta(hours=2))
        assert paypal.deliver() == 1
        assert len(paypal.raw_deliveries()) == 5
    paypal.close()


def test_the_sandbox_lives_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("paypal") / "books.sqlite"
    paypal = PayPalSimulator(path, sandbox=True)
    with httpx.Client(transport=to_loopback(), base_url=paypal.url) as client:
        shop = Caller(client)
        order = shop.open()
        page = {link["rel"]: link["href"] for link in shop.order(order)["links"]}["payer-action"]
        paypal.pay(order)
    assert page == f"https://www.sandbox.paypal.com/checkoutnow?token={order}"
    ((body, headers),) = paypal.raw_deliveries()
    root = x509.load_pem_x509_certificate(paypal.root_pem.encode())
    with httpx.Client(transport=ToSimulator(paypal.url)) as client:
        verifier = PayPalWebhookVerifier(
            CertificateStore(client, roots=[root]),
            webhook_ids=[paypal.webhook_id],
            livemode=False,
            verify_by_api=lambda _: None,
        )
        assert verifier.verify(delivered(paypal, body, headers)).ref == order
    paypal.close()


def test_nobody_is_notified_where_nobody_asked_for_it(paypal: PayPalSimulator) -> None:
    with pytest.raises(RuntimeError):
        paypal.deliver()

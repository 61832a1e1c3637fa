"""The simulated PayPal's news, verified as the shop does it: over its server and under its contract (W10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509

from printapic.adapters.payments.paypal.api import PayPalApi
from printapic.adapters.payments.paypal.certificates import CertificateStore
from printapic.adapters.payments.paypal.verification import PATH, SignatureCheck
from printapic.adapters.payments.paypal.webhooks import PayPalWebhookVerifier
from printapic.adapters.payments.sending import provider_client
from printapic.adapters.system.clock import SystemClock
from printapic.application.ports.payments import (
    Notification,
    RawDelivery,
    VerificationUnavailable,
    WebhookRejected,
)
from tests.integration.paypal.conftest import UnderContract
from tests.integration.paypal.real_address import RealAddress
from tests.provider_contracts.contract import Contract
from tests.provider_contracts.transport import ContractTransport
from tests.providers.counter import Call, WireFault
from tests.providers.paypal.caller import Caller
from tests.providers.paypal.signatures import SigningDesk
from tests.providers.paypal.simulator import PayPalSimulator

Build = Callable[..., PayPalWebhookVerifier]


@pytest.fixture
def wire(under_contract: UnderContract, paypal_contract: Contract) -> ContractTransport:
    return under_contract(httpx.HTTPTransport(), paypal_contract)


@pytest.fixture
def verifier(paypal: PayPalSimulator, wire: ContractTransport) -> Iterator[Build]:
    """Makes the shop's verifier. Without `trusted` it has certifi's roots, none of which is the simulator's.

    Answers that were spoilt on purpose keep no contract: ask for them with `spoilt`.
    """
    roots = [x509.load_pem_x509_certificate(paypal.root_pem.encode())]
    clients: list[httpx.Client] = []

    def client(transport: httpx.BaseTransport) -> httpx.Client:
        clients.append(provider_client(transport))
        return clients[-1]

    def build(
        *, trusted: bool = True, spoilt: bool = False, webhook_id: str = paypal.webhook_id
    ) -> PayPalWebhookVerifier:
        api = PayPalApi(
            client(httpx.HTTPTransport() if spoilt else wire),
            client_id=paypal.client_id,
            client_secret=paypal.client_secret,
            clock=SystemClock(),
            api_url=paypal.url,
            pause=lambda _: None,
        )
        store = CertificateStore(client(RealAddress(paypal.url)), roots=roots if trusted else None)
        return PayPalWebhookVerifier(
            store, webhook_ids=[webhook_id], livemode=True, verify_by_api=SignatureCheck(api)
        )

    yield build
    for each in clients:
        each.close()


def news(paypal: PayPalSimulator, bare: Caller) -> tuple[str, list[RawDelivery]]:
    """An order that was approved and captured, and what PayPal has to say about it."""
    order = bare.open()
    paypal.pay(order)
    assert bare.capture(order).status_code == 201
    now = datetime.now(UTC)
    return order, [
        RawDelivery(
            body=body, headers={name.lower(): value for name, value in headers.items()}, received_at=now
        )
        for body, headers in paypal.raw_deliveries()
    ]


def test_w10_all_news_of_an_order_are_believed_and_lead_to_it(
    paypal: PayPalSimulator, bare: Caller, verifier: Build, wire: ContractTransport
) -> None:
    order, deliveries = news(paypal, bare)
    judge = verifier()
    notifications = [judge.verify(delivery) for delivery in deliveries]
    assert {"CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED"} <= {each.type for each in notifications}
    assert {each.ref for each in notifications} == {order}
    assert len({each.delivery_id for each in notifications}) == len(deliveries)
    assert not wire.seen


def test_w10_a_certificate_without_its_chain_is_vouched_for_by_paypal(
    paypal: PayPalSimulator, bare: Caller, verifier: Build, wire: ContractTransport
) -> None:
    order, deliveries = news(paypal, bare)
    judge = verifier(trusted=False)
    assert {judge.verify(delivery).ref for delivery in deliveries} == {order}
    assert wire.answered[f"POST {PATH}", 200] == len(deliveries)


def test_w10_paypal_denies_what_it_did_not_sign(
    paypal: PayPalSimulator, bare: Caller, verifier: Build, wire: ContractTransport
) -> None:
    """The simulator's key, for a webhook that PayPal knows nothing of: only its own word tells."""
    _, (delivery, *_) = news(paypal, bare)
    desk = SigningDesk(
        key_pem=paypal._account.authority.key_pem,
        certificate_url=paypal.certificate_url,
        webhook_id="0AAAAAAAAAAAAAAAA",
    )
    headers = {name.lower(): value for name, value in desk.headers(delivery.body, datetime.now(UTC)).items()}
    forged = RawDelivery(body=delivery.body, headers=headers, received_at=delivery.received_at)
    with pytest.raises(WebhookRejected):
        verifier(trusted=False, webhook_id="0AAAAAAAAAAAAAAAA").verify(forged)
    assert wire.answered[f"POST {PATH}", 200] == 1


@pytest.mark.parametrize(
    "fault",
    [WireFault.SERVER_ERROR_BEFORE, WireFault.DROP_AFTER, WireFault.TOO_MANY, WireFault.MALFORMED],
)
def test_w10_where_paypal_cannot_answer_the_delivery_has_to_come_again(
    paypal: PayPalSimulator, bare: Caller, verifier: Build, fault: WireFault
) -> None:
    _, (delivery, *_) = news(paypal, bare)
    for nth in (1, 2, 3):
        paypal.plan(Call.VERIFY, nth, fault)
    judge = verifier(trusted=False, spoilt=True)
    tries = [settled(judge, delivery) for _ in range(4)]
    assert tries[0] is None
    assert tries[-1] is not None


def settled(judge: PayPalWebhookVerifier, delivery: RawDelivery) -> Notification | None:
    try:
        return judge.verify(delivery)
    except VerificationUnavailable:
        return None


def test_w10_credentials_that_paypal_refuses_decide_nothing(
    paypal: PayPalSimulator, bare: Caller, verifier: Build
) -> None:
    _, (delivery, *_) = news(paypal, bare)
    for nth in (1, 2):
        paypal.plan(Call.VERIFY, nth, WireFault.EXPIRED_CREDENTIALS)
    with pytest.raises(VerificationUnavailable):
        verifier(trusted=False, spoilt=True).verify(delivery)


def test_w10_while_the_certificates_are_out_of_reach_nothing_is_believed(
    paypal: PayPalSimulator, bare: Caller, verifier: Build
) -> None:
    _, (delivery, *_) = news(paypal, bare)
    judge = verifier()
    paypal.close_door()
    with pytest.raises(VerificationUnavailable):
        judge.verify(delivery)
    paypal.close_door(False)
    later = delivery.received_at + timedelta(seconds=31)
    again = RawDelivery(body=delivery.body, headers=delivery.headers, received_at=later)
    assert judge.verify(again).ref

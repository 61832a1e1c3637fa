"""A delivery that PayPal really made, in 2015, with the certificate of that year (W9, W10)."""

from __future__ import annotations

import json
import zlib
from datetime import datetime, timedelta
from pathlib import Path

import attrs
import pytest
from cryptography import x509

from printapic.adapters.payments.paypal.certificates import CertificateStore
from printapic.adapters.payments.paypal.webhooks import PayPalWebhookVerifier
from printapic.application.ports.payments import Notification, RawDelivery
from printapic.domain.payments.attempt import Provider
from tests.unit.adapters.payments.paypal.authority import (
    NOON,
    WEBHOOK_ID,
    event,
)
from tests.unit.adapters.payments.paypal.crc32 import same_crc32
from tests.unit.adapters.payments.paypal.recipient import Recipient

SECOND = timedelta(seconds=1)


HEADERS = ("transmission_id", "transmission_time", "transmission_sig", "cert_url", "auth_algo")


@attrs.frozen
class Golden:
    delivery: RawDelivery
    webhook_id: str
    recipient: Recipient


@pytest.fixture
def golden(contracts: Path) -> Golden:
    vector = contracts / "paypal" / "webhook-vector"
    given = json.loads((vector / "delivery-2015.json").read_text())
    leaf, below, top = (
        x509.load_pem_x509_certificate((vector / file).read_bytes())
        for file in (
            "signing-cert-2015.pem",
            "DigiCertSHA2ExtendedValidationServerCA.pem",
            "DigiCertHighAssuranceEVRootCA.pem",
        )
    )
    sent_at = datetime.fromisoformat(given["transmission_time"])
    return Golden(
        RawDelivery(
            body=given["body"].encode(),
            headers={
                f"paypal-{name}": given[name.replace("-", "_")]
                for name in (
                    "transmission-id",
                    "transmission-time",
                    "transmission-sig",
                    "cert-url",
                    "auth-algo",
                )
            },
            received_at=sent_at + timedelta(minutes=1),
        ),
        given["webhook_id"],
        Recipient(
            presented=(leaf, below),
            roots=(top,),
            livemode=False,
            url=given["cert_url"],
            webhook_ids=(given["webhook_id"],),
        ),
    )


def test_w10_a_genuine_delivery_of_2015_is_believed_in_2015(golden: Golden) -> None:
    notification = golden.recipient.takes(golden.delivery)
    assert notification.event_id == "WH-0G2756385H040842W-5Y612302CV158622M"
    assert notification.delivery_id == "dfb3be50-fd74-11e4-8bf3-77339302725b"
    # PAYMENT.SALE.COMPLETED belongs to the API before this one: nothing here could be looked at.
    assert (notification.type, notification.ref) == ("PAYMENT.SALE.COMPLETED", None)
    assert golden.recipient.questions == []


def test_w10_the_genuine_delivery_is_no_other_shops_and_no_later_years(golden: Golden) -> None:
    assert attrs.evolve(golden.recipient, webhook_ids=("4JH86294D6297924H",)).refuses(golden.delivery)
    assert golden.recipient.refuses(attrs.evolve(golden.delivery, received_at=NOON))
    tampered = golden.delivery.body.replace(b'"20.00"', b'"20.01"')
    assert golden.recipient.refuses(attrs.evolve(golden.delivery, body=tampered))


def test_w10_the_root_of_2015_has_left_certifi_so_paypal_is_asked(golden: Golden) -> None:
    asked = attrs.evolve(golden.recipient, roots=None, opinion=True)
    assert asked.takes(golden.delivery).event_id
    assert golden.delivery.body in asked.questions[0]
    away = attrs.evolve(golden.recipient, roots=None, opinion=None)
    assert away.cannot_tell(golden.delivery)


def test_w10_the_certificate_alone_and_the_bundle_of_intermediates_suffice(golden: Golden) -> None:
    leaf, below = golden.recipient.presented
    recipient = attrs.evolve(golden.recipient, presented=(leaf,), intermediates=(below,))
    assert recipient.takes(golden.delivery).event_id
    assert recipient.questions == []


def test_w9_the_genuine_signature_carries_a_forged_body_of_the_same_crc32(golden: Golden) -> None:
    """Not a weakness of ours, but why nothing of a body may be believed: this is the real 2015 signature."""
    start, end = event(id="WH-FORGED", summary="%").split(b"%")
    body = same_crc32(start, end, zlib.crc32(golden.delivery.body))
    forged = golden.recipient.takes(attrs.evolve(golden.delivery, body=body))
    assert (forged.event_id, forged.ref) == ("WH-FORGED", "5O190127TN364715T")
    assert not {"amount", "money", "value", "status", "state"} & {
        each.name for each in attrs.fields(Notification)
    }


def test_the_roots_that_come_with_certifi_are_read() -> None:
    import httpx

    with httpx.Client(trust_env=False) as client:
        verifier = PayPalWebhookVerifier(
            CertificateStore(client), webhook_ids=[WEBHOOK_ID], livemode=True, verify_by_api=lambda _: None
        )
    assert verifier.provider is Provider.PAYPAL

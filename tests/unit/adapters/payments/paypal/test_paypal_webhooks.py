"""PayPal's notifications: what is believed, and every kind of forgery that is not (W1, W2, W9, W10)."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from printapic.application.ports.payments import Notification, WebhookRejected
from printapic.domain.payments.attempt import Provider
from tests.unit.adapters.payments.paypal.authority import (
    NOON,
    URL,
    WEBHOOK_ID,
    YEAR,
    Letter,
    event,
    rsa_key,
)
from tests.unit.adapters.payments.paypal.crc32 import same_crc32
from tests.unit.adapters.payments.paypal.recipient import Recipient, alone, intermediate

SECOND = timedelta(seconds=1)


@pytest.fixture
def recipient() -> Recipient:
    return Recipient()


def test_w1_a_genuine_delivery_says_what_to_look_at(recipient: Recipient) -> None:
    letter = Letter()
    assert recipient.takes(letter.delivery()) == Notification(
        provider=Provider.PAYPAL,
        livemode=True,
        event_id="WH-0G2756385H040842W-5Y612302CV158622M",
        delivery_id=letter.id,
        type="PAYMENT.CAPTURE.COMPLETED",
        ref="5O190127TN364715T",
        occurred_at=datetime(2026, 11, 22, 11, 59, 58, 123000, tzinfo=UTC),
        body_sha256=hashlib.sha256(letter.body).hexdigest(),
    )
    assert (recipient.downloads, recipient.questions) == ([URL], [])


def test_w1_the_sandbox_has_hosts_and_a_name_of_its_own() -> None:
    url = URL.replace("api.paypal", "api-m.sandbox.paypal")
    leaf = intermediate().issue(names=("messageverificationcerts.sandbox.paypal.com",))
    presented = (leaf, intermediate().certificate)
    sandbox = Recipient(livemode=False, url=url, presented=presented)
    assert not sandbox.takes(Letter(url=url).delivery()).livemode
    assert sandbox.refuses(Letter(url=URL).delivery())
    assert Recipient(presented=presented).refuses(Letter().delivery())
    assert Recipient(url=url).refuses(Letter(url=url).delivery())


def test_w2_while_webhooks_are_moved_any_of_ours_is_believed() -> None:
    recipient = Recipient(webhook_ids=("0AAAAAAAAAAAAAAAA", WEBHOOK_ID))
    assert recipient.takes(Letter().delivery()).delivery_id
    assert recipient.refuses(Letter(webhook_id="0BBBBBBBBBBBBBBBB").delivery())


# Signatures


def test_w1_a_tampered_body_is_rejected(recipient: Recipient) -> None:
    letter = Letter()
    for body in (letter.body + b" ", letter.body.replace(b"12.90", b"12.91"), b"", b"{}", letter.body[:-1]):
        delivery = attrs.evolve(letter, body=body).delivery(signature=letter.signature())
        assert recipient.refuses(delivery)


@pytest.mark.parametrize(
    "other",
    [
        {"id": "dfb3be50-fd74-11e4-8bf3-77339302725c"},
        {"time": "2026-11-22T12:00:01Z"},
        {"time": "2026-11-22T13:00:00+01:00"},
        {"webhook_id": "0AAAAAAAAAAAAAAAA"},
    ],
    ids="-".join,
)
def test_w1_what_was_signed_is_what_counts(recipient: Recipient, other: dict[str, Any]) -> None:
    letter = Letter()
    assert recipient.refuses(letter.delivery(signature=attrs.evolve(letter, **other).signature()))


def test_w1_a_signature_by_another_key_or_in_another_way_is_rejected(recipient: Recipient) -> None:
    letter, key = Letter(), rsa_key()
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    for forged in (
        letter.signature(rsa_key("stranger")),
        key.sign(letter.text(), padding.PKCS1v15(), hashes.SHA1()),
        key.sign(letter.text(), padding.PKCS1v15(), hashes.SHA512()),
        key.sign(letter.text(), pss, hashes.SHA256()),
        key.sign(letter.body, padding.PKCS1v15(), hashes.SHA256()),
        letter.signature()[:-1],
        letter.signature() + b"\0",
        b"\0" + letter.signature(),
        b"\0" * 256,
        b"\xff" * 256,
        (1).to_bytes(256, "big"),
        hashlib.sha256(letter.text()).digest(),
    ):
        assert recipient.refuses(letter.delivery(signature=forged))


def test_w1_the_checksum_is_written_unsigned(recipient: Recipient) -> None:
    """Half of all bodies have one above 2**31, which other languages write as a negative number."""
    high = next(body for n in range(100) if zlib.crc32(body := event(summary=str(n))) >= 2**31)
    low = next(body for n in range(100) if zlib.crc32(body := event(summary=str(n))) < 2**31)
    assert recipient.takes(Letter(body=high).delivery()).ref
    assert recipient.takes(Letter(body=low).delivery()).ref


def test_w9_another_body_with_the_same_crc32_verifies_and_says_nothing_of_money(recipient: Recipient) -> None:
    genuine = Letter()
    resource = {
        "id": "FORGED00000000000",
        "amount": {"currency_code": "EUR", "value": "9999.99"},
        "status": "COMPLETED",
    }
    start, end = event(resource=resource, summary="%").split(b"%")
    body = same_crc32(start, end, zlib.crc32(genuine.body))
    assert zlib.crc32(body) == zlib.crc32(genuine.body)
    assert json.loads(body)["resource"]["amount"]["value"] == "9999.99"
    notification = recipient.takes(attrs.evolve(genuine, body=body).delivery(signature=genuine.signature()))
    # It is believed to be PayPal's, so all that it may do is name something that PayPal is asked about,
    # and leave the same delivery id with another digest, which is how it is noticed.
    assert notification.ref == "FORGED00000000000"
    assert notification.delivery_id == genuine.id
    assert notification.body_sha256 != hashlib.sha256(genuine.body).hexdigest()
    fields = attrs.asdict(notification)
    assert not any("9999" in str(value) or "EUR" in str(value) for value in fields.values())


# Time


@pytest.mark.parametrize("age", [timedelta(days=4), timedelta(days=3), timedelta(0), timedelta(minutes=-5)])
def test_w1_a_delivery_may_be_four_days_old_or_five_minutes_ahead(age: timedelta) -> None:
    assert Recipient().takes(Letter(received_at=NOON + age).delivery()).ref


@pytest.mark.parametrize("age", [timedelta(days=4, seconds=1), timedelta(minutes=-5, seconds=-1), 10 * YEAR])
def test_w1_a_stale_or_future_delivery_is_rejected(recipient: Recipient, age: timedelta) -> None:
    assert recipient.refuses(Letter(received_at=NOON + age).delivery())
    assert recipient.downloads == []


@pytest.mark.parametrize("time", ["2026-11-22T13:30:00+01:30", "2026-11-22T12:00:00.123456789Z"])
def test_w1_a_time_may_have_any_zone_and_fractions(recipient: Recipient, time: str) -> None:
    assert recipient.takes(Letter(time=time).delivery()).ref


@pytest.mark.parametrize(
    "time",
    [
        "", "2026-11-22T12:00:00", "2026-11-22 12:00:00Z", "2026-11-22", "20261122T120000Z", "12:00:00Z",
        "2026-11-22T12:00:00z", "2026-11-22T12:00:60Z", "2026-11-22T24:00:00Z", "2026-13-22T12:00:00Z",
        "2026-02-30T12:00:00Z", "0000-01-01T00:00:00Z", "2026-11-22T12:00:00+99:99", "1795348800",
        "2026-11-22T12:00:00Z|4JH86294D6297924G", "2026-11-22T12:00:00Z ", "\t2026-11-22T12:00:00Z",
        "2026-W47-7T12:00:00Z", "\N{FULLWIDTH DIGIT TWO}026-11-22T12:00:00Z", "2026-11-22T12:00:00.Z",
        "2026-11-22T12:00:00.1234567890Z", "Sun, 22 Nov 2026 12:00:00 GMT", "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00", "2026-11-22T12:00:00Z\n", "2026-11-22T12:00:00Z,2026-11-22T12:00:00Z",
    ],
    ids=ascii,
)  # fmt: skip
def test_w1_what_is_no_time_is_rejected_even_if_it_was_signed(recipient: Recipient, time: str) -> None:
    letter = Letter(time=time) if time.isascii() else Letter()
    assert recipient.refuses(letter.delivery(paypal_transmission_time=time))
    assert recipient.downloads == []


# Headers

HEADERS = sorted(name for name in Letter().headers() if name.startswith("paypal-"))


@pytest.mark.parametrize("name", HEADERS)
def test_w1_a_header_that_is_missing_empty_or_given_twice_is_rejected(name: str) -> None:
    recipient = Recipient()
    right = Letter().headers()[name]
    wrong = [None, "", " ", f"{right},{right}", f"{right}, {right}", f" {right}", f"{right} ", f"{right}\n"]
    for value in [*wrong, right + "\0", right + "é", "☃", "\udcff", right * 200, "," * 5]:
        changed: dict[str, Any] = {name.replace("-", "_"): value}
        delivery = Letter().delivery(**changed)
        assert recipient.refuses(delivery), ascii(value)
    assert recipient.downloads == []


@pytest.mark.parametrize(
    "algorithm",
    [
        "SHA1withRSA", "SHA512withRSA", "sha256withrsa", "SHA256WithRSA", "SHA256withRSA/PSS", "none",
        "SHA256withECDSA", "HS256", "RS256", "SHA256", "MD5withRSA", "SHA256withRSA,none", "SHA256withRSA;",
    ],
)  # fmt: skip
def test_w1_another_algorithm_is_rejected(recipient: Recipient, algorithm: str) -> None:
    assert recipient.refuses(Letter().delivery(paypal_auth_algo=algorithm))
    assert recipient.downloads == []


@pytest.mark.parametrize("id_", ["a|b", "a" * 51, "a b", "a/b", "..", "a.b", "a\tb", "ä"])
def test_w1_what_is_no_transmission_id_is_rejected(recipient: Recipient, id_: str) -> None:
    letter = Letter(id=id_) if id_.isascii() else Letter()
    assert recipient.refuses(letter.delivery(paypal_transmission_id=id_))


@pytest.mark.parametrize("signature", ["AAA", "AAAAA", "A===", "====", "AA-_", "A" * 2000, "AAAA\nAAAA"])
def test_w1_what_is_no_base64_is_rejected(recipient: Recipient, signature: str) -> None:
    assert recipient.refuses(Letter().delivery(paypal_transmission_sig=signature))


# Bodies


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xff\xfe", b"no json", b"null", b"[]", b"1", b'"text"', b"{}", b"[" * 100_000,
        b'{"deep": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", b'{"a":' * 50_000, b"1" * 10_000,
        "{}".encode("utf-16"), b"\x00" * 1000, b"\xef\xbb\xbf" + event(), event() + event(),
        event().replace(b"Payment completed", b"\xc3\x28"), event(id=None), event(id=""), event(id=7),
        event(id="a\0b"), event(id="a b"), event(id="x" * 129), event(id="WH-1\n"), event(event_type=""),
        event(event_type="payment captured"), event(event_type=["PAYMENT"]), event(create_time=None),
        event(create_time="yesterday"), event(create_time="2026-11-22T11:59:58"), event(create_time=1),
        event(create_time="0001-01-01T00:00:00+14:00"), event().replace(b'"WH-', b'"\\ud800'),
        b" " * (1 << 20) + event(),
    ],
    ids=lambda body: ascii(body[:12]),
)  # fmt: skip
def test_w1_a_signed_body_of_nonsense_is_rejected(recipient: Recipient, body: bytes) -> None:
    assert recipient.refuses(Letter(body=body).delivery())


def test_s1_a_refusal_drags_no_body_along(recipient: Recipient) -> None:
    letter = Letter(body=event().replace(b"Payment completed", b"buyer@example.com \xff"))
    with pytest.raises(WebhookRejected) as rejection:
        recipient.takes(letter.delivery())
    assert rejection.value.__context__ is None


def test_w1_a_body_of_the_largest_size_that_is_let_in_is_read(recipient: Recipient) -> None:
    body = event(summary="x" * ((1 << 20) - len(event(summary=""))))
    assert len(body) == 1 << 20
    assert recipient.takes(Letter(body=body).delivery()).ref


# Configuration, and what may be known of all this


@pytest.mark.parametrize("ids", [(), ("",), ("a|b",), ("a b",), ("ä",), (WEBHOOK_ID, "")])
def test_a_verifier_without_proper_webhook_ids_is_not_made(ids: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="webhook id"):
        Recipient(webhook_ids=ids).verifier()


def test_w10_a_certificate_that_cannot_be_fetched_makes_paypal_come_again(recipient: Recipient) -> None:
    assert recipient.cannot_tell(Letter(url=URL + "9").delivery())
    assert recipient.questions == []


def test_s1_neither_signature_nor_body_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    letter = Letter(body=event(summary="buyer@example.com"))
    with caplog.at_level(logging.DEBUG):
        alone(opinion=True).takes(letter.delivery())
        alone(opinion=False).refuses(letter.delivery())
        Recipient().refuses(letter.delivery(signature=b"x" * 256))
    assert "refused: signature" in caplog.text
    assert "no known root" in caplog.text
    logged = caplog.text + repr(caplog.records)
    for secret in (base64.b64encode(letter.signature()).decode(), "eHh4eHh4", "buyer@", letter.id):
        assert secret not in logged

"""The contract of `WebhookVerifier`, for every provider (W1, W2).

A new provider joins with a sender: it makes genuine bodies, and signs any bytes as that provider would.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from printapic.application.ports.payments import Notification, RawDelivery, WebhookRejected
from tests.integration.contracts.webhook_senders import (
    NOON,
    PayPalSender,
    Sender,
    Signer,
    SimulatedSender,
    StripeSender,
)

MIB = 2**20
SECOND = timedelta(seconds=1)
SENDERS: dict[str, Callable[[], Sender]] = {
    "simulated": SimulatedSender,
    "stripe": StripeSender,
    "paypal": PayPalSender,
}


@pytest.fixture(params=SENDERS)
def sender(request: pytest.FixtureRequest) -> Sender:
    return SENDERS[request.param]()


def genuine_body(sender: Sender, *, padding: str = "") -> bytes:
    return sender.body(event_id="event-1", type_=sender.type, ref="page-1", padding=padding)


def receive(sender: Sender, body: bytes, headers: Mapping[str, str], *, at: datetime = NOON) -> Notification:
    return sender.verifier.verify(RawDelivery(body=body, headers=headers, received_at=at))


def refuses(sender: Sender, body: bytes, headers: Mapping[str, str], *, at: datetime = NOON) -> bool:
    with pytest.raises(WebhookRejected) as rejection:
        receive(sender, body, headers, at=at)
    return rejection.value.message == WebhookRejected().message and rejection.value.details == {}


def test_w1_a_genuine_delivery_says_what_to_look_at(sender: Sender) -> None:
    body = sender.body(event_id="event-7", type_=sender.type, ref="page-7")
    notification = receive(sender, body, sender.sign(body))
    assert notification.provider is sender.verifier.provider
    assert (notification.event_id, notification.type) == ("event-7", sender.type)
    assert (notification.ref, notification.livemode) == ("page-7", sender.livemode)
    assert notification.occurred_at == NOON
    assert notification.body_sha256 == hashlib.sha256(body).hexdigest()


def test_w1_unknown_types_and_unknown_fields_are_welcome(sender: Sender) -> None:
    body = sender.body(event_id="e", type_="moon.landed", ref="page", padding="new field")
    assert receive(sender, body, sender.sign(body)).type.lower() == "moon.landed"


@pytest.mark.parametrize("by", ["current", "previous", "both"])
def test_w2_during_a_change_of_secrets_either_is_accepted(sender: Sender, by: Signer) -> None:
    body = genuine_body(sender)
    assert receive(sender, body, sender.sign(body, by=by)).ref == "page-1"


def test_w1_a_strangers_signature_is_rejected(sender: Sender) -> None:
    body = genuine_body(sender)
    assert refuses(sender, body, sender.sign(body, by="stranger"))


def test_w1_a_tampered_body_is_rejected(sender: Sender) -> None:
    body = genuine_body(sender)
    assert refuses(sender, body.replace(b"page-1", b"page-2"), sender.sign(body))
    assert refuses(sender, body + b" ", sender.sign(body))
    assert refuses(sender, b"", sender.sign(body))


def test_w1_a_stale_or_future_delivery_is_rejected(sender: Sender) -> None:
    body = genuine_body(sender)
    for off in (sender.oldest + SECOND, -sender.ahead - SECOND, timedelta(days=400), timedelta(days=-400)):
        assert refuses(sender, body, sender.sign(body, at=NOON), at=NOON + off)


def test_w1_clocks_may_differ_by_some_minutes(sender: Sender) -> None:
    body = genuine_body(sender)
    for off in (sender.oldest - SECOND, -sender.ahead + SECOND):
        assert receive(sender, body, sender.sign(body), at=NOON + off).ref == "page-1"


def test_w1_a_delivery_without_a_signature_is_rejected(sender: Sender) -> None:
    assert refuses(sender, genuine_body(sender), {})
    assert refuses(sender, genuine_body(sender), {"content-type": "application/json"})


@pytest.mark.parametrize(
    "header",
    [
        "", ",", "=", "t=", "v1=", "t=,v1=", "t=1", "t=-1,v1=00", "t=1.5,v1=00", "t=1e3,v1=00",
        "t=\N{FULLWIDTH DIGIT ONE},v1=00", "t=0,v1=\N{SNOWMAN}", "t=0,v1=\udcff", "\x00", "é" * 100,
        "t=99999999999999999999,v1=00", "t=" + "9" * 5000 + ",v1=00", "t=0," + "v1=00," * 100_000,
    ],
    ids=lambda header: ascii(header[:24]),
)  # fmt: skip
def test_w1_a_header_of_nonsense_is_rejected(sender: Sender, header: str) -> None:
    body = genuine_body(sender)
    assert refuses(sender, body, {**sender.sign(body), sender.signature_header: header})


def test_w1_a_header_that_is_given_twice_is_rejected(sender: Sender) -> None:
    """It comes joined by a comma; in two of the schemes that makes two times."""
    body = genuine_body(sender)
    headers = sender.sign(body)
    header = headers[sender.signature_header]
    for twice in (f"{header},{header}", f"t=0,{header}", f"{header},t=0"):
        assert refuses(sender, body, {**headers, sender.signature_header: twice})


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xff\xfe", b'{"id": "\xff"}', b"no json", b"null", b"[]", b"1", b'"text"', b"{}",
        b"[" * 100_000, b'{"deep": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 50_000, b'{"id": 1e999}', b'{"id": "' + b"x" * MIB + b'"}', b"1" * 10_000,
        "{}".encode("utf-16"), b"\xef\xbb\xbf{}", b'{"id": "\\ud800"}', b"\x00" * 1000,
    ],
    ids=lambda body: ascii(body[:12]),
)  # fmt: skip
def test_w1_a_signed_body_of_nonsense_is_rejected(sender: Sender, body: bytes) -> None:
    assert refuses(sender, body, sender.sign(body))


def test_w1_a_body_with_foreign_bytes_anywhere_is_rejected(sender: Sender) -> None:
    body = genuine_body(sender, padding="PADDING").replace(b"PADDING", b"\xc3\x28")
    assert refuses(sender, body, sender.sign(body))


def test_w1_a_body_of_the_largest_size_that_is_let_in_is_read(sender: Sender) -> None:
    body = genuine_body(sender, padding="x" * (MIB - 1000))
    assert receive(sender, body, sender.sign(body)).ref == "page-1"


@settings(max_examples=1000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_w1_no_mutation_is_believed_or_breaks_anything(sender: Sender, data: st.DataObject) -> None:
    body = genuine_body(sender)
    headers = sender.sign(body)
    header = headers[sender.signature_header]
    mutated_body, mutated_header = body, header
    if data.draw(st.booleans(), label="mutate the body"):
        mutated_body = bytes(mutation(data, list(body), st.integers(0, 255)))
    if data.draw(st.booleans(), label="mutate the header"):
        mutated_header = "".join(mutation(data, list(header), st.characters()))
    try:
        notification = receive(sender, mutated_body, {**headers, sender.signature_header: mutated_header})
    except WebhookRejected:
        assert (mutated_body, mutated_header) != (body, header)
    else:
        assert mutated_body == body
        assert notification.body_sha256 == hashlib.sha256(body).hexdigest()


def mutation(data: st.DataObject, original: list, elements: st.SearchStrategy) -> list:
    """A piece cut out, anywhere, and another put in its place."""
    start = data.draw(st.integers(0, len(original)), label="from")
    length = data.draw(st.integers(0, 3), label="cut")
    return [*original[:start], *data.draw(st.lists(elements, max_size=3)), *original[start + length :]]

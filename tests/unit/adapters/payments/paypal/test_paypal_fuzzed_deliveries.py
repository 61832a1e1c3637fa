"""Deliveries broken at random: none is believed, and nothing but the two refusals ever comes out (W1)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import attrs
import pytest

from printapic.adapters.payments.paypal.webhooks import PayPalWebhookVerifier
from printapic.application.ports.payments import RawDelivery, VerificationUnavailable, WebhookRejected
from tests.unit.adapters.payments.paypal.authority import Letter
from tests.unit.adapters.payments.paypal.recipient import Recipient, alone

GENUINE = Letter().delivery()
SIGNED = [name for name in GENUINE.headers if name.startswith("paypal-")]
SCRAPS = [
    "",
    " ",
    ",",
    "|",
    "\0",
    "é",
    "☃",
    "\udcff",
    "\r\n",
    "=",
    "%2e",
    "@",
    "/",
    "-",
    "9" * 40,
    "x" * 2000,
]
Mutation = Callable[[random.Random, RawDelivery], RawDelivery]


def cut_body(dice: random.Random, delivery: RawDelivery) -> RawDelivery:
    start = dice.randrange(len(delivery.body))
    scrap = dice.randbytes(dice.randrange(4))
    return attrs.evolve(
        delivery, body=delivery.body[:start] + scrap + delivery.body[start + dice.randrange(4) :]
    )


def turn_bit(dice: random.Random, delivery: RawDelivery) -> RawDelivery:
    body = bytearray(delivery.body)
    body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
    return attrs.evolve(delivery, body=bytes(body))


def replace_body(dice: random.Random, delivery: RawDelivery) -> RawDelivery:
    return attrs.evolve(delivery, body=dice.randbytes(dice.randrange(2000)))


def cut_header(dice: random.Random, delivery: RawDelivery) -> RawDelivery:
    name = dice.choice(SIGNED)
    value = delivery.headers.get(name, "")
    start = dice.randrange(len(value) + 1)
    scrap = dice.choice([*SCRAPS, chr(dice.randrange(0x250))])
    changed = value[:start] + scrap + value[start + dice.randrange(4) :]
    return attrs.evolve(delivery, headers={**delivery.headers, name: changed})


def drop_header(dice: random.Random, delivery: RawDelivery) -> RawDelivery:
    dropped = dice.choice(SIGNED)
    return attrs.evolve(
        delivery, headers={name: value for name, value in delivery.headers.items() if name != dropped}
    )


def swap_headers(dice: random.Random, delivery: RawDelivery) -> RawDelivery:
    one, other = dice.sample(SIGNED, 2)
    headers = dict(delivery.headers)
    headers[one], headers[other] = headers.get(other, ""), headers.get(one, "")
    return attrs.evolve(delivery, headers=headers)


MUTATIONS: list[Mutation] = [cut_body, turn_bit, replace_body, cut_header, drop_header, swap_headers]


def broken(seed: int, count: int) -> Iterator[RawDelivery]:
    """One to three mutations of a genuine delivery, without those that happen to undo each other."""
    dice = random.Random(seed)
    while count:
        delivery = GENUINE
        for mutation in dice.choices(MUTATIONS, k=dice.randint(1, 3)):
            if delivery.body:
                delivery = mutation(dice, delivery)
        if delivery != GENUINE:
            count -= 1
            yield delivery


def believed(verifier: PayPalWebhookVerifier, deliveries: Iterator[RawDelivery]) -> list[RawDelivery]:
    taken = []
    for delivery in deliveries:
        try:
            verifier.verify(delivery)
        except (WebhookRejected, VerificationUnavailable):
            continue
        taken.append(delivery)
    return taken


def test_w1_of_a_thousand_broken_deliveries_none_is_believed() -> None:
    verifier = Recipient().verifier()
    assert verifier.verify(GENUINE).ref
    assert believed(verifier, broken(2026, 1_000)) == []


def test_w1_nor_is_paypal_asked_about_any_of_them() -> None:
    recipient = alone(opinion=True)
    assert believed(recipient.verifier(), broken(2027, 500)) == []
    assert recipient.questions == []


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(4))
def test_w1_of_ten_thousand_broken_deliveries_none_is_believed(seed: int) -> None:
    assert believed(Recipient().verifier(), broken(seed, 10_000)) == []

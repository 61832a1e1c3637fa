"""Journeys through `kill -9`, and the counting afterwards: no step lost, none doubled."""

from __future__ import annotations

import email
import email.policy
import os
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from printapic.application.ports.jobs import JobState
from printapic.domain.actors import Actor, Role
from printapic.domain.ids import OrderId, PaymentId
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.transaction import TransactionType
from printapic.entrypoints.container import Container
from printapic.entrypoints.embedded import open_container
from printapic.entrypoints.settings import Settings
from tests.integration.journeys.shop_process import Killer, ShopProcess
from tests.integration.journeys.shopper import TOKEN, Shopper, eventually
from tests.pictures import encoded, scene

LONGEST_LIFE_S = 3.0
"""About as long as a start and a journey take undisturbed, so that every step of it is hit."""
STATES = ["awaiting_payment", "confirmed", "confirmed", "in_production", "shipped", "delivered"]
MAILS = {"order-placed", "payment-received", "in-production", "shipped", "delivered"}
STAFF = Actor(None, frozenset({Role.ADMIN}))


def walk_through_kills(folder: Path, variables: dict[str, str], kills: int) -> int:
    """Walk journeys until the server was killed `kills` times, then count everything; how many journeys."""
    seed = int(os.environ.get("PRINTAPIC_TEST_SEED", random.randrange(1 << 32)))
    print(f"PRINTAPIC_TEST_SEED={seed}")
    shop = ShopProcess(folder, variables)
    shop.start()
    killer = Killer(shop, kills=kills, longest_life_s=LONGEST_LIFE_S, seed=seed)
    walked: list[Shopper] = []
    photo = encoded(scene(1800, 1200))
    try:
        with killer.at_work():
            while not killer.done:
                shopper = Shopper(shop)
                shopper.walk(photo)
                walked.append(shopper)
        for shopper in walked:
            eventually(partial(told_all, shopper), "all mails")
    finally:
        stopped = shop.stop()
    assert (killer.kills, stopped) == (kills, 0)
    for shopper in walked:
        check_journey(shop, shopper)
    told, invited = _mails(folder)
    assert told == Counter({shopper.email: len(MAILS) for shopper in walked}), told
    assert invited.keys() == told.keys()
    for shopper in walked:
        # Who asks for an account again is answered again: it may be that they lost the first mail.
        assert invited[shopper.email] <= shopper.wishes, (shopper, invited)
    return len(walked)


def told_all(shopper: Shopper) -> bool:
    answer = shopper.send("GET", "/v1/notifications", headers=shopper.headers, accept=(200,))
    return {told["kind"] for told in answer.json()["items"] if told["sent_at"]} >= MAILS


def check_journey(shop: ShopProcess, shopper: Shopper) -> None:
    """Count what came of one journey, in the shop's and in the provider's books. No job was given up."""
    with open_container(Settings.from_environment(shop.environment)) as container:
        _check(container, shopper)
        assert container.worker().list(JobState.DEAD) == ()


def _check(container: Container, shopper: Shopper) -> None:
    """One order, one charge, one print file and one parcel came of one journey."""
    shop, since = container.shop(), datetime.now(UTC) - timedelta(hours=1)
    order = shop.read_order(order_id=OrderId(UUID(shopper.order_id)), actor=STAFF)
    assert [entry.target.value for entry in order.history] == STATES
    assert len(shop.list_orders(actor=Actor(order.user_id, frozenset({Role.CUSTOMER})))) == 1
    assert len(shop.list_images(owner_id=order.user_id)) == 1
    assert len(order.shipments) == 1
    assert all(line.print_file is not None for line in order.lines)
    payment = shop.read_payment(payment_id=PaymentId(UUID(shopper.payment_id)), owner_id=order.user_id)
    types = (TransactionType.DUE, TransactionType.CAPTURE, TransactionType.FEE)
    assert tuple(row.type for row in payment.transactions) == types
    (capture,) = payment.log.captures()
    assert capture.amount == order.total
    charged = [
        movement
        for movement in container.gateways()[Provider.SIMULATED].movements(
            since=since, until=since + timedelta(hours=2)
        )
        if movement.ref == capture.ref
    ]
    assert [movement.amount for movement in charged] == [order.total]


def _mails(folder: Path) -> tuple[Counter[str], Counter[str]]:
    """How many different mails each customer got: about orders, and to confirm an address.

    The same mail again is the same file.
    """
    told, invited = Counter[str](), Counter[str]()
    for path in (folder / "mail").glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = mail.get_body(("plain",))
        if mail["To"].startswith("customer") and body is not None:
            kept = invited if TOKEN.search(body.get_content()) else told
            kept[str(mail["To"])] += 1
    return told, invited

"""Many senders of one request, at several server processes, again and again: each request happens once."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx

from printapic.domain.actors import Actor, Role
from printapic.entrypoints.embedded import open_container
from printapic.entrypoints.http.admission import Admission
from printapic.entrypoints.settings import Settings
from tests.integration.http.live_shop import LiveShop, Person
from tests.integration.journeys.shop_process import ShopProcess
from tests.servers.loopback import loopback_client

SENDERS = 50
ROUNDS_EACH = 5
"""One customer's rounds, so that no limit on what a customer may send comes in between."""
_PATIENCE_S = 60
_COME_AGAIN = (409, 429, 503)


@attrs.frozen
class Race:
    """What came of the rounds: how many there were, and how many answers said that it is in flight."""

    rounds: int
    waits: int


def race(folder: Path, variables: dict[str, str], *, processes: int, rounds: int) -> Race:
    """Place one order a round, sent by 50 at the same time to all processes; raises where it is two."""
    with _servers(folder, variables, processes) as shops:
        waits = 0
        for first in range(0, rounds, ROUNDS_EACH):
            many = min(ROUNDS_EACH, rounds - first)
            customer = shops[0].person()
            body = shops[0].order_request(shops[0].upload(customer)["id"])
            orders = set()
            for _ in range(many):
                order_id, waited = _round(shops, customer, body)
                orders.add(order_id)
                waits += waited
            actor = Actor(customer.id, frozenset({Role.CUSTOMER}))
            placed = shops[0].shop.list_orders(actor=actor)
            assert {str(order.id) for order in placed} == orders
            assert len(placed) == many
        return Race(rounds, waits)


def _round(shops: list[LiveShop], customer: Person, body: dict[str, Any]) -> tuple[str, int]:
    """The id of the order that all senders were answered with, and how often they had to come again."""
    key, gate = secrets.token_hex(16), threading.Barrier(SENDERS)
    with ThreadPoolExecutor(SENDERS) as pool:
        turns = [shops[number % len(shops)] for number in range(SENDERS)]
        sent = [pool.submit(_insist, shop, customer, body, key, gate) for shop in turns]
        answers = [each.result() for each in sent]
    odd = [answer.text for answer, _ in answers if answer.status_code != 201]
    assert not odd, odd
    whole = {(answer.status_code, answer.content, answer.headers["location"]) for answer, _ in answers}
    assert len(whole) == 1, whole
    first = [answer for answer, _ in answers if "idempotency-replayed" not in answer.headers]
    assert [answer.status_code for answer in first] == [201]
    return str(first[0].json()["id"]), sum(waits for _, waits in answers)


def _insist(
    shop: LiveShop, customer: Person, body: dict[str, Any], key: str, gate: threading.Barrier
) -> tuple[httpx.Response, int]:
    gate.wait()
    deadline, waits = time.monotonic() + _PATIENCE_S, 0
    while (answer := shop.place(customer, body, key)).status_code in _COME_AGAIN:
        assert int(answer.headers["retry-after"]) >= 1
        assert time.monotonic() < deadline, answer.text
        waits += answer.status_code == 409
        time.sleep(0.2)
    return answer, waits


@contextmanager
def _servers(folder: Path, variables: dict[str, str], processes: int) -> Iterator[list[LiveShop]]:
    """Server processes of one shop, and this process's own view of it."""
    with ExitStack() as running:
        started = [ShopProcess(folder, variables) for _ in range(processes)]
        for process in started:
            process.environment["PRINTAPIC_PUBLIC_URL"] = started[0].url  # one issuer of tokens
            process.start()
            running.callback(process.stop)
        settings = Settings.from_environment(started[0].environment)
        container = running.enter_context(open_container(settings))
        limits = httpx.Limits(max_connections=SENDERS, max_keepalive_connections=SENDERS)
        yield [
            LiveShop(
                process.url,
                container,
                folder,
                running.enter_context(loopback_client(process.url, limits=limits)),
                Admission(logins=1),  # nobody's: those of the servers are out of sight
            )
            for process in started
        ]

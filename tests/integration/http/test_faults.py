"""A shop whose network to the database fails: everybody is answered, and nothing stays stuck."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import attrs
import httpx
import pytest

from printapic.entrypoints.http.admission import THREADS
from printapic.entrypoints.settings import PostgresStorage, Secret
from tests.integration.http.live_shop import LiveShop, Person, live_shop, wait_until
from tests.servers.fault_proxy import Fault, FaultProxy, fault_proxy
from tests.servers.postgres import PostgresServer

ANSWERED = {"deadline-exceeded", "overloaded", "storage-unavailable"}
PATIENCE_S = 15
"""Of a client: what the network swallows would never be answered."""


@attrs.frozen
class FarShop:
    """A shop, the network between it and its database, and people who are logged in."""

    shop: LiveShop
    network: FaultProxy
    people: tuple[Person, ...]

    def read(self, who: Person) -> httpx.Response:
        return self.shop.call("GET", "/v1/users/me", who, timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> Iterator[FarShop]:
    with postgres_server.database() as url:
        server = urlsplit(url)
        with fault_proxy(str(server.hostname), server.port or 0) as network:
            there = url.replace(f":{server.port}/", f":{network.port}/")
            storage = PostgresStorage(url=Secret(there))
            with live_shop(tmp_path_factory.mktemp("far"), storage=storage) as shop:
                yield FarShop(shop, network, tuple(shop.person() for _ in range(6)))


@pytest.fixture(autouse=True)
def all_is_well_in_the_end(far: FarShop) -> Iterator[None]:
    """Whatever failed: when it works again, so does the shop, soon and wholly."""
    assert far.read(far.people[0]).status_code == 200
    yield
    far.network.delay_s = 0
    far.network.fail(Fault.NONE)
    wait_until(lambda: far.shop.admission.working == 0)
    wait_until(lambda: everybody_is_answered(far), seconds=5)


def everybody_is_answered(far: FarShop) -> bool:
    """Many at once: each connection that was cut has to be noticed, and the first to meet it may hear 503."""
    with ThreadPoolExecutor(THREADS) as clients:
        answers = list(clients.map(far.read, far.people * 4))
    return {answer.status_code for answer in answers} == {200}


def storm(ask: Callable[[Person], httpx.Response], people: tuple[Person, ...]) -> list[str]:
    """More requests at once than there are places, and the codes of their refusals."""
    with ThreadPoolExecutor(2 * THREADS) as clients:
        answers = list(clients.map(ask, people * (2 * THREADS // len(people))))
    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
    return [answer.json()["code"] for answer in answers]


def test_a_network_that_swallows_everything_holds_nobody(far: FarShop) -> None:
    """The server acknowledges and says nothing: no timeout of the database's own ends that."""
    far.network.fail(Fault.SWALLOWING)
    codes = storm(far.read, far.people)
    assert set(codes) <= ANSWERED
    assert "deadline-exceeded" in codes
    wait_until(lambda: far.shop.admission.working == 0)


def test_a_slow_network_makes_nobody_wait_for_longer_than_the_deadline(far: FarShop) -> None:
    far.network.delay_s = 4
    assert set(storm(far.read, far.people)) <= ANSWERED


@pytest.mark.parametrize("fault", [Fault.RESETTING, Fault.REFUSING])
def test_a_database_that_is_not_to_be_had_is_said_so(far: FarShop, fault: Fault) -> None:
    far.network.fail(fault)
    assert set(storm(far.read, far.people)) <= ANSWERED


def test_a_write_that_the_network_swallowed_can_be_sent_again(far: FarShop) -> None:
    """Under its key, once the network is back, with one effect."""
    who = far.people[0]
    body = far.shop.order_request(far.shop.upload(who)["id"])
    key = {"Idempotency-Key": "a-key-of-twenty-characters"}

    def place() -> httpx.Response:
        return far.shop.call("POST", "/v1/orders", who, json=body, headers=key, timeout=PATIENCE_S)

    far.network.fail(Fault.SWALLOWING)
    assert place().status_code == 503
    far.network.fail(Fault.NONE)
    wait_until(lambda: place().status_code == 201, seconds=40)
    assert len(far.shop.call("GET", "/v1/orders", who).json()["items"]) == 1


def test_clients_that_hang_up_in_the_middle_leave_no_connection_behind(far: FarShop) -> None:
    far.network.delay_s = 0.2
    for _ in range(20):
        with pytest.raises(httpx.TimeoutException), httpx.Client(base_url=far.shop.url) as client:
            client.get("/v1/users/me", headers=far.people[1].headers, timeout=0.05)
    wait_until(lambda: far.shop.admission.working == 0)
    engine = far.shop.container.engine()
    assert engine is not None
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]

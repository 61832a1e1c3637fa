"""A shop that is asked for more than it can do: what goes on, who waits, and who is refused."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
from structlog.testing import LogCapture

from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.admission import THREADS
from printapic.entrypoints.http.crowds import MOST_AT_A_TIME
from tests.integration.http.gates import GATE, ROUTES, held
from tests.integration.http.live_shop import PASSWORD, LiveShop, Person, live_shop, picture, wait_until
from tests.integration.http.problems import problem

OPTIONAL = THREADS * 4 // 5


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveShop]:
    with live_shop(tmp_path_factory.mktemp("full"), more_routes=ROUTES) as running:
        yield running


@pytest.fixture(autouse=True)
def nobody_is_left(shop: LiveShop) -> Iterator[None]:
    """Whatever happened, all places are free again after it."""
    yield
    GATE.open()
    wait_until(lambda: (shop.admission.working, shop.admission.waiting, GATE.inside) == (0, 0, 0))


def connected(shop: LiveShop) -> socket.socket:
    address = urlsplit(shop.url)
    return socket.create_connection((str(address.hostname), address.port or 0), timeout=20)


def head(path: str, length: int) -> bytes:
    lines = (f"POST {path} HTTP/1.1", "Host: shop", "Connection: close", f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def everything(connection: socket.socket) -> bytes:
    received = b""
    while piece := connection.recv(65_536):
        received += piece
    return received


def test_a_full_shop_still_takes_orders_and_says_that_it_lives(shop: LiveShop, anna: Person) -> None:
    body = shop.order_request(shop.upload(anna)["id"])
    with held(shop, *["/gate/standard"] * OPTIONAL) as answers:
        refused = shop.client.get("/v1/products")
        assert 1 <= int(refused.headers["retry-after"]) <= 5
        problem(refused, 503, "overloaded")
        assert shop.client.get("/health/live").status_code == 200
        assert shop.place(anna, body).status_code == 201
    assert [answer.result().status_code for answer in answers] == [200] * OPTIONAL
    assert shop.client.get("/v1/products").status_code == 200


def test_who_waits_a_moment_is_served(shop: LiveShop) -> None:
    with ThreadPoolExecutor(1) as client, held(shop, *["/gate/standard"] * OPTIONAL):
        waiting = client.submit(shop.client.get, "/v1/products")
        wait_until(lambda: shop.admission.waiting == 1)
        GATE.open()
        assert waiting.result().status_code == 200


def test_heavy_requests_fill_a_quarter_and_leave_the_rest(shop: LiveShop) -> None:
    with held(shop, *["/gate/heavy"] * (THREADS // 4)):
        problem(shop.client.get("/gate/heavy"), 503, "overloaded")
        assert shop.client.get("/v1/products").status_code == 200


def test_logins_beyond_the_hash_pool_are_refused_and_nothing_else_is(shop: LiveShop, anna: Person) -> None:
    login = {"email": anna.email, "password": PASSWORD}
    with held(shop, *["/gate/login"] * shop.container.hasher().capacity):
        problem(shop.client.post("/v1/sessions", json=login), 503, "overloaded")
        proof = {"token": "from a mail", "password": PASSWORD}
        problem(shop.client.post("/v1/users/verify", json=proof), 503, "overloaded")
        registration = {"email": "new@example.com", "password": PASSWORD}
        assert shop.client.post("/v1/users", json=registration).status_code == 202
        assert shop.call("GET", "/v1/users/me", anna).status_code == 200
    assert shop.client.post("/v1/sessions", json=login).status_code == 201


def test_a_refusal_does_not_wait_for_the_body(shop: LiveShop) -> None:
    with held(shop, *["/gate/standard"] * OPTIONAL), connected(shop) as connection:
        connection.sendall(head("/v1/quotes", 40_000))
        assert everything(connection).startswith(b"HTTP/1.1 503 ")


def test_bodies_that_take_their_time_take_no_place(shop: LiveShop) -> None:
    with ExitStack() as stack:
        slow: list[socket.socket] = []
        while len(slow) < 2 * THREADS:  # no more at once than find a place
            for _ in range(OPTIONAL):
                slow.append(stack.enter_context(connected(shop)))
                slow[-1].sendall(head("/gate/echo", 10) + b"12345")
            wait_until(lambda: shop.admission.arriving == len(slow))
        assert shop.admission.working == 0
        assert shop.client.get("/v1/products").status_code == 200
        with held(shop, *["/gate/standard"] * OPTIONAL):
            for connection in slow:
                connection.sendall(b"67890")
            wait_until(lambda: shop.admission.waiting == len(slow))
        for connection in slow:
            answer = everything(connection)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert answer.endswith(b"10")


def test_who_leaves_in_the_middle_of_a_body_leaves_nothing_behind(shop: LiveShop) -> None:
    for _ in range(20):
        with connected(shop) as connection:
            connection.sendall(head("/gate/echo", 10) + b"12345")


def test_readers_that_take_their_time_take_no_place(shop: LiveShop, anna: Person) -> None:
    image = shop.upload(anna, content := picture(width_px=5000, height_px=4000))
    assert len(content) > 1_000_000, "smaller than what the system buffers"
    request = f"GET /v1/images/{image['id']}/original HTTP/1.1\r\nHost: shop\r\n"
    request += f"Authorization: {anna.headers['Authorization']}\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(MOST_AT_A_TIME):
            reader = stack.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            address = urlsplit(shop.url)
            reader.connect((str(address.hostname), address.port or 0))
            reader.sendall(request.encode())
            assert reader.recv(12) == b"HTTP/1.1 200"
        wait_until(lambda: shop.admission.working == 0)
        assert shop.client.get("/v1/products").status_code == 200


def test_clients_that_hang_up_free_their_places_when_the_handlers_are_done(shop: LiveShop) -> None:
    GATE.close()
    for _ in range(OPTIONAL):
        with connected(shop) as connection:
            connection.sendall(b"GET /gate/standard HTTP/1.1\r\nHost: shop\r\n\r\n")
    wait_until(lambda: GATE.inside == OPTIONAL)
    problem(shop.client.get("/v1/products"), 503, "overloaded")
    GATE.open()
    wait_until(lambda: shop.client.get("/v1/products").status_code == 200)


def test_one_account_may_have_eight_requests_at_work(
    shop: LiveShop, anna: Person, bert: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("printapic.entrypoints.http.crowds.PATIENCE_S", 0.05)
    with held(shop, *["/gate/mine"] * MOST_AT_A_TIME, who=anna):
        problem(shop.call("GET", "/v1/users/me", anna), 429, "too-many-at-once")
        assert shop.call("GET", "/v1/users/me", bert).status_code == 200
        assert shop.client.get("/v1/products").status_code == 200
    assert shop.call("GET", "/v1/users/me", anna).status_code == 200


def test_a_machine_does_not_wait_behind_the_person_who_answers_for_it(
    shop: LiveShop, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("printapic.entrypoints.http.crowds.PATIENCE_S", 0.05)
    scopes = frozenset({Permission.IMAGE_OWN})
    _, key = shop.shop.issue_api_key(owner_id=anna.id, name="gallery", scopes=scopes)
    with held(shop, *["/gate/mine"] * MOST_AT_A_TIME, who=anna):
        problem(shop.call("GET", "/v1/images", anna), 429, "too-many-at-once")
        assert shop.client.get("/v1/images", headers={"X-API-Key": key}).status_code == 200


def test_the_ninth_waits_a_while_and_takes_no_place_meanwhile(shop: LiveShop, anna: Person) -> None:
    with ThreadPoolExecutor(20) as clients, held(shop, *["/gate/mine"] * MOST_AT_A_TIME, who=anna):
        waiting = [clients.submit(shop.call, "GET", "/v1/users/me", anna) for _ in range(20)]
        wait_until(lambda: shop.admission.working == MOST_AT_A_TIME)
        GATE.open()
        assert [answer.result().status_code for answer in waiting] == [200] * 20


def test_who_asks_far_too_much_at_once_is_told_so_at_once(
    shop: LiveShop, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("printapic.entrypoints.http.crowds.MOST_WAITING", 0)
    with held(shop, *["/gate/mine"] * MOST_AT_A_TIME, who=anna):
        problem(shop.call("GET", "/v1/users/me", anna), 429, "too-many-at-once")


def test_a_handler_that_takes_too_long_is_not_waited_for(shop: LiveShop) -> None:
    """It keeps its place until it is done, for its thread is busy as long."""
    with held(shop, *["/gate/short"] * 3) as answers:
        for answer in answers:
            problem(answer.result(), 503, "deadline-exceeded")
        assert (shop.admission.working, GATE.inside) == (3, 3)
        assert shop.client.get("/v1/products").status_code == 200


@pytest.mark.parametrize(("kind", "bugs"), [("interrupted", 0), ("broken", 1)])
def test_a_handler_that_fails_late_does_not_cost_the_next_request_its_connection(
    shop: LiveShop, log: LogCapture, kind: str, bugs: int
) -> None:
    GATE.close()
    with connected(shop) as connection:
        connection.sendall(f"GET /gate/broken/{kind} HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 503 ")
        GATE.open()
        wait_until(lambda: shop.admission.working == 0)
        wait_until(lambda: len(bugs_in(log)) == bugs)
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n")
        assert b"HTTP/1.1 200 " in everything(connection)
    log.entries.clear()


def bugs_in(log: LogCapture) -> list[Any]:
    return [entry for entry in log.entries if entry["event"] == "request failed"]

"""Limits of routes, seen from outside: who is counted, what they are told, and what does not help them."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from litestar import get
from litestar.types import ControllerRouterHandler
from sqlalchemy import event

from printapic.adapters.throttle.circuit import Circuit
from printapic.adapters.throttle.memory import MemoryThrottle
from printapic.adapters.throttle.redis import RedisThrottle, redis_client
from printapic.application.ports.throttle import Limit, TooManyRequests
from printapic.domain.actors import Caller
from printapic.domain.ids import ApiKeyId
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.limits import Per, RouteLimit
from printapic.entrypoints.http.policies import allow, public
from printapic.entrypoints.settings import LocalThrottling, RedisThrottling, Secret
from tests.integration.http.live_shop import PASSWORD, LiveShop, live_shop
from tests.integration.http.problems import problem
from tests.servers.valkey import ValkeyProcess

LOOPBACK = frozenset({ip_network("127.0.0.0/8")})
FEW = RouteLimit(Per.PRINCIPAL, Limit(name="few", count=2, period_s=60))
OWN = Limit(name="own", count=1, period_s=30)
LIMITED = {"ratelimit", "ratelimit-policy"}


@get("/few", opt=allow(Permission.ACCOUNT_SELF, limits=(FEW,)), sync_to_thread=False)
def few() -> str:
    return "one of few"


@get("/staff-only", opt=allow(Permission.USER_READ), sync_to_thread=False)
def staff_only() -> str:
    return "for staff"


@get("/who-am-i", opt=public(), sync_to_thread=False)
def who_am_i(caller: Given[Caller]) -> dict[str, str | None]:
    return {"address": caller.address, "device": caller.device, "request_id": caller.request_id}


@get("/refusing", opt=public(limits=(RouteLimit(Per.ADDRESS, FEW.limit),)), sync_to_thread=False)
def refusing() -> str:
    throttle = MemoryThrottle(lambda: 0.0)
    throttle.take("somebody", OWN)
    raise TooManyRequests(throttle.take("somebody", OWN))


ROUTES: Sequence[ControllerRouterHandler] = (few, staff_only, who_am_i, refusing)


class Time:
    """Stands still within a test."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def module_time() -> Time:
    return Time()


@pytest.fixture
def time(module_time: Time) -> Time:
    """An hour after the last test: nobody is held back any more for what they did in it."""
    module_time.now += 3600
    return module_time


@pytest.fixture(scope="module")
def module_open_shop(module_time: Time, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveShop]:
    with counting_shop(tmp_path_factory.mktemp("open"), module_time) as running:
        yield running


@pytest.fixture(scope="module")
def module_proxied_shop(module_time: Time, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveShop]:
    with counting_shop(tmp_path_factory.mktemp("proxied"), module_time, trusted_proxies=LOOPBACK) as running:
        yield running


@pytest.fixture
def open_shop(module_open_shop: LiveShop, time: Time) -> LiveShop:
    """Counts, and believes no proxy."""
    return module_open_shop


@pytest.fixture
def proxied_shop(module_proxied_shop: LiveShop, time: Time) -> LiveShop:
    """The same behind a proxy on this machine."""
    return module_proxied_shop


def counting_shop(folder: Path, time: Time, **changes: Any) -> AbstractContextManager[LiveShop]:
    throttle = MemoryThrottle(time)
    return live_shop(folder, more_routes=ROUTES, throttling=LocalThrottling(), throttle=throttle, **changes)


def log_in(shop: LiveShop, email: str, **headers: str) -> httpx.Response:
    body = {"email": email, "password": "not the password at all"}
    return shop.client.post("/v1/sessions", json=body, headers=_named(headers))


def knock(shop: LiveShop, **headers: str) -> httpx.Response:
    """Call at the login with a body that no use case is asked about: it is counted all the same."""
    return shop.client.post("/v1/sessions", content=b"?", headers=_named(headers))


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def left(answer: httpx.Response) -> tuple[str, int]:
    """The name of the one limit that an answer tells of, and what is left of it."""
    name, _, parameters = answer.headers["ratelimit"].partition(";")
    return name.strip('"'), int(parameters.partition(";")[0].removeprefix("r="))


def test_answers_tell_the_limit_and_what_is_left_of_it(open_shop: LiveShop) -> None:
    anna = open_shop.person()
    right = open_shop.client.post("/v1/sessions", json={"email": anna.email, "password": PASSWORD})
    wrong = log_in(open_shop, "nobody@example.com")
    malformed = knock(open_shop)
    assert [answer.status_code for answer in (right, wrong, malformed)] == [201, 401, 415]
    for answer, taken in ((right, 2), (wrong, 3), (malformed, 4)):
        assert answer.headers["ratelimit-policy"] == '"login";q=30;w=60'
        assert answer.headers["ratelimit"] == f'"login";r={30 - taken};t={2 * taken}'


def test_the_thirty_first_login_in_a_minute_waits(open_shop: LiveShop) -> None:
    answers = [knock(open_shop) for _ in range(32)]
    assert [answer.status_code for answer in answers] == [415] * 30 + [429] * 2
    refused = answers[-1]
    assert problem(refused, 429, "too-many-requests")["details"] == {"limit": "login"}
    assert refused.headers["retry-after"] == "2"
    assert refused.headers["ratelimit"] == '"login";r=0;t=2'
    assert refused.headers["ratelimit-policy"] == '"login";q=30;w=60'


def test_other_addresses_in_a_header_gain_nothing(open_shop: LiveShop) -> None:
    answers = [
        knock(open_shop, X_Forwarded_For=f"198.51.100.{number}", Forwarded=f"for=198.51.100.{number}")
        for number in range(31)
    ]
    assert [answer.status_code for answer in answers] == [415] * 30 + [429]


def test_behind_our_proxy_each_client_has_a_limit_of_its_own(proxied_shop: LiveShop) -> None:
    for number in range(3):
        assert left(knock(proxied_shop, X_Forwarded_For=f"198.51.100.{number}")) == ("login", 29)
    for claimed in ("198.51.100.9, ", "10.0.0.1, 198.51.100.8, ", "garbage, "):
        knock(proxied_shop, X_Forwarded_For=f"{claimed}198.51.100.1")
    assert left(knock(proxied_shop, X_Forwarded_For="198.51.100.1")) == ("login", 25)


def test_a_client_with_a_whole_ipv6_network_has_one_limit(proxied_shop: LiveShop) -> None:
    remaining = [left(knock(proxied_shop, X_Forwarded_For=f"2001:db8::{n:x}"))[1] for n in range(4)]
    assert remaining == [29, 28, 27, 26]
    assert left(knock(proxied_shop, X_Forwarded_For="2001:db8:0:1::1"))[1] == 29


@pytest.mark.parametrize(
    "forwarded", ["", ",,,", "unknown", "\xff\xfe", "1.2.3.4.5", "a" * 5000, "[", "::::"]
)
def test_a_broken_header_breaks_nothing(proxied_shop: LiveShop, forwarded: str) -> None:
    answer = proxied_shop.client.get("/who-am-i", headers=[(b"x-forwarded-for", forwarded.encode("latin-1"))])
    assert (answer.status_code, answer.json()["address"]) == (200, "127.0.0.1")


def test_known_and_unknown_accounts_are_told_the_same(proxied_shop: LiveShop) -> None:
    known = proxied_shop.person().email
    told = []
    for email, network in ((known, "198.51.100"), ("nobody@example.com", "203.0.113")):
        answers = [log_in(proxied_shop, email, X_Forwarded_For=f"{network}.1") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [401] * 3
        told.append([{**answer.headers, "date": "", "x-request-id": ""} for answer in answers])
    assert told[0] == told[1]


def test_a_used_up_limit_refuses_before_the_body_has_come(open_shop: LiveShop) -> None:
    for _ in range(30):
        knock(open_shop)
    place = urlsplit(open_shop.url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        head = f"POST /v1/sessions HTTP/1.1\r\nhost: {place.netloc}\r\ncontent-type: application/json\r\n"
        connection.sendall(f"{head}content-length: 60000\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 429 ")


def test_an_account_has_one_limit_wherever_it_calls_from(proxied_shop: LiveShop) -> None:
    anna, bert = proxied_shop.person(), proxied_shop.person()

    def call(headers: dict[str, str], address: str) -> httpx.Response:
        return proxied_shop.client.get("/few", headers=headers | {"X-Forwarded-For": address})

    first, second, third = (call(anna.headers, f"198.51.100.{number}") for number in range(3))
    assert [answer.status_code for answer in (first, second, third)] == [200, 200, 429]
    assert (left(first), left(second)) == (("few", 1), ("few", 0))
    again = proxied_shop.log_in(anna.email)
    assert call(again, "198.51.100.9").status_code == 429, "a new session is no new account"
    assert call(bert.headers, "198.51.100.0").status_code == 200


def test_everything_that_needs_an_account_is_limited_and_says_so(open_shop: LiveShop) -> None:
    anna = open_shop.person()
    for path, status in (("/v1/users/me", 200), ("/staff-only", 403), (f"/v1/orders/{anna.id}", 404)):
        answer = open_shop.call("GET", path, anna)
        assert (answer.status_code, answer.headers["ratelimit-policy"]) == (status, '"api";q=600;w=60')
    assert left(open_shop.call("GET", "/v1/users/me", anna)) == ("api", 596)


def test_worthless_tokens_are_counted_by_address(open_shop: LiveShop) -> None:
    worthless = {"Authorization": "Bearer x.y.z"}
    for headers in ({}, worthless):
        answer = open_shop.client.get("/few", headers=headers)
        problem(answer, 401, "unauthenticated")
        assert set(answer.headers) >= LIMITED
    problem(open_shop.client.get("/few", headers=worthless), 429, "too-many-requests")
    assert open_shop.call("GET", "/few", open_shop.person()).status_code == 200, (
        "accounts do not suffer for it"
    )


def test_a_flood_of_made_up_keys_asks_the_database_no_more_than_the_limit_allows(open_shop: LiveShop) -> None:
    mint, engine = open_shop.container.key_mint(), open_shop.container.engine()
    asked: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        for attempt in range(20):
            key = mint.mint(ApiKeyId(open_shop.container.identifiers().uuid()))
            answer = open_shop.client.get("/few", headers={"X-API-Key": key})
            assert answer.status_code == (401 if attempt < FEW.limit.count else 429)
            assert left(answer) == ("few", max(0, FEW.limit.count - 1 - attempt))
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len([statement for statement in asked if "api_keys" in statement]) == FEW.limit.count


def test_what_a_use_case_refuses_is_told_as_well(open_shop: LiveShop) -> None:
    answer = open_shop.client.get("/refusing")
    assert problem(answer, 429, "too-many-requests")["details"] == {"limit": "own"}
    assert answer.headers["retry-after"] == "30"
    assert answer.headers["ratelimit-policy"] == '"few";q=2;w=60, "own";q=1;w=30'
    assert answer.headers["ratelimit"] == '"few";r=1;t=30, "own";r=0;t=30'


def test_head_counts_like_get(open_shop: LiveShop) -> None:
    assert left(open_shop.client.head("/v1/products")) == ("public", 119)
    assert left(open_shop.client.get("/v1/products")) == ("public", 118)


def test_what_is_not_limited_tells_nothing(open_shop: LiveShop, shop: LiveShop) -> None:
    for answer in (
        open_shop.client.get("/health/live"),
        open_shop.client.get("/nowhere"),
        open_shop.client.options("/v1/sessions"),
        shop.client.get("/v1/products"),
        shop.client.get("/v1/users/me"),
    ):
        assert not LIMITED & set(answer.headers)


def test_a_caller_is_told_by_address_device_and_request(proxied_shop: LiveShop) -> None:
    headers = {
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
        "X-Forwarded-For": "2001:DB8::0:1",
        "X-Request-ID": "0af7651916cd43dd8448eb211c80319c",
    }
    answer = proxied_shop.client.get("/who-am-i", headers=headers)
    assert answer.json() == {
        "address": "2001:db8::1",
        "device": "Firefox on Linux",
        "request_id": "0af7651916cd43dd8448eb211c80319c",
    }
    assert answer.headers["x-request-id"] == headers["X-Request-ID"]


def test_a_stranger_names_neither_address_nor_request(open_shop: LiveShop) -> None:
    headers = {"X-Forwarded-For": "198.51.100.1", "X-Request-ID": "0af7651916cd43dd8448eb211c80319c"}
    answer = open_shop.client.get("/who-am-i", headers=headers)
    assert answer.json()["address"] == "127.0.0.1"
    assert answer.json()["request_id"] == answer.headers["x-request-id"] != headers["X-Request-ID"]


def test_two_servers_with_one_redis_have_one_limit(redis_url: str, tmp_path: Path) -> None:
    chosen = RedisThrottling(url=Secret(redis_url))
    keys = tmp_path / "keys.json"
    prefix = f"test-{secrets.token_hex(8)}"
    with redis_client(redis_url, patience_s=10) as client:
        throttle = RedisThrottle(client, MemoryThrottle(processes=100), prefix=prefix)
        with (
            live_shop(tmp_path / "one", throttling=chosen, throttle=throttle, keys_file=keys) as one,
            live_shop(tmp_path / "two", throttling=chosen, throttle=throttle, keys_file=keys) as two,
        ):
            counters = []
            for shop in (one, two, one, two):
                assert knock(shop).status_code == 415
                [name] = client.keys(f"{prefix}:*")
                counters.append((bytes(name).decode(), int(client.get(name) or 0)))
        [counter] = {name for name, _ in counters}
        assert counter.startswith(f"{prefix}:login:")
        assert "127.0.0.1" not in counter
        full_at = [moment for _, moment in counters]
        assert full_at == sorted(set(full_at)), "the second server goes on where the first one was"
        assert 0 < client.ttl(counter) <= 60


def test_without_its_redis_a_shop_goes_on_with_stricter_limits(
    own_valkey: ValkeyProcess, tmp_path: Path
) -> None:
    url = own_valkey.server.url
    with redis_client(url, patience_s=10) as client:
        throttle = RedisThrottle(
            client, MemoryThrottle(lambda: 0.0, processes=10), circuit=Circuit(rest_s=0.0)
        )
        chosen = RedisThrottling(url=Secret(url))
        with live_shop(tmp_path, throttling=chosen, throttle=throttle) as shop:
            assert knock(shop).headers["ratelimit-policy"] == '"login";q=30;w=60'
            own_valkey.kill()
            answers = [knock(shop) for _ in range(4)]
            assert [answer.status_code for answer in answers] == [415] * 3 + [429]
            assert answers[0].headers["ratelimit-policy"] == '"login";q=3;w=60'
            assert shop.client.get("/v1/products").status_code == 200
            own_valkey.start()
            assert knock(shop).headers["ratelimit"].startswith('"login";r=29;')

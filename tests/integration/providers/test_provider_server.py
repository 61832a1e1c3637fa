"""The machinery under both simulated providers: books, faults on the wire, the door, notifications."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.providers import faults, notifications
from tests.providers.books import Entry, ProviderBooks
from tests.providers.counter import Call, WebhookPlan, WireFault
from tests.providers.notifications import Parcel, Postman
from tests.providers.routes import Reply, Request, Routes
from tests.providers.server import ProviderServer, close_door
from tests.servers.loopback import loopback_client

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Till:
    """A provider that counts money: POST /coins puts one in."""

    def __init__(self, books: ProviderBooks) -> None:
        self.books = books

    def call_of(self, request: Request) -> Call | None:
        return Call.CAPTURE if request.method == "POST" else None

    def answer(self, request: Request, fault: WireFault | None) -> Reply:
        if fault:
            return Reply.of_json(503, {"fault": fault})
        if request.path == "/broken":
            raise LookupError(request.path)
        with self.books.entry() as entry:
            if request.method == "POST":
                entry.put("coin", {"id": f"coin_{len(entry.find('coin'))}", "says": request.body.decode()})
            return Reply.of_json(200, {"coins": len(entry.find("coin"))})


@pytest.fixture
def books(tmp_path: Path) -> Iterator[ProviderBooks]:
    books = ProviderBooks(tmp_path / "books.sqlite")
    yield books
    books.close()


@pytest.fixture
def server(books: ProviderBooks) -> Iterator[ProviderServer]:
    server = ProviderServer(Till(books))
    yield server
    server.close()


@pytest.fixture
def client(server: ProviderServer) -> Iterator[httpx.Client]:
    with loopback_client(server.url) as client:
        yield client


def coins(books: ProviderBooks) -> int:
    with books.entry() as entry:
        return len(entry.find("coin"))


def plan(books: ProviderBooks, nth: int, fault: WireFault) -> None:
    with books.entry() as entry:
        faults.plan(entry, Call.CAPTURE, nth, fault)


def test_a_connection_is_kept_and_carries_many_requests(client: httpx.Client, books: ProviderBooks) -> None:
    for number in range(1, 4):
        answer = client.post("/coins", content=b"one")
        assert (answer.json(), answer.http_version) == ({"coins": number}, "HTTP/1.1")
    assert client.get("/coins").json() == {"coins": 3}


@pytest.mark.parametrize(("fault", "inside"), [(WireFault.DROP_BEFORE, 0), (WireFault.DROP_AFTER, 1)])
def test_a_dropped_reply_leaves_nothing_or_the_effect(
    client: httpx.Client, books: ProviderBooks, fault: WireFault, inside: int
) -> None:
    plan(books, 1, fault)
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/coins")
    assert coins(books) == inside
    assert client.post("/coins").json() == {"coins": inside + 1}


def test_a_cut_body_is_whole_http_but_no_json(client: httpx.Client, books: ProviderBooks) -> None:
    plan(books, 1, WireFault.MALFORMED)
    answer = client.post("/coins")
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert coins(books) == 1


def test_a_fault_strikes_the_nth_request_of_its_kind_once(client: httpx.Client, books: ProviderBooks) -> None:
    client.post("/coins")
    plan(books, 2, WireFault.BUSY)
    statuses = []
    for _ in range(3):
        client.get("/coins")
        statuses.append(client.post("/coins").status_code)
    assert statuses == [200, 503, 200]


def test_forgotten_keys_are_forgotten_before_the_request(client: httpx.Client, books: ProviderBooks) -> None:
    with books.entry() as entry:
        entry.remember("key", "digest", 200, {"a": "b"}, b"body")
    plan(books, 1, WireFault.FORGOTTEN_KEYS)
    assert client.post("/coins").json() == {"coins": 1}
    with books.entry() as entry:
        assert entry.answer("key") is None


def test_a_share_of_replies_is_lost_and_the_same_seed_loses_the_same(
    client: httpx.Client, books: ProviderBooks
) -> None:
    def fates() -> list[bool]:
        with books.entry() as entry:
            faults.drop_replies(entry, 0.5, seed=7)
        return [_answered(client) for _ in range(40)]

    first = fates()
    assert 5 < sum(first) < 35
    assert fates() == first
    with books.entry() as entry:
        faults.drop_replies(entry, 0, seed=7)
    assert all(_answered(client) for _ in range(20))


def _answered(client: httpx.Client) -> bool:
    try:
        return client.post("/coins").is_success
    except httpx.RemoteProtocolError:
        return False


def test_a_closed_door_refuses_connections_kept_ones_too(client: httpx.Client, books: ProviderBooks) -> None:
    client.post("/coins")
    for _ in range(3):
        close_door(books, True)
        with pytest.raises(httpx.ConnectError):
            client.post("/coins")
        close_door(books, False)
        assert client.get("/coins").json() == {"coins": 1}


def test_a_door_stays_closed_for_the_next_server(books: ProviderBooks) -> None:
    first = ProviderServer(Till(books))
    close_door(books, True)
    first.close()
    second = ProviderServer(Till(books), port=first.port)
    with loopback_client(second.url) as client:
        with pytest.raises(httpx.ConnectError):
            client.get("/coins")
        close_door(books, False)
        assert client.get("/coins").json() == {"coins": 0}
    second.close()


def test_a_simulator_that_breaks_fails_the_test_that_uses_it(books: ProviderBooks) -> None:
    server = ProviderServer(Till(books))
    with pytest.raises(httpx.RemoteProtocolError), httpx.Client(trust_env=False) as client:
        client.get(f"{server.url}/broken")
    with pytest.raises(RuntimeError, match="simulator broke"):
        server.close()


def test_a_server_goes_on_at_the_same_place_with_the_same_books(books: ProviderBooks) -> None:
    first = ProviderServer(Till(books))
    with loopback_client(first.url) as client:
        client.post("/coins")
        first.close()
        second = ProviderServer(Till(books), port=first.port)
        assert client.post("/coins").json() == {"coins": 2}
    second.close()


def test_two_opened_books_on_one_file_never_lose_an_entry(books: ProviderBooks) -> None:
    other = ProviderBooks(books.path)

    def add(number: int) -> None:
        with (books if number % 2 else other).entry() as entry:
            kept = entry.setting("sum") or 0
            entry.keep("sum", kept + 1)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(80)))
    assert books.look("sum") == other.look("sum") == 80
    other.close()


def put_two(entry: Entry) -> None:
    entry.put("coin", {"id": "coin_1"})
    entry.put("coin", {"no": "id"})


def test_an_entry_that_fails_keeps_nothing(books: ProviderBooks) -> None:
    with pytest.raises(KeyError), books.entry() as entry:
        put_two(entry)
    assert coins(books) == 0


def test_objects_are_found_by_what_they_say_in_the_order_they_came(books: ProviderBooks) -> None:
    with books.entry() as entry:
        for id_, colour in (("b", "red"), ("a", "blue"), ("c", "red")):
            entry.put("coin", {"id": id_, "looks": {"colour": colour}, "live": False})
        entry.put("coin", {"id": "b", "looks": {"colour": "red"}, "live": True})
        assert [each["id"] for each in entry.find("coin", {"looks.colour": "red"})] == ["b", "c"]
        assert [each["id"] for each in entry.find("coin", {"live": True})] == ["b"]
        assert entry.get("coin", "a") == {"id": "a", "looks": {"colour": "blue"}, "live": False}
        assert entry.get("coin", "d") is None
        with pytest.raises(ValueError, match="no path"):
            entry.find("coin", {"live') OR (1": 1})


def test_time_passes_for_all_who_opened_the_books(books: ProviderBooks) -> None:
    other = ProviderBooks(books.path)
    books.stand_still(NOON)
    other.pass_time(timedelta(hours=25))
    assert books.now() == other.now() == NOON + timedelta(hours=25)
    with pytest.raises(ValueError, match="backwards"):
        books.pass_time(timedelta(seconds=-1))
    other.close()


def one() -> None: ...
def two() -> None: ...


def test_paths_with_fewer_places_win() -> None:
    routes = Routes([("GET", "/v1/{any}/{thing}", one), ("GET", "/v1/refunds/{refund}", two)])
    assert routes.match("GET", "/v1/refunds/re%201") == (two, {"refund": "re 1"})
    assert routes.match("GET", "/v1/charges/ch_1") == (one, {"any": "charges", "thing": "ch_1"})
    assert routes.match("POST", "/v1/refunds/re_1") is None
    assert routes.match("GET", "/v1/refunds/re_1/") is None


class Shop:
    """Takes notifications with the status it was told to."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, body: bytes, headers: Mapping[str, str]) -> int:
        assert headers["signed"].startswith("delivery-")
        with self._lock:
            self.got.append(json.loads(body)["id"])
        return self.status


def signed(parcel: Parcel) -> dict[str, str]:
    return {"signed": parcel.id}


def announce(books: ProviderBooks, *ids: str, plan: WebhookPlan | None = None) -> None:
    with books.entry() as entry:
        if plan:
            notifications.keep_plan(entry, plan)
        for id_ in ids:
            notifications.announce(entry, {"id": id_})


def test_news_go_out_in_order_once_they_were_taken(books: ProviderBooks) -> None:
    shop = Shop()
    postman = Postman(books, sign=signed, receiver=shop)
    announce(books, "a", "b")
    shop.status = 503
    assert postman.deliver() == 0
    shop.status = 204
    assert postman.deliver() == 2
    assert postman.deliver() == 0
    assert shop.got == ["a", "b", "a", "b"]


def test_news_that_broke_the_shop_are_sent_again(books: ProviderBooks) -> None:
    shop = Shop()

    def breaks(body: bytes, headers: Mapping[str, str]) -> int:
        raise LookupError(headers["signed"])

    announce(books, "a")
    with pytest.raises(LookupError):
        Postman(books, sign=signed, receiver=breaks).deliver()
    assert Postman(books, sign=signed, receiver=shop).deliver() == 1


def test_news_come_several_times_late_shuffled_or_never(books: ProviderBooks) -> None:
    books.stand_still(NOON)
    shop = Shop()
    postman = Postman(books, sign=signed, receiver=shop)
    announce(books, "lost", plan=WebhookPlan(lost=True))
    announce(books, "late", plan=WebhookPlan(late_by=timedelta(hours=1), copies=2))
    assert postman.deliver() == 0
    books.pass_time(timedelta(hours=1))
    assert postman.deliver() == 2
    announce(books, *"abcdefgh", plan=WebhookPlan(shuffled=True, seed=3))
    assert postman.deliver() == 8
    assert shop.got[:2] == ["late", "late"]
    assert sorted(shop.got[2:]) == list("abcdefgh") != shop.got[2:]
    with books.entry() as entry:
        ids = [parcel.event_id for parcel in notifications.every_parcel(entry)]
    assert ids == ["lost", "late", *"abcdefgh"]


def test_two_postmen_never_carry_one_delivery_at_once(books: ProviderBooks) -> None:
    shop = Shop()
    announce(books, *map(str, range(40)))
    postmen = [Postman(books, sign=signed, receiver=shop) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(lambda postman: postman.deliver(), postmen)) == 40
    assert sorted(shop.got, key=int) == [str(number) for number in range(40)]


def test_news_are_sent_again_until_taken(books: ProviderBooks) -> None:
    shop, stop = Shop(), threading.Event()
    announce(books, "a")

    def receive(body: bytes, headers: Mapping[str, str]) -> int:
        shop(body, headers)
        if len(shop.got) < 3:
            return 500
        stop.set()
        return 200

    postman = Postman(books, sign=signed, receiver=receive)
    postman.run(stop)
    assert shop.got == ["a", "a", "a"]
    assert postman.deliver() == 0

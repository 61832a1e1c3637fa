"""Which answers are kept under a key, seen on a route that answers what a test tells it to."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs
import httpx
import pytest
from litestar import Request, Response, get, post
from litestar.exceptions import HTTPException
from litestar.types import ControllerRouterHandler
from structlog.testing import LogCapture

from printapic.adapters.persistence.memory.idempotency import MemoryIdempotencyKeys
from printapic.application.ports.unit_of_work import ConcurrentUpdate, StorageUnavailable
from printapic.domain.errors import Conflict, Denied, Invalid, NotFound, Throttled
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.container import Container
from printapic.entrypoints.http.app import create_app
from printapic.entrypoints.http.idempotency import KeysImpossible, keyed
from printapic.entrypoints.http.loads import Load, taking, unlimited
from printapic.entrypoints.http.policies import allow, public
from printapic.entrypoints.settings import MemoryStorage, Settings
from tests.integration.http.live_shop import LiveShop, Person, live_shop, wait_until
from tests.integration.http.problems import problem

HERE, HURRIED = "/v1/whatever", "/v1/hurried"


@attrs.define
class Whatever:
    """What the route does next, and how often it was asked."""

    act: Callable[[], Response[bytes]] = lambda: Response(b"done")
    asked: int = 0


WHATEVER = Whatever()


@post(HERE, opt=allow(Permission.ACCOUNT_SELF) | keyed(), sync_to_thread=True)
def whatever(request: Request[Any, Any, Any]) -> Response[bytes]:
    WHATEVER.asked += 1
    return WHATEVER.act()


@post(
    HURRIED,
    opt=allow(Permission.ACCOUNT_SELF) | keyed() | taking(Load.STANDARD, within_s=0.2),
    sync_to_thread=True,
)
def hurried(request: Request[Any, Any, Any]) -> Response[bytes]:
    WHATEVER.asked += 1
    return WHATEVER.act()


@pytest.fixture(scope="module")
def odd_shop(tmp_path_factory: pytest.TempPathFactory, log: LogCapture) -> Iterator[LiveShop]:
    folder = tmp_path_factory.mktemp("odd")
    with live_shop(folder, more_routes=[whatever, hurried], storage=MemoryStorage()) as running:
        yield running


@pytest.fixture
def carla(odd_shop: LiveShop) -> Person:
    WHATEVER.asked = 0
    return odd_shop.person()


def raising(error: Exception) -> Callable[[], Response[bytes]]:
    def act() -> Response[bytes]:
        raise error

    return act


def ask(
    shop: LiveShop, who: Person, key: str | None = None, path: str = HERE, **request: Any
) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return shop.call("POST", path, who, headers=headers, **request)


@pytest.fixture
def key() -> str:
    return secrets.token_hex(16)


@pytest.mark.parametrize(
    "act",
    [
        lambda: Response(bytes(range(256)), status_code=200, media_type="application/octet-stream"),
        lambda: Response(b"", status_code=204),
        lambda: Response(b"x", status_code=303, headers={"Location": "/there", "ETag": '"7"'}),
        raising(NotFound("x")),
        raising(Conflict("x")),
        raising(Invalid("x")),
        raising(HTTPException(status_code=410)),
    ],
    ids=["bytes", "nothing", "elsewhere", "404", "409", "422", "410"],
)
def test_what_was_decided_is_repeated(
    odd_shop: LiveShop, carla: Person, key: str, act: Callable[[], Response[bytes]]
) -> None:
    WHATEVER.act = act
    first, again = ask(odd_shop, carla, key), ask(odd_shop, carla, key)
    assert WHATEVER.asked == 1
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for name in ("content-type", "location", "etag", "content-length"):
        assert again.headers.get_list(name) == first.headers.get_list(name)
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    "act",
    [
        raising(StorageUnavailable()),
        raising(Throttled("x", retry_after_s=7)),
        raising(ConcurrentUpdate()),
        raising(Denied("x")),
        raising(HTTPException(status_code=412)),
        lambda: Response(b"", status_code=502),
        lambda: Response(b"", status_code=400),
        lambda: Response(b"", status_code=202, headers={"Retry-After": "3"}),
    ],
    ids=["503", "429", "concurrent", "403", "412", "502", "400", "come again"],
)
def test_what_was_not_decided_is_tried_again(
    odd_shop: LiveShop, carla: Person, key: str, act: Callable[[], Response[bytes]]
) -> None:
    WHATEVER.act = act
    answers = [ask(odd_shop, carla, key) for _ in range(2)]
    WHATEVER.act = lambda: Response(b"done")
    answers.append(ask(odd_shop, carla, key, content=b"even as another request"))
    assert WHATEVER.asked == 3
    assert answers[0].status_code == answers[1].status_code != answers[2].status_code
    assert not any("idempotency-replayed" in answer.headers for answer in answers)


def test_a_bug_uses_up_no_key(odd_shop: LiveShop, carla: Person, key: str, log: LogCapture) -> None:
    WHATEVER.act = raising(ZeroDivisionError())
    problem(ask(odd_shop, carla, key), 500, "internal-error")
    WHATEVER.act = lambda: Response(b"done")
    assert ask(odd_shop, carla, key).content == b"done"
    log.entries.clear()


def test_a_conflict_that_passes_says_when_to_come_again(odd_shop: LiveShop, carla: Person) -> None:
    WHATEVER.act = raising(ConcurrentUpdate())
    assert ask(odd_shop, carla).headers["retry-after"] == "1"
    WHATEVER.act = raising(Conflict("x"))
    assert "retry-after" not in ask(odd_shop, carla).headers


def test_the_second_is_told_to_wait_while_the_first_is_at_it(
    odd_shop: LiveShop, carla: Person, key: str
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def act() -> Response[bytes]:
        begun.set()
        assert go_on.wait(20)
        return Response(b"at last")

    WHATEVER.act = act
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, odd_shop, carla, key)
        try:
            assert begun.wait(20)
            waiting = ask(odd_shop, carla, key)
            other = ask(odd_shop, carla, key, content=b"another")
        finally:
            go_on.set()
        assert first.result().content == b"at last"
    problem(waiting, 409, "idempotency-in-flight")
    assert waiting.headers["retry-after"] == "1"
    problem(other, 422, "idempotency-key-reused")
    assert ask(odd_shop, carla, key).content == b"at last"
    assert WHATEVER.asked == 1


def test_an_answer_for_which_the_client_did_not_wait_is_kept_for_the_next_time(
    odd_shop: LiveShop, carla: Person, key: str
) -> None:
    """Nobody else gets the request meanwhile: the work goes on, though its client was sent away."""
    go_on = threading.Event()

    def act() -> Response[bytes]:
        assert go_on.wait(20)
        return Response(b"at last")

    WHATEVER.act = act
    try:
        problem(ask(odd_shop, carla, key, HURRIED), 503, "deadline-exceeded")
        problem(ask(odd_shop, carla, key, HURRIED), 409, "idempotency-in-flight")
    finally:
        go_on.set()
    wait_until(lambda: ask(odd_shop, carla, key, HURRIED).status_code != 409)
    answer = ask(odd_shop, carla, key, HURRIED)
    assert (answer.content, answer.headers["idempotency-replayed"]) == (b"at last", "true")
    assert WHATEVER.asked == 1


def test_requests_without_a_key_are_all_done(odd_shop: LiveShop, carla: Person) -> None:
    WHATEVER.act = lambda: Response(b"done")
    ask(odd_shop, carla)
    assert "idempotency-replayed" not in ask(odd_shop, carla).headers
    assert WHATEVER.asked == 2


def test_the_query_is_part_of_the_request(odd_shop: LiveShop, carla: Person, key: str) -> None:
    WHATEVER.act = lambda: Response(b"done")
    ask(odd_shop, carla, key)
    problem(ask(odd_shop, carla, key, params={"dry": "1"}), 422, "idempotency-key-reused")


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(
    odd_shop: LiveShop, carla: Person, key: str, log: LogCapture
) -> None:
    keys = odd_shop.container.idempotency_keys()
    assert isinstance(keys, MemoryIdempotencyKeys)

    def act() -> Response[bytes]:
        keys.broken = True
        return Response(b"done")

    WHATEVER.act = act
    try:
        assert ask(odd_shop, carla, key).content == b"done"
        problem(ask(odd_shop, carla, key), 503, "storage-unavailable")
    finally:
        keys.broken = False
    problem(ask(odd_shop, carla, key), 409, "idempotency-in-flight")
    assert WHATEVER.asked == 1
    assert [entry["error"] for entry in log.entries if entry["event"] == "an answer is not kept"] == [
        "StorageUnavailable"
    ]


def test_an_answer_after_its_key_was_forgotten_is_given_and_noted(
    odd_shop: LiveShop, carla: Person, key: str, log: LogCapture
) -> None:
    def act() -> Response[bytes]:
        odd_shop.container.idempotency_keys().forget(carla.id)
        return Response(b"done")

    WHATEVER.act = act
    assert ask(odd_shop, carla, key).content == b"done"
    assert "an answer came after its lease" in [entry["event"] for entry in log.entries]


@post(HERE, opt=public() | keyed(), sync_to_thread=False)
def for_everybody() -> None: ...


@get(HERE, opt=allow(Permission.ACCOUNT_SELF) | keyed(), sync_to_thread=False)
def reading() -> None: ...


@post(HERE, opt=allow(Permission.ACCOUNT_SELF) | keyed() | unlimited(), sync_to_thread=False)
def for_ever() -> None: ...


@pytest.mark.parametrize("route", [for_everybody, reading, for_ever])
def test_a_route_that_cannot_keep_its_promise_stops_the_start(
    tmp_path: Any, route: ControllerRouterHandler
) -> None:
    with pytest.raises(KeysImpossible, match=HERE):
        create_app(Container(settings=Settings.memory(tmp_path)), more_routes=[route])

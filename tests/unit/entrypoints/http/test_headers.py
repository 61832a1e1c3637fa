"""Conditions, and what every answer carries."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Request

from printapic.application.users.principal import Principal
from printapic.domain.actors import Actor, Role
from printapic.domain.errors import (
    Conflict,
    Denied,
    Invalid,
    NotFound,
    PrintAPicError,
    Throttled,
    Unavailable,
)
from printapic.domain.ids import SessionId, UserId
from printapic.domain.images.formats import ImageFormatUnsupported
from printapic.domain.images.image import UploadTooLarge
from printapic.domain.users.permissions import Permission, permissions
from printapic.domain.users.session import SessionInvalid
from printapic.entrypoints.http.authentication import Doorkeeper
from printapic.entrypoints.http.downloads import attachment
from printapic.entrypoints.http.headers import finishing
from printapic.entrypoints.http.policies import allow
from printapic.entrypoints.http.preconditions import (
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    PreconditionRequired,
    idempotency_key,
    required_versions,
    unchanged,
    versions,
)
from printapic.entrypoints.http.problems import status_of


def request(*headers: tuple[str, str]) -> Request[Any, Any, Any]:
    scope: Any = {
        "type": "http",
        "method": "GET",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "state": {},
    }
    return Request(scope)


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        (['"3"'], True),
        (['W/"3"'], True),
        (['"1", "3"'], True),
        (['"1"', '"3"'], True),
        (["*"], True),
        ([], False),
        (['"33"'], False),
        (["3"], False),
        (['"'], False),
    ],
)
def test_a_version_that_the_client_has_is_recognised(sent: list[str], known: bool) -> None:
    assert unchanged(request(*(("if-none-match", value) for value in sent)), '"3"') is known


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (None, None),
        ("*", None),
        ('"3"', {3}),
        ('"3", "5"', {3, 5}),
        ('W/"3"', set()),
        ('"x"', set()),
        ('"9999999999"', set()),
        ("3", set()),
    ],
)
def test_the_meant_versions_are_the_strong_tags(sent: str | None, meant: set[int] | None) -> None:
    assert versions(request(("if-match", sent)) if sent else request()) == meant


@pytest.mark.parametrize(
    ("sent", "meant"), [('"3"', {3}), ('"3", "5"', {3, 5}), ('W/"3"', set()), ("3", set())]
)
def test_a_required_version_is_the_one_that_is_sent(sent: str, meant: set[int]) -> None:
    assert required_versions(request(("if-match", sent))) == meant


@pytest.mark.parametrize("headers", [[], [("if-match", "*")], [("if-match", '"3", *')]])
def test_who_does_not_say_what_is_to_be_changed_has_to(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(PreconditionRequired) as refusal:
        required_versions(request(*headers))
    assert status_of(refusal.value) == 428


def test_an_idempotency_key_is_twenty_to_255_visible_characters_and_sent_once() -> None:
    for good in ("x" * 20, "~" * 255):
        assert idempotency_key(request(("idempotency-key", good))) == good
    for bad in ("x" * 19, "x" * 256, "x" * 19 + " ", "é" * 30, ""):
        with pytest.raises(IdempotencyKeyInvalid):
            idempotency_key(request(("idempotency-key", bad)))
    with pytest.raises(IdempotencyKeyInvalid):
        idempotency_key(request(("idempotency-key", "x" * 20), ("idempotency-key", "x" * 20)))
    with pytest.raises(IdempotencyKeyMissing):
        idempotency_key(request())


@given(st.text(max_size=60))
def test_any_name_makes_one_header_line(name: str) -> None:
    header = attachment(name.encode("utf-8", "replace").decode())
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid("x"), 422),
        (NotFound("x"), 404),
        (Conflict("x"), 409),
        (Denied("x"), 403),
        (SessionInvalid(), 401),
        (Throttled("x", retry_after_s=1), 429),
        (Unavailable("x"), 503),
        (UploadTooLarge(1), 413),
        (ImageFormatUnsupported(), 415),
        (PrintAPicError("x"), 500),
    ],
)
def test_every_kind_of_refusal_has_its_status(error: PrintAPicError, status: int) -> None:
    assert status_of(error) == status


def finished(
    https: bool = False, headers: list[tuple[bytes, bytes]] | None = None, **scope: Any
) -> dict[bytes, bytes]:
    message: Any = {"type": "http.response.start", "status": 200, "headers": headers or []}
    whole: Any = {"type": "http", "method": "POST", "headers": [], "state": {}, **scope}
    asyncio.run(finishing(https=https)(message, whole))  # type: ignore[arg-type]
    return dict(message["headers"])


def test_a_shop_behind_https_stays_there() -> None:
    assert b"strict-transport-security" in finished(https=True)
    assert b"strict-transport-security" not in finished(https=False)


def test_what_a_handler_says_itself_stays() -> None:
    assert finished(headers=[(b"Cache-Control", b"private")]).get(b"cache-control") is None


@pytest.mark.parametrize(
    ("headers", "read", "closes"),
    [
        ([], False, False),
        ([(b"content-length", b"100")], False, False),
        ([(b"content-length", b"1000000")], False, True),
        ([(b"content-length", b"1000000")], True, False),
        ([(b"transfer-encoding", b"chunked")], False, True),
        ([(b"content-length", b"9" * 5000)], False, True),
    ],
)
def test_a_connection_is_closed_when_much_is_left_unread(
    headers: list[tuple[bytes, bytes]], read: bool, closes: bool
) -> None:
    message: Any = {"type": "http.response.start", "status": 200, "headers": []}
    scope: Any = {"type": "http", "headers": headers, "state": {"printapic.body_read": read}}
    asyncio.run(finishing(https=False)(message, scope))  # type: ignore[arg-type]
    assert ((b"connection", b"close") in message["headers"]) is closes


class Door:
    """A shop that knows one token, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.open = True
        user = UserId(UUID(int=1))
        roles = frozenset({Role.CUSTOMER})
        self.principal = Principal(
            session=SessionId(UUID(int=2)),
            user_id=user,
            actor=Actor(user, roles),
            permissions=permissions(roles),
        )

    def authenticate(self, *, access_token: str) -> Principal:
        self.asked += 1
        if not self.open or access_token != "good":
            raise SessionInvalid
        return self.principal


class Route:
    """A route with a policy."""

    opt = allow(Permission.ACCOUNT_SELF)
    http_methods = frozenset({"GET"})


def test_a_token_is_believed_for_a_second_and_no_longer() -> None:
    door, now = Door(), [0.0]
    keeper = Doorkeeper(lambda: door, clock=lambda: now[0])  # type: ignore[arg-type, return-value]
    good = request(("authorization", "Bearer good"))

    def knock() -> None:
        asyncio.run(keeper.admit(good, Route()))  # type: ignore[arg-type]

    knock()
    knock()
    assert door.asked == 1
    door.open = False
    now[0] = 0.999
    knock()
    now[0] = 1.0
    with pytest.raises(SessionInvalid):
        knock()


def test_a_session_that_ended_here_is_forgotten_at_once() -> None:
    door = Door()
    keeper = Doorkeeper(lambda: door)  # type: ignore[arg-type, return-value]
    good = request(("authorization", "Bearer good"))
    asyncio.run(keeper.admit(good, Route()))  # type: ignore[arg-type]
    door.open = False
    keeper.forget(door.principal.user_id)
    with pytest.raises(SessionInvalid):
        asyncio.run(keeper.admit(good, Route()))  # type: ignore[arg-type]

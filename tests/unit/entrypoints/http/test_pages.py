"""Pages and their cursors, which lead on in the list that gave them and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar, Request
from litestar.datastructures import State

from printapic.application.users.principal import Principal
from printapic.domain.actors import Actor, Role
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.permissions import permissions
from printapic.entrypoints.http.cursors import CursorInvalid, Cursors, place_of
from printapic.entrypoints.http.pages import CURSORS, Page, id_of, page, text_of

OLD, NEW, FOREIGN = (bytes([number]) * 32 for number in range(3))
SOMETHING = UUID("019a1c5e-7c1b-7d0e-8f3a-2b6c9d1e4f50")


def principal(number: int) -> Principal:
    roles = frozenset({Role.CUSTOMER})
    return Principal(
        session=SessionId(UUID(int=9)),
        user_id=UserId(UUID(int=number)),
        actor=Actor(UserId(UUID(int=number)), roles),
        permissions=permissions(roles),
    )


APPS: dict[tuple[bytes, ...], Litestar] = {}


def asking(
    path: str = "/v1/orders",
    *query: tuple[str, str],
    who: int | None = 1,
    secrets: Sequence[bytes] = (NEW, OLD),
) -> Request[Any, Any, Any]:
    """A request for a page, to a shop with these secrets."""
    held = tuple(secrets)
    if held not in APPS:
        APPS[held] = Litestar(state=State({CURSORS: Cursors(lambda: held)}), openapi_config=None)
    scope: Any = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": urlencode(query).encode(),
        "headers": [],
        "state": {},
        "litestar_app": APPS[held],
    }
    if who is not None:
        scope["user"] = principal(who)
    return Request(scope)


def cursor_after(key: UUID | str, request: Request[Any, Any, Any]) -> str:
    shown = page([key, key], 1, request, show=str, key=lambda each: each)
    assert shown.next_cursor is not None
    return shown.next_cursor


@given(st.lists(st.uuids(), unique=True, min_size=1, max_size=30), st.integers(1, 100))
def test_pages_joined_are_the_whole_list(ids: list[UUID], limit: int) -> None:
    seen: list[UUID] = []
    after: UUID | None = None
    while True:
        start = ids.index(after) + 1 if after else 0
        shown: Page[UUID] = page(
            ids[start : start + limit + 1], limit, asking(), show=lambda each: each, key=lambda each: each
        )
        seen += shown.items
        if shown.next_cursor is None:
            break
        after = id_of(shown.next_cursor, asking())
    assert seen == ids


def test_the_first_page_needs_no_cursor() -> None:
    assert id_of(None, asking()) is None
    assert text_of(None, asking()) is None


@pytest.mark.parametrize("word", ["print-9x13-glossy", "ü", ""])
def test_words_lead_on_too(word: str) -> None:
    assert text_of(cursor_after(word, asking()), asking()) == word


@pytest.mark.parametrize(
    "other",
    [
        asking("/v1/images"),
        asking("/v1/orders", ("status", "confirmed")),
        asking("/v1/orders", ("status", "shipped"), ("status", "confirmed")),
        asking(who=2),
        asking(who=None),
        asking(secrets=[FOREIGN]),
    ],
    ids=["another list", "a filter", "two filters", "somebody else", "nobody", "another shop"],
)
def test_a_cursor_of_another_list_is_refused(other: Request[Any, Any, Any]) -> None:
    mine = cursor_after(SOMETHING, asking())
    assert id_of(mine, asking()) == SOMETHING
    with pytest.raises(CursorInvalid):
        id_of(mine, other)
    with pytest.raises(CursorInvalid):
        id_of(cursor_after(SOMETHING, other), asking())


def test_the_limit_may_change_and_filters_may_be_named_in_any_order() -> None:
    first = asking("/v1/orders", ("limit", "2"), ("status", "shipped"), ("country", "DE"))
    then = asking(
        "/v1/orders", ("country", "DE"), ("status", "shipped"), ("limit", "9"), ("cursor", "the one below")
    )
    assert id_of(cursor_after(SOMETHING, first), then) == SOMETHING


def test_a_filter_cannot_be_moved_into_a_neighbour() -> None:
    one, two = asking("/v1/orders", ("a", "b&c=d")), asking("/v1/orders", ("a", "b"), ("c", "d"))
    assert place_of(one) != place_of(two)


def test_cursors_of_before_a_rotation_stay_good_until_the_old_key_is_dropped() -> None:
    before = cursor_after(SOMETHING, asking(secrets=[OLD]))
    assert id_of(before, asking(secrets=[NEW, OLD])) == SOMETHING
    with pytest.raises(CursorInvalid):
        id_of(before, asking(secrets=[NEW]))
    after = cursor_after(SOMETHING, asking(secrets=[NEW, OLD]))
    assert id_of(after, asking(secrets=[NEW])) == SOMETHING


def test_every_altered_cursor_is_refused() -> None:
    cursors = Cursors(lambda: [NEW])
    good = cursors.make(SOMETHING.bytes, place=b"here")
    for at in range(len(good)):
        for letter in "AQgw":
            altered = good[:at] + letter + good[at + 1 :]
            if altered != good:
                with pytest.raises(CursorInvalid):
                    cursors.read(altered, place=b"here")
    for cut in range(len(good)):
        with pytest.raises(CursorInvalid):
            cursors.read(good[:cut], place=b"here")


@given(st.text(max_size=60))
def test_no_cursor_whatever_breaks_the_reader(cursor: str) -> None:
    for read in (id_of, text_of):
        with pytest.raises(CursorInvalid):
            read(cursor, asking())


@pytest.mark.parametrize("key", [b"", b"print", b"\xff\xfe" * 8 + b"x"])
def test_a_key_that_an_earlier_release_had_is_refused(key: bytes) -> None:
    cursor = Cursors(lambda: [NEW]).make(key, place=place_of(asking()))
    with pytest.raises(CursorInvalid):
        id_of(cursor, asking())
    if not key.isascii():
        with pytest.raises(CursorInvalid):
            text_of(cursor, asking())

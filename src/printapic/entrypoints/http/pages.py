"""Pages of long lists: a few items, and a cursor that leads to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from litestar import Request
from litestar.params import QueryParameter

from printapic.entrypoints.http.bodies import ResponseBody
from printapic.entrypoints.http.cursors import CursorInvalid, Cursors, place_of

T = TypeVar("T")
Item = TypeVar("Item")

Limit = Annotated[int, QueryParameter(ge=1, le=100, description="How many items at most.")]
Cursor = Annotated[
    str | None,
    QueryParameter(
        max_length=200, description="`next_cursor` of the page before this one, of the same list and filters."
    ),
]
DEFAULT_LIMIT = 20
CURSORS = "cursors"
"""Under which name the application's state holds the `Cursors`."""


class Page(ResponseBody, Generic[Item], kw_only=True):
    """`next_cursor` is null on the last page."""

    items: list[Item]
    next_cursor: str | None = None


def id_of(cursor: str | None, request: Request[Any, Any, Any]) -> UUID | None:
    """The id behind which the page begins. Raises `CursorInvalid`."""
    if cursor is None:
        return None
    try:
        return UUID(bytes=_cursors(request).read(cursor, place=place_of(request)))
    except ValueError:  # a release before this one had other keys here
        raise CursorInvalid from None


def text_of(cursor: str | None, request: Request[Any, Any, Any]) -> str | None:
    """The word behind which the page begins. Raises `CursorInvalid`."""
    if cursor is None:
        return None
    try:
        return _cursors(request).read(cursor, place=place_of(request)).decode()
    except UnicodeDecodeError:
        raise CursorInvalid from None


def page(
    found: Sequence[T],
    limit: int,
    request: Request[Any, Any, Any],
    *,
    show: Callable[[T], Item],
    key: Callable[[T], UUID | str],
) -> Page[Item]:
    """Up to `limit` of `found`, which was asked for one more than that, to know whether there is more."""
    shown = found[:limit]
    return Page(
        items=[show(each) for each in shown],
        next_cursor=_after(key(shown[-1]), request) if len(found) > limit else None,
    )


def _after(key: UUID | str, request: Request[Any, Any, Any]) -> str:
    raw = key.bytes if isinstance(key, UUID) else key.encode()
    return _cursors(request).make(raw, place=place_of(request))


def _cursors(request: Request[Any, Any, Any]) -> Cursors:
    cursors: Cursors = request.app.state[CURSORS]
    return cursors

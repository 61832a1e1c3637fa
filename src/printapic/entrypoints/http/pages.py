"""Pages of long lists: a few items, and a cursor that leads to the next."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from litestar.params import QueryParameter

from printapic.domain.errors import Invalid
from printapic.entrypoints.http.bodies import ResponseBody

T = TypeVar("T")
Item = TypeVar("Item")

Limit = Annotated[int, QueryParameter(ge=1, le=100, description="How many items at most.")]
Cursor = Annotated[
    str | None, QueryParameter(max_length=200, description="`next_cursor` of the page before this one.")
]
DEFAULT_LIMIT = 20


class Page(ResponseBody, Generic[Item], kw_only=True):
    """`next_cursor` is null on the last page."""

    items: list[Item]
    next_cursor: str | None = None


class CursorInvalid(Invalid):
    code = "cursor-invalid"

    def __init__(self) -> None:
        super().__init__("This cursor is not one that a page of this list gave.")


def id_of(cursor: str | None) -> UUID | None:
    """The id behind which the page begins. Raises `CursorInvalid`."""
    if cursor is None:
        return None
    raw = _decoded(cursor)
    if len(raw) != 16:
        raise CursorInvalid
    return UUID(bytes=raw)


def text_of(cursor: str | None) -> str | None:
    """The word behind which the page begins. Raises `CursorInvalid`."""
    if cursor is None:
        return None
    try:
        return _decoded(cursor).decode()
    except UnicodeDecodeError:
        raise CursorInvalid from None


def page(
    found: Sequence[T], limit: int, *, show: Callable[[T], Item], key: Callable[[T], UUID | str]
) -> Page[Item]:
    """Up to `limit` of `found`, which was asked for one more than that, to know whether there is more."""
    shown = found[:limit]
    return Page(
        items=[show(each) for each in shown],
        next_cursor=_encoded(key(shown[-1])) if len(found) > limit else None,
    )


def _encoded(key: UUID | str) -> str:
    raw = key.bytes if isinstance(key, UUID) else key.encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(cursor: str) -> bytes:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise CursorInvalid from None

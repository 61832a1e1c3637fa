"""Conditions that a client puts into headers: which version it means, and that a request counts once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

from litestar import Request
from litestar.params import HeaderParameter

from printapic.domain.errors import Invalid

_KEY = re.compile(r"[\x21-\x7e]{20,255}")
_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e]*")|\*')


class IdempotencyKeyMissing(Invalid):
    code = "idempotency-key-missing"

    def __init__(self) -> None:
        super().__init__("This request needs an Idempotency-Key.")


class IdempotencyKeyInvalid(Invalid):
    code = "idempotency-key-invalid"

    def __init__(self) -> None:
        super().__init__("An Idempotency-Key has 20 to 255 visible ASCII characters, and stands there once.")


IfMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        required=False,
        description="The `ETag` that the caller has seen; where another one is current, nothing is changed.",
    ),
]


def idempotency_key(request: Request[Any, Any, Any]) -> str:
    """Raises `IdempotencyKeyMissing` or `IdempotencyKeyInvalid`."""
    keys = request.headers.getall("idempotency-key", [])
    if not keys:
        raise IdempotencyKeyMissing
    if len(keys) != 1 or not _KEY.fullmatch(keys[0]):
        raise IdempotencyKeyInvalid
    return keys[0]


def etag(version: int | str) -> str:
    return f'"{version}"'


def unchanged(request: Request[Any, Any, Any], tag: str) -> bool:
    """Whether the client has this version already (`If-None-Match`, compared weakly)."""
    return any(match[2] in (None, tag) for match in _tags(request, "if-none-match"))


def versions(request: Request[Any, Any, Any]) -> frozenset[int] | None:
    """The versions that `If-Match` names (weak tags name none); None where it is not sent, or says `*`."""
    if "if-match" not in request.headers:
        return None
    tags = [match[2] for match in _tags(request, "if-match") if match[1] is None]
    if None in tags:
        return None
    return frozenset(
        int(number) for tag in tags if (number := tag.strip('"')).isdecimal() and len(number) < 10
    )


def _tags(request: Request[Any, Any, Any], header: str) -> Iterator[re.Match[str]]:
    """Every entity tag in a header, or `*`, of which the groups are None."""
    for value in request.headers.getall(header, []):
        yield from _TAG.finditer(value)

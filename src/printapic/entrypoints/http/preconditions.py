"""Conditions that a client puts into headers: which version it means, and that a request counts once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, TypeVar, cast

from litestar import Request, Response
from litestar.datastructures import ResponseHeader
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter

from printapic.domain.errors import Invalid
from printapic.entrypoints.http.bodies import CardNumberRefused
from printapic.entrypoints.http.card_numbers import holds_card_number

Shown = TypeVar("Shown")
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


class PreconditionRequired(Invalid):
    """RFC 6585, 3: two people who change the same thing must not undo each other's work unseen."""

    code = "precondition-required"

    def __init__(self) -> None:
        super().__init__("Say in If-Match which version is to be changed: the ETag that was read.")


NOT_CHANGED = {304: ResponseSpec(None, description="Not changed since `If-None-Match`")}
"""The `responses` of a route that answers with `shown`."""

VERSIONED = (ResponseHeader(name="ETag", documentation_only=True),)
"""The `response_headers` of a route that answers with an ETag but does not take one."""

MADE = (ResponseHeader(name="Location", documentation_only=True),)
"""The `response_headers` of a route that says where what it made can be read."""

IfMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        required=False,
        description="The `ETag` that the caller has seen; where another one is current, nothing is changed.",
    ),
]


RequiredIfMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        required=False,
        description="Required: the `ETag` that the caller has seen. Where another one is current, nothing "
        "is changed.",
    ),
]
"""For what several people administer. The handler takes its versions from `required_versions`."""


def idempotency_key(request: Request[Any, Any, Any]) -> str:
    """Raises `IdempotencyKeyMissing`, `IdempotencyKeyInvalid` or `CardNumberRefused`."""
    keys = request.headers.getall("idempotency-key", [])
    if not keys:
        raise IdempotencyKeyMissing
    if len(keys) != 1 or not _KEY.fullmatch(keys[0]):
        raise IdempotencyKeyInvalid
    if holds_card_number(keys[0]):
        raise CardNumberRefused
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


def required_versions(request: Request[Any, Any, Any]) -> frozenset[int]:
    """The versions that `If-Match` names. Raises `PreconditionRequired` without it, and for `*`.

    `*` is what somebody sends who has not looked.
    """
    named = versions(request)
    if named is None:
        raise PreconditionRequired
    return named


def shown(request: Request[Any, Any, Any], version: int | str, body: Shown) -> Response[Shown]:
    """What a GET of one resource answers: its body with its ETag, or 304 where the client has it."""
    headers = {"ETag": etag(version)}
    if unchanged(request, headers["ETag"]):
        return Response(cast(Shown, None), status_code=304, headers=headers)
    return Response(body, headers=headers)


def _tags(request: Request[Any, Any, Any], header: str) -> Iterator[re.Match[str]]:
    """Every entity tag in a header, or `*`, of which the groups are None."""
    for value in request.headers.getall(header, []):
        yield from _TAG.finditer(value)

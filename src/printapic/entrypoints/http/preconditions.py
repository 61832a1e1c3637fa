"""Conditions that a client puts into headers: which version it means, and that a request counts once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from litestar import Request

from printapic.domain.errors import Conflict, Invalid

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


class VersionDiffers(Conflict):
    """`If-Match` names another version than the present one."""

    code = "version-differs"

    def __init__(self) -> None:
        super().__init__("This changed since you read it. Please read it again.")


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


def must_match(request: Request[Any, Any, Any], tag: str) -> None:
    """Raises `VersionDiffers` where `If-Match` is sent and does not name `tag` (compared strongly)."""
    if "if-match" in request.headers and not any(
        match[1] is None and match[2] in (None, tag) for match in _tags(request, "if-match")
    ):
        raise VersionDiffers


def _tags(request: Request[Any, Any, Any], header: str) -> Iterator[re.Match[str]]:
    """Every entity tag in a header, or `*`, of which the groups are None."""
    for value in request.headers.getall(header, []):
        yield from _TAG.finditer(value)

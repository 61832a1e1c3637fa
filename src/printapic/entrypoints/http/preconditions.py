"""Conditions that a client puts into headers: which version it means, and that a request counts once."""

from __future__ import annotations

import re
from typing import Any

from litestar import Request

from printapic.domain.errors import Conflict, Invalid

_KEY = re.compile(r"[\x21-\x7e]{20,255}")
_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e]*)"|\*')


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
    return _names(request.headers.getall("if-none-match", []), tag)


def must_match(request: Request[Any, Any, Any], tag: str) -> None:
    """Raises `VersionDiffers` where `If-Match` is sent and does not name `tag`."""
    wanted = request.headers.getall("if-match", [])
    if wanted and not _names(wanted, tag):
        raise VersionDiffers


def _names(headers: list[str], tag: str) -> bool:
    return any(
        match[0] == "*" or f'"{match[1]}"' == tag for header in headers for match in _TAG.finditer(header)
    )

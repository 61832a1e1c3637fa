"""Credentials: the one thing in a request's headers that says who makes it."""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from typing import Any

import attrs
from litestar.connection import ASGIConnection

from printapic.domain.users.session import SessionInvalid

API_KEY_HEADER = "X-API-Key"
_BEARER = re.compile(r"bearer ([\x21-\x7e]{1,2048})", re.IGNORECASE)
_API_KEY = re.compile(r"[\x21-\x7e]{1,256}")


class Scheme(StrEnum):
    """How a request says who makes it; the names are those of the OpenAPI document."""

    BEARER = "bearer"
    API_KEY = "apiKey"


@attrs.frozen
class Credential:
    scheme: Scheme
    text: str = attrs.field(repr=False)

    def digest(self, address: str | None) -> bytes:
        """What stands for it in memory. An API key may be good at one address and not at another."""
        where = address or "" if self.scheme is Scheme.API_KEY else ""
        return hashlib.sha256(f"{self.scheme} {where} {self.text}".encode()).digest()


def credential(connection: ASGIConnection[Any, Any, Any, Any]) -> Credential:
    """The one credential of a request. Raises `SessionInvalid` for none, for two, and for nonsense.

    Of two, one would be checked and the other believed by somebody on the way.
    """
    bearers = connection.headers.getall("authorization", [])
    keys = connection.headers.getall(API_KEY_HEADER, [])
    if len(bearers) + len(keys) != 1:
        raise SessionInvalid
    match = _BEARER.fullmatch(bearers[0]) if bearers else _API_KEY.fullmatch(keys[0])
    if match is None:
        raise SessionInvalid
    if bearers:
        return Credential(Scheme.BEARER, match[1])
    return Credential(Scheme.API_KEY, match[0])

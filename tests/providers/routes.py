"""Requests, replies, and which handler answers which path."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar
from urllib.parse import unquote

import attrs

H = TypeVar("H", bound=Callable[..., object])


@attrs.frozen(kw_only=True)
class Request:
    """One HTTP request, read to its end. Header names are lower case; `query` is as it came, undecoded."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)


@attrs.frozen(kw_only=True)
class Reply:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = attrs.field(factory=dict)

    @classmethod
    def of_json(cls, status: int, value: object, headers: Mapping[str, str] | None = None) -> Reply:
        """A reply whose body is this value as JSON."""
        return cls(
            status=status,
            body=json.dumps(value).encode(),
            headers={"content-type": "application/json", **(headers or {})},
        )


class Routes(Generic[H]):
    """Templates such as `/v1/refunds/{refund}`. A template with fewer places beats one with more."""

    def __init__(self, routes: Iterable[tuple[str, str, H]]) -> None:
        self._routes = sorted(
            (
                (method, _pattern(template), handler, template.count("{"))
                for method, template, handler in routes
            ),
            key=lambda route: route[3],
        )

    def match(self, method: str, path: str) -> tuple[H, dict[str, str]] | None:
        """The handler, and what stands in the places; None where nobody answers."""
        for wanted, pattern, handler, _ in self._routes:
            found = pattern.fullmatch(path) if wanted == method else None
            if found:
                return handler, {name: unquote(value) for name, value in found.groupdict().items()}
        return None


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    return re.compile(
        "".join(f"(?P<{part}>[^/]+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    )

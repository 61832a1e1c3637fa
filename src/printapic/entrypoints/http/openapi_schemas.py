"""Schemas of what the framework does not describe, or not as strictly as it is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from litestar.openapi.spec import Schema

from printapic.entrypoints.http import bodies
from printapic.entrypoints.http.problems import Problem


def problems() -> dict[str, Schema]:
    """Of the answers that no handler declares, since errors make them."""
    return _described([Problem])


def requests(known: Iterable[str]) -> dict[str, Schema]:
    """Of the bodies among `known`, as their decoder reads them: fields that are not declared are refused."""
    names = set(known)
    return _described([kind for kind in bodies.RequestBody.__subclasses__() if kind.__name__ in names])


def _described(kinds: Iterable[type[msgspec.Struct]]) -> dict[str, Schema]:
    ordered = sorted(kinds, key=lambda kind: kind.__name__)
    _, found = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    return {name: _PlainSchema(plain) for name, plain in sorted(found.items())}


class _PlainSchema(Schema):
    """A schema that is written down already."""

    def __init__(self, plain: dict[str, Any]) -> None:
        super().__init__()
        self.plain = plain

    def to_schema(self) -> dict[str, Any]:
        examples = {"examples": self.examples} if self.examples else {}
        return self.plain | examples

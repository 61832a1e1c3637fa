"""As much of JSON Schema (2020-12) as the shop's own schemas use; any other keyword is an error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "null": type(None),
}
_FORMATS: dict[str, Any] = {"uuid": UUID, "date-time": datetime.fromisoformat}
_ONLY_FOR: dict[str, type] = {
    "required": dict,
    "properties": dict,
    "additionalProperties": dict,
    "items": list,
    "format": str,
    "pattern": str,
}
_ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description"}


def violations(schema: dict[str, Any], value: Any) -> list[str]:
    """Where the value is not what the schema says."""
    return list(_check(schema, schema, value, "$"))


def _check(root: dict[str, Any], schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    for keyword, wanted in schema.items():
        if keyword in _ANNOTATIONS:
            continue
        rule = _RULES[keyword]
        if isinstance(value, _ONLY_FOR.get(keyword, object)):
            yield from rule(root, schema, wanted, value, path)


def _type(_r: Any, _s: Any, wanted: Any, value: Any, path: str) -> Iterator[str]:
    names = [wanted] if isinstance(wanted, str) else wanted
    number = isinstance(value, bool) and "boolean" not in names
    if number or not isinstance(value, tuple(_TYPES[name] for name in names)):
        yield f"{path} is no {wanted}: {value!r}"


def _format(_r: Any, _s: Any, wanted: str, value: Any, path: str) -> Iterator[str]:
    try:
        read = _FORMATS[wanted](value)
    except ValueError:
        read = None
    if read is None or (isinstance(read, datetime) and read.tzinfo is None):
        yield f"{path} is no {wanted}: {value!r}"


def _pattern(_r: Any, _s: Any, wanted: str, value: Any, path: str) -> Iterator[str]:
    if not re.search(wanted, value):
        yield f"{path} does not match {wanted}: {value!r}"


def _required(_r: Any, _s: Any, wanted: list[str], value: Any, path: str) -> Iterator[str]:
    yield from (f"{path}.{name} is missing" for name in wanted if name not in value)


def _properties(root: Any, _s: Any, wanted: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    for name, schema in wanted.items():
        if name in value:
            yield from _check(root, schema, value[name], f"{path}.{name}")


def _additional(root: Any, schema: Any, wanted: Any, value: Any, path: str) -> Iterator[str]:
    for name in set(value) - set(schema.get("properties", {})):
        if wanted is False:
            yield f"{path}.{name} is unknown"
        else:
            yield from _check(root, wanted, value[name], f"{path}.{name}")


def _items(root: Any, _s: Any, wanted: Any, value: Any, path: str) -> Iterator[str]:
    for number, item in enumerate(value):
        yield from _check(root, wanted, item, f"{path}[{number}]")


def _any_of(root: Any, _s: Any, wanted: list[Any], value: Any, path: str) -> Iterator[str]:
    if all(list(_check(root, schema, value, path)) for schema in wanted):
        yield f"{path} is none of {len(wanted)}: {value!r}"


def _ref(root: Any, _s: Any, wanted: str, value: Any, path: str) -> Iterator[str]:
    yield from _check(root, root["$defs"][wanted.removeprefix("#/$defs/")], value, path)


def _one_of_values(_r: Any, _s: Any, wanted: Any, value: Any, path: str) -> Iterator[str]:
    if value not in (wanted if isinstance(wanted, list) else [wanted]):
        yield f"{path} is not {wanted!r}: {value!r}"


_RULES: dict[str, Any] = {
    "type": _type,
    "format": _format,
    "pattern": _pattern,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "anyOf": _any_of,
    "$ref": _ref,
    "enum": _one_of_values,
    "const": _one_of_values,
}

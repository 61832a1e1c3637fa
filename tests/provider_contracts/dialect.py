"""OpenAPI 3.0's way of writing schemas, put into JSON Schema 2020-12, which is also OpenAPI 3.1's.

`closed` schemas are for what we send: a field that no schema mentions is refused at every depth. Both
providers leave nested objects open, so this is stricter than their files. What they send stays open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]
UriOf: TypeAlias = Callable[[str], str]

_KEPT = frozenset(
    "type enum const pattern format minLength maxLength minItems maxItems uniqueItems minimum maximum "
    "exclusiveMinimum exclusiveMaximum multipleOf required minProperties maxProperties".split()
)
_LIMITS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_MERGED = ("$ref", "allOf")
_ALTERNATIVES = ("anyOf", "oneOf")


def translated(schema: Any, *, closed: bool, uri_of: UriOf) -> Any:
    """The schema of a place: a body, a property, an element. `uri_of` names what `$ref` means."""
    return _translated(schema, closed, closed, uri_of)


def translated_component(schema: Any, *, closed: bool, uri_of: UriOf) -> Any:
    """A schema that others refer to, maybe beside more properties: who refers to it closes it."""
    return _translated(schema, closed, False, uri_of)


def _translated(schema: Any, closed: bool, sealed: bool, uri_of: UriOf) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    out: dict[str, Any] = {key: value for key, value in schema.items() if key in _KEPT}

    def inner(value: Any) -> Any:
        return _translated(value, closed, closed, uri_of)

    if "$ref" in schema:
        out["$ref"] = uri_of(schema["$ref"])
    if "properties" in schema:
        out["properties"] = {name: inner(value) for name, value in schema["properties"].items()}
    for key in ("items", "additionalProperties"):
        if key in schema:
            out[key] = inner(schema[key])
    if "not" in schema:
        out["not"] = _translated(schema["not"], False, False, uri_of)
    if "allOf" in schema:
        out["allOf"] = [_translated(each, closed, False, uri_of) for each in schema["allOf"]]
    seal_each = sealed and not any(key in schema for key in (*_MERGED, "properties"))
    for key in _ALTERNATIVES:
        if key in schema:
            out[key] = [_translated(each, closed, seal_each, uri_of) for each in schema[key]]
    _exclusive_limits(out)
    if sealed:
        _seal(out)
    return _with_null(out) if schema.get("nullable") is True else out


def _seal(out: dict[str, Any]) -> None:
    """Refuse other properties than those that this place knows, whatever it is put together from."""
    if "additionalProperties" in out:
        return
    has_alternatives = any(key in out for key in _ALTERNATIVES)
    if any(key in out for key in _MERGED) or (has_alternatives and "properties" in out):
        out["unevaluatedProperties"] = False
    elif "properties" in out:
        out["additionalProperties"] = False


def _exclusive_limits(out: dict[str, Any]) -> None:
    """Draft 4, and with it OpenAPI 3.0, says by a boolean that a limit is not reached itself."""
    for exclusive, inclusive in _LIMITS.items():
        if isinstance(out.get(exclusive), bool):
            limit = out.pop(inclusive, None)
            if out.pop(exclusive):
                out[exclusive] = limit
            elif limit is not None:
                out[inclusive] = limit


def _with_null(out: dict[str, Any]) -> dict[str, Any]:
    """Short where it can be: most of a provider's fields may be null, and every alternative costs time."""
    if set(out) == {"anyOf"}:
        return {"anyOf": [{"type": "null"}, *out["anyOf"]]}
    if isinstance(out.get("type"), str) and not {"$ref", "allOf", "anyOf", "oneOf", "not"} & set(out):
        with_null = {"enum": [*out["enum"], None]} if "enum" in out else {}
        return {**out, **with_null, "type": [out["type"], "null"]}
    return {"anyOf": [{"type": "null"}, out]}

"""Forms with nested names, `a[b][0][c]=v`, as Stripe reads them, typed by the schema they are meant for."""

from __future__ import annotations

import re
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from tests.provider_contracts.dialect import Schema
from tests.provider_contracts.schemas import Schemas

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_DEEPEST = 20
Tree: TypeAlias = dict[str, Any]


class NotAForm(Exception):
    """The text is no form, or a name is used in two ways. The message says which."""


def parsed(text: str) -> Tree:
    """Names taken apart, values still text; `a[]` counts up from 0. Raises `NotAForm`."""
    tree: Tree = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict") if text else []
    except ValueError as broken:
        raise NotAForm(str(broken)) from broken
    for name, value in pairs:
        _put(tree, name, value)
    return tree


def _put(tree: Tree, name: str, value: str) -> None:
    match = _NAME.fullmatch(name)
    if match is None or name.count("[") > _DEEPEST:
        raise NotAForm(f"the name {name!r} cannot be read")
    path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
    place = tree
    for segment in path[:-1]:
        place = place.setdefault(segment or str(len(place)), {})
        if not isinstance(place, dict):
            raise NotAForm(f"{name} and something above it both have a value")
    last = path[-1] or str(len(place))
    if last in place:
        raise NotAForm(f"{name} is given twice")
    place[last] = value


def typed(value: Any, schema: Schema, schemas: Schemas) -> Any:
    """`value` as the schema would have it; what does not fit stays text, for the schema to refuse.

    So `amount=12.5` remains "12.5" where an integer belongs, and is wrong.
    """
    schema = schemas.resolved(schema)
    for choices in ("anyOf", "oneOf"):
        if choices in schema:
            return _first_that_fits(value, schema[choices], schemas)
    if isinstance(value, dict):
        return _typed_tree(value, schema, schemas)
    return _typed_text(value, schema.get("type"))


def _first_that_fits(value: Any, choices: list[Schema], schemas: Schemas) -> Any:
    attempts = [(typed(value, choice, schemas), choice) for choice in choices]
    for attempt, choice in attempts:
        if schemas.validator(choice, closed=True).is_valid(attempt):
            return attempt
    # None fits: the one that changed something tells best what is wrong.
    return next((attempt for attempt, _ in attempts if attempt != value), value)


def _typed_tree(value: Tree, schema: Schema, schemas: Schemas) -> Any:
    if schema.get("type") == "array":
        if list(value) != [str(index) for index in range(len(value))]:
            return value
        return [typed(each, schema.get("items", {}), schemas) for each in value.values()]
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    anything = others if isinstance(others, dict) else {}
    return {name: typed(each, known.get(name, anything), schemas) for name, each in value.items()}


def _typed_text(value: str, kind: object) -> Any:
    if kind == "integer" and re.fullmatch(r"-?(0|[1-9]\d{0,17})", value, re.ASCII):
        return int(value)
    if kind == "number" and re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", value, re.ASCII):
        return float(value)
    if kind == "boolean" and value in {"true", "false"}:
        return value == "true"
    return value

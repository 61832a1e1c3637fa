"""JSON Schema 2020-12 as `jsonschema` has it, with formats asserted, strict integers, and a short cut."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

FORMATS = FormatChecker(formats=())
_TYPES = {"string": str, "integer": int, "boolean": bool, "null": type(None)}
_PLAIN = frozenset({"type", "maxLength", "enum"})


@FORMATS.checks("date-time")
def _is_time(value: object) -> bool:
    """RFC 3339: with a zone."""
    if not isinstance(value, str):
        return True
    try:
        return "T" in value and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


@FORMATS.checks("unix-time")
def _is_unix_time(value: object) -> bool:
    """Seconds. Ours, not the files': ten digits, since milliseconds are the usual mistake."""
    return not isinstance(value, int) or 0 <= value < 10**10


@FORMATS.checks("decimal")
def _is_decimal(value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(r"-?\d+(\.\d+)?", value, re.ASCII) is not None


@FORMATS.checks("currency")
def _is_currency(value: object) -> bool:
    """ISO 4217, in Stripe's small letters."""
    return not isinstance(value, str) or re.fullmatch(r"[a-z]{3}", value, re.ASCII) is not None


def _is_integer(_: object, value: object) -> bool:
    """JSON Schema also calls 12.0 an integer; a provider that counts cents may not."""
    return isinstance(value, int) and not isinstance(value, bool)


def _certainly_valid(value: object, schema: object) -> bool:
    """Whether a schema of the plainest kind allows `value`. False says nothing.

    Such schemas are nine of ten, and descending into each doubles the time that a large object takes.
    """
    if not isinstance(schema, Mapping) or not schema.keys() <= _PLAIN or "type" not in schema:
        return False
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if type(value) not in [_TYPES.get(kind) for kind in kinds]:
        return False
    if isinstance(value, str) and len(value) > schema.get("maxLength", len(value)):
        return False
    # To Python 1 and True are equal.
    same = (each for each in schema.get("enum", [value]) if type(each) is type(value))
    return value in same


def _properties(
    validator: Any, properties: Mapping[str, Any], instance: object, schema: object
) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for name, inner in properties.items():
            if name in instance and not _certainly_valid(instance[name], inner):
                yield from validator.descend(instance[name], inner, path=name, schema_path=name)


def _any_of(
    validator: Any, choices: list[Any], instance: object, schema: object
) -> Iterator[ValidationError]:
    if not any(_certainly_valid(instance, choice) for choice in choices):
        yield from Draft202012Validator.VALIDATORS["anyOf"](validator, choices, instance, schema)


StrictValidator: type[Validator] = extend(  # type: ignore[no-untyped-call]  # the stubs forgot it
    Draft202012Validator,
    validators={"properties": _properties, "anyOf": _any_of},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)

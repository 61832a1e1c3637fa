"""Holding a value against a schema of one OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

import attrs
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match, by_relevance
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.provider_contracts.dialect import Schema, translated, translated_component

_COMPONENT = "#/components/schemas/"
_LONGEST = 240
# A property counts as unevaluated also where its value is wrong: that one says more.
_RELEVANCE = by_relevance(weak=frozenset({"anyOf", "oneOf", "unevaluatedProperties"}))
FORMATS = FormatChecker(formats=())


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


_StrictValidator: type[Validator] = extend(  # type: ignore[no-untyped-call]  # the stubs forgot it
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)


@attrs.frozen(eq=False, slots=False)
class Schemas:
    """The named schemas of one document, and validators for places in it. `name` tells documents apart."""

    name: str
    components: Mapping[str, Any]
    _validators: dict[tuple[int, bool], tuple[Schema, Validator]] = attrs.field(
        factory=dict, init=False, repr=False
    )

    def breaches(self, value: Any, schema: Schema, *, closed: bool) -> Iterator[str]:
        """What is wrong with `value`, in words. `schema` is the document's own object, not a copy."""
        error = best_match(self.validator(schema, closed=closed).iter_errors(value), key=_RELEVANCE)
        if error is not None:
            message = error.message
            short = message if len(message) <= _LONGEST else f"{message[:150]} ... {message[-80:]}"
            yield f"{error.json_path}: {short}"

    def component_breaches(self, value: Any, name: str) -> Iterator[str]:
        """The same for a schema by its name, as for what a provider sends."""
        yield from self.breaches(value, self.components[name], closed=False)

    def validator(self, schema: Schema, *, closed: bool) -> Validator:
        """Made once, and kept. Threads that come at the same time make two, and either will do."""
        key = (id(schema), closed)
        if key not in self._validators:
            own = translated(schema, closed=closed, uri_of=self._uri)
            registry = self._closed if closed else self._open
            made = _StrictValidator(own, registry=registry, format_checker=FORMATS)
            self._validators[key] = (schema, made)
        return self._validators[key][1]

    def resolved(self, schema: Schema) -> Schema:
        """`schema`, or what it refers to."""
        while "$ref" in schema:
            schema = self.components[schema["$ref"].removeprefix(_COMPONENT)]
        return schema

    def _uri(self, ref: str) -> str:
        assert ref.startswith(_COMPONENT), ref
        return f"urn:{self.name}:{ref.removeprefix(_COMPONENT)}"

    @cached_property
    def _open(self) -> Registry[Any]:
        return self._registry(closed=False)

    @cached_property
    def _closed(self) -> Registry[Any]:
        return self._registry(closed=True)

    def _registry(self, *, closed: bool) -> Registry[Any]:
        return Registry().with_resources(
            (
                f"urn:{self.name}:{name}",
                DRAFT202012.create_resource(translated_component(schema, closed=closed, uri_of=self._uri)),
            )
            for name, schema in self.components.items()
        )

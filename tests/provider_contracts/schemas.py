"""Holding a value against a schema of one OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import attrs
from jsonschema.exceptions import ValidationError, best_match, relevance
from jsonschema.protocols import Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.provider_contracts.dialect import Schema, translated, translated_component
from tests.provider_contracts.strict_validator import FORMATS, StrictValidator

_COMPONENT = "#/components/schemas/"
_LONGEST = 240


def _weight(error: ValidationError) -> tuple[bool, Any]:
    """A property counts as unevaluated also where its value is wrong, and that error says more."""
    return error.validator != "unevaluatedProperties", relevance(error)


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
        error = best_match(self.validator(schema, closed=closed).iter_errors(value), key=_weight)
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
            root = self._closed if closed else self._open
            self._validators[key] = (schema, root.evolve(schema=own))
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
    def _open(self) -> Validator:
        return self._root(closed=False)

    @cached_property
    def _closed(self) -> Validator:
        return self._root(closed=True)

    def _root(self, *, closed: bool) -> Validator:
        """Knows all components by name. Others are made of it: a registry of its own costs each 7 ms."""
        registry: Registry[Any] = Registry().with_resources(
            (
                self._uri(f"{_COMPONENT}{name}"),
                DRAFT202012.create_resource(translated_component(schema, closed=closed, uri_of=self._uri)),
            )
            for name, schema in self.components.items()
        )
        return StrictValidator({}, registry=registry, format_checker=FORMATS)

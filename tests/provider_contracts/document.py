"""An OpenAPI document: its operations, found by method and path alone, since tests answer on loopback."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal, get_args
from urllib.parse import unquote

import attrs

from tests.provider_contracts.dialect import Schema
from tests.provider_contracts.schemas import Schemas

_METHODS = ("get", "post", "put", "patch", "delete")
Place = Literal["path", "query", "header"]


@attrs.frozen(eq=False, slots=False)
class Operation:
    """One method of one path, with its references resolved one level deep.

    `bodies` and `answers[status]` map a media type to a schema; a status may also be `default`.
    """

    method: str
    template: str
    parameters: tuple[Mapping[str, Any], ...]
    bodies: Mapping[str, Mapping[str, Any]]
    body_required: bool
    answers: Mapping[str, Mapping[str, Mapping[str, Any]]]
    schemas: Schemas

    def __str__(self) -> str:
        return f"{self.method} {self.template}"

    def parameters_in(self, place: Place) -> Iterator[Mapping[str, Any]]:
        return (each for each in self.parameters if each["in"] == place)

    def parameters_schema(self, place: Place) -> Schema:
        """What the parameters of one place look like together, as an object."""
        return self._parameters_schemas[place]

    @cached_property
    def _parameters_schemas(self) -> dict[Place, Schema]:
        return {place: _as_object(list(self.parameters_in(place))) for place in get_args(Place)}

    @cached_property
    def segments(self) -> tuple[str, ...]:
        return tuple(self.template.strip("/").split("/"))

    def path_values(self, path: str) -> dict[str, str] | None:
        """What the path has for the template's parameters; None where it is another path."""
        if not path.startswith("/"):
            return None
        found: dict[str, str] = {}
        segments = path[1:].split("/")
        if len(segments) != len(self.segments):
            return None
        for expected, actual in zip(self.segments, segments, strict=True):
            name = re.fullmatch(r"\{(.+)\}", expected)
            if name is None and expected != actual:
                return None
            if name is not None:
                if not actual:
                    return None
                found[name[1]] = unquote(actual)
        return found


def operations(
    raw: Mapping[str, Any], name: str, *, also: Mapping[str, Any] | None = None
) -> tuple[Operation, ...]:
    """All operations of a document. `name` is ours and tells its schemas from another document's.

    `also` are answers, by status, that any operation may give unless it describes them itself.
    """
    components = raw.get("components", {})
    schemas = Schemas(name, components.get("schemas", {}))
    return tuple(
        _operation(method, template, path, components, schemas, also or {})
        for template, path in raw["paths"].items()
        for method in _METHODS
        if method in path
    )


def found(all_operations: tuple[Operation, ...], method: str, path: str) -> Operation | None:
    """The operation of a request. A literal segment beats a parameter: `search` is no id."""
    fitting = [
        each for each in all_operations if each.method == method and each.path_values(path) is not None
    ]
    return min(fitting, key=lambda each: [part.startswith("{") for part in each.segments], default=None)


def _operation(
    method: str,
    template: str,
    path: Mapping[str, Any],
    components: Mapping[str, Any],
    schemas: Schemas,
    also: Mapping[str, Any],
) -> Operation:
    def resolved(part: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
        ref = part.get("$ref")
        return part if ref is None else components[kind][ref.removeprefix(f"#/components/{kind}/")]

    raw = path[method]
    body = resolved(raw.get("requestBody", {}), "requestBodies")
    answers = {
        str(status): resolved(each, "responses") for status, each in {**also, **raw["responses"]}.items()
    }
    return Operation(
        method=method.upper(),
        template=template,
        parameters=tuple(
            resolved(each, "parameters") for each in [*path.get("parameters", []), *raw.get("parameters", [])]
        ),
        bodies=_by_media_type(body),
        body_required=body.get("required", False),
        answers={status: _by_media_type(each) for status, each in answers.items()},
        schemas=schemas,
    )


def _as_object(parameters: list[Mapping[str, Any]]) -> Schema:
    return {
        "type": "object",
        "properties": {each["name"]: each.get("schema", {}) for each in parameters},
        "required": [each["name"] for each in parameters if each.get("required")],
        "additionalProperties": False,
    }


def _by_media_type(part: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {kind: content.get("schema", {}) for kind, content in part.get("content", {}).items()}

"""What the document says of requests where the framework says too little or too much."""

from __future__ import annotations

from collections.abc import Iterable

from litestar.openapi.spec import OpenAPIType, Operation, Parameter, Reference, RequestBody, Schema

_KEY = (
    "20 to 255 visible ASCII characters. The same request under the same key is done once; for 24 hours it "
    "gets the same answer again, with `Idempotency-Replayed: true`."
)
_TAGS = r'^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$'


def describe(operation: Operation) -> None:
    """Say of parameters and bodies that they may be left out, and not that they may be null."""
    for parameter in operation.parameters or []:
        if isinstance(parameter, Parameter):
            _not_null(parameter)
            if parameter.name == "If-Match" and isinstance(parameter.schema, Schema):
                parameter.schema.pattern = _TAGS
    body = operation.request_body
    if isinstance(body, RequestBody):
        body.required = not any(_nullable(media.schema) for media in body.content.values())


def takes_version(operation: Operation) -> bool:
    return any(
        isinstance(parameter, Parameter) and parameter.name == "If-Match"
        for parameter in operation.parameters or []
    )


def add_condition(operation: Operation) -> None:
    """The header is read by `shown` and `unchanged`, which no handler names."""
    _add(
        operation,
        Parameter(
            name="If-None-Match",
            param_in="header",
            description="The `ETag` of what the caller has: where that is current, the answer is 304.",
            schema=Schema(type=OpenAPIType.STRING),
        ),
    )


def add_key(operation: Operation, *, required: bool) -> None:
    """The key is read before the handler, which does not name it."""
    _add(
        operation,
        Parameter(
            name="Idempotency-Key",
            param_in="header",
            required=required,
            description=_KEY,
            schema=Schema(type=OpenAPIType.STRING, min_length=20, max_length=255, pattern="^[!-~]*$"),
        ),
    )


def _add(operation: Operation, parameter: Parameter) -> None:
    operation.parameters = [*(operation.parameters or []), parameter]


def _not_null(parameter: Parameter) -> None:
    schema = parameter.schema
    if not isinstance(schema, Schema) or not schema.one_of:
        return
    rest = [each for each in schema.one_of if not _is_null(each)]
    if len(rest) != 1:
        return
    (only,) = rest
    if isinstance(only, Reference):
        parameter.schema = only
        return
    schema.one_of = None
    schema.type, schema.format, schema.enum = only.type, schema.format or only.format, only.enum


def _nullable(schema: Schema | Reference | None) -> bool:
    return isinstance(schema, Schema) and any(_is_null(each) for each in schema.one_of or ())


def _is_null(schema: Schema | Reference) -> bool:
    return isinstance(schema, Schema) and schema.type == OpenAPIType.NULL


def statuses_of_body(operation: Operation) -> Iterable[int]:
    """How a body is refused before anybody understands it."""
    return (400, 408, 413, 415, 422) if operation.request_body is not None else ()

"""What is wrong with a request that we send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx

from tests.provider_contracts.card_data import card_data
from tests.provider_contracts.document import Operation, Place
from tests.provider_contracts.forms import NotAForm, Tree, parsed, typed

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class Unreadable(Exception):
    """Not the JSON that it says it is. The message says why."""


def request_breaches(operation: Operation, request: httpx.Request) -> Iterator[str]:
    """Everything that the document forbids, and card data wherever it may hide."""
    path = operation.path_values(_path(request)) or {}
    yield from _parameter_breaches(operation, "path", dict(path))
    yield from card_data(path, "path")
    yield from _query_breaches(operation, request)
    yield from _header_breaches(operation, request)
    yield from _body_breaches(operation, request)


def media_type(headers: httpx.Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def parsed_json(content: bytes) -> Any:
    """Strict JSON (RFC 8259): no NaN, and no name twice in an object. Raises `Unreadable`."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = dict(pairs)
        if len(names) != len(pairs):
            raise Unreadable("a name is given twice")
        return names

    def no_number(text: str) -> Any:
        raise Unreadable(f"{text} is no JSON")

    try:
        return json.loads(content.decode(), object_pairs_hook=unique, parse_constant=no_number)
    except ValueError as broken:
        raise Unreadable(f"not JSON: {type(broken).__name__}") from broken


def _path(request: httpx.Request) -> str:
    return request.url.raw_path.decode("ascii").partition("?")[0]


def _parameter_breaches(operation: Operation, place: Place, values: Tree) -> Iterator[str]:
    schema = operation.parameters_schema(place)
    values = typed(values, schema, operation.schemas)
    for breach in operation.schemas.breaches(values, schema, closed=True):
        yield f"{place} {breach}"


def _query_breaches(operation: Operation, request: httpx.Request) -> Iterator[str]:
    try:
        query = parsed(request.url.query.decode("ascii"))
    except NotAForm as broken:
        yield f"query: {broken}"
        return
    yield from _parameter_breaches(operation, "query", query)
    yield from card_data(query, "query")


def _header_breaches(operation: Operation, request: httpx.Request) -> Iterator[str]:
    names = [each["name"] for each in operation.parameters_in("header")]
    values = {name: request.headers[name] for name in names if name in request.headers}
    yield from _parameter_breaches(operation, "header", values)


def _body_breaches(operation: Operation, request: httpx.Request) -> Iterator[str]:
    content, kind = request.read(), media_type(request.headers)
    if not content:
        # Both providers forgot to say that a body is required; some of its members are, though.
        if operation.body_required or not _may_be_empty(operation):
            yield "no body"
        return
    if kind not in operation.bodies:
        allowed = ", ".join(operation.bodies) or "none"
        yield f"a body of type {kind or 'unknown'}; allowed is {allowed}"
        return
    schema = operation.bodies[kind]
    try:
        if kind == FORM:
            body = typed(parsed(content.decode("ascii")), schema, operation.schemas)
        else:
            body = parsed_json(content)
    except (NotAForm, Unreadable, UnicodeDecodeError) as broken:
        yield f"body: {broken}"
        return
    for breach in operation.schemas.breaches(body, schema, closed=True):
        yield f"body {breach}"
    yield from card_data(_written_by_us(body), "body")


def _may_be_empty(operation: Operation) -> bool:
    schemas = operation.schemas
    return all(schemas.validator(each, closed=True).is_valid({}) for each in operation.bodies.values())


def _written_by_us(body: Any) -> Any:
    """Without the webhook that is sent back to PayPal to be verified: that one PayPal wrote."""
    if isinstance(body, dict):
        return {name: value for name, value in body.items() if name != "webhook_event"}
    return body

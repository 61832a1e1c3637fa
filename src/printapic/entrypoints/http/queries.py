"""Queries: what the framework reads into them that nobody wrote."""

from __future__ import annotations

from functools import cache
from typing import Any

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from printapic.entrypoints.http.bodies import Fault, RequestInvalid


def refuse_null(request: Request[Any, Any, Any]) -> None:
    """Take the text `null` for a value like any other. Raises `RequestInvalid`.

    Where a parameter may be left out, the framework reads that text as if it were: `?status=null` would list
    orders of every status, although there is no such status.
    """
    handler = request.route_handler
    if not request.scope["query_string"] or not isinstance(handler, HTTPRouteHandler):
        return
    for name in _that_may_be_left_out(handler) & set(request.query_params):
        if any(value.lower() == "null" for value in request.query_params.getall(name)):
            raise RequestInvalid(Fault(f"query/{name}", "parameter-invalid", "Not allowed here."))


@cache
def _that_may_be_left_out(handler: HTTPRouteHandler) -> frozenset[str]:
    """Not those that take any text, which say what they mean."""
    return frozenset(
        name
        for name, field in handler.parsed_fn_signature.parameters.items()
        if isinstance(field.kwarg_definition, QueryParameter) and field.is_optional and str not in field.args
    )

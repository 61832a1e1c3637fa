"""Errors: the one place where what went wrong becomes an HTTP answer."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap, Receive, Scope, Send

from printapic.application.ports.throttle import TooManyRequests
from printapic.domain.catalogue.quote import QuoteChanged, QuoteExpired
from printapic.domain.errors import Conflict, PrintAPicError, Throttled, Unauthenticated, Unavailable
from printapic.entrypoints.http.bodies import Fault, RequestInvalid
from printapic.entrypoints.http.failures import anatomy
from printapic.entrypoints.http.headers import request_id
from printapic.entrypoints.http.limits import note
from printapic.entrypoints.http.problems import (
    MEDIA_TYPE,
    FaultBody,
    Problem,
    framework_problem,
    problem,
    status_of,
)
from printapic.entrypoints.http.quotes import quote_body

_log = structlog.get_logger(__name__)
_COUNTED = frozenset({"overloaded"})
"""Refusals that come by the thousand, and are counted where they are made."""
_MISSING_BODY = "data"
_MISSING = re.compile(r"Missing required query parameter '(\w+)'", re.ASCII)


def refused(request: Request[Any, Any, Any], error: PrintAPicError) -> Response[bytes]:
    """The shop said no."""
    status = status_of(error)
    headers: dict[str, str] = {}
    if isinstance(error, Throttled | Unavailable | Conflict) and error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, TooManyRequests):
        note(request.scope, error.verdict)
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="printapic"'
    if status >= 500 and error.code not in _COUNTED:
        _log.warning("request refused", request_id=request_id(request.scope), code=error.code)
    return _answer(
        problem(
            error.code,
            error.message,
            status=status,
            request_id=request_id(request.scope),
            errors=_faults(error),
            details=error.details,
            quote=_quote(error),
        ),
        headers,
    )


def not_understood(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """The framework said no: unknown route, wrong method, unreadable request."""
    if isinstance(error, ValidationException):
        return _invalid(request, error)
    status, code, detail = framework_problem(error.status_code)
    if status >= 500:
        return broken(request, error)
    allow = {k: v for k, v in (error.headers or {}).items() if k.lower() == "allow"}
    return _answer(problem(code, detail, status=status, request_id=request_id(request.scope)), allow)


def broken(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A bug of ours. The log gets what happened where, the client nothing."""
    _log.error(
        "request failed",
        request_id=request_id(request.scope),
        method=request.scope["method"],
        route=request.scope.get("path_template"),
        **anatomy(error),
    )
    return _answer(
        problem(
            "internal-error",
            "Something went wrong here. It is not your fault.",
            status=500,
            request_id=request_id(request.scope),
        ),
        {},
    )


async def refuse(scope: Scope, receive: Receive, send: Send, error: PrintAPicError) -> None:
    """Answer a request that no handler is to see. For what lies between the server and the routes."""
    request = Request[Any, Any, Any](scope)
    answer = refused(request, error).to_asgi_response(app=None, request=request)
    await answer(scope, receive, send)


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    PrintAPicError: refused,
    HTTPException: not_understood,
    Exception: broken,
}


def _answer(body: Problem, headers: dict[str, str]) -> Response[bytes]:
    return Response(
        msgspec.json.encode(body), status_code=body.status, media_type=MEDIA_TYPE, headers=headers
    )


def _invalid(request: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    """A parameter of the wrong kind, or a body that is not there."""
    extra = error.extra if isinstance(error.extra, list) else []
    names = [str(each.get("key", "")) for each in extra if isinstance(each, dict)]
    if _MISSING_BODY in names:
        return _answer(
            problem(
                "body-missing", "This request needs a body.", status=400, request_id=request_id(request.scope)
            ),
            {},
        )
    if missing := _MISSING.search(error.detail):
        return refused(
            request, RequestInvalid(Fault(f"query/{missing[1]}", "parameter-missing", "This is required."))
        )
    faults = [
        Fault(f"query/{name}" if name.isidentifier() else "query", "parameter-invalid", "Not allowed here.")
        for name in names or [""]
    ]
    return refused(request, RequestInvalid(*faults))


def _faults(error: PrintAPicError) -> list[FaultBody]:
    if not isinstance(error, RequestInvalid):
        return []
    return [FaultBody(pointer=f.pointer, code=f.code, detail=f.detail) for f in error.faults]


def _quote(error: PrintAPicError) -> dict[str, Any] | None:
    if isinstance(error, QuoteChanged | QuoteExpired):
        plain: dict[str, Any] = msgspec.to_builtins(quote_body(error.quote))
        return plain
    return None

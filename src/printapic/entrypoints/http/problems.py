"""Problems: how every refusal is written down (RFC 9457), whoever refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

import msgspec

from printapic.domain.errors import (
    Conflict,
    Denied,
    Invalid,
    NotFound,
    PrintAPicError,
    Throttled,
    Unauthenticated,
    Unavailable,
)

MEDIA_TYPE = "application/problem+json"
_KINDS: Mapping[type[PrintAPicError], int] = {
    Invalid: 422,
    NotFound: 404,
    Conflict: 409,
    Denied: 403,
    Unauthenticated: 401,
    Throttled: 429,
    Unavailable: 503,
}
_CODES: Mapping[str, int] = {
    "body-incomplete": 400,
    "body-too-slow": 408,
    "content-type-unsupported": 415,
    "host-not-served": 421,
    "idempotency-key-invalid": 400,
    "idempotency-key-missing": 400,
    "image-format-unsupported": 415,
    "json-malformed": 400,
    "json-too-deep": 400,
    "precondition-required": 428,
    "upload-too-large": 413,
    "upload-too-slow": 408,
    "version-differs": 412,
    "webhook-rejected": 400,
}
_FRAMEWORK: Mapping[int, tuple[str, str]] = {
    400: ("request-malformed", "The request is not well-formed."),
    404: ("route-not-found", "There is nothing at this address."),
    405: ("method-not-allowed", "This address does not know this method."),
    413: ("body-too-large", "The body is larger than this address takes."),
    415: ("content-type-unsupported", "The body has another type than this address takes."),
}


class FaultBody(msgspec.Struct, kw_only=True):
    """`pointer` is a JSON pointer into the body, or `query/<name>`."""

    pointer: str
    code: str
    detail: str


class Problem(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A refusal. Clients act on `code`, which stays the same for good; `details` may help them."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FaultBody] | None = None
    details: dict[str, Any] | None = None
    quote: dict[str, Any] | None = None
    dependencies: dict[str, bool] | None = None

    example: ClassVar[Mapping[str, object]] = {
        "type": "urn:printapic:problem:order-not-found",
        "title": "Order not found",
        "status": 404,
        "detail": "There is no such order.",
        "code": "order-not-found",
        "request_id": "019a1c5e-7c1b-7d0e-8f3a-2b6c9d1e4f50",
    }


def status_of(error: PrintAPicError) -> int:
    """The HTTP status of a refusal: its code's own, or its kind's."""
    if error.code in _CODES:
        return _CODES[error.code]
    return next((_KINDS[kind] for kind in type(error).__mro__ if kind in _KINDS), 500)


def problem(
    code: str,
    detail: str,
    *,
    status: int,
    request_id: str,
    errors: Sequence[FaultBody] = (),
    details: Mapping[str, Any] | None = None,
    quote: Mapping[str, Any] | None = None,
    dependencies: Mapping[str, bool] | None = None,
) -> Problem:
    return Problem(
        type=f"urn:printapic:problem:{code}",
        title=code.replace("-", " ").capitalize(),
        status=status,
        detail=detail,
        code=code,
        request_id=request_id,
        errors=list(errors) or None,
        details=dict(details) if details else None,
        quote=dict(quote) if quote else None,
        dependencies=dict(dependencies) if dependencies else None,
    )


def framework_problem(status: int) -> tuple[int, str, str]:
    """Status, code and sentence for what the framework refuses by itself."""
    if status in _FRAMEWORK:
        return status, *_FRAMEWORK[status]
    known = status if 400 <= status < 600 else 500
    phrase = HTTPStatus(known).phrase if known in {s.value for s in HTTPStatus} else "Refused"
    return known, phrase.lower().replace(" ", "-"), f"{phrase}."

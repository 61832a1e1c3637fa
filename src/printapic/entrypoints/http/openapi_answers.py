"""What the document says of answers beside their bodies: which headers they carry, and when."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping

from litestar.openapi.spec import (
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Reference,
    Schema,
)

from printapic.entrypoints.http.problems import MEDIA_TYPE, Problem

_REFUSALS: Mapping[int, tuple[str, str]] = {
    400: ("BadRequest", "The request is not well-formed"),
    401: ("Unauthenticated", "Not logged in"),
    403: ("Forbidden", "Not allowed for this account"),
    404: ("NotFound", "There is no such thing, or it is somebody else's"),
    408: ("TooSlow", "The body came too slowly"),
    409: ("Conflict", "Not possible in the present state"),
    412: ("PreconditionFailed", "It has changed since it was read"),
    413: ("TooLarge", "The body is too large"),
    415: ("UnsupportedType", "The body has the wrong type"),
    422: ("Invalid", "Something in the request is not as declared or allowed"),
    428: ("PreconditionRequired", "Needs to know which version is meant (`If-Match`)"),
    429: (
        "TooManyRequests",
        "Too many attempts: `RateLimit` names the limit, `Retry-After` says when the next one may pass",
    ),
    503: ("Unavailable", "Something that the shop needs does not answer; try again"),
}
_HEADERS: Mapping[str, tuple[str, bool, Schema]] = {
    "X-Request-ID": (
        "By which the shop's operators find this request.",
        True,
        Schema(type=OpenAPIType.STRING, pattern="^[A-Za-z0-9-]{8,64}$"),
    ),
    "ETag": (
        "Names this version, for `If-Match` and `If-None-Match`.",
        True,
        Schema(type=OpenAPIType.STRING, pattern='^"[!#-~]*"$'),
    ),
    "Location": ("Where it can be read.", True, Schema(type=OpenAPIType.STRING, pattern="^/v1/")),
    "WWW-Authenticate": (
        "How to log in (RFC 6750).",
        True,
        Schema(type=OpenAPIType.STRING, pattern="^Bearer "),
    ),
    "Retry-After": ("Seconds to wait.", False, Schema(type=OpenAPIType.INTEGER, minimum=0)),
    "Allow": ("What this address knows, with 405.", False, Schema(type=OpenAPIType.STRING)),
    "RateLimit-Policy": (
        'The limits that count here: `"login";q=30;w=60` is 30 in a minute.',
        False,
        Schema(type=OpenAPIType.STRING),
    ),
    "RateLimit": (
        'What is left of them: `"login";r=29;t=2` is 29 now, and all in 2 seconds.',
        False,
        Schema(type=OpenAPIType.STRING),
    ),
    "Idempotency-Replayed": (
        "`true` where this is the answer to an earlier request under the same key.",
        False,
        Schema(type=OpenAPIType.STRING, enum=["true"]),
    ),
}
"""Name -> what it means, whether it is always there where it is listed, and what it looks like."""

_COUNTED = ("RateLimit-Policy", "RateLimit")
_OF_REFUSALS: Mapping[int, Collection[str]] = {
    401: ("WWW-Authenticate",),
    409: ("Retry-After",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_OTHER = "Refusal"
_PROBLEM = Problem.__name__


def headers() -> dict[str, OpenAPIHeader | Reference]:
    """For the components of the document."""
    return {
        name: OpenAPIHeader(description=text, required=required, schema=schema)
        for name, (text, required, schema) in _HEADERS.items()
    }


def refusals() -> dict[str, OpenAPIResponse | Reference]:
    """For the components of the document: a refusal looks the same wherever it comes from."""
    found: dict[str, OpenAPIResponse | Reference] = {
        name: _refusal(meaning, _OF_REFUSALS.get(status, ())) for status, (name, meaning) in _REFUSALS.items()
    }
    return found | {_OTHER: _refusal("Any other refusal", ("Allow",))}


def refuse(operation: Operation, statuses: Iterable[int]) -> None:
    """Say that an operation refuses with these statuses, and with any other in some case or other."""
    answers = {status: answer for status, answer in (operation.responses or {}).items() if int(status) < 400}
    for status in sorted(statuses):
        answers[str(status)] = Reference(ref=f"#/components/responses/{_REFUSALS[status][0]}")
    answers["default"] = Reference(ref=f"#/components/responses/{_OTHER}")
    operation.responses = answers


def carry_headers(operation: Operation, *, versioned: bool, keyed: bool) -> None:
    """Say which headers the successes of an operation carry, beside those that its handler declares.

    `versioned`: they name their version; `keyed`: they may be replays.
    """
    for answer in (operation.responses or {}).values():
        if isinstance(answer, OpenAPIResponse):
            names = {"X-Request-ID", *_COUNTED, *(answer.headers or {})}
            names |= {"ETag"} if versioned else set()
            names |= {"Idempotency-Replayed"} if keyed else set()
            declared = answer.headers or {}
            others = {name: declared[name] for name in sorted(declared) if name not in _HEADERS}
            answer.headers = _references(names) | others


def _refusal(meaning: str, names: Iterable[str]) -> OpenAPIResponse:
    return OpenAPIResponse(
        description=meaning,
        headers=_references({"X-Request-ID", *_COUNTED, *names}),
        content={MEDIA_TYPE: OpenAPIMediaType(schema=Reference(ref=f"#/components/schemas/{_PROBLEM}"))},
    )


def _references(names: Container[str]) -> dict[str, OpenAPIHeader | Reference]:
    """In the order of the table: the framework's has none."""
    return {name: Reference(ref=f"#/components/headers/{name}") for name in _HEADERS if name in names}

"""What the document says of answers beside their bodies: which headers they carry, and when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

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

_MEANINGS: Mapping[int, str] = {
    400: "The request is not well-formed",
    401: "Not logged in",
    403: "Not allowed for this account",
    404: "There is no such thing, or it is somebody else's",
    408: "The body came too slowly",
    409: "Not possible in the present state",
    412: "It has changed since it was read",
    413: "The body is too large",
    415: "The body has the wrong type",
    422: "Something in the request is not as declared or allowed",
    428: "Needs to know which version is meant (`If-Match`)",
    429: "Too many attempts: `RateLimit` names the limit, `Retry-After` says when the next one may pass",
    503: "Something that the shop needs does not answer; try again",
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


def headers() -> dict[str, OpenAPIHeader | Reference]:
    """For the components of the document."""
    return {
        name: OpenAPIHeader(description=text, required=required, schema=schema)
        for name, (text, required, schema) in _HEADERS.items()
    }


def refuse(operation: Operation, statuses: Iterable[int]) -> None:
    """Say that an operation refuses with these statuses, and with any other in some case or other."""
    answers = {status: answer for status, answer in (operation.responses or {}).items() if int(status) < 400}
    for status in sorted(statuses):
        answers[str(status)] = _refusal(_MEANINGS[status])
    answers["default"] = _refusal("Any other refusal")
    operation.responses = answers


def carry_headers(operation: Operation, *, versioned: bool, limited: bool, keyed: bool) -> None:
    """Say which headers each answer of an operation carries.

    `versioned`: successes name their version; `limited`: somebody counts; `keyed`: there may be a replay.
    """
    for status, answer in (operation.responses or {}).items():
        if not isinstance(answer, OpenAPIResponse):
            continue
        good = status.startswith(("2", "3"))
        names = ["X-Request-ID"]
        names += ["ETag"] if good and versioned else []
        names += ["WWW-Authenticate"] if status == "401" else []
        names += ["Retry-After"] if status in {"429", "503"} or (keyed and status == "409") else []
        names += ["RateLimit-Policy", "RateLimit"] if limited else []
        names += ["Idempotency-Replayed"] if good and keyed else []
        names += [name for name in answer.headers or {} if name in _HEADERS]
        answer.headers = {**(answer.headers or {}), **_references(names)}


def _references(names: Collection[str]) -> dict[str, Reference]:
    return {name: Reference(ref=f"#/components/headers/{name}") for name in names}


def _refusal(meaning: str) -> OpenAPIResponse:
    schema = Reference(ref=f"#/components/schemas/{Problem.__name__}")
    return OpenAPIResponse(description=meaning, content={MEDIA_TYPE: OpenAPIMediaType(schema=schema)})

"""What Schemathesis has to know of our shop. `schemathesis.toml` names this module."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache
from typing import Any

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import RejectedPositiveData

from tests.conformance.people import ROLES, beside
from tests.integration.http.live_shop import LiveShop

SHAPE = frozenset(
    {
        "body-missing",
        "content-type-unsupported",
        "json-malformed",
        "json-too-deep",
        "request-invalid",
        "request-malformed",
        "upload-form-invalid",
    }
)
"""How a request is refused that is not as the document says."""

ENDS_ITSELF = frozenset({"log_out"})
"""What nobody can ask who is to ask something else afterwards."""

_OPEN = ExitStack()


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Leave `default` out: with it in reach no status would ever be one that the document does not name."""
    for item in raw_schema["paths"].values():
        for operation in item.values():
            operation["responses"].pop("default")


@schemathesis.hook
def filter_failure(
    context: schemathesis.HookContext,
    failure: Failure,
    case: schemathesis.Case,
    response: schemathesis.Response,
) -> bool:
    """A schema says what is well-formed; whether a voucher exists or a token is good, the shop decides.

    So what a schema allows may be refused, but not as malformed.
    """
    if isinstance(failure, RejectedPositiveData):
        return _code(response) in SHAPE
    return True


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Let somebody else end their session, so that whoever asks can go on."""
    operation = case.operation.definition.raw.get("operationId")
    if operation in ENDS_ITSELF and "Authorization" in case.headers and case._has_explicit_auth:
        roles = ROLES[os.environ["CONFORMANCE_WHO"]]
        case.headers["Authorization"] = _shop().person(*roles).headers["Authorization"]


@cache
def _shop() -> LiveShop:
    return _OPEN.enter_context(beside(os.environ["CONFORMANCE_URL"]))


def _code(response: schemathesis.Response) -> str:
    try:
        body = response.json()
    except ValueError:
        return ""
    return str(body.get("code")) if isinstance(body, Mapping) else ""

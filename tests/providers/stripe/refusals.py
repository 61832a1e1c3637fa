"""Stripe's refusals: an HTTP status and `{"error": {...}}`."""

from __future__ import annotations

from typing import Any

from tests.providers.routes import Reply


class Refused(Exception):
    """Stripe says no. `executed` tells whether the request had begun: only then its key remembers this."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type_: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        executed: bool = True,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        said = {"type": type_, "code": code, "param": param, "message": message, **more}
        self.status, self.executed, self.headers = status, executed, headers or {}
        self.error = {name: value for name, value in said.items() if value is not None}

    def reply(self) -> Reply:
        return Reply.of_json(self.status, {"error": self.error}, self.headers)


def invalid(param: str, message: str, code: str | None = None) -> Refused:
    """A parameter that says nothing sensible: refused before anything began."""
    return Refused(message, param=param, code=code, executed=False)


def missing(kind: str, id_: str, param: str) -> Refused:
    return Refused(f"No such {kind}: '{id_}'", status=404, code="resource_missing", param=param)


def unexpected_state(message: str, intent: dict[str, Any]) -> Refused:
    """What an intent of this status does not let happen."""
    return Refused(message, code="payment_intent_unexpected_state", payment_intent=intent)


def server_error() -> Reply:
    error = {"type": "api_error", "message": "An unknown error occurred on our side."}
    return Reply.of_json(500, {"error": error})

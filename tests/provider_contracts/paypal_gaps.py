"""Where PayPal's files fall short of PayPal: the token, being sent away, and lists with nothing in them."""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string", "minLength": 1}


def _object(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


_GRANT = _object("grant_type", grant_type={"type": "string", "enum": ["client_credentials"]})
_GRANTED = _object(
    "access_token",
    "token_type",
    "expires_in",
    access_token=_TEXT,
    token_type={"type": "string", "enum": ["Bearer"]},
    expires_in={"type": "integer", "minimum": 1},
    scope={"type": "string"},
)
_REFUSED = _object("error", error=_TEXT, error_description=_TEXT)
_BUSY = _object("name", "message", name={"type": "string", "enum": ["RATE_LIMIT_REACHED"]}, message=_TEXT)

TOKEN_DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "paths": {
        "/v1/oauth2/token": {
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {"application/x-www-form-urlencoded": {"schema": _GRANT}},
                },
                "responses": {
                    "200": _json(_GRANTED),
                    "400": _json(_REFUSED),
                    "401": _json(_REFUSED),
                    "default": {},
                },
            }
        }
    },
}
"""RFC 6749, sections 4.4 and 5, as far as PayPal goes."""

_MAY_BE_EMPTY = {"search_response": "transaction_details", "dispute_search": "items"}
"""A search that finds nothing answers with an empty list, which the files forbid (minItems 1)."""

_WRITTEN_BY_PAYPAL = ("event", "link_description")
"""What a request to verify a webhook sends back unread, with whatever PayPal may have added since."""

TOO_MANY = _json(_BUSY)
"""The answer 429: no file has it, and their errors' alternatives do not allow it."""


def amended(raw: dict[str, Any]) -> dict[str, Any]:
    """A document as it was read, with these corrected in place."""
    schemas = raw["components"]["schemas"]
    for component, member in _MAY_BE_EMPTY.items():
        if component in schemas:
            del schemas[component]["properties"][member]["minItems"]
    if "verify_webhook_signature" in schemas:
        for component in _WRITTEN_BY_PAYPAL:
            schemas[component]["additionalProperties"] = True
    return raw

"""Who may ask: client credentials for a token, a token for everything else (RFC 6749, section 4.4)."""

from __future__ import annotations

import secrets
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from urllib.parse import parse_qs

from tests.providers.books import Entry, Json
from tests.providers.paypal.refusals import Refusal

CLIENT_ID = "AeA1QIZXiflr1-simulated-client"
CLIENT_SECRET = "canary-EGnHDxD-simulated-secret"
_LASTS_S = "token_lasts_s"
_USUAL_S = 32_400


class NoGrant(Exception):
    """A token was refused, in OAuth's own words and not in PayPal's."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.body = status, {"error": error, "error_description": "the simulator said no"}


def grant(entry: Entry, headers: Mapping[str, str], body: bytes) -> Json:
    """A new token. Raises `NoGrant`."""
    if _basic(headers.get("authorization", "")) != f"{CLIENT_ID}:{CLIENT_SECRET}":
        raise NoGrant(401, "invalid_client")
    form = parse_qs(body.decode("ascii", "replace"))
    if form.get("grant_type") != ["client_credentials"]:
        raise NoGrant(400, "unsupported_grant_type")
    token = f"A21AA{secrets.token_urlsafe(48)}"
    lasts_s = entry.setting(_LASTS_S) or _USUAL_S
    entry.put("token", {"id": token, "until": entry.now.timestamp() + lasts_s})
    return {
        "scope": "https://uri.paypal.com/services/payments/payment",
        "access_token": token,
        "token_type": "Bearer",
        "app_id": "APP-80W284485P519543T",
        "expires_in": lasts_s,
        "nonce": f"{entry.now:%Y-%m-%dT%H:%M:%SZ}{secrets.token_urlsafe(16)}",
    }


def admit(entry: Entry, headers: Mapping[str, str]) -> None:
    """Raises `Refusal`: 401."""
    token = entry.get("token", _bearer(headers))
    if token is None or token["until"] <= entry.now.timestamp():
        raise Refusal(401)


def revoke(entry: Entry, headers: Mapping[str, str] | None = None) -> None:
    """End the token of a request, or all of them, whatever their holders were told."""
    which = None if headers is None else _bearer(headers)
    for token in entry.find("token"):
        if which in (None, token["id"]):
            entry.put("token", {**token, "until": 0})


def tokens_last(entry: Entry, seconds: int) -> None:
    """From now on tokens are good for so long, and say so."""
    entry.keep(_LASTS_S, seconds)


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token if scheme == "Bearer" else ""


def _basic(value: str) -> str:
    scheme, _, credentials = value.partition(" ")
    try:
        return b64decode(credentials, validate=True).decode() if scheme == "Basic" else ""
    except (NotBase64, ValueError):
        return ""

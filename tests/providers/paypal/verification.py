"""PayPal's answer to "was this news from you": over the very bytes of the event inside the request."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from json.decoder import JSONDecoder, scanstring  # type: ignore[attr-defined]
from typing import Any

from tests.providers.books import Json
from tests.providers.paypal.refusals import bad_request
from tests.providers.paypal.signatures import SigningDesk

_CLAIMS = ("auth_algo", "cert_url", "transmission_id", "transmission_sig", "transmission_time", "webhook_id")
_GAP = re.compile(r"[ \t\r\n]*")


def verify(signing: SigningDesk, body: Mapping[str, Any], raw: bytes) -> Json:
    """Raises `Refusal`: 400."""
    for name in (*_CLAIMS, "webhook_event"):
        if name not in body:
            raise bad_request("MISSING_REQUIRED_PARAMETER", f"/{name}")
    event = member_as_sent(raw, "webhook_event")
    return {"verification_status": "SUCCESS" if signing.vouches(body, event) else "FAILURE"}


def member_as_sent(raw: bytes, name: str) -> bytes:
    """The bytes of a member of a JSON object, white space within it and all. Raises `KeyError`."""
    text = raw.decode("utf-8")
    decoder, place = JSONDecoder(), _after_gap(text, 0) + 1
    while text[place := _after_gap(text, place)] != "}":
        found, place = scanstring(text, place + 1)
        begins = _after_gap(text, _after_gap(text, place) + 1)
        _, place = decoder.raw_decode(text, begins)
        if found == name:
            return text[begins:place].encode()
        place = _after_gap(text, place)
        place += text[place] == ","
    raise KeyError(name)


def parsed(raw: bytes) -> Mapping[str, Any]:
    """The JSON object of a request; an empty body is an empty one. Raises `Refusal`: 400."""
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        raise bad_request("MALFORMED_REQUEST_JSON") from None
    if not isinstance(body, dict):
        raise bad_request("MALFORMED_REQUEST_JSON")
    return body


def _after_gap(text: str, place: int) -> int:
    found = _GAP.match(text, place)
    assert found is not None
    return found.end()

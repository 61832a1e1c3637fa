"""Callers: from where a request comes, and with what device, for whoever is told about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from litestar import Request

from printapic.application.shop import Shop
from printapic.domain.actors import Caller
from printapic.entrypoints.http.addresses import sent
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.headers import proxies_of, request_id

_PRODUCT = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}", re.ASCII)
_CALLER = "printapic.caller"
_LOOKED_AT = 500
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
    ("Mozilla/", "Browser"),
)
"""The first that is in a User-Agent names it: browsers carry the names of those they came after as well."""
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device_label(user_agent: str) -> str | None:
    """What people recognise a device by, such as "Firefox on Windows" or "curl"; None for no such thing.

    Made of words of ours, or of the first product's name (RFC 9110, 10.1.5) if that is plain: nothing else
    that a client sends is ever shown to anybody.
    """
    text = user_agent[:_LOOKED_AT]
    browser = next((name for mark, name in _BROWSERS if mark in text), None)
    system = next((name for mark, name in _SYSTEMS if mark in text), None)
    if browser and system:
        return f"{browser} on {system}"
    if browser:
        return browser
    product = _PRODUCT.match(text.strip())
    return product[0] if product else None


def provide_caller(request: Request[Any, Any, Any], shop: Given[Shop]) -> Caller:
    """The caller of a request.

    `shop` is not used, as in `provide_principal`, and for the same reason.
    """
    return caller_of(request.scope)


def caller_of(scope: Mapping[str, Any]) -> Caller:
    """The caller of a request, looked at once."""
    state: dict[str, Any] = scope["state"]
    if _CALLER not in state:
        state[_CALLER] = _caller(scope)
    caller: Caller = state[_CALLER]
    return caller


def _caller(scope: Mapping[str, Any]) -> Caller:
    user_agents = sent(scope, b"user-agent")
    return Caller(
        address=proxies_of(scope).client_address(scope),
        device=device_label(user_agents[0]) if user_agents else None,
        request_id=request_id(scope),
    )

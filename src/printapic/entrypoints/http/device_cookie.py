"""The device cookie: it spares a device that has logged in before the account's count of wrong passwords.

It opens nothing, and no page can read it.
"""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.datastructures import Cookie

from printapic.entrypoints.settings import Settings

ONE_YEAR_S = 31_536_000
_LONGEST = 200
_NAME = "printapic-device"


def _name(settings: Settings) -> str:
    """The prefix binds it to exactly this host (RFC 6265bis, 4.1.3.2); browsers take it over https alone."""
    return f"__Host-{_NAME}" if _https(settings) else _NAME


def _https(settings: Settings) -> bool:
    return settings.public_url.startswith("https://")


def device_token(request: Request[Any, Any, Any], settings: Settings) -> str | None:
    """What the device was given at its last login; None for none, and for what we never gave."""
    found = request.cookies.get(_name(settings))
    return found if found and len(found) <= _LONGEST else None


def device_cookie(token: str, settings: Settings) -> Cookie:
    return Cookie(
        key=_name(settings),
        value=token,
        max_age=ONE_YEAR_S,
        path="/",
        secure=_https(settings),
        httponly=True,
        samesite="strict",
    )

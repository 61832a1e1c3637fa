"""Methods: what an address says in `Allow` (RFC 9110, 10.2.1), when it is asked and when it refuses."""

from __future__ import annotations

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.routes import HTTPRoute
from litestar.types import Scope

_ALLOWED = "allowed_methods"


def remember_methods(app: Litestar) -> None:
    """Note for each address what it knows, when all routes are there.

    The framework's own answer to OPTIONS names the methods of the first handler that an address got.
    """
    routes = [route for route in app.routes if isinstance(route, HTTPRoute)]
    app.state[_ALLOWED] = {route.path_format: ", ".join(sorted(route.methods)).encode() for route in routes}


def allowed(scope: Scope, value: bytes) -> bytes:
    """What is to stand in `Allow`, where the framework would say `value`.

    Every address that knows GET knows HEAD, which the framework has not heard of.
    """
    if scope["type"] == ScopeType.HTTP and scope["method"] == "OPTIONS":
        known: dict[str, bytes] = scope["litestar_app"].state.get(_ALLOWED, {})
        value = known.get(scope["path_template"], value)
    return value if b"HEAD" in value else value.replace(b"GET", b"GET, HEAD")

"""Hosts: by which names the shop is spoken to. Another one is a mistake, or a page of somebody else's."""

from __future__ import annotations

from litestar.types import ASGIApp, Receive, Scope, Send

from printapic.domain.errors import Invalid
from printapic.entrypoints.http.errors import refuse

_HEALTH = "/health/"


class HostNotServed(Invalid):
    """Misdirected Request (RFC 9110, 15.5.20). What was asked for is not repeated."""

    code = "host-not-served"

    def __init__(self) -> None:
        super().__init__("This server does not answer for that host.")


class OwnHosts:
    """Lets through what is addressed to one of `hosts`, each `host[:port]` in lower case.

    Exact names and no patterns, where the framework's own went wrong (CVE-2026-25479). Forwarded hosts are
    not looked at. Load balancers may ask for the health of an address instead of a name.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], *, default_port: int) -> None:
        self._app = app
        self._port = f":{default_port}".encode()
        self._hosts = frozenset(host.encode().removesuffix(self._port) for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(_HEALTH) or self._served(scope):
            await self._app(scope, receive, send)
        else:
            await refuse(scope, receive, send, HostNotServed())

    def _served(self, scope: Scope) -> bool:
        named = [value.lower() for name, value in scope["headers"] if name == b"host"]
        return len(named) == 1 and named[0].removesuffix(self._port) in self._hosts

"""Authentication: whose request it is, found out before anything else of it is looked at."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, cast

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from structlog.contextvars import bind_contextvars

from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.actors import Caller
from printapic.domain.errors import Unauthenticated
from printapic.domain.users.permissions import PermissionDenied
from printapic.domain.users.session import SessionInvalid
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.headers import proxies_of, request_id
from printapic.entrypoints.http.limits import Per, RouteLimit, Turnstile
from printapic.entrypoints.http.policies import policy_of

REMEMBERED_S = 1.0
MOST_REMEMBERED = 10_000
_BEARER = re.compile(r"bearer ([\x21-\x7e]{1,2048})", re.IGNORECASE)


class Doorkeeper:
    """Admits those whose token is good, whose roles are enough for the route, and who do not ask too often.

    A good token is believed for a second without asking again, in this process: revoked sessions and
    changed roles act within that time everywhere. Single dictionary operations need no lock.
    """

    def __init__(
        self,
        shop: Callable[[], Shop],
        turnstile: Turnstile | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shop = shop
        self._turnstile = turnstile
        self._clock = clock
        self._known: dict[str, tuple[float, Principal]] = {}

    async def admit(self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        """A Litestar guard. Raises `TooManyRequests`, `SessionInvalid` or `PermissionDenied`.

        Who is not known is counted by address, so that a flood of worthless tokens ends as well.
        """
        bind_contextvars(request_id=request_id(connection.scope))
        policy = policy_of(handler)
        if policy is None:
            raise PermissionDenied
        await self._count(connection, policy.limits_per(Per.ADDRESS))
        if policy.anyone:
            return
        try:
            principal = await self._principal(_token(connection))
        except Unauthenticated:
            await self._count(connection, policy.limits_per(Per.PRINCIPAL))
            raise
        await self._count(connection, policy.limits_per(Per.PRINCIPAL), _who(principal))
        if not policy.permissions & principal.permissions:
            raise PermissionDenied
        connection.scope["user"] = principal

    def forget(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        """The session of this request has ended: do not believe its token any longer."""
        self._known.pop(_token(connection), None)

    async def _count(
        self,
        connection: ASGIConnection[Any, Any, Any, Any],
        limits: tuple[RouteLimit, ...],
        who: str | None = None,
    ) -> None:
        """Raises `TooManyRequests`. Whoever is not named is the address that they come from."""
        if self._turnstile is None or not limits:
            return
        if who is None:
            caller = Caller(address=proxies_of(connection.scope).client_address(connection.scope))
            who = f"address {caller.network}"
        await self._turnstile.pass_by(connection.scope, who, limits)

    async def _principal(self, token: str) -> Principal:
        now = self._clock()
        known = self._known.get(token)
        if known is not None and now < known[0]:
            return known[1]
        principal = await sync_to_thread(self._shop().authenticate, access_token=token)
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[token] = (now + REMEMBERED_S, principal)
        return principal


def _who(principal: Principal) -> str:
    """Whose attempts are counted together: a machine's are not those of the person whom it acts for."""
    if principal.api_key is not None:
        return f"key {principal.api_key}"
    return f"user {principal.user_id}"


def _token(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The one bearer token of a request. Raises `SessionInvalid`."""
    sent = connection.headers.getall("authorization", [])
    match = _BEARER.fullmatch(sent[0]) if len(sent) == 1 else None
    if match is None:
        raise SessionInvalid
    return match[1]


def provide_principal(request: Request[Any, Any, Any], shop: Given[Shop]) -> Principal:
    """Who makes this request; only on routes that are not public.

    `shop` is not used: things that do not need each other are made in concurrent tasks by the framework,
    which costs more than all else that is done to find out who asks.
    """
    return cast(Principal, request.scope["user"])

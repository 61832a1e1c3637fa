"""Authentication: whose request it is, found out before anything else of it is looked at."""

from __future__ import annotations

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
from printapic.domain.ids import UserId
from printapic.domain.users.permissions import PermissionDenied
from printapic.entrypoints.http.callers import caller_of
from printapic.entrypoints.http.credentials import Credential, Scheme, credential
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.headers import request_id
from printapic.entrypoints.http.limits import Per, RouteLimit, Turnstile
from printapic.entrypoints.http.policies import policy_of

REMEMBERED_S = 1.0
MOST_REMEMBERED = 10_000


class Doorkeeper:
    """Admits those whose credential is good and enough for the route, and who do not ask too often.

    A good credential is believed for a second without asking again, in this process: revoked sessions and
    keys, disabled accounts and changed roles act within that time everywhere. It is remembered by its
    digest alone. Single dictionary operations need no lock.
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
        self._known: dict[bytes, tuple[float, Principal]] = {}

    async def admit(self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        """A Litestar guard.

        Raises `TooManyRequests`, `SessionInvalid`, `PermissionDenied` or `SecondFactorRequired`.
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
            principal = await self._principal(credential(connection), caller_of(connection.scope))
        except Unauthenticated:
            await self._count(connection, policy.limits_per(Per.PRINCIPAL))
            raise
        await self._count(connection, policy.limits_per(Per.PRINCIPAL), _who(principal))
        principal.demand(policy.permissions)
        connection.scope["user"] = principal

    def forget(self, user_id: UserId) -> None:
        """Something changed about who this user is, or where: look again. For the thread of a handler."""
        for digest, (_, principal) in self._known.copy().items():
            if principal.user_id == user_id:
                self._known.pop(digest, None)

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
            who = f"address {caller_of(connection.scope).network}"
        await self._turnstile.pass_by(connection.scope, who, limits)

    async def _principal(self, shown: Credential, caller: Caller) -> Principal:
        now, digest = self._clock(), shown.digest(caller.address)
        known = self._known.get(digest)
        if known is not None and now < known[0]:
            return known[1]
        principal = await sync_to_thread(self._ask, shown, caller)
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[digest] = (now + REMEMBERED_S, principal)
        return principal

    def _ask(self, shown: Credential, caller: Caller) -> Principal:
        match shown.scheme:
            case Scheme.BEARER:
                return self._shop().authenticate(access_token=shown.text)
            case Scheme.API_KEY:
                return self._shop().authenticate_api_key(api_key=shown.text, caller=caller)


def _who(principal: Principal) -> str:
    """Whose attempts are counted together: a machine's are not those of the person whom it acts for."""
    if principal.api_key is not None:
        return f"key {principal.api_key}"
    return f"user {principal.user_id}"


def provide_principal(request: Request[Any, Any, Any], shop: Given[Shop]) -> Principal:
    """Who makes this request; only on routes that are not public.

    `shop` is not used: things that do not need each other are made in concurrent tasks by the framework,
    which costs more than all else that is done to find out who asks.
    """
    return cast(Principal, request.scope["user"])

"""Authentication: whose request it is, found out before anything else of it is looked at."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeAlias, cast

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from structlog.contextvars import bind_contextvars

from printapic.application.ports.throttle import TooManyRequests
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

Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]
REMEMBERED_S = 1.0
MOST_REMEMBERED = 10_000


class Doorkeeper:
    """Admits those whose credential is good and enough for the route, and who do not ask too often.

    A good credential is believed for a second without asking again, in this process: revoked sessions and
    keys, disabled accounts and changed roles act within that time everywhere. It is remembered by its
    digest alone. Single dictionary operations need no lock.

    An address that shows worthless credentials is counted. API keys that were not good lately are counted
    before the database is asked about them, and given back if they are good: those of one address that has
    used up its limit cost nothing any more. Access tokens are looked at first, since it is their signature
    that costs: whoever shares an address with an attacker does not suffer for it.
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

    async def admit(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """A Litestar guard.

        Raises `TooManyRequests`, `SessionInvalid`, `PermissionDenied` or `SecondFactorRequired`.
        Who is not known is counted by address, so that a flood of worthless credentials ends as well.
        """
        bind_contextvars(request_id=request_id(connection.scope))
        policy = policy_of(handler)
        if policy is None:
            raise PermissionDenied
        await self._count(connection, policy.limits_per(Per.ADDRESS))
        if policy.anyone:
            return
        limits = policy.limits_per(Per.PRINCIPAL)
        principal = await self._principal(connection, limits)
        await self._count(connection, limits, _who(principal))
        principal.demand(policy.permissions)
        connection.scope["user"] = principal

    def forget(self, user_id: UserId) -> None:
        """Something changed about who this user is, or where: look again. For the thread of a handler."""
        for digest, (_, principal) in self._known.copy().items():
            if principal.user_id == user_id:
                self._known.pop(digest, None)

    async def _count(
        self,
        connection: Connection,
        limits: tuple[RouteLimit, ...],
        who: str | None = None,
    ) -> None:
        """Raises `TooManyRequests`. Whoever is not named is the address that they come from."""
        if self._turnstile is None or not limits:
            return
        if who is None:
            who = _address(connection)
        await self._turnstile.pass_by(connection.scope, who, limits)

    async def _principal(self, connection: Connection, limits: tuple[RouteLimit, ...]) -> Principal:
        """Who asks. Whoever turns out to be nobody has spent an attempt of their address."""
        try:
            shown = credential(connection)
        except Unauthenticated:
            await self._count(connection, limits)
            raise
        now, digest = self._clock(), shown.digest(caller_of(connection.scope).address)
        known = self._known.get(digest)
        if known is not None and now < known[0]:
            return known[1]
        look = self._look_first if known or shown.scheme is Scheme.BEARER else self._count_first
        try:
            principal = await look(connection, shown, limits)
        except (Unauthenticated, TooManyRequests):
            self._known.pop(digest, None)
            raise
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[digest] = (now + REMEMBERED_S, principal)
        return principal

    async def _look_first(
        self, connection: Connection, shown: Credential, limits: tuple[RouteLimit, ...]
    ) -> Principal:
        """What was good lately, or is refused by its signature before the database is asked."""
        try:
            return await sync_to_thread(self._ask, shown, caller_of(connection.scope))
        except Unauthenticated:
            await self._count(connection, limits)
            raise

    async def _count_first(
        self, connection: Connection, shown: Credential, limits: tuple[RouteLimit, ...]
    ) -> Principal:
        """What anybody can make up, and only the database can tell from a good one."""
        await self._count(connection, limits)
        refused = False
        try:
            return await sync_to_thread(self._ask, shown, caller_of(connection.scope))
        except Unauthenticated:
            refused = True
            raise
        finally:
            if not refused and self._turnstile is not None:
                await self._turnstile.give_back(_address(connection), limits)

    def _ask(self, shown: Credential, caller: Caller) -> Principal:
        match shown.scheme:
            case Scheme.BEARER:
                return self._shop().authenticate(access_token=shown.text)
            case Scheme.API_KEY:
                return self._shop().authenticate_api_key(api_key=shown.text, caller=caller)


def _address(connection: Connection) -> str:
    return f"address {caller_of(connection.scope).network}"


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

"""Crowds: how many requests one account may have at work at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from printapic.application.users.principal import Principal
from printapic.domain.errors import Throttled
from printapic.entrypoints.http.visits import Visit, visit_of

MOST_AT_A_TIME = 8
MOST_WAITING = 32
PATIENCE_S = 2.0


class TooManyAtOnce(Throttled):
    """The client's own doing, hence 429: others are served as ever."""

    code = "too-many-at-once"

    def __init__(self) -> None:
        super().__init__(
            "Too many requests of this account are being worked on.", retry_after_s=1, limit=MOST_AT_A_TIME
        )


class Crowd:
    """Lets some in at a time; a few more wait, first come, first served."""

    def __init__(self) -> None:
        self._inside = 0
        self._line: deque[asyncio.Future[None]] = deque()

    @property
    def full(self) -> bool:
        return self._inside >= MOST_AT_A_TIME

    @property
    def empty(self) -> bool:
        return not self._inside

    def enter(self) -> None:
        self._inside += 1

    async def wait(self) -> None:
        """Wait for one to leave, and enter in their stead. Raises `TooManyAtOnce`."""
        if len(self._line) >= MOST_WAITING:
            raise TooManyAtOnce
        turn = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.shield(turn)
        except BaseException as gone:
            if turn.done():
                self.leave()  # the turn came in the same moment
            else:
                self._line.remove(turn)
            if isinstance(gone, TimeoutError):
                raise TooManyAtOnce from None
            raise

    def leave(self) -> None:
        """Hand one's room to the first in line, or leave it empty."""
        if self._line:
            self._line.popleft().set_result(None)
        else:
            self._inside -= 1


class Crowds:
    """A Litestar guard, to come after authentication: a gallery may load its pictures, nobody everything.

    A machine with an API key is an account of its own here, so that it does not hold up its owner.
    Counted in this process alone, like the places that it protects. Whoever waits holds no place.
    """

    def __init__(self) -> None:
        self._crowds: dict[UUID, Crowd] = {}

    async def admit(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """Raises `TooManyAtOnce` or `Overloaded`."""
        principal: Principal | None = connection.scope.get("user")
        visit = visit_of(connection.scope)
        if principal is None or visit is None:
            return
        who = principal.api_key or principal.user_id
        crowd = self._crowds.setdefault(who, Crowd())
        if crowd.full:
            await visit.aside(self._wait(who, crowd, visit))
        else:
            crowd.enter()
            visit.until_over.callback(self._leave, who, crowd)

    async def _wait(self, who: UUID, crowd: Crowd, visit: Visit) -> None:
        await crowd.wait()
        visit.until_over.callback(self._leave, who, crowd)

    def _leave(self, who: UUID, crowd: Crowd) -> None:
        crowd.leave()
        if crowd.empty:
            del self._crowds[who]

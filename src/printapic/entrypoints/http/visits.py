"""Visits: one request from the door to its answer, with its place among the others and its time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack
from functools import partial
from typing import Any

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from printapic.application.ports import deadlines
from printapic.application.ports.deadlines import Deadline, DeadlineExceeded
from printapic.domain.errors import PrintAPicError
from printapic.entrypoints.http.admission import Admission
from printapic.entrypoints.http.errors import refuse
from printapic.entrypoints.http.failures import anatomy
from printapic.entrypoints.http.headers import request_id
from printapic.entrypoints.http.loads import Demand, Load, demand_of

GRACE_S = 0.05
"""So long a place is kept for a body that is on its way: most come together with their head."""
_VISIT = "printapic.visit"
_log = structlog.get_logger(__name__)


class Visits:
    """Middleware of every route: lets requests in as `Admission` says, and no longer than they demand."""

    def __init__(self, app: ASGIApp, admission: Admission) -> None:
        self._app = app
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        demand = demand_of(scope["route_handler"])
        if demand is None:
            await self._app(scope, receive, send)
            return
        with ExitStack() as inside:
            if demand.load is Load.UPLOAD:
                inside.enter_context(self._admission.uploading())
            visit = Visit(self._admission, demand, until_over=inside)
            scope["state"][_VISIT] = visit
            await visit.run(self._app, scope, receive, send)


class Visit:
    """Holds a place while a handler may work for it: not while a body arrives, nor while one is sent.

    A handler that is still at work when the time is up cannot be stopped. The client is told, whatever
    the handler waits on is interrupted, and its place is free when it has noticed.
    """

    def __init__(self, admission: Admission, demand: Demand, *, until_over: ExitStack) -> None:
        """What others want done at the end of the request goes into `until_over`."""
        self._admission, self._demand = admission, demand
        self.until_over = until_over
        self._deadline = Deadline()
        self._clock: asyncio.TimerHandle | None = None
        self._holds_a_place = self._answered = False
        self._refuse: Callable[[PrintAPicError], Coroutine[Any, Any, None]]
        self._refusal: asyncio.Task[None] | None = None

    async def run(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises `Overloaded` where there is no place."""
        self._refuse = partial(refuse, scope, receive, send)
        deadlines.begin(self._deadline)
        await self._enter()
        try:
            await app(scope, partial(self._next_piece, receive), partial(self._answer, send))
        except Exception as failure:
            # The framework refuses to answer twice, and the server would hang up on whoever asks next.
            if self._refusal is None:
                raise
            _note(failure.__cause__ or failure, scope)
        finally:
            self._leave()
            if self._refusal is not None:
                await self._refusal

    async def aside(self, waiting: Awaitable[object]) -> None:
        """Wait for something else without a place, and come back. Raises `Overloaded`."""
        self._leave()
        await waiting
        await self._enter(was_inside=True)

    async def _next_piece(self, receive: Receive) -> Any:
        """The next piece of the body; when it is complete, a place is held again."""
        if self._over:
            return await receive()
        if not self._holds_a_place:
            message = await receive()
        else:
            message = await self._first_piece(receive)
            if message.get("more_body", False):
                self._step_out()
        if message["type"] == "http.request" and not message["more_body"] and not self._holds_a_place:
            await self._enter(was_inside=True)
        return message

    async def _first_piece(self, receive: Receive) -> Any:
        coming = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({coming}, timeout=GRACE_S)
            if not coming.done():
                self._step_out()
            return await coming
        finally:
            coming.cancel()

    async def _answer(self, send: Send, message: Message) -> None:
        """Hand the answer on. Its first word says that the handler is done; after a refusal it is late."""
        if self._refusal is not None:
            return
        if message["type"] == "http.response.start":
            self._answered = True
            self._leave()
        await send(message)

    @property
    def _over(self) -> bool:
        return self._answered or self._refusal is not None

    def _step_out(self) -> None:
        """Hold no place while the body takes its time. Raises `Overloaded`."""
        if self._holds_a_place:
            self.until_over.enter_context(self._admission.receiving(self._demand.load))
            self._leave()

    async def _enter(self, *, was_inside: bool = False) -> None:
        await self._admission.take(self._demand.load, was_inside=was_inside)
        self._holds_a_place = True
        self._clock = asyncio.get_running_loop().call_later(self._demand.within_s, self._expire)

    def _leave(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
        if self._holds_a_place:
            self._holds_a_place = False
            self._admission.leave(self._demand.load)

    def _expire(self) -> None:
        self._deadline.expire()
        if not self._answered:
            self._refusal = asyncio.get_running_loop().create_task(self._refuse(DeadlineExceeded()))


def _note(failure: BaseException, scope: Scope) -> None:
    """A handler that failed when nobody waited any longer: interrupted as it should be, or broken."""
    if not isinstance(failure, PrintAPicError):
        _log.error(
            "request failed", request_id=request_id(scope), route=scope["path_template"], **anatomy(failure)
        )


def visit_of(scope: Scope) -> Visit | None:
    """The visit that a request is; None on a route that takes no place."""
    visit: Visit | None = scope["state"].get(_VISIT)
    return visit

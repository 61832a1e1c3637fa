"""Requests under an `Idempotency-Key`: done once, and answered with the same bytes however often they come.

After draft-ietf-httpapi-idempotency-key-header-07. The claim is made by a hook of the framework that runs
behind the guards, so that an answer is only ever repeated to somebody who may ask for it. The answer is
kept by the innermost middleware: it sees what the handler says, also where the client was told meanwhile
that it took too long.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import attrs
import msgspec
import structlog
from litestar import Litestar, Request, Response
from litestar.concurrency import sync_to_thread
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from printapic.application.ports import deadlines
from printapic.application.ports.deadlines import Deadline
from printapic.application.ports.idempotency import (
    Claimed,
    Differs,
    IdempotencyKeys,
    InFlight,
    KeyedRequest,
    Replay,
    StoredReply,
)
from printapic.application.users.principal import Principal
from printapic.domain.errors import Conflict, Invalid
from printapic.entrypoints.http.headers import request_id
from printapic.entrypoints.http.loads import STANDARD, demand_of
from printapic.entrypoints.http.policies import operations, policy_of
from printapic.entrypoints.http.preconditions import idempotency_key

KEPT = timedelta(hours=24)
KEPT_HEADERS = frozenset({b"content-language", b"content-type", b"etag", b"last-modified", b"location"})
"""What belongs to the answer; the others belong to the request that it is sent for."""
KEPT_REFUSALS = frozenset({404, 409, 410, 422})
"""What use cases decide. Other refusals are made before them, or say that nothing was decided."""
STORING_S = 3.0
"""How long an answer may take to be stored, when the request's own time may be over."""
_SPARE_S = 4.0
"""A handler that was interrupted has so long to give up."""
_OPT = "idempotency"
_IN_HAND = "printapic.idempotency"
_log = structlog.get_logger(__name__)


class IdempotencyInFlight(Conflict):
    """The first of these requests is not answered yet."""

    code = "idempotency-in-flight"
    retry_after_s: int

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("The same request is being worked on. Ask again in a moment.")
        self.retry_after_s = retry_after_s


class IdempotencyKeyReused(Invalid):
    """The same code as where a use case finds out by its own key, after the answer was forgotten."""

    code = "idempotency-key-reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used before, for another request.")


class KeysImpossible(RuntimeError):
    """Somebody declared a route idempotent that is for everybody, has no end, or does not only take JSON."""

    def __init__(self, routes: list[str]) -> None:
        super().__init__("these routes cannot take an Idempotency-Key: " + ", ".join(routes))


@attrs.frozen(kw_only=True)
class _Declared:
    required: bool


@attrs.define
class _InHand:
    """A claimed request, and what the handler has said so far."""

    claim: Claimed
    start: HTTPResponseStartEvent | None = None
    body: bytearray = attrs.field(factory=bytearray)


def keyed(*, required: bool = False) -> dict[str, Any]:
    """The part of a route's `opt` by which it takes an Idempotency-Key. It must take JSON, or no body."""
    return {_OPT: _Declared(required=required)}


def takes_key(handler: BaseRouteHandler) -> bool | None:
    """Whether a route requires an Idempotency-Key; None for one that takes none."""
    declared = handler.opt.get(_OPT)
    return declared.required if isinstance(declared, _Declared) else None


def refuse_impossible(app: Litestar) -> None:
    """Raises `KeysImpossible`, naming every route that could not keep what it declares."""
    wrong = [
        f"{path} ({handler})"
        for path, handler in operations(app)
        if takes_key(handler) is not None and not _possible(handler)
    ]
    if wrong:
        raise KeysImpossible(wrong)


def _possible(handler: BaseRouteHandler) -> bool:
    policy = policy_of(handler)
    known = policy is not None and not policy.anyone
    ends = demand_of(handler) is not None
    return known and ends and isinstance(handler, HTTPRouteHandler) and handler.http_methods == {"POST"}


def lease_of(handler: BaseRouteHandler) -> timedelta:
    """How long a claim holds that nobody settles: longer than the route may take, its answer stored.

    So long do clients wait whose request died with its process. Should somebody outlive the lease, it is
    still the use case's own key that keeps the work from being done twice.
    """
    demand = demand_of(handler) or STANDARD
    return timedelta(seconds=demand.within_s + STORING_S + _SPARE_S)


def ask_again_after_s(leased_for: timedelta) -> int:
    """Whoever may still be at it is done in a moment; whoever should be done is dead until the lease ends."""
    left_s = leased_for.total_seconds()
    return 1 if left_s > STORING_S + _SPARE_S else int(left_s) + 1


class Answers:
    """Claims keyed requests before they are handled, and keeps and repeats their answers."""

    def __init__(self, keys: Callable[[], IdempotencyKeys]) -> None:
        self._keys = keys

    async def claim(self, request: Request[Any, Any, Any]) -> Response[bytes] | None:
        """A `before_request` hook: the answer given before, or None where the request is to be handled.

        Raises `IdempotencyKeyMissing`, `IdempotencyKeyInvalid`, `IdempotencyInFlight`,
        `IdempotencyKeyReused`, and whatever reading the body raises: what is malformed claims nothing.
        """
        required = takes_key(request.route_handler)
        if required is None or not (required or "idempotency-key" in request.headers):
            return None
        key = idempotency_key(request)
        canonical = await _canonical_body(request)
        keyed_request = KeyedRequest(
            user_id=_principal(request).user_id,
            scope=_scope(request),
            key=key,
            fingerprint=_fingerprint(request, canonical),
        )
        lease = lease_of(request.route_handler)
        match await sync_to_thread(self._keys().claim, keyed_request, lease=lease, keep=KEPT):
            case Claimed() as claim:
                request.scope["state"][_IN_HAND] = _InHand(claim)
                return None
            case Replay(reply=reply):
                return _repeated(reply)
            case InFlight(leased_for=leased_for):
                raise IdempotencyInFlight(ask_again_after_s(leased_for))
            case Differs():
                raise IdempotencyKeyReused

    def keeping(self, app: ASGIApp) -> ASGIApp:
        """The middleware: an answer goes on to the client when it is stored."""

        async def handle(scope: Scope, receive: Receive, send: Send) -> None:
            async def keep(message: Message) -> None:
                await self._keep(message, scope, send)

            keeps = takes_key(scope["route_handler"]) is not None
            await app(scope, receive, keep if keeps else send)

        return handle

    async def _keep(self, message: Message, scope: Scope, send: Send) -> None:
        in_hand: _InHand | None = scope["state"].get(_IN_HAND)
        if in_hand is None:
            await send(message)
        elif message["type"] == "http.response.start":
            in_hand.start = message
        elif message["type"] == "http.response.body" and in_hand.start is not None:
            in_hand.body += message["body"]
            if not message["more_body"]:
                del scope["state"][_IN_HAND]
                reply = _reply(in_hand.start, bytes(in_hand.body))
                await self._settle(in_hand.claim, in_hand.start, reply, scope)
                await send(in_hand.start)
                await send({"type": "http.response.body", "body": reply.body, "more_body": False})

    async def _settle(
        self, claim: Claimed, start: HTTPResponseStartEvent, reply: StoredReply, scope: Scope
    ) -> None:
        """The work is done: whatever happens here, the client gets its answer.

        Where it cannot be stored, a repetition waits for the lease, and is then answered by what the use
        case finds under its own key.
        """
        try:
            if _worth_keeping(start):
                kept = await _in_its_own_time(partial(self._keys().finish, claim, reply))
            else:
                kept = await _in_its_own_time(partial(self._keys().release, claim))
        except Exception as error:
            _log.error("an answer is not kept", request_id=request_id(scope), error=type(error).__name__)
        else:
            if not kept:
                _log.warning("an answer came after its lease", request_id=request_id(scope))


async def _in_its_own_time(store: Callable[[], bool]) -> bool:
    """Run in a thread under a deadline of its own: that of the request may be over, and its work is done."""
    deadline = Deadline()
    deadlines.begin(deadline)
    clock = asyncio.get_running_loop().call_later(STORING_S, deadline.expire)
    try:
        return await sync_to_thread(store)
    finally:
        clock.cancel()


def _worth_keeping(start: HTTPResponseStartEvent) -> bool:
    """Whether this is what became of the request, for good: not if it says when to try again."""
    decided = start["status"] < 400 or start["status"] in KEPT_REFUSALS
    return decided and all(name.lower() != b"retry-after" for name, _ in start["headers"])


def _reply(start: HTTPResponseStartEvent, body: bytes) -> StoredReply:
    headers = tuple((name, value) for name, value in start["headers"] if name.lower() in KEPT_HEADERS)
    return StoredReply(status=start["status"], headers=headers, body=body)


def _repeated(reply: StoredReply) -> Response[bytes]:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in reply.headers}
    return Response(
        reply.body,
        status_code=reply.status,
        media_type=headers.pop("content-type", None),
        headers={**headers, "Idempotency-Replayed": "true"},
    )


def _principal(request: Request[Any, Any, Any]) -> Principal:
    principal: Principal = request.scope["user"]
    return principal


def _scope(request: Request[Any, Any, Any]) -> str:
    """Who asks for what kind of thing, of which of them."""
    path = sorted((name, str(value)) for name, value in request.path_params.items())
    place = [str(_principal(request).user_id), request.method, request.scope["path_template"], path]
    return hashlib.sha256(msgspec.json.encode(place)).hexdigest()


def _fingerprint(request: Request[Any, Any, Any], canonical: bytes) -> str:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    head = [request.method, request.scope["path"], request.scope["query_string"], media_type]
    return hashlib.sha256(msgspec.json.encode(head) + canonical).hexdigest()


async def _canonical_body(request: Request[Any, Any, Any]) -> bytes:
    """The body, of which spaces and the order of names are no part where it is JSON."""
    body = await request.body()
    if not body or "data" not in request.route_handler.parsed_fn_signature.parameters:
        return body
    await request.json()  # the framework's way to the handler's argument: refuses what the route does
    return msgspec.json.encode(msgspec.json.decode(body), order="sorted")

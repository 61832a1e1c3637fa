"""Stripe's API as HTTP: who may ask, in which version, under which key, and what is answered."""

from __future__ import annotations

import base64
import binascii
import json
from contextlib import nullcontext
from typing import Any

import attrs

from tests.providers.books import Json, ProviderBooks
from tests.providers.counter import Call, WireFault
from tests.providers.routes import Reply, Request
from tests.providers.server import ProviderApp
from tests.providers.stripe import charging, keys
from tests.providers.stripe.account import API_VERSION, Account, new_id
from tests.providers.stripe.endpoints import ROUTES, Endpoint
from tests.providers.stripe.forms import decoded, read
from tests.providers.stripe.refusals import Refused, server_error

API_KEYS = "api_keys"
FORM = "application/x-www-form-urlencoded"


@attrs.frozen(kw_only=True)
class _Asked:
    """A request that was understood."""

    endpoint: Endpoint
    places: dict[str, str]
    parameters: dict[str, Any]
    digest: str
    key: str | None


class StripeApp(ProviderApp):
    """Answers the requests of the pinned version. Thread-safe."""

    def __init__(self, books: ProviderBooks) -> None:
        self.books = books
        self.keys_in_use = keys.KeysInUse()

    def call_of(self, request: Request) -> Call | None:
        found = ROUTES.match(request.method, request.path)
        return None if found is None else found[0].call

    def answer(self, request: Request, fault: WireFault | None) -> Reply:
        request_id = new_id("req")
        headers = {"request-id": request_id, "stripe-version": API_VERSION, "server": "nginx"}
        try:
            _strike(fault)
            self._admit(request)
            reply = self._answered(_understood(request), request_id, fault)
        except Refused as refused:
            reply = refused.reply()
        # What was stored keeps saying for whom it was made.
        if key := request.headers.get("idempotency-key"):
            headers["idempotency-key"] = key
        return attrs.evolve(_damaged(reply, fault), headers={**reply.headers, **headers})

    def _admit(self, request: Request) -> None:
        key = _api_key(request.headers.get("authorization", ""))
        if not key:
            raise Refused("You did not provide an API key.", status=401, executed=False)
        if key not in self.books.look(API_KEYS):
            raise Refused("Invalid API Key provided: sk_test_****", status=401, executed=False)
        if (version := request.headers.get("stripe-version")) != API_VERSION:
            raise Refused(f"Invalid Stripe API version: {version}", executed=False)

    def _answered(self, asked: _Asked, request_id: str, fault: WireFault | None) -> Reply:
        key = asked.key
        with self.keys_in_use.held(key) if key else nullcontext(), self.books.entry() as entry:
            if key and (again := keys.replayed(entry, key, asked.digest)):
                return again
            account = Account(entry=entry, request_id=request_id, key=key)
            charging.sweep(account)
            reply, executed = _done(account, asked, fault)
            if key and executed:
                keys.kept(entry, key, asked.digest, reply, {"original-request": request_id})
        return reply


def _done(account: Account, asked: _Asked, fault: WireFault | None) -> tuple[Reply, bool]:
    """The answer, and whether the request had begun; what a refused one did is undone."""
    if fault is WireFault.SERVER_ERROR_BEFORE:
        return server_error(), True
    account.entry.connection.execute("SAVEPOINT request")
    try:
        body = asked.endpoint.run(account, asked.places, asked.parameters)
    except Refused as refused:
        account.entry.connection.execute("ROLLBACK TO request")
        account.entry.connection.execute("RELEASE request")
        return refused.reply(), refused.executed
    account.entry.connection.execute("RELEASE request")
    if fault is WireFault.SERVER_ERROR_AFTER:
        return server_error(), True
    return Reply.of_json(200, body), True


def _understood(request: Request) -> _Asked:
    """Raises `Refused`."""
    found = ROUTES.match(request.method, request.path)
    if found is None:
        message = f"Unrecognized request URL ({request.method}: {request.path})."
        raise Refused(message, status=404, executed=False)
    endpoint, places = found
    tree = decoded(_said(request))
    key = request.headers.get("idempotency-key") if request.method == "POST" else None
    if key is not None:
        keys.check(key)
    return _Asked(
        endpoint=endpoint,
        places=places,
        parameters=read(tree, endpoint.takes),
        digest=keys.digest_of(request.method, request.path, tree),
        key=key,
    )


def _said(request: Request) -> str:
    if request.method == "GET":
        return request.query
    if request.query:
        raise Refused("Parameters of a POST belong into its body", executed=False)
    if request.body and request.headers.get("content-type", "").partition(";")[0] != FORM:
        raise Refused("Invalid request: the body is a form", executed=False)
    try:
        return request.body.decode()
    except UnicodeDecodeError:
        raise Refused("Invalid request: the body is no UTF-8", executed=False) from None


def _api_key(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return value if scheme.lower() == "bearer" else ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _strike(fault: WireFault | None) -> None:
    """What the gates in front of the API answer by themselves. Raises `Refused`."""
    match fault:
        case WireFault.BUSY:
            raise keys.in_use("planned")
        case WireFault.TOO_MANY:
            raise Refused(
                "Request rate limit exceeded.",
                status=429,
                code="rate_limit",
                executed=False,
                headers={"retry-after": "1"},
            )
        case WireFault.EXPIRED_CREDENTIALS:
            raise Refused(
                "Expired API Key provided: sk_test_****", status=401, code="api_key_expired", executed=False
            )
        case WireFault.UNAVAILABLE:
            raise Refused("The API is unavailable.", status=503, type_="api_error", executed=False)
        case _:
            return


def _damaged(reply: Reply, fault: WireFault | None) -> Reply:
    """An answer that no contract knows; what is stored under the key stays whole."""
    if fault not in {WireFault.UNKNOWN_WORD, WireFault.MISSING_FIELD} or reply.status >= 300:
        return reply
    body: Json = json.loads(reply.body)
    if fault is WireFault.MISSING_FIELD:
        del body["data" if body["object"] == "list" else "id"]
    else:
        for each in body["data"] if body["object"] == "list" else [body]:
            each["type" if each["object"] == "balance_transaction" else "status"] = "entangled"
    return Reply.of_json(reply.status, body, reply.headers)

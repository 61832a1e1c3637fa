"""PayPal's front door: who comes in, what they asked for, and what goes wrong on request."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import parse_qsl

import attrs

from tests.providers.books import Entry, Json, ProviderBooks
from tests.providers.counter import Call, WireFault
from tests.providers.paypal.access import NoGrant, admit, grant, revoke
from tests.providers.paypal.desk import Desk, Hosts
from tests.providers.paypal.exchange import Exchange, key_too_long
from tests.providers.paypal.refusals import Refusal, bad_request, not_found, still_busy
from tests.providers.paypal.routes import ROUTES
from tests.providers.paypal.signatures import PREFIX, SigningDesk
from tests.providers.paypal.spoiling import spoilt
from tests.providers.paypal.verification import parsed, verify
from tests.providers.routes import Reply, Request

TOKEN, VERIFY, REPORT = (
    "/v1/oauth2/token",
    "/v1/notifications/verify-webhook-signature",
    "/v1/reporting/transactions",
)
_ENDINGS = {
    "/orders": Call.OPEN,
    "/refund": Call.REFUND,
    "/void": Call.VOID,
    "/authorize": Call.COMPLETE,
}
_BEFORE = {
    WireFault.BUSY: 409,
    WireFault.TOO_MANY: 429,
    WireFault.UNAVAILABLE: 503,
    WireFault.SERVER_ERROR_BEFORE: 500,
}


@attrs.define(eq=False)
class PayPalApp:
    """Answers requests, many at once. `certificates` are what stands at PayPal's certificate addresses."""

    books: ProviderBooks
    hosts: Hosts = attrs.field(kw_only=True)
    signing: SigningDesk = attrs.field(kw_only=True)
    certificates: Mapping[str, str] = attrs.field(kw_only=True)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)
    _in_hand: set[tuple[str, str]] = attrs.field(factory=set, init=False)

    def call_of(self, request: Request) -> Call | None:
        """The report serves two calls of the port; plans for either are kept under `MOVEMENTS`."""
        if request.path in (TOKEN, VERIFY, REPORT):
            return {TOKEN: Call.TOKEN, VERIFY: Call.VERIFY, REPORT: Call.MOVEMENTS}[request.path]
        if request.path.startswith(PREFIX):
            return None
        if request.method == "GET":
            return Call.FETCH
        if request.path.endswith("/capture"):
            return Call.CAPTURE if "/authorizations/" in request.path else Call.COMPLETE
        return next((call for ending, call in _ENDINGS.items() if request.path.endswith(ending)), None)

    def answer(self, request: Request, fault: WireFault | None) -> Reply:
        """Do what was asked, under a debug id that PayPal's support could look for."""
        debug_id = secrets.token_hex(6) + "f"
        try:
            with self._alone(request):
                status, body = self._answered(request, fault)
        except Refusal as refusal:
            status, body = refusal.status, refusal.body(debug_id, wordy=request.path == VERIFY)
        except NoGrant as refusal:
            status, body = refusal.status, refusal.body
        headers = {"PayPal-Debug-Id": debug_id, "Cache-Control": "no-store"}
        if isinstance(body, str):
            return Reply(status=status, body=body.encode(), headers={"content-type": "text/plain", **headers})
        if body is None:
            return Reply(status=status, headers=headers)
        if fault in (WireFault.UNKNOWN_WORD, WireFault.MISSING_FIELD) and status < 300:
            body = spoilt(body, fault, self.call_of(request))
        return Reply.of_json(status, body, headers)

    def _answered(self, request: Request, fault: WireFault | None) -> tuple[int, Json | str | None]:
        if fault in _BEFORE:
            raise Refusal(_BEFORE[fault], "PREVIOUS_REQUEST_IN_PROGRESS" if fault is WireFault.BUSY else None)
        if request.path.startswith(PREFIX):
            certificate = self.certificates.get(request.path.removeprefix(PREFIX))
            if certificate is None:
                raise not_found()
            return 200, certificate
        answered: tuple[int, Json | None] | Refusal
        with self.books.entry() as entry:
            if fault is WireFault.EXPIRED_CREDENTIALS:
                revoke(entry, request.headers)
            try:
                answered = self._done(entry, request, fault)
            except Refusal as caught:
                # What a refusal changed (an order that goes back to its page) is kept.
                answered = caught
        if fault is WireFault.SERVER_ERROR_AFTER:
            raise Refusal(500)
        if isinstance(answered, Refusal):
            raise answered
        return answered

    def _done(self, entry: Entry, request: Request, fault: WireFault | None) -> tuple[int, Json | None]:
        if request.path == TOKEN and request.method == "POST":
            if fault is WireFault.EXPIRED_CREDENTIALS:
                raise NoGrant(401, "invalid_client")
            return 200, grant(entry, request.headers, request.body)
        admit(entry, request.headers)
        if request.method == "POST" and not _says_json(request.headers):
            raise Refusal(415)
        if key_too_long(request.headers):
            raise bad_request("INVALID_STRING_LENGTH", "PayPal-Request-Id")
        body = parsed(request.body)
        if request.path == VERIFY and request.method == "POST":
            return 200, verify(self.signing, body, request.body)
        route = ROUTES.match(request.method, request.path)
        if route is None:
            raise not_found()
        handler, args = route
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        desk = Desk(entry=entry, hosts=self.hosts)
        return handler(Exchange(desk=desk, args=args, query=query, headers=request.headers, body=body))

    @contextmanager
    def _alone(self, request: Request) -> Iterator[None]:
        """Nobody else may be asking under the same id meanwhile. Raises `Refusal`: 409."""
        key = request.headers.get("paypal-request-id")
        if request.method != "POST" or not key:
            yield
            return
        mine = (request.path, key)
        with self._lock:
            if mine in self._in_hand:
                raise still_busy()
            self._in_hand.add(mine)
        try:
            yield
        finally:
            with self._lock:
                self._in_hand.discard(mine)


def _says_json(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"

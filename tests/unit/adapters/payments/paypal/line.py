"""A line to PayPal whose other end says what a test tells it to say, request by request."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock
from typing import TypeAlias

import httpx

from printapic.adapters.payments.paypal.api import PayPalApi
from printapic.adapters.payments.paypal.gateway import PayPalGateway
from printapic.adapters.payments.sending import provider_client
from printapic.adapters.system.clock import FixedClock

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://api-m.sandbox.paypal.com"
TOKEN = "POST /v1/oauth2/token"
Body: TypeAlias = "dict[str, object] | list[object] | bytes | None"
Step: TypeAlias = "httpx.Response | Exception"


def says(status: int, body: Body = None, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, content=content, headers={"Paypal-Debug-Id": "debug-1", **named})


def refuses(issue: str, status: int = 422, *links: dict[str, str]) -> httpx.Response:
    """An error as PayPal writes it."""
    name = {404: "RESOURCE_NOT_FOUND", 403: "NOT_AUTHORIZED"}.get(status, "UNPROCESSABLE_ENTITY")
    return says(status, {"name": name, "details": [{"issue": issue}], "links": list(links)})


def granted(token: str = "token-1", expires_in: int = 32400) -> httpx.Response:
    return says(200, {"access_token": token, "token_type": "Bearer", "expires_in": expires_in})


class Line:
    """`tell(request, steps...)` queues what happens to requests of that kind; the last step stays.

    `answers` are for requests whose answer depends on what is asked.
    """

    def __init__(self) -> None:
        self.clock = FixedClock(NOON)
        self.requests: list[httpx.Request] = []
        self._script: defaultdict[str, deque[Step]] = defaultdict(deque)
        self._lock = Lock()
        self.answers: dict[str, Callable[[httpx.Request], httpx.Response]] = {}
        self.pauses: list[float] = []
        self.client = provider_client(httpx.MockTransport(self._answer))
        self.api = PayPalApi(
            self.client,
            client_id="client-id",
            client_secret="client-secret",
            clock=self.clock,
            api_url=URL,
            pause=self.pauses.append,
        )
        self.gateway = PayPalGateway(
            self.api,
            livemode=False,
            clock=self.clock,
            page_origins=frozenset({"https://www.sandbox.paypal.com"}),
        )
        self.tell(TOKEN, granted())

    def tell(self, request: str, *steps: Step) -> None:
        self._script[request] = deque(steps)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.requests.append(request)
            if (answer := self.answers.get(f"{request.method} {request.url.path}")) is not None:
                return answer(request)
            steps = self._script.get(f"{request.method} {request.url.path}")
            if steps is None:
                return refuses("INVALID_RESOURCE_ID", 404)
            step = steps.popleft() if len(steps) > 1 else steps[0]
        if isinstance(step, Exception):
            raise step
        return httpx.Response(step.status_code, content=step.content, headers=step.headers)

    def sent(self, request: str) -> list[httpx.Request]:
        return [sent for sent in self.requests if f"{sent.method} {sent.url.path}" == request]

    def bodies(self, request: str) -> list[dict[str, object]]:
        return [json.loads(sent.content) for sent in self.sent(request)]

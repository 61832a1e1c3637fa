"""Talking to PayPal's REST API: tokens, one time budget for several requests, and what came of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import attrs
import httpx

from printapic.adapters.payments.paypal.refusals import IN_PROGRESS, Refusal
from printapic.adapters.payments.paypal.tokens import AccessTokens, CredentialsRefused
from printapic.adapters.payments.sending import BUDGET_S, FateUnknown, NeverSent, Sender, trace_in
from printapic.application.ports.clock import Clock
from printapic.application.ports.payments import Trace
from printapic.domain.ids import OperationId

REQUEST_ID = "paypal-debug-id"
"""The header in which PayPal names each request (developer.paypal.com, "HTTP response headers")."""


class PayPalApi:
    """PayPal for one merchant. Thread-safe; keeps nothing but the access token.

    `budget_s` is the time that all requests of one conversation have together, tokens included.
    """

    def __init__(
        self,
        client: httpx.Client,
        *,
        client_id: str,
        client_secret: str,
        clock: Clock,
        api_url: str,
        budget_s: float = BUDGET_S,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.client = client
        self.url = api_url.rstrip("/")
        self.sender = Sender(
            client=client, busy=_busy, request_id_header=REQUEST_ID, budget_s=budget_s, pause=pause
        )
        self.tokens = AccessTokens(
            client, client_id=client_id, client_secret=client_secret, clock=clock, api_url=self.url
        )

    def conversation(self) -> Conversation:
        """Begin to talk: the time runs from now."""
        return Conversation(self, ends_at=self.sender.clock_s() + self.sender.budget_s)

    def post_raw(self, path: str, content: bytes) -> httpx.Response:
        """Send JSON just as it is, which changes nothing at PayPal; whatever PayPal answers.

        Raises `NeverSent`, `FateUnknown` or `CredentialsRefused`.
        """
        return self.conversation().send("POST", path, content=content)


@attrs.frozen(kw_only=True)
class Answer:
    """What PayPal said. Its body may hold the payer's data: it is parsed, never shown.

    `may_have_arrived`: an earlier sending of the same request may have had its effect.
    """

    status: int
    body: bytes = attrs.field(repr=False)
    trace: Trace
    may_have_arrived: bool

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def refusal(self) -> Refusal:
        return Refusal.read(self.body)

    @property
    def code(self) -> str:
        """Our word for a refusal."""
        return self.refusal.code(self.status)


class Conversation:
    """Several requests within one time budget. All raise `NeverSent`, `FateUnknown`, `CredentialsRefused`."""

    def __init__(self, api: PayPalApi, *, ends_at: float) -> None:
        self._api = api
        self._ends_at = ends_at

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        return _answer(self.send("GET", path, params=params))

    def post(self, path: str, content: bytes, *, key: OperationId | None) -> Answer:
        """Move money, once for each `key`, and be told the whole result.

        Not begun in the last third of the time: a call that is cut short would leave a doubt behind.
        """
        headers = {"Prefer": "return=representation"}
        if key is not None:
            headers["PayPal-Request-Id"] = str(key)
        least_s = self._api.sender.budget_s / 3
        return _answer(self.send("POST", path, content=content, headers=headers, least_s=least_s))

    def send(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        least_s: float = 0.0,
    ) -> httpx.Response:
        """One request under a token; under a fresh one where PayPal does not take it (401), once."""

        def under(token: str) -> httpx.Response:
            request = self._api.client.build_request(
                method, self._api.url + path, content=content, params=params, headers=headers
            )
            request.headers["Authorization"] = f"Bearer {token}"
            if content is not None:
                request.headers["Content-Type"] = "application/json"
            return self._sender(least_s).send(request)

        token = self._api.tokens.current(self._sender())
        answer = under(token)
        if answer.status_code != 401:
            return answer
        may_have_arrived = answer.extensions["may_have_arrived"]
        try:
            answer = under(self._api.tokens.current(self._sender(), refused=token))
            may_have_arrived = may_have_arrived or answer.extensions["may_have_arrived"]
            if answer.status_code == 401:
                raise CredentialsRefused
        except (NeverSent, CredentialsRefused) as refused:
            if may_have_arrived:
                raise FateUnknown("unauthorized", trace_in(answer.headers, REQUEST_ID)) from refused
            raise
        answer.extensions["may_have_arrived"] = may_have_arrived
        return answer

    def _sender(self, least_s: float = 0.0) -> Sender:
        sender = self._api.sender
        left_s = self._ends_at - sender.clock_s()
        if left_s <= least_s:
            raise NeverSent
        return attrs.evolve(sender, budget_s=left_s)


def _answer(response: httpx.Response) -> Answer:
    return Answer(
        status=response.status_code,
        body=response.content,
        trace=trace_in(response.headers, REQUEST_ID),
        may_have_arrived=response.extensions["may_have_arrived"],
    )


def _busy(response: httpx.Response) -> bool:
    if response.status_code == 409:
        return True
    return response.status_code == 422 and bool(Refusal.read(response.content).words & IN_PROGRESS)

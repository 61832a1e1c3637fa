"""Stripe's end of the line as a test tells it to be, and its objects as the API documents them."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

import httpx

from printapic.adapters.payments.sending import provider_client
from printapic.adapters.payments.stripe.gateway import StripeGateway
from printapic.application.ports.payments import CheckoutRequest, Done, Outcome
from printapic.domain.ids import OperationId
from printapic.domain.money import Money

T = TypeVar("T")
Json: TypeAlias = dict[str, Any]
Step: TypeAlias = "httpx.Response | Exception | Json | list[Json]"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOON_S = int(NOON.timestamp())
PRICE = Money.of("12.90", "EUR")
KEY = OperationId(UUID("0192d9f0-0000-7000-8000-000000000001"))
ATTEMPT = "0192d9f0-0000-7000-8000-00000000a77e"
SECRET_KEY = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"

PAGE = "/v1/checkout/sessions/cs_test_1"
OPEN = "POST /v1/checkout/sessions"
LIST = "GET /v1/checkout/sessions"
LOOK = f"GET {PAGE}"
EXPIRE = f"POST {PAGE}/expire"
CAPTURE = "POST /v1/payment_intents/pi_1/capture"
CANCEL = "POST /v1/payment_intents/pi_1/cancel"
CHARGE = "GET /v1/charges/ch_1"
REFUND = "POST /v1/refunds"
REFUNDS = "GET /v1/refunds"
DISPUTES = "GET /v1/disputes"
BOOKS = "GET /v1/balance_transactions"


def checkout_request(amount: Money = PRICE, **fields: Any) -> CheckoutRequest:
    asked: Json = {
        "our_reference": ATTEMPT,
        "payment_reference": "0192d9f0-0000-7000-8000-0000000000fa",
        "order_number": "PA-7K3M-92QX",
        "amount": amount,
        "return_url": "https://shop.test/return?order=1",
        "cancel_url": "https://shop.test/cancel",
        "expires_at": NOON + timedelta(hours=1),
        "locale": "de",
    }
    return CheckoutRequest(**(asked | fields))


def session(**fields: Any) -> Json:
    """A hosted page that nobody has paid on yet."""
    return {
        "id": "cs_test_1",
        "object": "checkout.session",
        "status": "open",
        "payment_status": "unpaid",
        "livemode": False,
        "client_reference_id": ATTEMPT,
        "amount_total": 1290,
        "currency": "eur",
        "created": NOON_S,
        "expires_at": NOON_S + 3600,
        "url": "https://checkout.stripe.com/c/pay/cs_test_1#fid",
        "payment_intent": None,
        "metadata": {},
    } | fields


def intent(status: str, latest_charge: Json | str | None = None, **fields: Any) -> Json:
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "status": status,
        "capture_method": "automatic",
        "currency": "eur",
        "latest_charge": latest_charge,
        "cancellation_reason": None,
        "client_secret": "pi_1_secret_canary",
    } | fields


def charge(captured: int = 1290, **fields: Any) -> Json:
    return {
        "id": "ch_1",
        "object": "charge",
        "status": "succeeded",
        "amount": 1290,
        "amount_captured": captured,
        "currency": "eur",
        "created": NOON_S + 60,
        "payment_intent": "pi_1",
        "payment_method_details": {"type": "card", "card": {"brand": "visa", "capture_before": None}},
        "balance_transaction": line("txn_1", captured, fee=44) if captured else None,
    } | fields


def line(ref: str, amount: int, category: str = "charge", source: Any = "ch_1", **fields: Any) -> Json:
    """A line of Stripe's books."""
    return {
        "id": ref,
        "object": "balance_transaction",
        "amount": amount,
        "currency": "eur",
        "fee": 0,
        "net": amount,
        "created": NOON_S + 61,
        "reporting_category": category,
        "exchange_rate": None,
        "source": source,
    } | fields


def refund(ref: str = "re_1", amount: Any = 200, **fields: Any) -> Json:
    return {
        "id": ref,
        "object": "refund",
        "status": "succeeded",
        "amount": amount,
        "currency": "eur",
        "created": NOON_S + 120,
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "balance_transaction": "txn_2",
        "metadata": {"operation_id": str(KEY)},
        "reason": "requested_by_customer",
    } | fields


def dispute(status: str = "needs_response", **fields: Any) -> Json:
    return {
        "id": "du_1",
        "object": "dispute",
        "status": status,
        "amount": 1290,
        "currency": "eur",
        "created": NOON_S + 86400,
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "reason": "fraudulent",
        "evidence_details": {"due_by": NOON_S + 8 * 86400},
        "balance_transactions": [],
    } | fields


def paid(**fields: Any) -> Json:
    """A page on which the customer paid the whole price."""
    done = intent("succeeded", charge())
    return session(status="complete", payment_status="paid", url=None, payment_intent=done, **fields)


def held(**fields: Any) -> Json:
    """A page whose money the bank holds for us."""
    held_charge = charge(
        0, payment_method_details={"type": "card", "card": {"capture_before": NOON_S + 7 * 86400}}
    )
    waiting = intent("requires_capture", held_charge, capture_method="manual")
    return session(status="complete", payment_intent=waiting, **fields)


def listing(*items: Json, more: bool = False) -> Json:
    return {"object": "list", "url": "/v1/any", "data": list(items), "has_more": more}


def says(status: int, body: object, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return httpx.Response(status, content=content, headers={"Request-Id": "req_1", **named})


def refuses(status: int, code: str | None = None, kind: str = "invalid_request_error", **more: str) -> Any:
    """An error as Stripe writes it."""
    error = {"type": kind, "message": "canary: said to a developer", **more}
    return says(status, {"error": error | ({"code": code} if code else {})})


class Wire:
    """`tell(request, steps...)` queues what happens to requests of that kind; the last step stays.

    What nobody told it of does not exist: 404. Lists are empty until told.
    """

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []
        self._script: defaultdict[str, deque[Step]] = defaultdict(deque)
        for empty in (REFUNDS, DISPUTES, LIST, BOOKS):
            self.tell(empty, listing())
        self.client = provider_client(httpx.MockTransport(self._answer))
        self.gateway = StripeGateway(
            self.client, secret_key=SECRET_KEY, livemode=False, pause=self.pauses.append
        )

    def tell(self, request: str, *steps: Step) -> None:
        self._script[request] = deque(steps)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        steps = self._script.get(f"{request.method} {request.url.path}")
        if steps is None:
            return refuses(404, "resource_missing")
        step = steps.popleft() if len(steps) > 1 else steps[0]
        if isinstance(step, Exception):
            raise step
        if isinstance(step, httpx.Response):
            return httpx.Response(step.status_code, content=step.content, headers=step.headers)
        return says(200, step)

    def sent(self, request: str) -> list[httpx.Request]:
        return [sent for sent in self.requests if f"{sent.method} {sent.url.path}" == request]

    def forms(self, request: str) -> list[dict[str, str]]:
        """What was posted, or asked for in the query."""
        return [
            dict(parse_qsl(sent.content.decode() if sent.method == "POST" else sent.url.query.decode()))
            for sent in self.sent(request)
        ]

    @property
    def posts(self) -> Sequence[str]:
        return [f"POST {sent.url.path}" for sent in self.requests if sent.method == "POST"]


def value_of(outcome: Outcome[T]) -> T:
    assert isinstance(outcome, Done), outcome
    return outcome.value

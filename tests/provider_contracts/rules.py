"""What we demand of our own requests beyond the providers' files, which leave most headers optional."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import httpx

from tests.provider_contracts.document import Operation
from tests.provider_contracts.requests import JSON, media_type

RequestRule: TypeAlias = Callable[[Operation, httpx.Request], Iterator[str]]
STRIPE_VERSION = "2026-05-27.dahlia"
TOKEN = "POST /v1/oauth2/token"
MOVING_MONEY = frozenset(
    {
        "POST /v2/checkout/orders",
        "POST /v2/checkout/orders/{id}/capture",
        "POST /v2/checkout/orders/{id}/authorize",
        "POST /v2/payments/authorizations/{authorization_id}/capture",
        "POST /v2/payments/captures/{capture_id}/refund",
    }
)
"""PayPal's operations that keep a request id, and that answer in full only when asked to."""


def stripe_rules(operation: Operation, request: httpx.Request) -> Iterator[str]:
    """Every POST under a key, every request under the version that we have the file of."""
    if request.headers.get("stripe-version") != STRIPE_VERSION:
        yield f"header Stripe-Version is not {STRIPE_VERSION}"
    if operation.method == "POST" and not 1 <= len(request.headers.get("idempotency-key", "")) <= 255:
        yield "header Idempotency-Key is missing or too long"
    yield from _authorized(request, "Bearer ", "Basic ")


def paypal_rules(operation: Operation, request: httpx.Request) -> Iterator[str]:
    """A request id and a whole answer where money moves; JSON announced, without a body too (else 415)."""
    if str(operation) == TOKEN:
        yield from _authorized(request, "Basic ")
        return
    if str(operation) in MOVING_MONEY:
        if not request.headers.get("paypal-request-id"):
            yield "header PayPal-Request-Id is missing"
        if request.headers.get("prefer") != "return=representation":
            yield "header Prefer is not return=representation"
    if JSON in operation.bodies and media_type(request.headers) != JSON:
        yield f"header Content-Type is not {JSON}"
    yield from _authorized(request, "Bearer ")


def _authorized(request: httpx.Request, *schemes: str) -> Iterator[str]:
    value = request.headers.get("authorization", "")
    if not any(value.startswith(scheme) and value != scheme for scheme in schemes):
        yield f"header Authorization is not {' or '.join(schemes)}..."

"""A shop's bare hands at Stripe's API: forms out, JSON in, everything held against the official file."""

from __future__ import annotations

import json
import ssl
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx

from tests.provider_contracts.contract import Contract
from tests.provider_contracts.transport import ContractTransport
from tests.providers.books import Json
from tests.providers.stripe.account import API_VERSION
from tests.providers.stripe.opening import DEFAULT_KEY

SESSIONS = "/v1/checkout/sessions"
FULL = ["payment_intent.latest_charge.balance_transaction"]


class StripeApi:
    """Thread-safe. `contract` is Stripe's."""

    def __init__(self, url: str, contract: Contract) -> None:
        # Loading the authorities of the whole world takes longer than most tests that use this.
        no_tls = httpx.HTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False)
        self.transport = ContractTransport(no_tls, contract)
        self.client = httpx.Client(
            base_url=url,
            transport=self.transport,
            headers={"authorization": f"Bearer {DEFAULT_KEY}", "stripe-version": API_VERSION},
            timeout=30,
        )

    def post(self, path: str, *, key: str | None = None, **form: Any) -> httpx.Response:
        return self.client.post(
            path,
            headers={
                "idempotency-key": key or str(uuid4()),
                "content-type": "application/x-www-form-urlencoded",
            },
            data=spelt(form),
        )

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.client.get(path, params=spelt(query))

    def close(self) -> None:
        """Raises the first `ContractViolation`."""
        self.client.close()
        self.transport.check()


def spelt(values: Any, name: str = "") -> dict[str, str]:
    """A tree as Stripe wants it spelt: `a[b][0]=v`."""
    if isinstance(values, dict):
        inside = values.items()
    elif isinstance(values, list):
        inside = {str(place): value for place, value in enumerate(values)}.items()
    else:
        return {name: str(values).lower() if isinstance(values, bool) else str(values)}
    return {
        full: value
        for key, each in inside
        for full, value in spelt(each, f"{name}[{key}]" if name else key).items()
    }


def checkout(now: datetime, amount: int = 1290, currency: str = "eur") -> Json:
    """What a shop asks a hosted page to be."""
    product = {"name": "Order PA-1"}
    return {
        "mode": "payment",
        "client_reference_id": "attempt-1",
        "success_url": "https://shop.test/return",
        "cancel_url": "https://shop.test/cancel",
        "expires_at": int(now.timestamp()) + 3600,
        "locale": "de",
        "adaptive_pricing": {"enabled": False},
        "metadata": {"attempt": "attempt-1"},
        "payment_intent_data": {"capture_method": "automatic"},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {"currency": currency, "unit_amount": amount, "product_data": product},
            }
        ],
    }


def look(api: StripeApi, ref: str) -> Json:
    """A session with everything about its money."""
    return done(api.get(f"{SESSIONS}/{ref}", expand=FULL))


def done(answer: httpx.Response) -> Json:
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text)


def refused(answer: httpx.Response, status: int = 400) -> tuple[str | None, str | None]:
    """The code and the parameter of a refusal."""
    assert answer.status_code == status, answer.text
    assert answer.headers["request-id"].startswith("req_")
    error = answer.json()["error"]
    return error.get("code"), error.get("param")

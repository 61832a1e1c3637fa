"""Asks PayPal's API as any shop would: for tests of the simulator itself."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import attrs
import httpx

from tests.providers.paypal.access import CLIENT_ID, CLIENT_SECRET

ORDERS, PAYMENTS = "/v2/checkout/orders", "/v2/payments"


@attrs.define
class Caller:
    """Asks for whole representations and gives every request an id of its own, unless told otherwise."""

    client: httpx.Client
    _token: str | None = attrs.field(default=None, repr=False)

    def token(self) -> str:
        """A new token, kept for all that follows."""
        granted = self.client.post(
            "/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=(CLIENT_ID, CLIENT_SECRET)
        )
        granted.raise_for_status()
        self._token = granted.json()["access_token"]
        return self._token

    def get(self, path: str, **query: str | int) -> httpx.Response:
        return self.client.get(path, params=query, headers=self._headers())

    def post(
        self, path: str, body: object = None, *, key: str | None = None, prefer: str | None = "representation"
    ) -> httpx.Response:
        headers = {**self._headers(), "Content-Type": "application/json"}
        headers["PayPal-Request-Id"] = str(uuid4()) if key is None else key
        if prefer is not None:
            headers["Prefer"] = f"return={prefer}"
        content: dict[str, Any] = {} if body is None else {"json": body}
        return self.client.post(path, headers=headers, **content)

    def open(self, value: str = "12.90", code: str = "EUR", *, key: str | None = None, **more: Any) -> str:
        """An order of ours, and its id. `intent` and members of the purchase unit may be given."""
        return str(done(self.post(ORDERS, order_request(value, code, **more), key=key))["id"])

    def capture(self, order: str, *, key: str | None = None) -> httpx.Response:
        return self.post(f"{ORDERS}/{order}/capture", key=key)

    def authorize(self, order: str, *, key: str | None = None) -> httpx.Response:
        return self.post(f"{ORDERS}/{order}/authorize", key=key)

    def order(self, order: str) -> Any:
        return done(self.get(f"{ORDERS}/{order}"))

    def refund(
        self,
        capture: str,
        value: str | None = None,
        code: str = "EUR",
        *,
        key: str | None = None,
        **more: Any,
    ) -> httpx.Response:
        body = {**more, **({} if value is None else {"amount": amount(value, code)})}
        return self.post(f"{PAYMENTS}/captures/{capture}/refund", body, key=key)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token or self.token()}"}


def amount(value: str, code: str = "EUR") -> dict[str, str]:
    return {"currency_code": code, "value": value}


def order_request(value: str = "12.90", code: str = "EUR", *, intent: str = "CAPTURE", **unit: Any) -> Any:
    """A body with the customer's wallet named, as hosted pages need it."""
    reference = str(uuid4())
    context = {
        "return_url": "https://shop.test/return",
        "cancel_url": "https://shop.test/cancel",
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
    }
    given = {"custom_id": reference, "invoice_id": f"pay-{reference}", "amount": amount(value, code), **unit}
    return {
        "intent": intent,
        "purchase_units": [given],
        "payment_source": {"paypal": {"experience_context": context}},
    }


def done(answer: httpx.Response) -> Any:
    """The JSON of a success. Raises `AssertionError` for anything else."""
    assert answer.is_success, (answer.status_code, answer.text)
    return answer.json()


def issue_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and issue of a refusal."""
    return answer.status_code, answer.json()["details"][0]["issue"]

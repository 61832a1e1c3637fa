"""Requests as our adapters send them, with every field that they may use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import attrs
import httpx

from tests.provider_contracts.contract import Contract

ATTEMPT, PAYMENT, OPERATION = (
    "0198c0de-0000-7000-8000-0000000000a1",
    "0198c0de-0000-7000-8000-0000000000b2",
    "0198c0de-0000-7000-8000-0000000000c3",
)
STRIPE_HEADERS = {
    "Authorization": "Bearer rk_test_none",
    "Stripe-Version": "2026-05-27.dahlia",
    "Idempotency-Key": OPERATION,
}
PAYPAL_HEADERS = {
    "Authorization": "Bearer A21AA_none",
    "PayPal-Request-Id": OPERATION,
    "Prefer": "return=representation",
}
_OURS = {"attempt": ATTEMPT, "operation": OPERATION}
_SHOP = "https://shop.example/payments/0198c0de"


@attrs.frozen(kw_only=True)
class GoodRequest:
    """`form` is Stripe's way to send a body, `json` PayPal's. `required` may not be left out."""

    method: str
    path: str
    form: Mapping[str, Any] | None = None
    json: Any = None
    headers: Mapping[str, str] = {}
    required: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.path.partition('?')[0]}"

    def built(self) -> httpx.Request:
        url, headers = f"http://127.0.0.1:8{self.path}", dict(self.headers)
        if self.form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return httpx.Request(self.method, url, content=form_text(self.form), headers=headers)
        if self.json is not None:
            return httpx.Request(self.method, url, json=self.json, headers=headers)
        return httpx.Request(self.method, url, headers=headers)

    def breaches(self, contract: Contract) -> list[str]:
        request = self.built()
        operation = contract.operation(request)
        assert operation is not None, str(self)
        return contract.request_breaches(operation, request)


def form_text(tree: Any) -> str:
    """A tree of values as Stripe's SDK writes it: `a[b][0][c]=v`."""
    return urlencode(_pairs(tree, ""))


def _pairs(value: Any, name: str) -> list[tuple[str, str]]:
    if isinstance(value, bool):
        return [(name, str(value).lower())]
    if isinstance(value, list):
        value = {str(index): each for index, each in enumerate(value)}
    if isinstance(value, Mapping):
        inner = [(f"{name}[{key}]" if name else key, each) for key, each in value.items()]
        return [pair for key, each in inner for pair in _pairs(each, key)]
    return [(name, str(value))]


def _stripe(method: str, path: str, form: Mapping[str, Any] | None = None, required: str = "") -> GoodRequest:
    return GoodRequest(
        method=method, path=path, form=form, headers=STRIPE_HEADERS, required=tuple(required.split())
    )


STRIPE = (
    _stripe(
        "POST",
        "/v1/checkout/sessions",
        {
            "mode": "payment",
            "client_reference_id": ATTEMPT,
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": "eur",
                        "unit_amount": 1290,
                        "product_data": {"name": "Order 2026-000017"},
                    },
                }
            ],
            "payment_intent_data": {
                "capture_method": "manual",
                "metadata": _OURS,
                "description": "Order 2026-000017",
            },
            "metadata": _OURS,
            "adaptive_pricing": {"enabled": False},
            "allow_promotion_codes": False,
            "automatic_tax": {"enabled": False},
            "payment_method_types": ["card", "sepa_debit"],
            "success_url": _SHOP,
            "cancel_url": _SHOP,
            "locale": "de",
            "expires_at": 1795430400,
            "expand": ["payment_intent"],
        },
        required="line_items.0.price_data.currency",
    ),
    _stripe("POST", "/v1/checkout/sessions/cs_test_1/expire", {"expand": ["payment_intent"]}),
    _stripe("POST", "/v1/checkout/sessions/cs_test_1/expire"),
    _stripe(
        "POST",
        "/v1/payment_intents/pi_1/capture",
        {"amount_to_capture": 1290, "final_capture": True, "metadata": _OURS},
    ),
    _stripe("POST", "/v1/payment_intents/pi_1/cancel", {"cancellation_reason": "abandoned"}),
    _stripe(
        "POST",
        "/v1/refunds",
        {"charge": "ch_1", "amount": 500, "reason": "requested_by_customer", "metadata": _OURS},
    ),
    _stripe(
        "GET",
        "/v1/checkout/sessions/cs_test_1"
        "?expand[0]=payment_intent.latest_charge.balance_transaction&expand[1]=line_items",
    ),
    _stripe("GET", "/v1/checkout/sessions?payment_intent=pi_1&limit=1"),
    _stripe("GET", "/v1/checkout/sessions?created[gte]=1767225600&limit=100&starting_after=cs_test_1"),
    _stripe("GET", "/v1/payment_intents/pi_1?expand[]=latest_charge.balance_transaction"),
    _stripe("GET", "/v1/charges/ch_1"),
    _stripe("GET", "/v1/refunds?payment_intent=pi_1&limit=100&expand[0]=data.balance_transaction"),
    _stripe("GET", "/v1/refunds/re_1"),
    _stripe("GET", "/v1/disputes?payment_intent=pi_1&limit=100"),
    _stripe("GET", "/v1/disputes/dp_1"),
    _stripe("GET", "/v1/balance_transactions?created[gte]=1767225600&created[lt]=1767312000&limit=100"),
    _stripe("GET", "/v1/payouts/po_1"),
    _stripe("GET", "/v1/events?created[gte]=1767225600&types[0]=refund.updated&delivery_success=false"),
)


def _paypal(method: str, path: str, json: Any = None, required: str = "") -> GoodRequest:
    headers = dict(PAYPAL_HEADERS)
    if method == "POST":
        headers["Content-Type"] = "application/json"
    return GoodRequest(method=method, path=path, json=json, headers=headers, required=tuple(required.split()))


_PRICE = {"currency_code": "EUR", "value": "12.90"}
PAYPAL = (
    _paypal(
        "POST",
        "/v2/checkout/orders",
        {
            "intent": "CAPTURE",
            "purchase_units": [
                {
                    "reference_id": "default",
                    "custom_id": ATTEMPT,
                    "invoice_id": f"{PAYMENT}-{ATTEMPT}",
                    "description": "Order 2026-000017",
                    "soft_descriptor": "PRINTAPIC",
                    "amount": {**_PRICE, "breakdown": {"item_total": _PRICE}},
                    "items": [{"name": "Prints", "quantity": "1", "unit_amount": _PRICE}],
                }
            ],
            "payment_source": {
                "paypal": {
                    "experience_context": {
                        "brand_name": "PrintAPic",
                        "locale": "de-DE",
                        "landing_page": "LOGIN",
                        "shipping_preference": "NO_SHIPPING",
                        "user_action": "PAY_NOW",
                        "payment_method_preference": "UNRESTRICTED",
                        "return_url": _SHOP,
                        "cancel_url": _SHOP,
                    }
                }
            },
        },
        required="intent purchase_units purchase_units.0.amount purchase_units.0.amount.value "
        "purchase_units.0.amount.currency_code purchase_units.0.items.0.name "
        "purchase_units.0.items.0.quantity purchase_units.0.items.0.unit_amount "
        "purchase_units.0.amount.breakdown.item_total.value",
    ),
    _paypal("POST", "/v2/checkout/orders/5O190127TN364715T/capture"),
    _paypal("POST", "/v2/checkout/orders/5O190127TN364715T/authorize"),
    _paypal(
        "POST",
        "/v2/payments/authorizations/0VF52814937998046/capture",
        {"amount": _PRICE, "invoice_id": PAYMENT, "final_capture": True, "note_to_payer": "Thank you"},
        required="amount.value amount.currency_code",
    ),
    GoodRequest(
        method="POST",
        path="/v2/payments/authorizations/0VF52814937998046/void",
        headers={"Authorization": "Bearer A21AA_none"},
    ),
    _paypal(
        "POST",
        "/v2/payments/captures/2GG279541U471931P/refund",
        {"amount": _PRICE, "custom_id": OPERATION, "invoice_id": OPERATION, "note_to_payer": "Sorry"},
        required="amount.value amount.currency_code",
    ),
    _paypal("GET", "/v2/checkout/orders/5O190127TN364715T"),
    _paypal("GET", "/v2/payments/authorizations/0VF52814937998046"),
    _paypal("GET", "/v2/payments/captures/2GG279541U471931P"),
    _paypal("GET", "/v2/payments/refunds/1JU08902781691411"),
    _paypal("GET", "/v1/customer/disputes?disputed_transaction_id=2GG279541U471931P&page_size=50"),
    _paypal("GET", "/v1/customer/disputes/PP-D-27803"),
    _paypal(
        "GET",
        "/v1/reporting/transactions?start_date=2026-11-01T00:00:00Z&end_date=2026-11-02T00:00:00Z"
        "&fields=transaction_info&balance_affecting_records_only=N&page_size=500&page=1",
    ),
    _paypal(
        "POST",
        "/v1/notifications/verify-webhook-signature",
        {
            "auth_algo": "SHA256withRSA",
            "cert_url": "https://api.paypal.com/v1/notifications/certs/CERT-360caa42",
            "transmission_id": "dfb3be50-fd74-11e4-8bf3-77339302725b",
            "transmission_sig": "thy4/U002quzxFavHPwbfJGcc46E8rc5",
            "transmission_time": "2026-11-18T15:45:13Z",
            "webhook_id": "4JH86294D6297924G",
            "webhook_event": {
                "id": "WH-0G2756385H040842W-5Y612302CV158622M",
                "create_time": "2026-11-18T15:45:13Z",
                "event_type": "PAYMENT.CAPTURE.COMPLETED",
                "resource_type": "capture",
                "resource_version": "2.0",
                "resource": {"id": "2GG279541U471931P"},
                "links": [{"href": "https://api.paypal.com/v1/x", "rel": "self", "method": "GET"}],
            },
        },
        required="auth_algo cert_url transmission_id transmission_sig transmission_time webhook_id "
        "webhook_event",
    ),
    GoodRequest(
        method="POST",
        path="/v1/oauth2/token",
        form={"grant_type": "client_credentials"},
        headers={"Authorization": "Basic bm9uZTpub25l"},
        required=("grant_type",),
    ),
)

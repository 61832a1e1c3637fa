"""PayPal's objects as it sends them, with members of the payer that nobody here may read."""

from __future__ import annotations

from typing import Any, TypeAlias

from printapic.domain.money import Money

Json: TypeAlias = "dict[str, Any]"
ORDER, AUTHORIZATION, CAPTURE, REFUND = (
    "5O190127TN364715T",
    "0AW12345AB678901C",
    "2GG279541U471931P",
    "1JU08902781691411",
)
DISPUTE = "PP-R-123-456789012"
ATTEMPT = "019359aa-0000-7000-8000-00000000a77e"
API = "https://api.paypal.com"
PRICE = Money.of("12.90", "EUR")
PAGE = f"https://www.sandbox.paypal.com/checkoutnow?token={ORDER}"
AT = "2026-11-22T11:30:00Z"
MAIL = "payer-canary@customer.test"
ORDERS, ORDER_AT = "POST /v2/checkout/orders", f"GET /v2/checkout/orders/{ORDER}"
TAKE, HOLD = f"POST /v2/checkout/orders/{ORDER}/capture", f"POST /v2/checkout/orders/{ORDER}/authorize"
TAKE_HELD = f"POST /v2/payments/authorizations/{AUTHORIZATION}/capture"
LET_GO = f"POST /v2/payments/authorizations/{AUTHORIZATION}/void"
GIVE_BACK = f"POST /v2/payments/captures/{CAPTURE}/refund"
DISPUTES = "GET /v1/customer/disputes"


def amount(value: str = "12.90", currency: str = "EUR") -> Json:
    return {"currency_code": currency, "value": value}


def link(rel: str, href: str) -> dict[str, str]:
    return {"rel": rel, "href": href, "method": "GET"}


def order(status: str = "CREATED", **changed: Any) -> Json:
    """An order with its purchase unit; `payments` and other members of the unit by name."""
    unit = {
        "reference_id": "default",
        "amount": amount(),
        "custom_id": ATTEMPT,
        "invoice_id": f"payment-{ATTEMPT}",
        "shipping": {"name": {"full_name": MAIL}},
    }
    body: Json = {
        "id": ORDER,
        "status": status,
        "intent": "CAPTURE",
        "payer": {"email_address": MAIL, "payer_id": "QYR5Z8XDVJNXQ"},
        "purchase_units": [unit],
        "links": [
            link("self", f"{API}/v2/checkout/orders/{ORDER}"),
            link("payer-action", PAGE),
        ],
    }
    for name, value in changed.items():
        (body if name in body else unit)[name] = value
    return body


def paid(status: str = "COMPLETED", **changed: Any) -> Json:
    """An order whose capture has this status."""
    refunds = changed.pop("refunds", [])
    return order("COMPLETED", payments={"captures": [capture(status, **changed)], "refunds": refunds})


def held(status: str = "CREATED", *captures: Json, **changed: Any) -> Json:
    """An order with an authorization."""
    payments = {"authorizations": [authorization(status, **changed)], "captures": list(captures)}
    return order("COMPLETED", intent="AUTHORIZE", payments=payments)


def authorization(status: str = "CREATED", **changed: Any) -> Json:
    return {
        "id": AUTHORIZATION,
        "status": status,
        "amount": amount(),
        "create_time": AT,
        "expiration_time": "2026-12-21T11:30:00Z",
        "custom_id": ATTEMPT,
        **changed,
    }


def capture(status: str = "COMPLETED", **changed: Any) -> Json:
    return {
        "id": CAPTURE,
        "status": status,
        "amount": amount(),
        "create_time": AT,
        "custom_id": ATTEMPT,
        "final_capture": True,
        "seller_receivable_breakdown": {"gross_amount": amount(), "paypal_fee": amount("0.64")},
        "payee": {"email_address": MAIL},
        **changed,
    }


def refund(status: str = "COMPLETED", **changed: Any) -> Json:
    return {
        "id": REFUND,
        "status": status,
        "amount": amount("2.00"),
        "create_time": AT,
        "links": [link("up", f"{API}/v2/payments/captures/{CAPTURE}")],
        **changed,
    }


def dispute(**changed: Any) -> Json:
    return {
        "dispute_id": DISPUTE,
        "status": "WAITING_FOR_SELLER_RESPONSE",
        "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
        "dispute_amount": amount(),
        "create_time": AT,
        "dispute_life_cycle_stage": "CHARGEBACK",
        "seller_response_due_date": "2026-12-02T11:30:00.000Z",
        "disputed_transactions": [{"seller_transaction_id": CAPTURE, "buyer": {"name": MAIL}}],
        "messages": [{"content": MAIL}],
        **changed,
    }


def moved(kind: str, value: str = "12.90", *, at: str = AT, **changed: Any) -> Json:
    return {
        "affected_party": "SELLER",
        "type": kind,
        "initiated_time": at,
        "amount": amount(value),
        "reason": "DISPUTE_SETTLEMENT",
        **changed,
    }

"""Orders, authorizations, captures and refunds as PayPal's API and its news show them."""

from __future__ import annotations

from datetime import datetime

from tests.providers.books import Json
from tests.providers.paypal.amounts import amount_body
from tests.providers.paypal.desk import Desk, Hosts, zero
from tests.providers.paypal.records import Authorization, Capture, Order, Refund

PAYER_EMAIL = "dora.canary@customers.test"
PAYER_ID = "QYR5Z8XDVJNXQ"
SELLER_EMAIL = "shop@printapic.test"
SELLER_ID = "HXZ7NQY3LRD8W"
_PAYER_NAME = {"given_name": "Dora", "surname": "Canary"}
_PROTECTION = {
    "status": "ELIGIBLE",
    "dispute_categories": ["ITEM_NOT_RECEIVED", "UNAUTHORIZED_TRANSACTION"],
}


def time_text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def link(href: str, rel: str, method: str = "GET") -> dict[str, str]:
    return {"href": href, "rel": rel, "method": method}


def minimal(body: Json) -> Json:
    """What `Prefer: return=minimal`, the default, leaves of it: no payments, no amounts."""
    return {name: body[name] for name in ("id", "status", "links") if name in body}


def order_body(desk: Desk, order: Order) -> Json:
    """The whole order, with every payment made under it."""
    unit: Json = {
        "reference_id": order.reference_id,
        "amount": amount_body(order.amount),
        "payee": _payee(),
        **_given(description=order.description, custom_id=order.custom_id, invoice_id=order.invoice_id),
    }
    payments = _payments(desk, order)
    if payments:
        unit["payments"] = payments
    body: Json = {
        "id": order.id,
        "intent": order.intent,
        "status": order.status,
        "purchase_units": [unit],
        "create_time": time_text(order.created_at),
        "update_time": time_text(order.updated_at),
        "links": _order_links(desk.hosts, order),
    }
    if order.approved:
        body["payment_source"] = {"paypal": _wallet()}
        body["payer"] = {
            "name": _PAYER_NAME,
            "email_address": PAYER_EMAIL,
            "payer_id": PAYER_ID,
            "address": {"country_code": "DE"},
        }
    elif order.wallet:
        body["payment_source"] = {"paypal": {}}
    return body


def authorization_body(desk: Desk, authorization: Authorization) -> Json:
    at = f"{desk.hosts.api}/v2/payments/authorizations/{authorization.id}"
    body: Json = {
        "id": authorization.id,
        "status": authorization.status,
        "amount": amount_body(authorization.amount),
        **_given(custom_id=authorization.custom_id, invoice_id=authorization.invoice_id),
        "seller_protection": _PROTECTION,
        "expiration_time": time_text(authorization.expires_at),
        "supplementary_data": {"related_ids": {"order_id": authorization.order_id}},
        "payee": _payee(),
        "create_time": time_text(authorization.created_at),
        "update_time": time_text(authorization.updated_at),
        "links": [
            link(at, "self"),
            link(f"{at}/capture", "capture", "POST"),
            link(f"{at}/void", "void", "POST"),
            link(f"{at}/reauthorize", "reauthorize", "POST"),
            link(f"{desk.hosts.api}/v2/checkout/orders/{authorization.order_id}", "up"),
        ],
    }
    if authorization.status == "PENDING":
        body["status_details"] = {"reason": "PENDING_REVIEW"}
    return body


def capture_body(desk: Desk, capture: Capture) -> Json:
    """PayPal says what it keeps only of money that it has."""
    at = f"{desk.hosts.api}/v2/payments/captures/{capture.id}"
    up = f"{desk.hosts.api}/v2/checkout/orders/{capture.order_id}"
    related = {"order_id": capture.order_id}
    if capture.authorization_id is not None:
        up = f"{desk.hosts.api}/v2/payments/authorizations/{capture.authorization_id}"
        related["authorization_id"] = capture.authorization_id
    body: Json = {
        "id": capture.id,
        "status": capture.status,
        "amount": amount_body(capture.amount),
        "final_capture": capture.final,
        **_given(custom_id=capture.custom_id, invoice_id=capture.invoice_id),
        "seller_protection": _PROTECTION,
        "disbursement_mode": "INSTANT",
        "supplementary_data": {"related_ids": related},
        "payee": _payee(),
        "create_time": time_text(capture.created_at),
        "update_time": time_text(capture.updated_at),
        "links": [link(at, "self"), link(f"{at}/refund", "refund", "POST"), link(up, "up")],
    }
    if capture.reason is not None:
        body["status_details"] = {"reason": capture.reason}
    if capture.status in ("COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"):
        body["seller_receivable_breakdown"] = {
            "gross_amount": amount_body(capture.amount),
            "paypal_fee": amount_body(capture.fee),
            "net_amount": amount_body(capture.amount - capture.fee),
        }
    return body


def refund_body(desk: Desk, refund: Refund) -> Json:
    """PayPal keeps its fee when money goes back; `total_refunded_amount` is cumulative."""
    at = f"{desk.hosts.api}/v2/payments/refunds/{refund.id}"
    body: Json = {
        "id": refund.id,
        "status": refund.status,
        "amount": amount_body(refund.amount),
        **_given(custom_id=refund.custom_id, invoice_id=refund.invoice_id, note_to_payer=refund.note),
        "seller_payable_breakdown": {
            "gross_amount": amount_body(refund.amount),
            "paypal_fee": amount_body(zero(refund.amount)),
            "net_amount": amount_body(refund.amount),
            "total_refunded_amount": amount_body(refund.total),
        },
        "payer": {"email_address": SELLER_EMAIL, "merchant_id": SELLER_ID},
        "create_time": time_text(refund.created_at),
        "update_time": time_text(refund.updated_at),
        "links": [
            link(at, "self"),
            link(f"{desk.hosts.api}/v2/payments/captures/{refund.capture_id}", "up"),
        ],
    }
    if refund.status == "PENDING":
        body["status_details"] = {"reason": "ECHECK"}
    return body


def _payments(desk: Desk, order: Order) -> Json:
    """Inside an order, payments do not repeat whose they are."""
    where: dict[str, str | int] = {"order_id": order.id}
    found = {
        "authorizations": [authorization_body(desk, each) for each in desk.all(Authorization, where)],
        "captures": [capture_body(desk, each) for each in desk.all(Capture, where)],
        "refunds": [refund_body(desk, each) for each in desk.all(Refund, where)],
    }
    for bodies in found.values():
        for body in bodies:
            body.pop("supplementary_data", None)
            body.pop("payee", None)
    return {name: bodies for name, bodies in found.items() if bodies}


def _order_links(hosts: Hosts, order: Order) -> list[dict[str, str]]:
    at = f"{hosts.api}/v2/checkout/orders/{order.id}"
    links = [link(at, "self")]
    if order.waits_for_customer:
        page = f"{hosts.pages}/checkoutnow?token={order.id}"
        links.append(link(page, "payer-action" if order.wallet else "approve"))
    if order.status == "CREATED":
        links.append(link(at, "update", "PATCH"))
    if order.status in ("CREATED", "APPROVED"):
        act = order.intent.lower()
        links.append(link(f"{at}/{act}", act, "POST"))
    return links


def _payee() -> Json:
    return {"email_address": SELLER_EMAIL, "merchant_id": SELLER_ID}


def _wallet() -> Json:
    return {
        "email_address": PAYER_EMAIL,
        "account_id": PAYER_ID,
        "account_status": "VERIFIED",
        "name": _PAYER_NAME,
        "address": {"country_code": "DE"},
    }


def _given(**members: str | None) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}

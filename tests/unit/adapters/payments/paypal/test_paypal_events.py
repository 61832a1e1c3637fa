"""What a notification points at: the order where it names one, else the nearest that PayPal can show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from printapic.adapters.payments.paypal.events import SUBSCRIBED, PayPalEvent
from tests.unit.adapters.payments.paypal.authority import event

ORDER, CAPTURE, REFUND, HELD = "5O190127TN364715T", "3C679366HH908993F", "1JU08902781691411", "0VF5"
API = "https://api.paypal.com/v2"


def ref(type_: str, resource: Any) -> str | None:
    return PayPalEvent.read(event(event_type=type_, resource=resource)).ref


def up(path: str) -> dict[str, Any]:
    return {
        "links": [
            {"rel": "self", "href": f"{API}/payments/refunds/{REFUND}", "method": "GET"},
            {"rel": "up", "href": f"{API}/{path}", "method": "GET"},
        ]
    }


RELATED = {"supplementary_data": {"related_ids": {"order_id": ORDER, "capture_id": CAPTURE}}}


@pytest.mark.parametrize(
    ("type_", "resource", "name"),
    [
        ("CHECKOUT.ORDER.APPROVED", {"id": ORDER, "intent": "CAPTURE"}, ORDER),
        ("CHECKOUT.ORDER.COMPLETED", {"id": ORDER} | up(f"checkout/orders/{ORDER}"), ORDER),
        ("CHECKOUT.PAYMENT-APPROVAL.REVERSED", {"order_id": ORDER, "purchase_units": []}, ORDER),
        ("PAYMENT.AUTHORIZATION.CREATED", {"id": HELD} | RELATED, ORDER),
        ("PAYMENT.AUTHORIZATION.VOIDED", {"id": HELD} | up(f"checkout/orders/{ORDER}"), ORDER),
        ("PAYMENT.CAPTURE.COMPLETED", {"id": CAPTURE} | RELATED, ORDER),
        ("PAYMENT.CAPTURE.PENDING", {"id": CAPTURE} | up(f"payments/authorizations/{HELD}"), HELD),
        ("PAYMENT.CAPTURE.DENIED", {"id": CAPTURE}, CAPTURE),
        ("PAYMENT.CAPTURE.DECLINED", {"id": CAPTURE, "links": []}, CAPTURE),
        ("PAYMENT.CAPTURE.REFUNDED", {"id": REFUND} | up(f"payments/captures/{CAPTURE}"), CAPTURE),
        ("PAYMENT.CAPTURE.REVERSED", {"id": REFUND} | up(f"payments/captures/{CAPTURE}") | RELATED, ORDER),
        ("PAYMENT.REFUND.PENDING", {"id": REFUND, "supplementary_data": None}, REFUND),
        ("PAYMENT.REFUND.FAILED", {"id": REFUND, "supplementary_data": {}}, REFUND),
        (
            "CUSTOMER.DISPUTE.CREATED",
            {"dispute_id": "PP-D-27803", "disputed_transactions": [{"seller_transaction_id": CAPTURE}]},
            CAPTURE,
        ),
        ("CUSTOMER.DISPUTE.UPDATED", {"dispute_id": "PP-D-278", "disputed_transactions": [{}]}, "PP-D-278"),
        ("CUSTOMER.DISPUTE.RESOLVED", {"dispute_id": "PP-000-042-663-135"}, "PP-000-042-663-135"),
    ],
)  # fmt: skip
def test_each_subscribed_event_names_something_to_look_at(
    type_: str, resource: dict[str, Any], name: str
) -> None:
    assert type_ in SUBSCRIBED
    assert ref(type_, resource) == name


def test_there_are_sixteen_of_them() -> None:
    assert len(SUBSCRIBED) == 16


@pytest.mark.parametrize(
    "type_", ["PAYMENT.SALE.COMPLETED", "PAYMENT.PAYOUTSBATCH.SUCCESS", "MOON.LANDED", "VAULT.CREATED"]
)
def test_w8_other_events_lead_nowhere(type_: str) -> None:
    assert ref(type_, {"id": ORDER} | RELATED) is None


@pytest.mark.parametrize(
    "resource",
    [
        None, [], "text", 7, {}, {"id": None}, {"id": 7}, {"id": ""}, {"id": "a/../b"}, {"id": "a b"},
        {"id": "x" * 65}, {"id": "a?b"}, {"id": "\N{SNOWMAN}"}, {"id": "a\n"}, {"id": [ORDER]},
        {"id": ORDER, "links": "none"}, {"id": ORDER, "supplementary_data": []},
    ],
    ids=ascii,
)  # fmt: skip
def test_what_cannot_be_a_name_is_none(resource: Any) -> None:
    """A ref becomes part of an address that PayPal is asked at, and bodies are easily forged."""
    assert ref("PAYMENT.CAPTURE.COMPLETED", resource) is None


def test_a_name_that_cannot_be_one_gives_way_to_the_next() -> None:
    resource = {"id": CAPTURE, "supplementary_data": {"related_ids": {"order_id": "../" + ORDER}}}
    assert ref("PAYMENT.CAPTURE.COMPLETED", resource) == CAPTURE


@pytest.mark.parametrize("path", [f"other/{ORDER}", f"checkout/orders/{ORDER}/capture", "checkout/orders/"])
def test_only_links_to_payments_are_followed(path: str) -> None:
    assert ref("PAYMENT.CAPTURE.COMPLETED", {"id": CAPTURE} | up(path)) == CAPTURE


def test_an_event_without_a_resource_leads_nowhere() -> None:
    body = json.loads(event())
    del body["resource"]
    assert PayPalEvent.read(json.dumps(body).encode()).ref is None


def test_paypals_own_examples_are_read(contracts: Path) -> None:
    document = json.loads((contracts / "paypal" / "notifications_webhooks_v1.json").read_text())
    events = (each for each in _examples(document) if {"id", "event_type", "create_time"} <= each.keys())
    examples = [each for each in events if isinstance(each["id"], str)]
    assert examples
    for example in examples:
        assert PayPalEvent.read(json.dumps(example).encode()).id == example["id"]


def _examples(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        return [node, *(each for value in node.values() for each in _examples(value))]
    return [each for value in node for each in _examples(value)] if isinstance(node, list) else []

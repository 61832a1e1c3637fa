"""What is wrong with a webhook's body: its envelope, and the object inside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.provider_contracts.answer_rules import paypal_members_missing, stripe_members_missing
from tests.provider_contracts.rules import STRIPE_VERSION
from tests.provider_contracts.schemas import Schemas

_STRIPE_OBJECTS: Mapping[str, str | None] = {
    "checkout.session.": "checkout.session",
    "payment_intent.": "payment_intent",
    "charge.dispute.": "dispute",
    "charge.refund.": "refund",
    "charge.": "charge",
    "refund.": "refund",
    "payout.": "payout",
    "radar.early_fraud_warning.": "radar.early_fraud_warning",
}
_PAYPAL_RESOURCES: Mapping[str, str | None] = {
    "CHECKOUT.ORDER.": "checkout-order",
    "PAYMENT.AUTHORIZATION.": "authorization",
    "PAYMENT.CAPTURE.REFUNDED": "refund",
    "PAYMENT.CAPTURE.REVERSED": None,
    "PAYMENT.CAPTURE.": "capture",
    "PAYMENT.REFUND.": "refund",
    "CUSTOMER.DISPUTE.": "dispute",
}
"""A reversal is told of as a refund or as a capture: PayPal's documentation settles it nowhere."""
_PAYPAL_ENVELOPE = ("id", "create_time", "event_type", "resource_type", "resource")


def stripe_event_breaches(event: Any, schemas: Schemas) -> Iterator[str]:
    """The object is held against its own schema, where the file has one (not for early fraud warnings)."""
    yield from schemas.component_breaches(event, "event")
    if not isinstance(event, dict):
        return
    if event.get("api_version") != STRIPE_VERSION:
        yield f"$.api_version: is not {STRIPE_VERSION}"
    inside = _at(event, "data", "object")
    kind = _at(inside, "object")
    expected = _by_prefix(_STRIPE_OBJECTS, event.get("type"))
    if expected is not None and kind != expected:
        yield f"$.data.object: {event['type']} is about a {expected}, not a {kind}"
    if isinstance(kind, str) and kind in schemas.components:
        breaches = list(schemas.component_breaches(inside, kind))
        for breach in breaches or stripe_members_missing(inside):
            yield f"data.object {breach}"


def paypal_event_breaches(event: Any, envelope: Schemas, resources: Mapping[str, Schemas]) -> Iterator[str]:
    """The resource is held against its schema where a file has one, as for all that we subscribe to but one.

    `resources` maps a resource type to the schemas that have it.
    """
    yield from envelope.component_breaches(event, "event")
    if not isinstance(event, dict):
        return
    for name in _PAYPAL_ENVELOPE:
        if not event.get(name):
            yield f"$.{name}: is missing"
    kind = event.get("resource_type")
    expected = _by_prefix(_PAYPAL_RESOURCES, event.get("event_type"))
    if expected is not None and kind != expected:
        yield f"$.resource_type: {event['event_type']} is about a {expected}, not a {kind}"
    if not isinstance(kind, str) or kind not in resources:
        return
    if kind != "dispute" and event.get("resource_version") != "2.0":
        # Without it the resource could be anything: whoever sends what we subscribe to sends version 2's.
        yield "$.resource_version: is not 2.0"
        return
    component = "order" if kind == "checkout-order" else kind
    resource = event.get("resource")
    breaches = list(resources[kind].component_breaches(resource, component))
    for breach in breaches or paypal_members_missing(resource, component):
        yield f"resource {breach}"


def _by_prefix(table: Mapping[str, str | None], event_type: object) -> str | None:
    if not isinstance(event_type, str):
        return None
    return next((kind for prefix, kind in table.items() if event_type.startswith(prefix)), None)


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value

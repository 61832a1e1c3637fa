"""Webhooks: a simulator may only send what the provider itself would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.provider_contracts.spoiling import changed, without
from tests.integration.provider_contracts.test_responses import CAPTURE, ORDER
from tests.provider_contracts import files
from tests.provider_contracts.contract import Contract, ContractViolation
from tests.provider_contracts.rules import STRIPE_VERSION


@pytest.fixture(scope="session")
def fixtures(contracts: Path) -> dict[str, Any]:
    resources: dict[str, Any] = files.contract_json(contracts, files.STRIPE_FIXTURES)["resources"]
    return resources


def stripe_event(kind: str, about: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "object": "event",
        "api_version": STRIPE_VERSION,
        "created": 1795430400,
        "data": {"object": about},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }


def paypal_event(kind: str, resource_type: str, resource: Any, version: str | None = "2.0") -> dict[str, Any]:
    return {
        "id": "WH-0G2756385H040842W-5Y612302CV158622M",
        "create_time": "2026-11-18T15:45:13.000Z",
        "event_version": "1.0",
        "event_type": kind,
        "resource_type": resource_type,
        **({} if version is None else {"resource_version": version}),
        "summary": "What happened",
        "resource": resource,
        "links": [],
    }


def sent(event: Any) -> bytes:
    return json.dumps(event).encode()


DISPUTE = {
    "dispute_id": "PP-D-27803",
    "status": "OPEN",
    "reason": "UNAUTHORISED",
    "disputed_transactions": [{"seller_transaction_id": "2GG279541U471931P"}],
    "dispute_amount": {"currency_code": "EUR", "value": "12.90"},
}
PAYPAL_EVENTS = [
    paypal_event("CHECKOUT.ORDER.APPROVED", "checkout-order", {**ORDER, "status": "APPROVED"}),
    paypal_event("CHECKOUT.ORDER.COMPLETED", "checkout-order", ORDER),
    paypal_event("PAYMENT.AUTHORIZATION.CREATED", "authorization", {**CAPTURE, "status": "CREATED"}),
    paypal_event("PAYMENT.CAPTURE.COMPLETED", "capture", CAPTURE),
    paypal_event("PAYMENT.CAPTURE.REFUNDED", "refund", CAPTURE),
    paypal_event("PAYMENT.REFUND.PENDING", "refund", {**CAPTURE, "status": "PENDING"}),
    paypal_event("CUSTOMER.DISPUTE.CREATED", "dispute", DISPUTE, version=None),
    paypal_event("PAYMENT.CAPTURE.REVERSED", "refund", CAPTURE),
]


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        ("checkout.session.completed", "checkout.session"),
        ("payment_intent.amount_capturable_updated", "payment_intent"),
        ("charge.refunded", "charge"),
        ("charge.dispute.funds_withdrawn", "dispute"),
        ("refund.failed", "refund"),
        ("payout.paid", "payout"),
    ],
)
def test_stripes_objects_in_an_event_are_held_to_their_own_schema(
    stripe: Contract, fixtures: dict[str, Any], kind: str, about: str
) -> None:
    event = stripe_event(kind, fixtures[about])
    stripe.check_event(sent(event))
    with pytest.raises(ContractViolation, match=r"data\.object .*'id' is a required property"):
        stripe.check_event(sent(without(event, ("data", "object", "id"))))
    with pytest.raises(ContractViolation, match=r"data\.object .*created: 'now' is not of type"):
        stripe.check_event(sent(changed(event, ("data", "object", "created"), "now")))
    other = "refund" if about != "refund" else "charge"
    with pytest.raises(ContractViolation, match=rf"is about a {about}, not a {other}"):
        stripe.check_event(sent(stripe_event(kind, fixtures[other])))


def test_an_early_fraud_warning_has_no_schema_but_an_envelope(
    stripe: Contract, fixtures: dict[str, Any]
) -> None:
    event = stripe_event("radar.early_fraud_warning.created", fixtures["radar.early_fraud_warning"])
    stripe.check_event(sent(event))
    with pytest.raises(ContractViolation, match="'livemode' is a required property"):
        stripe.check_event(sent(without(event, ("livemode",))))


def test_an_event_that_nobody_knows_may_be_about_anything(stripe: Contract, fixtures: dict[str, Any]) -> None:
    stripe.check_event(sent(stripe_event("customer.created", fixtures["customer"])))
    stripe.check_event(sent(stripe_event("v9.thing.happened", {"object": "v9.thing", "id": "th_1"})))


def test_what_leaves_out_whose_money_it_is_is_no_event_of_stripes(
    stripe: Contract, fixtures: dict[str, Any]
) -> None:
    event = stripe_event("payment_intent.succeeded", fixtures["payment_intent"])
    with pytest.raises(ContractViolation, match="'amount_received' is missing"):
        stripe.check_event(sent(without(event, ("data", "object", "amount_received"))))


@pytest.mark.parametrize(
    ("where", "new"),
    [
        (("api_version",), "2026-08-26.dahlia"),
        (("api_version",), None),
        (("object",), "v2.core.event"),
        (("created",), 1795430400000),
        (("data",), []),
        (("data", "object"), None),
    ],
)
def test_a_stripe_envelope_is_held_to_its_schema(
    stripe: Contract, fixtures: dict[str, Any], where: tuple[str, ...], new: Any
) -> None:
    event = stripe_event("refund.created", fixtures["refund"])
    with pytest.raises(ContractViolation, match="Stripe event"):
        stripe.check_event(sent(changed(event, where, new)))


@pytest.mark.parametrize("event", PAYPAL_EVENTS, ids=lambda event: event["event_type"])
def test_paypals_resources_in_an_event_are_held_to_their_own_schema(
    paypal: Contract, event: dict[str, Any]
) -> None:
    paypal.check_event(sent(event))
    with pytest.raises(ContractViolation, match=r"resource \$\.status"):
        paypal.check_event(sent(changed(event, ("resource", "status"), "HAPPY")))


@pytest.mark.parametrize("event", PAYPAL_EVENTS[:-1], ids=lambda event: event["event_type"])
def test_a_paypal_event_is_about_what_its_type_says(paypal: Contract, event: dict[str, Any]) -> None:
    with pytest.raises(ContractViolation, match=f"is about a {event['resource_type']}, not a sale"):
        paypal.check_event(sent({**event, "resource_type": "sale"}))


def test_a_resource_without_its_name_state_or_amount_is_none_of_paypals(paypal: Contract) -> None:
    for name in CAPTURE:
        event = paypal_event("PAYMENT.CAPTURE.COMPLETED", "capture", without(CAPTURE, (name,)))
        with pytest.raises(ContractViolation, match=f"'{name}' is missing"):
            paypal.check_event(sent(event))


@pytest.mark.parametrize("name", ["id", "create_time", "event_type", "resource_type", "resource"])
def test_a_paypal_envelope_is_whole(paypal: Contract, name: str) -> None:
    with pytest.raises(ContractViolation, match=rf"\$\.{name}: is missing"):
        paypal.check_event(sent(without(PAYPAL_EVENTS[3], (name,))))


@pytest.mark.parametrize("version", ["1.0", None])
def test_a_resource_of_another_version_is_none_that_we_subscribe_to(
    paypal: Contract, version: str | None
) -> None:
    event = paypal_event("PAYMENT.CAPTURE.COMPLETED", "capture", CAPTURE, version)
    with pytest.raises(ContractViolation, match=r"\$\.resource_version: is not 2\.0"):
        paypal.check_event(sent(event))


def test_a_paypal_time_has_a_zone(paypal: Contract) -> None:
    with pytest.raises(ContractViolation, match="create_time"):
        paypal.check_event(sent({**PAYPAL_EVENTS[3], "create_time": "2026-11-18T15:45:13"}))


def test_a_genuine_delivery_of_an_older_kind_passes(paypal: Contract, contracts: Path) -> None:
    delivery = files.contract_json(contracts, files.PAYPAL_DELIVERY)
    paypal.check_event(delivery["body"].encode())


def test_a_reversed_approval_has_no_schema(paypal: Contract) -> None:
    resource = {"order_id": "5O190127TN364715T", "purchase_units": [{"reference_id": "default"}]}
    paypal.check_event(
        sent(paypal_event("CHECKOUT.PAYMENT-APPROVAL.REVERSED", "checkout-approval", resource))
    )


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"id": 1, "id": 2}', b"[]", b"null", b'"event"'])
def test_what_is_no_event_at_all_is_refused(stripe: Contract, paypal: Contract, body: bytes) -> None:
    for contract in (stripe, paypal):
        with pytest.raises(ContractViolation, match=f"{contract.name} event"):
            contract.check_event(body)

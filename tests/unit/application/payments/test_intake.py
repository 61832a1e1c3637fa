"""Webhooks: believed if genuine, kept once, and never taken at their word."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from printapic.adapters.payments.simulated.checkout import DeskOrder, WebhookTiming
from printapic.adapters.payments.simulated.faults import Fault
from printapic.adapters.payments.simulated.webhooks import HEADER, signature
from printapic.application.payments.intake import WebhookNotConfigured
from printapic.application.ports.payments import WebhookRejected
from printapic.domain.actors import Actor
from printapic.domain.orders.order import Order
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.inbox import InboxState
from tests.shop_floor import HOUR, MINUTE, SECRET, ShopFloor


@pytest.fixture
def order(floor: ShopFloor, anna: Actor) -> Order:
    return floor.place(anna).order


def body(event_id: str, ref: str, kind: str = "checkout.completed") -> bytes:
    event = {
        "id": event_id,
        "object": "event",
        "type": kind,
        "livemode": False,
        "created": 1_772_452_800,
        "data": {"object": {"id": ref}},
    }
    return json.dumps(event).encode()


def receive(floor: ShopFloor, content: bytes, *, secret: str = SECRET, at: datetime | None = None) -> None:
    sent_at = at or floor.clock.now()
    floor.shop.receive_webhook(
        provider="simulated",
        body=content,
        headers={HEADER: signature(content, at=sent_at, secrets=[secret])},
    )


def state(floor: ShopFloor, event_id: str) -> InboxState:
    with floor.unit_of_work.reading() as work:
        entry = work.inbox.get(Provider.SIMULATED, event_id)
    assert entry is not None
    return entry.state


def ref_of(floor: ShopFloor, order: Order) -> str:
    return floor.payment(order).attempts[0].ref or ""


def test_a_webhook_is_answered_when_it_is_kept_and_settled_afterwards(floor: ShopFloor, order: Order) -> None:
    floor.press(floor.start(order), desk=DeskOrder(webhook=WebhookTiming.NEVER))
    receive(floor, body("evt-1", ref_of(floor, order)))
    assert floor.order(order.id).status is OrderStatus.AWAITING_PAYMENT
    assert state(floor, "evt-1") is InboxState.RECEIVED
    floor.work()
    assert floor.order(order.id).status is OrderStatus.CONFIRMED
    assert state(floor, "evt-1") is InboxState.PROCESSED


def test_a_webhook_is_no_proof_of_payment(floor: ShopFloor, order: Order) -> None:
    floor.start(order)
    receive(floor, body("evt-1", ref_of(floor, order)))
    floor.work()
    assert floor.order(order.id).status is OrderStatus.AWAITING_PAYMENT


def test_the_same_event_again_is_welcome_and_changes_nothing(floor: ShopFloor, order: Order) -> None:
    floor.press(floor.start(order), desk=DeskOrder(webhook=WebhookTiming.TWICE))
    floor.hear()
    assert floor.door.answers == [204, 204]
    assert len(floor.money_rows(order)) == 1
    receive(floor, body("evt-1", ref_of(floor, order)))
    receive(floor, body("evt-1", ref_of(floor, order)))
    assert len(floor.waiting("SettleWebhook")) == 1
    floor.work()
    assert floor.told() == ["order-placed", "payment-received"]


def test_a_settled_event_is_not_settled_again(floor: ShopFloor, order: Order) -> None:
    floor.press(floor.start(order))
    floor.hear()
    before = floor.payment(order).version
    event_id = str(
        next(row.payload["event_id"] for row in floor.worker.list() if row.name == "SettleWebhook")
    )
    floor.perform("SettleWebhook", provider="simulated", event_id=event_id)
    floor.perform("SettleWebhook", provider="simulated", event_id="never received")
    assert floor.payment(order).version == before


def test_events_in_the_wrong_order_lead_to_the_same_end(floor: ShopFloor, order: Order, anna: Actor) -> None:
    """The refund is announced before the payment is."""
    floor.press(floor.start(order), desk=DeskOrder(webhook=WebhookTiming.LATE, late_by=3 * HOUR))
    floor.later(5 * MINUTE)
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.hear()
    floor.clock.advance(3 * HOUR)
    floor.hear()
    assert floor.captured_and_refunded() == (300, 300)
    assert floor.told() == ["order-placed", "payment-received", "order-cancelled", "refunded"]


def test_an_event_about_nothing_of_ours_is_ignored(floor: ShopFloor, order: Order) -> None:
    floor.start(order)
    receive(floor, body("evt-1", "somebody else's checkout"))
    floor.work()
    assert state(floor, "evt-1") is InboxState.IGNORED
    assert floor.dead() == []


def test_a_provider_that_is_silent_leaves_the_event_open_until_it_answers(
    floor: ShopFloor, order: Order
) -> None:
    floor.press(floor.start(order), desk=DeskOrder(webhook=WebhookTiming.NEVER))
    floor.gateway.faults.plan("fetch", 1, Fault.TIME_OUT_BEFORE)
    receive(floor, body("evt-1", ref_of(floor, order)))
    floor.work()
    assert state(floor, "evt-1") is InboxState.RECEIVED
    floor.later(MINUTE)
    assert state(floor, "evt-1") is InboxState.PROCESSED
    assert floor.order(order.id).status is OrderStatus.CONFIRMED


def test_a_forged_or_stale_delivery_is_refused_and_not_kept(floor: ShopFloor, order: Order) -> None:
    floor.start(order)
    content = body("evt-1", ref_of(floor, order))
    with pytest.raises(WebhookRejected):
        receive(floor, content, secret="guessed")
    with pytest.raises(WebhookRejected):
        receive(floor, content, at=floor.clock.now() - HOUR)
    with pytest.raises(WebhookRejected):
        floor.shop.receive_webhook(provider="simulated", body=content, headers={})
    with pytest.raises(WebhookRejected):
        receive(floor, b"genuine, and no event")
    assert floor.waiting("SettleWebhook") == []


@pytest.mark.parametrize("provider", ["stripe", "", "nobody"])
def test_a_shop_takes_the_webhooks_of_its_own_providers_alone(floor: ShopFloor, provider: str) -> None:
    with pytest.raises(WebhookNotConfigured):
        floor.shop.receive_webhook(provider=provider, body=b"{}", headers={})

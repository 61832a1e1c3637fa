"""Webhooks: believed if genuine, kept once, and never taken at their word."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import uuid4

import attrs
import pytest

from printapic.adapters.payments.simulated.checkout import DeskOrder, WebhookTiming
from printapic.adapters.payments.simulated.faults import Fault
from printapic.adapters.payments.simulated.webhooks import HEADER, SimulatedWebhookVerifier, signature
from printapic.application.payments.dispatch import ProviderUnreachable
from printapic.application.payments.intake import WebhookNotConfigured
from printapic.application.payments.settlement import ProviderSilent
from printapic.application.ports.payments import (
    CheckoutRequest,
    Done,
    Notification,
    RawDelivery,
    WebhookRejected,
)
from printapic.domain.actors import Actor
from printapic.domain.ids import AttemptId, OperationId
from printapic.domain.orders.order import Order
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.inbox import InboxEntry, InboxState
from printapic.domain.payments.operation import OperationState
from tests.shop_floor import HOUR, MINUTE, SECRET, ShopFloor


@pytest.fixture
def order(floor: ShopFloor, anna: Actor) -> Order:
    return floor.place(anna).order


def body(event_id: str, ref: str, kind: str = "checkout.completed", *, livemode: bool = False) -> bytes:
    event = {
        "id": event_id,
        "object": "event",
        "type": kind,
        "livemode": livemode,
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


def entry_of(floor: ShopFloor, event_id: str, *, livemode: bool = False) -> InboxEntry:
    with floor.unit_of_work.reading() as work:
        entry = work.inbox.get(Provider.SIMULATED, livemode, event_id)
    assert entry is not None
    return entry


def state(floor: ShopFloor, event_id: str) -> InboxState:
    return entry_of(floor, event_id).state


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


class TalkativeVerifier(SimulatedWebhookVerifier):
    """Verifies for a provider that names its deliveries, and passes on banks' warnings."""

    def verify(self, delivery: RawDelivery) -> Notification:
        told = super().verify(delivery)
        warning = "early-fraud-warning" if told.type == "fraud.warning" else None
        return attrs.evolve(told, delivery_id=delivery.headers["delivery-id"], warning=warning)


def tell(floor: ShopFloor, content: bytes, *, delivery_id: str = "delivery-1") -> None:
    """A webhook of such a provider."""
    door = attrs.evolve(
        floor.shop.receive_webhook, verifiers={Provider.SIMULATED: TalkativeVerifier([SECRET])}
    )
    headers = {HEADER: signature(content, at=floor.clock.now(), secrets=[SECRET]), "delivery-id": delivery_id}
    door(provider="simulated", body=content, headers=headers)


def reviews(floor: ShopFloor, order: Order) -> tuple[str, ...]:
    return floor.payment(order).review_reasons


def test_news_from_another_environment_is_kept_and_nobody_looks_into_it(
    floor: ShopFloor, order: Order
) -> None:
    floor.press(floor.start(order), desk=DeskOrder(webhook=WebhookTiming.NEVER))
    receive(floor, body("evt-1", ref_of(floor, order), livemode=True))
    assert entry_of(floor, "evt-1", livemode=True).state is InboxState.IGNORED
    assert floor.waiting("SettleWebhook") == []
    floor.work()
    assert floor.order(order.id).status is OrderStatus.AWAITING_PAYMENT
    receive(floor, body("evt-1", ref_of(floor, order)))
    floor.work()
    assert state(floor, "evt-1") is InboxState.PROCESSED
    assert floor.order(order.id).status is OrderStatus.CONFIRMED


def test_one_delivery_is_one_event_and_another_body_of_it_is_remembered(
    floor: ShopFloor, order: Order
) -> None:
    """Whoever saw a genuine delivery of PayPal's can make another body that its signature fits."""
    floor.start(order)
    genuine = body("evt-1", ref_of(floor, order))
    tell(floor, genuine)
    tell(floor, genuine)
    assert entry_of(floor, "evt-1").delivery_id == "delivery-1"
    assert entry_of(floor, "evt-1").altered_at is None
    floor.clock.advance(MINUTE)
    tell(floor, body("evt-2", ref_of(floor, order)))
    assert entry_of(floor, "evt-1").altered_at == floor.clock.now()
    assert len(floor.waiting("SettleWebhook")) == 1
    with floor.unit_of_work.reading() as work:
        assert work.inbox.get(Provider.SIMULATED, False, "evt-2") is None


def test_a_checkout_whose_opening_was_never_answered_is_known_by_our_reference(
    floor: ShopFloor, order: Order
) -> None:
    floor.gateway.faults.plan("open", 1, Fault.TIME_OUT_AFTER)
    with pytest.raises(ProviderUnreachable):
        floor.start(order)
    (attempt,) = floor.payment(order).attempts
    ref = found_ref(floor, attempt.id)
    receive(floor, body("evt-1", ref))
    floor.work()
    assert state(floor, "evt-1") is InboxState.PROCESSED
    payment = floor.payment(order)
    assert payment.attempts[0].ref == ref
    assert payment.operations[0].state is OperationState.SUCCEEDED
    assert [job.payload["poll"] for job in floor.waiting("PollPayment")] == [0]


def found_ref(floor: ShopFloor, attempt_id: AttemptId) -> str:
    """What the provider calls this attempt's checkout."""
    outcome = floor.gateway.find(our_reference=str(attempt_id), since=floor.clock.now() - HOUR)
    assert isinstance(outcome, Done)
    assert outcome.value is not None
    return outcome.value.ref


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.TIME_OUT_BEFORE, Fault.UNAUTHORIZED])
def test_an_unknown_name_is_not_ignored_before_the_provider_has_said_what_it_is(
    floor: ShopFloor, order: Order, fault: Fault
) -> None:
    floor.gateway.faults.plan("open", 1, Fault.TIME_OUT_AFTER)
    with pytest.raises(ProviderUnreachable):
        floor.start(order)
    ref = found_ref(floor, floor.payment(order).attempts[0].id)
    floor.gateway.faults.plan("fetch", 1, fault)
    receive(floor, body("evt-1", ref))
    floor.work()
    assert state(floor, "evt-1") is InboxState.RECEIVED
    floor.later(MINUTE)
    assert state(floor, "evt-1") is InboxState.PROCESSED


def test_an_event_of_a_provider_that_the_shop_gave_up_waits_for_its_return(
    floor: ShopFloor, order: Order
) -> None:
    floor.start(order)
    receive(floor, body("evt-1", ref_of(floor, order)))
    without = attrs.evolve(floor.shop.settle_webhook, gateways={})
    with pytest.raises(ProviderSilent):
        without(provider=Provider.SIMULATED, event_id="evt-1")
    assert state(floor, "evt-1") is InboxState.RECEIVED


def test_a_second_page_for_one_attempt_is_shown_to_a_person(floor: ShopFloor, anna: Actor) -> None:
    """The provider forgot a key and opened twice: what is paid at the second page must not go unseen."""
    order = floor.paid(anna)
    attempt = floor.payment(order).attempts[0]
    second = floor.gateway.open(
        checkout=CheckoutRequest(
            our_reference=str(attempt.id),
            payment_reference=str(floor.payment(order).id),
            order_number=order.number,
            amount=attempt.expected,
            return_url=attempt.return_url,
            cancel_url=attempt.cancel_url,
            expires_at=attempt.expires_at,
        ),
        key=OperationId(uuid4()),
    )
    assert isinstance(second, Done)
    receive(floor, body("evt-1", second.value.ref))
    floor.work()
    assert state(floor, "evt-1") is InboxState.PROCESSED
    assert reviews(floor, order) == (f"second-checkout:{second.value.ref}",)
    assert floor.order(order.id).status is OrderStatus.ON_HOLD
    assert floor.dead() == []


def test_a_banks_warning_holds_the_order_even_while_the_provider_is_silent(
    floor: ShopFloor, anna: Actor
) -> None:
    order = floor.paid(anna)
    floor.gateway.faults.plan("fetch", 1, Fault.TIME_OUT_BEFORE)
    tell(floor, body("evt-1", ref_of(floor, order), "fraud.warning"))
    floor.work()
    assert state(floor, "evt-1") is InboxState.RECEIVED
    assert reviews(floor, order) == ("warning:early-fraud-warning",)
    assert floor.order(order.id).status is OrderStatus.ON_HOLD
    floor.later(MINUTE)
    assert state(floor, "evt-1") is InboxState.PROCESSED
    assert reviews(floor, order) == ("warning:early-fraud-warning",)


def test_a_warning_before_the_money_came_holds_the_order_when_it_comes(
    floor: ShopFloor, order: Order
) -> None:
    floor.press(floor.start(order), desk=DeskOrder(webhook=WebhookTiming.NEVER))
    tell(floor, body("evt-1", ref_of(floor, order), "fraud.warning"))
    floor.work()
    assert reviews(floor, order) == ("warning:early-fraud-warning",)
    assert floor.order(order.id).status is OrderStatus.ON_HOLD


def test_a_warning_about_nothing_of_ours_is_ignored(floor: ShopFloor, order: Order) -> None:
    floor.start(order)
    tell(floor, body("evt-1", "somebody else's checkout", "fraud.warning"))
    floor.work()
    assert state(floor, "evt-1") is InboxState.IGNORED
    assert reviews(floor, order) == ()

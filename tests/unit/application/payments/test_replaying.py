"""Webhooks that nobody could look into: kept, found, and looked into again."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from printapic.adapters.payments.simulated.faults import Fault
from printapic.application.payments.replaying import DEAD_AFTER, WebhookEventNotFound
from printapic.application.payments.staff import Staff
from printapic.application.ports.audit import AuditQuery
from printapic.application.ports.inbox import InboxPosition
from printapic.application.ports.jobs import MAX_ATTEMPTS
from printapic.domain.actors import UNKNOWN_CALLER, Actor, Role
from printapic.domain.money import Money
from printapic.domain.orders.order import Order
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.inbox import InboxEntry, InboxState
from printapic.domain.payments.status import PaymentStatus
from tests.shop_floor import HOUR, MINUTE, ShopFloor, user_of

HERE = Staff(user_id=None, caller=UNKNOWN_CALLER)


@pytest.fixture
def order(floor: ShopFloor, anna: Actor) -> Order:
    """Paid, and some of it given back in the provider's dashboard while the provider does not answer us."""
    order = floor.paid(anna)
    floor.later(5 * MINUTE)
    for nth in range(1, MAX_ATTEMPTS + 1):
        floor.gateway.faults.plan("fetch", nth, Fault.TIME_OUT_BEFORE)
    floor.dashboard.refund(floor.payment(order).log.captures()[0].ref, Money(100, order.total.currency))
    floor.hear()
    return order


def dead(floor: ShopFloor) -> tuple[InboxEntry, ...]:
    return floor.shop.list_webhook_events(state=InboxState.RECEIVED, older_than=DEAD_AFTER)


def let_it_die(floor: ShopFloor) -> None:
    for _ in range(MAX_ATTEMPTS):
        floor.later(HOUR)


def test_w11_a_webhook_that_nobody_could_look_into_is_found_and_replayed(
    floor: ShopFloor, order: Order
) -> None:
    assert dead(floor) == ()
    let_it_die(floor)
    assert floor.dead() == ["SettleWebhook: ProviderSilent payment-provider-silent"]
    (entry,) = dead(floor)
    assert floor.payment(order).status is PaymentStatus.PAID
    floor.shop.replay_webhook(provider="simulated", event_id=entry.event_id, staff=HERE)
    floor.work()
    assert floor.payment(order).status is PaymentStatus.PARTIALLY_REFUNDED
    assert dead(floor) == ()


def test_every_try_is_over_when_a_webhook_is_called_dead(floor: ShopFloor, order: Order) -> None:
    began = floor.clock.now()
    while not floor.dead():
        (job,) = floor.waiting("SettleWebhook")
        floor.later(job.run_at - floor.clock.now())
    assert timedelta(hours=2) < floor.clock.now() - began < DEAD_AFTER


def test_a_replay_is_written_down_with_whoever_asked_for_it(floor: ShopFloor, order: Order) -> None:
    let_it_die(floor)
    (entry,) = dead(floor)
    staff = user_of(floor.staff(Role.SUPPORT))
    floor.shop.replay_webhook(
        provider=None, event_id=entry.event_id, staff=Staff(user_id=staff, caller=UNKNOWN_CALLER)
    )
    with floor.unit_of_work.reading() as work:
        (record,) = work.audit.page(AuditQuery(action="webhook.replay-requested"), before=None, limit=10)
    assert (record.entry.stream, record.entry.actor_id) == ("money", staff)
    assert record.entry.details == {"provider": "simulated", "event": entry.event_id}


def test_a_webhook_that_was_looked_into_may_be_looked_into_again(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    (entry,) = floor.shop.list_webhook_events()
    assert entry.state is InboxState.PROCESSED
    again = floor.shop.replay_webhook(provider=None, event_id=entry.event_id, staff=HERE)
    assert again == attrs.evolve(entry, state=InboxState.RECEIVED)
    floor.work()
    assert floor.shop.list_webhook_events() == (entry,)
    assert floor.captured_and_refunded() == (300, 0)
    assert floor.payment(order).status is PaymentStatus.PAID


@pytest.mark.parametrize(("provider", "event_id"), [("simulated", "evt-0"), ("stripe", None)])
def test_what_never_came_cannot_be_replayed(
    floor: ShopFloor, anna: Actor, provider: str, event_id: str | None
) -> None:
    floor.paid(anna)
    (entry,) = floor.shop.list_webhook_events()
    with pytest.raises(WebhookEventNotFound):
        floor.shop.replay_webhook(provider=provider, event_id=event_id or entry.event_id, staff=HERE)
    assert floor.shop.list_webhook_events() == (entry,)


def test_webhooks_are_listed_by_provider_and_page_by_page(floor: ShopFloor, order: Order) -> None:
    newest, oldest = floor.shop.list_webhook_events()
    assert floor.shop.list_webhook_events(limit=1) == (newest,)
    end = InboxPosition(
        received_at=newest.received_at,
        provider=newest.provider,
        event_id=newest.event_id,
        livemode=newest.livemode,
    )
    assert floor.shop.list_webhook_events(before=end) == (oldest,)
    assert floor.shop.list_webhook_events(provider=Provider.STRIPE) == ()

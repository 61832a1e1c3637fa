"""News: forged, doubled, out of order, too early, too late, or never."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from printapic.application.payments.dispatch import ProviderUnreachable
from printapic.application.payments.settlement import ProviderSilent
from printapic.application.ports.payments import MovementKind
from printapic.application.ports.unit_of_work import ConcurrentUpdate, StorageUnavailable
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.attempt import AttemptState, Provider
from printapic.domain.payments.inbox import InboxState
from printapic.domain.payments.status import PaymentStatus
from printapic.domain.payments.transaction import Source
from tests.integration.payments.conftest import memory_backend, state_row
from tests.integration.payments.floor import PAID, PRICE, UNPAID, Floor
from tests.integration.payments.storms import End, end_of, news_storm
from tests.providers.counter import Call, ProviderSimulator, WebhookPlan, WireFault
from tests.shop_floor import DAY, HOUR

SIGNED_HEADERS = frozenset(
    {
        "stripe-signature",
        "paypal-transmission-sig",
        "paypal-transmission-id",
        "paypal-transmission-time",
        "paypal-cert-url",
        "paypal-auth-algo",
    }
)


def test_w1_what_is_forged_is_refused_and_leaves_nothing(floor: Floor) -> None:
    order = floor.places()
    floor.provider.webhooks(WebhookPlan(lost=True))
    floor.provider.pay(floor.opens(order))
    provider = floor.side.provider
    for body, headers in floor.provider.raw_deliveries():
        assert floor.tell(provider, body + b" ", headers) == 400
        assert floor.tell(provider, body[:-1], headers) == 400
        assert floor.tell(provider, b"\xff\xfe", headers) == 400
        assert floor.tell(provider, b"null", headers) == 400
        assert floor.tell(provider, b"[]", headers) == 400
        assert floor.tell(provider, body, {}) == 400
        for name in headers:
            if name.lower() in SIGNED_HEADERS:
                assert floor.tell(provider, body, {**headers, name: "\u00e9"}) == 400
    floor.work()
    assert floor.status(order) == UNPAID
    floor.syncs(order)


@state_row
def test_w3_the_same_news_twice_and_at_once_have_one_effect(floor: Floor) -> None:
    order = floor.places()
    floor.provider.webhooks(WebhookPlan(lost=True))
    floor.provider.pay(floor.opens(order))
    news = [each for each in floor.provider.raw_deliveries() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda each: floor.tell(floor.side.provider, *each), news))
    # A store may ask one of those who came at the same moment to come again.
    assert set(answers) <= {200, 503}
    for each in news:
        assert floor.tell(floor.side.provider, *each) == 200
    floor.work()
    assert floor.status(order) == PAID
    assert len(floor.captures(order)) == 1


def newest_capture(provider: ProviderSimulator) -> str:
    return [line.ref for line in provider.ledger() if line.kind is MovementKind.CAPTURE][-1]


def test_w4_every_order_of_news_leads_to_the_same_end(floor: Floor) -> None:
    """Each comes first once, every time about another order; what follows goes forwards or backwards."""
    floor.provider.webhooks(WebhookPlan(lost=True))
    ends: set[End] = set()
    told = turn = 0
    news: Sequence[tuple[bytes, dict[str, str]]] = ()
    while turn < max(1, len(news)):
        order = floor.places()
        ref = floor.opens(order)
        floor.provider.decline(ref)
        floor.provider.pay(ref)
        if floor.side.provider is Provider.PAYPAL:
            floor.syncs(order)  # there, money comes when the shop takes it
        floor.provider.refund(newest_capture(floor.provider), PRICE)
        news = floor.provider.raw_deliveries()[told:]
        told += len(news)
        step = -1 if turn % 2 else 1
        for body, headers in (news[(turn + step * nth) % len(news)] for nth in range(len(news))):
            assert floor.tell(floor.side.provider, body, headers) == 200
            floor.work()
        ends.add(end_of(floor, order))
        turn += 1
    (end,) = ends
    assert end.payment is PaymentStatus.REFUNDED
    assert end.attempts == (AttemptState.CAPTURED,)
    assert len(news) >= 4


@state_row
def test_w5_news_that_come_before_our_own_answer_are_recognised(floor: Floor) -> None:
    order = floor.places()
    for nth in range(1, 4):
        floor.provider.plan(Call.OPEN, nth, WireFault.DROP_AFTER)
    with pytest.raises(ProviderUnreachable):
        floor.opens(order)
    (attempt,) = floor.attempts(order)
    assert attempt.ref is None
    (ref,) = floor.provider.checkouts(str(attempt.id))
    floor.provider.pay(ref)
    floor.hear()
    assert floor.status(order) == PAID
    assert floor.attempts(order)[0].ref == ref


@state_row
def test_w5_news_and_the_browsers_return_race_and_the_order_is_paid_once(floor: Floor) -> None:
    order = floor.places()
    floor.provider.webhooks(WebhookPlan(lost=True))
    floor.provider.pay(floor.opens(order))
    payment = floor.payment(order)

    def look(_: int) -> object:
        try:
            return floor.shop.sync_payment(payment_id=payment.id, source=Source.RETURN)
        except (ConcurrentUpdate, ProviderUnreachable, StorageUnavailable) as come_again:
            return come_again

    with ThreadPoolExecutor(4) as pool:
        looks = list(pool.map(look, range(4)))
    assert not all(isinstance(each, Exception) for each in looks)
    for body, headers in floor.provider.raw_deliveries():
        floor.tell(floor.side.provider, body, headers)
    floor.work()
    assert floor.status(order) == PAID
    assert len(floor.captures(order)) == 1
    confirmed = [step for step in floor.order(order).history if step.target is OrderStatus.CONFIRMED]
    assert len(confirmed) == 1


@state_row
def test_w6_when_all_news_are_lost_the_poller_finds_the_money(floor: Floor) -> None:
    floor.provider.webhooks(WebhookPlan(lost=True))
    order = floor.places()
    floor.provider.pay(floor.opens(order))
    floor.later(HOUR)
    assert floor.status(order) == PAID


@pytest.mark.parametrize("fate", ["declined", "expired"])
def test_w7_news_of_a_failure_that_come_late_change_nothing(floor: Floor, fate: str) -> None:
    order = floor.places()
    before = len(floor.provider.raw_deliveries())
    floor.provider.webhooks(WebhookPlan(late_by=HOUR))
    ref = floor.opens(order)
    floor.provider.decline(ref)
    if fate == "expired":
        floor.provider.expire(ref)
    with suppress(ProviderSilent):  # PayPal has forgotten an order that expired
        floor.syncs(order)
    late = floor.provider.raw_deliveries()[before:]
    floor.provider.webhooks(WebhookPlan())
    if fate == "expired":
        ref = floor.opens(order, "pay-2")
    floor.provider.pay(ref)
    floor.hear()
    assert floor.status(order) == PAID
    floor.later(HOUR)
    assert floor.hear() == len(late) > 0
    assert floor.status(order) == PAID
    assert len(floor.captures(order)) == 1


def test_w8_news_about_nothing_of_ours_are_kept_and_change_nothing(floor: Floor) -> None:
    """Somebody else, on the same account at the provider, sells too."""
    order = floor.places()
    ref = floor.opens(order)
    provider = floor.side.provider
    floor.provider.webhooks(WebhookPlan(lost=True))
    floor.provider.pay(ref)
    stranger = Floor(memory_backend(), [floor.side])
    for body, headers in floor.provider.raw_deliveries():
        assert stranger.tell(provider, body, headers) == 200
    stranger.work()
    with stranger.units.reading() as work:
        entries = [
            work.inbox.get(provider, False, json.loads(body)["id"])
            for body, _ in floor.provider.raw_deliveries()
        ]
    assert {entry.state for entry in entries if entry} == {InboxState.IGNORED}
    assert stranger.dead() == []
    floor.syncs(order)


def test_w3_w4_news_five_times_in_any_order_lead_to_the_same_end(floor: Floor) -> None:
    """The short version of tests/chaos/test_payment_storms.py."""
    ends = {news_storm(floor, seed) for seed in range(4)}
    assert len(ends) == 1
    assert set(floor.answers) == {200}


def test_w11_news_that_could_not_be_read_are_dead_and_can_be_replayed(floor: Floor) -> None:
    floor.paid()  # from here on PayPal's certificate is known: without it no news is taken at all
    order = floor.places()
    floor.provider.webhooks(WebhookPlan(lost=True))
    floor.provider.pay(floor.opens(order))
    news = floor.provider.raw_deliveries()
    floor.provider.close_door()
    for body, headers in news:
        assert floor.tell(floor.side.provider, body, headers) == 200
    for _ in range(20):
        floor.clock.advance(HOUR)
        floor.worker.run_due(floor.shop.perform)
    dead = [record for record in floor.worker.list() if record.state.value == "dead"]
    assert {record.name for record in dead} >= {"SettleWebhook"}
    floor.provider.close_door(False)
    for side in floor.sides.values():
        side.pass_time(20 * HOUR)
    for record in dead:
        floor.shop.replay_job(job_id=record.id)
    floor.work()
    floor.hear()
    with floor.units.reading() as work:
        states = {
            entry.state
            for body, _ in news
            if (entry := work.inbox.get(floor.side.provider, False, json.loads(body)["id"])) is not None
        }
    assert states == {InboxState.PROCESSED}
    floor.later(DAY)
    # What was approved at PayPal and nobody took is forgotten there after some hours.
    came = floor.side.provider is Provider.STRIPE
    assert floor.payment(order).status is (PaymentStatus.PAID if came else PaymentStatus.NONE)

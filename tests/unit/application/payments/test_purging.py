"""Webhooks that were looked into go after a while; what nobody could look into stays."""

from __future__ import annotations

from datetime import timedelta

from printapic.application.payments.purging import PURGE_EVERY
from printapic.application.ports.inbox import InboxQuery
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.inbox import InboxEntry, InboxState
from tests.shop_floor import DAY, ShopFloor

KEPT = timedelta(days=90)


def keep(floor: ShopFloor, *states: InboxState) -> None:
    with floor.unit_of_work() as work:
        for number, state in enumerate(states):
            entry = InboxEntry(
                provider=Provider.SIMULATED,
                livemode=False,
                event_id=f"{state.value}-{number}",
                type="checkout.completed",
                ref=None,
                body_sha256="0" * 64,
                received_at=floor.clock.now(),
                state=state,
            )
            work.inbox.receive(entry)
        work.commit()


def kept(floor: ShopFloor) -> set[InboxState]:
    with floor.unit_of_work.reading() as work:
        return {each.state for each in work.inbox.page(InboxQuery(), before=None, limit=9)}


def test_what_was_looked_into_goes_when_its_time_is_over_and_what_waits_never(floor: ShopFloor) -> None:
    keep(floor, *InboxState)
    floor.clock.advance(KEPT)
    assert floor.shop.purge_inbox() == 0
    floor.clock.advance(timedelta(seconds=1))
    assert floor.shop.purge_inbox() == 2
    assert kept(floor) == {InboxState.RECEIVED}


def test_more_than_one_batch_goes_at_once(floor: ShopFloor) -> None:
    keep(floor, *([InboxState.PROCESSED] * 1000))
    floor.clock.advance(KEPT + DAY)
    assert floor.shop.purge_inbox() == 1000
    assert kept(floor) == set()


def test_it_happens_once_a_day_by_itself(floor: ShopFloor) -> None:
    keep(floor, InboxState.PROCESSED)
    floor.clock.advance(KEPT + DAY)
    next_at = floor.shop.schedule_inbox_purge()
    assert floor.shop.schedule_inbox_purge() == next_at
    assert floor.clock.now() < next_at <= floor.clock.now() + PURGE_EVERY
    assert len(floor.waiting("PurgeInbox")) == 1
    floor.work()
    assert kept(floor) == set()
    assert floor.failed() == []

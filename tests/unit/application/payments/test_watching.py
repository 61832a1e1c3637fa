"""Concerns are told by themselves: at once, once a day, and without looking at every payment each time."""

from __future__ import annotations

from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

import attrs
import pytest
from structlog.testing import capture_logs

from printapic.adapters.payments.simulated.faults import Fault
from printapic.application.payments.checking import Concern, ConcernKind
from printapic.application.payments.dispatch import ProviderUnreachable
from printapic.application.payments.watching import MOST_TOLD, TELL_AGAIN, WATCH_EVERY
from printapic.domain.actors import Actor
from printapic.domain.orders.order import Order
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.inbox import InboxEntry
from tests.shop_floor import DAY, HOUR, MINUTE, ShopFloor

Line = MutableMapping[str, Any]


def looked(floor: ShopFloor) -> list[Line]:
    """The lines that one of the looks of every five minutes writes."""
    with capture_logs() as lines:
        told = floor.shop.watch_payments()
    assert told == len(lines)
    return lines


def looked_through(floor: ShopFloor) -> list[Line]:
    with capture_logs() as lines:
        floor.shop.look_through_payments()
    return lines


def leave_waiting(floor: ShopFloor, count: int = 1) -> None:
    """Webhooks that nobody looks into."""
    with floor.unit_of_work() as work:
        for number in range(count):
            entry = InboxEntry(
                provider=Provider.SIMULATED,
                livemode=False,
                event_id=f"evt-{number}",
                type="checkout.completed",
                ref=None,
                body_sha256="0" * 64,
                received_at=floor.clock.now(),
            )
            work.inbox.receive(entry)
        work.commit()
    floor.clock.advance(6 * MINUTE)


def touch(floor: ShopFloor, order: Order) -> None:
    """Change the ledger behind everybody's back."""
    with floor.unit_of_work() as work:
        payment = work.payments.get(floor.payment(order).id)
        payment.transactions = tuple(attrs.evolve(row, postings=()) for row in payment.transactions)
        work.payments.save(payment)
        work.commit()


def test_where_all_is_well_nothing_is_told(floor: ShopFloor, anna: Actor) -> None:
    floor.paid(anna)
    floor.clock.advance(HOUR)
    assert looked(floor) == looked_through(floor) == []


def test_v5_a_concern_is_one_line_of_words_and_ids(floor: ShopFloor) -> None:
    since = floor.clock.now()
    leave_waiting(floor)
    (line,) = looked(floor)
    assert line == {
        "event": "payment concern",
        "log_level": "error",
        "kind": "webhook-waits",
        "ref": "evt-0",
        "what": "checkout.completed",
        "since": since.isoformat(),
    }


def test_a_concern_is_told_when_it_is_new_and_then_once_a_day(floor: ShopFloor) -> None:
    leave_waiting(floor)
    told = []
    for _ in range(2 * DAY // WATCH_EVERY):
        told.append(len(looked(floor)))
        floor.clock.advance(WATCH_EVERY)
    assert [number for number, lines in enumerate(told) if lines] == [0, DAY // WATCH_EVERY]


def test_of_very_many_concerns_the_rest_is_told_at_the_next_looks(floor: ShopFloor) -> None:
    leave_waiting(floor, MOST_TOLD + 1)
    first, second = looked(floor), looked(floor)
    assert (len(first), len(second), looked(floor)) == (MOST_TOLD, 1, [])
    assert len({line["ref"] for line in (*first, *second)}) == MOST_TOLD + 1


def test_v5_a_call_that_nobody_decided_is_told_however_old_its_payment_is(
    floor: ShopFloor, anna: Actor
) -> None:
    order = floor.place(anna).order
    floor.gateway.faults.plan("open", 1, Fault.TIME_OUT_BEFORE)
    with pytest.raises(ProviderUnreachable):
        floor.start(order)
    looked(floor)
    floor.clock.advance(HOUR)
    (line,) = looked(floor)
    assert (line["kind"], line["ref"]) == ("call-undecided", str(floor.payment(order).id))
    assert (line["what"]) == "open unknown"


def test_what_changed_since_the_last_look_is_looked_at(floor: ShopFloor, anna: Actor) -> None:
    floor.clock.advance(3 * DAY)
    looked(floor)
    order = floor.paid(anna)
    touch(floor, order)
    assert {line["what"] for line in looked(floor)} == {"postings-differ"}


def test_changes_behind_our_back_are_found_when_everything_is_looked_through(
    floor: ShopFloor, anna: Actor
) -> None:
    order = floor.paid(anna)
    looked(floor)
    floor.clock.advance(DAY)
    looked(floor)
    touch(floor, order)
    floor.clock.advance(WATCH_EVERY)
    assert looked(floor) == []
    assert {line["what"] for line in looked_through(floor)} == {"postings-differ"}


def test_looks_that_were_missed_are_made_up_for(floor: ShopFloor, anna: Actor) -> None:
    """As when no worker ran for some days."""
    looked(floor)
    touch(floor, floor.paid(anna))
    floor.clock.advance(5 * DAY)
    assert len(looked(floor)) == 1


def test_what_was_told_long_ago_is_not_remembered_for_ever(floor: ShopFloor) -> None:
    leave_waiting(floor)
    looked(floor)
    for event in floor.shop.list_webhook_events():
        floor.perform("SettleWebhook", provider="simulated", livemode=0, event_id=event.event_id)
    floor.clock.advance(8 * DAY)
    assert looked_through(floor) == []
    with floor.unit_of_work.reading() as work:
        assert work.timers.last("payment concern webhook-waits evt-0 checkout.completed") is None


def test_both_looks_are_promised_once(floor: ShopFloor) -> None:
    next_at = floor.shop.schedule_watch()
    assert floor.shop.schedule_watch() == next_at
    assert floor.clock.now() < next_at <= floor.clock.now() + WATCH_EVERY
    jobs = [len(floor.waiting(name)) for name in ("WatchPayments", "LookThroughPayments")]
    assert jobs == [1, 1]
    floor.clock.advance(WATCH_EVERY)
    floor.shop.schedule_watch()
    jobs = [len(floor.waiting(name)) for name in ("WatchPayments", "LookThroughPayments")]
    assert jobs == [2, 1]
    floor.work()
    assert floor.failed() == []


def test_two_processes_that_look_at_once_tell_a_concern_once(floor: ShopFloor) -> None:
    since = floor.clock.now() - HOUR
    concern = Concern(kind=ConcernKind.MONEY_PARKED, ref="payment", what="suspense", since=since)
    tell = floor.shop.watch_payments.tell
    assert [tell(concerns=[concern]), tell(concerns=[concern])] == [1, 0]
    floor.clock.advance(TELL_AGAIN + timedelta(seconds=1))
    assert tell(concerns=[concern]) == 1

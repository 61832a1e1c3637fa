"""What waits too long or does not add up is told, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import attrs
import pytest

from printapic.adapters.payments.simulated.checkout import DeskOrder, WebhookTiming
from printapic.adapters.payments.simulated.faults import Fault
from printapic.adapters.persistence.memory.unit_of_work import MemoryUnitOfWork, MemoryUnitOfWorkFactory
from printapic.application.payments.checking import ConcernKind
from printapic.application.payments.dispatch import ProviderUnreachable
from printapic.application.payments.staff import Staff
from printapic.domain.actors import UNKNOWN_CALLER, Actor
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.finding import FindingState
from printapic.domain.payments.inbox import InboxEntry
from printapic.domain.payments.operation import OperationState
from tests import builders as b
from tests.shop_floor import DAY, HOUR, MINUTE, ShopFloor, open_floor


def told(floor: ShopFloor) -> list[tuple[ConcernKind, str, str]]:
    return [(each.kind, each.ref, each.what) for each in floor.shop.check_payments()]


def keep(floor: ShopFloor, event_id: str, *, at: datetime) -> None:
    entry = InboxEntry(
        provider=Provider.SIMULATED,
        livemode=False,
        event_id=event_id,
        type="checkout.completed",
        ref=None,
        body_sha256="0" * 64,
        received_at=at,
    )
    with floor.unit_of_work() as work:
        work.inbox.receive(entry)
        work.commit()


def test_a_shop_where_all_is_well_has_no_concerns(floor: ShopFloor, anna: Actor) -> None:
    orders = [floor.paid(anna, key=f"order-{number}") for number in range(3)]
    floor.shop.cancel_order(order_id=orders[0].id, actor=anna)
    floor.hear()
    floor.later(HOUR)
    assert told(floor) == []


def test_v5_webhooks_that_wait_for_five_minutes_are_told_all_of_them(floor: ShopFloor) -> None:
    now = floor.clock.now()
    for number in range(101):
        keep(floor, f"evt-{number}", at=now)
    floor.clock.advance(MINUTE)
    keep(floor, "evt-young", at=floor.clock.now())
    floor.clock.advance(4 * MINUTE)
    assert told(floor) == []
    floor.clock.advance(MINUTE / 60)
    concerns = floor.shop.check_payments()
    assert {each.ref for each in concerns} == {f"evt-{number}" for number in range(101)}
    assert {(each.kind, each.what, each.since) for each in concerns} == {
        (ConcernKind.WEBHOOK_WAITS, "checkout.completed", now)
    }


def test_v5_a_call_undecided_for_a_quarter_of_an_hour_is_told(floor: ShopFloor, anna: Actor) -> None:
    order = floor.place(anna).order
    floor.gateway.faults.plan("open", 1, Fault.TIME_OUT_BEFORE)
    with pytest.raises(ProviderUnreachable):
        floor.start(order)
    floor.clock.advance(15 * MINUTE - MINUTE / 60)
    assert told(floor) == []
    floor.clock.advance(MINUTE / 60)
    assert told(floor) == [(ConcernKind.CALL_UNDECIDED, str(floor.payment(order).id), "open unknown")]
    floor.work()
    assert told(floor) == []


def test_v5_differences_from_the_providers_books_are_told_while_they_are_open(floor: ShopFloor) -> None:
    finding = attrs.evolve(b.a_finding(payment_id=None), state=FindingState.OPEN, closed_at=None)
    with floor.unit_of_work() as work:
        work.findings.report(finding)
        work.commit()
    assert told(floor) == [(ConcernKind.BOOKS_DIFFER, finding.ref, "amount capture")]
    staff = Staff(user_id=None, caller=UNKNOWN_CALLER)
    floor.shop.close_finding(finding_id=finding.id, reason="They know", staff=staff)
    assert told(floor) == []


def test_a_payment_whose_ledger_was_touched_is_told(floor: ShopFloor, anna: Actor) -> None:
    order = floor.place(anna).order
    floor.press(floor.start(order), desk=DeskOrder(webhook=WebhookTiming.NEVER))
    payment = floor.payment(order)
    with floor.unit_of_work() as work:
        touched = work.payments.get(payment.id)
        touched.transactions = tuple(attrs.evolve(row, postings=()) for row in touched.transactions)
        work.payments.save(touched)
        work.commit()
    assert told(floor) == [
        (ConcernKind.PAYMENT_UNSOUND, str(payment.id), "postings-differ"),
        (ConcernKind.PAYMENT_UNSOUND, str(payment.id), "receivable-differs"),
    ]


def test_v4_an_order_that_was_confirmed_without_money_is_told(floor: ShopFloor, anna: Actor) -> None:
    order = floor.place(anna).order
    floor.start(order)
    with floor.unit_of_work() as work:
        favoured = work.orders.get(order.id)
        favoured.confirm(paid=favoured.total, at=floor.clock.now())
        work.orders.save(favoured)
        work.commit()
    disagrees = (ConcernKind.ORDER_DISAGREES, str(floor.payment(order).id), "confirmed without money")
    assert told(floor) == [disagrees]


def test_v4_an_order_that_waits_for_money_it_has_is_told(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    with floor.unit_of_work() as work:
        forgotten = work.orders.get(order.id)
        forgotten.status, forgotten.edit_until = OrderStatus.AWAITING_PAYMENT, None
        work.orders.save(forgotten)
        work.commit()
    disagrees = (ConcernKind.ORDER_DISAGREES, str(floor.payment(order).id), "paid and not confirmed")
    assert told(floor) == [disagrees]


def test_v4_an_order_that_is_paid_while_the_check_reads_is_not_told() -> None:
    before_looks: list[Callable[[], object]] = []

    class Meanwhile(MemoryUnitOfWorkFactory):
        @contextmanager
        def reading(self) -> Iterator[MemoryUnitOfWork]:
            if before_looks:
                before_looks.pop(0)()
            with super().reading() as work:
                yield work

    floor = open_floor(unit_of_work=Meanwhile)
    order = floor.place(floor.customer("anna@example.org")).order
    started = floor.start(order)

    def pay() -> None:
        floor.press(started)
        floor.hear()

    # The third look is at the order; the payment was read before it.
    before_looks.extend((list, list, pay))
    assert told(floor) == []
    assert floor.order(order.id).was_confirmed


def test_v3_money_that_fits_to_nothing_is_told_after_a_day_until_somebody_decides(
    floor: ShopFloor, anna: Actor
) -> None:
    order = floor.place(anna).order
    floor.press(floor.start(order), desk=DeskOrder(amount_off=1))
    floor.hear()
    payment = floor.payment(order)
    parked = ConcernKind.MONEY_PARKED
    floor.clock.advance(24 * HOUR - MINUTE / 60)
    assert parked not in {kind for kind, _, _ in told(floor)}
    floor.clock.advance(MINUTE / 60)
    changed_now = floor.clock.now()
    for concerns in (floor.shop.check_payments(), floor.shop.check_payments(changed_since=changed_now)):
        (concern,) = (each for each in concerns if each.kind is parked)
        assert (concern.ref, concern.what) == (str(payment.id), "suspense")
        assert concern.since == changed_now - 24 * HOUR
    (capture,) = payment.log.captures()
    staff = Staff(user_id=None, refund_any=True, caller=UNKNOWN_CALLER)
    floor.shop.refund_payment(
        payment_id=payment.id, amount=None, capture_ref=capture.ref, reason="wrong", idempotency_key="k",
        staff=staff,
    )  # fmt: skip
    floor.work()
    assert parked not in {kind for kind, _, _ in told(floor)}


def test_a_payment_that_waits_for_a_person_is_told_until_they_have_looked(
    floor: ShopFloor, anna: Actor
) -> None:
    payment = floor.payment(floor.paid(anna))
    with floor.unit_of_work() as work:
        doubtful = work.payments.get(payment.id)
        doubtful.review("dispute:dp_1")
        work.payments.save(doubtful)
        work.commit()
    floor.clock.advance(HOUR)
    for concerns in (
        floor.shop.check_payments(),
        floor.shop.check_payments(changed_since=floor.clock.now()),
    ):
        (concern,) = concerns
        assert (concern.kind, concern.ref) == (ConcernKind.PAYMENT_IN_REVIEW, str(payment.id))
        assert (concern.what, concern.since) == ("dispute", payment.transactions[-1].recorded_at)
    staff = Staff(user_id=None, caller=UNKNOWN_CALLER)
    floor.shop.resolve_review(payment_id=payment.id, review="dispute:dp_1", reason="won", staff=staff)
    assert told(floor) == []


def test_a_refund_of_which_a_provider_says_nothing_for_a_month_is_told(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.perform("ReleasePayment", order_id=str(order.id))
    with floor.unit_of_work() as work:
        payment = work.payments.get(floor.payment(order).id)
        (refund,) = payment.refunds_asked
        payment.decide(refund.id, OperationState.PENDING, provider_ref="re_1")
        work.payments.save(payment)
        work.commit()
    floor.clock.advance(30 * DAY - MINUTE)
    assert ConcernKind.REFUND_PENDING not in {kind for kind, _, _ in told(floor)}
    floor.clock.advance(MINUTE)
    assert (ConcernKind.REFUND_PENDING, str(payment.id), "refund pending") in told(floor)

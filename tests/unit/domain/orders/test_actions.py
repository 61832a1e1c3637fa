"""What an order offers somebody is what that somebody can do: no more, no less, and for as long."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printapic.domain.actors import Actor, Role
from printapic.domain.ids import UserId
from printapic.domain.orders.order import Action, Order, TransitionDenied, TransitionRefused
from printapic.domain.orders.shipment import ShipmentNotFound, ShipmentState
from printapic.domain.orders.status import HoldReason, OrderStatus, Trigger, transition
from tests.unit.domain.orders.orders_at_work import (
    CUSTOMER,
    CUSTOMER_ID,
    DAY,
    HOUR,
    IN_STATE,
    NOON,
    OPERATOR,
    PEOPLE,
    SUPPORT,
    SYSTEM_ONLY,
    actor,
    confirmed,
    held,
    in_production,
    placed,
    print_file,
    pull,
    snapshot,
    with_files,
)

SECOND = timedelta(seconds=1)
COLLEAGUE_ID = UserId(UUID(int=2))
ACTORS = st.just(actor(Role.SYSTEM)) | st.builds(
    Actor,
    st.sampled_from([CUSTOMER_ID, COLLEAGUE_ID]),
    st.frozensets(st.sampled_from(PEOPLE)),
)
MOMENTS = st.integers(0, 40 * 24).map(lambda hours: NOON + hours * HOUR)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Orders of every state, and of the ways of being in it that guards care about."""
    status = draw(st.sampled_from(OrderStatus))
    order = IN_STATE[status]()
    if status is OrderStatus.ON_HOLD:
        order = held(draw(st.sampled_from(HoldReason)))
        if draw(st.booleans()):
            order = in_production()
            order.hold(OPERATOR, reason=draw(st.sampled_from(HoldReason)), at=order.updated_at)
    elif status is OrderStatus.CONFIRMED:
        for each in order.lines:
            if draw(st.booleans()):
                order.print_file_ready(each.id, print_file(), at=order.updated_at)
        if draw(st.booleans()):
            order.waive_edit_window(CUSTOMER, at=order.updated_at)
    elif order.shipments:
        arrived = draw(st.booleans())
        if arrived:
            order.deliver(SUPPORT, order.shipments[0].id, at=order.updated_at)
    return order


def offers(order: Order, to: Actor, *, at: datetime) -> dict[Trigger, Action]:
    return {action.trigger: action for action in order.actions(to, at=at)}


@settings(max_examples=300)
@given(order=orders(), by=ACTORS, at=MOMENTS)
def test_the_actions_of_an_order_agree_with_what_its_methods_do(
    order: Order, by: Actor, at: datetime
) -> None:
    before = snapshot(order)
    offered = offers(order, by, at=at)
    assert snapshot(order) == before
    for trigger in Trigger:
        if trigger in SYSTEM_ONLY and Role.SYSTEM not in by.roles:
            assert trigger not in offered
        else:
            _attempt_agrees(order, trigger, by, offered.get(trigger), at=at)


def _attempt_agrees(order: Order, trigger: Trigger, by: Actor, offer: Action | None, *, at: datetime) -> None:
    attempt = copy.deepcopy(order)
    steps = len(order.history)
    if offer is not None and offer.available:
        assert offer.reason_code is None
        pull(attempt, trigger, by, at=at)
        assert len(attempt.history) == steps + 1
    elif trigger is Trigger.DELIVER and not _on_their_way(order):
        _nothing_to_deliver(attempt, by, at=at)
    elif offer is not None:
        assert offer.until is None
        with pytest.raises(TransitionRefused) as refused:
            pull(attempt, trigger, by, at=at)
        assert refused.value.reason == offer.reason_code
    elif transition(order.status, trigger) is None:
        with pytest.raises(TransitionRefused, match="cannot do"):
            pull(attempt, trigger, by, at=at)
    else:
        with pytest.raises(TransitionDenied):
            pull(attempt, trigger, by, at=at)


def _on_their_way(order: Order) -> bool:
    return any(parcel.state is ShipmentState.HANDED_OVER for parcel in order.shipments)


def _nothing_to_deliver(attempt: Order, by: Actor, *, at: datetime) -> None:
    before = snapshot(attempt)
    if attempt.shipments:
        pull(attempt, Trigger.DELIVER, by, at=at)
    else:
        with pytest.raises(ShipmentNotFound):
            pull(attempt, Trigger.DELIVER, by, at=at)
    assert snapshot(attempt) == before


@settings(max_examples=300)
@given(order=orders(), by=ACTORS, at=MOMENTS)
def test_an_offer_lasts_exactly_as_long_as_it_says(order: Order, by: Actor, at: datetime) -> None:
    for trigger, offer in offers(order, by, at=at).items():
        if not offer.available:
            continue
        if offer.until is None:
            assert offers(order, by, at=at + 400 * DAY)[trigger].available
        else:
            assert at < offer.until
            assert offers(order, by, at=offer.until - SECOND)[trigger].available
            ended = offers(order, by, at=offer.until)
            assert not ended[trigger].available or _expires_at(order, offer.until)


def _expires_at(order: Order, moment: datetime) -> bool:
    """An unpaid order can be cancelled to its end, which is when the system takes it away."""
    return order.status is OrderStatus.AWAITING_PAYMENT and moment == order.expires_at


def test_a_customer_sees_until_when_a_paid_order_can_be_changed() -> None:
    order = confirmed()
    assert order.actions(CUSTOMER, at=NOON + HOUR) == (
        Action(trigger=Trigger.CANCEL, available=True, until=order.edit_until),
        Action(trigger=Trigger.WAIVE_EDIT_WINDOW, available=True, until=order.edit_until),
    )
    assert order.actions(CUSTOMER, at=NOON + DAY) == (
        Action(trigger=Trigger.CANCEL, available=False, reason_code="edit-window-over"),
        Action(trigger=Trigger.WAIVE_EDIT_WINDOW, available=False, reason_code="edit-window-over"),
    )


def test_an_unpaid_order_can_be_cancelled_until_it_expires() -> None:
    order = placed()
    expected = Action(trigger=Trigger.CANCEL, available=True, until=order.expires_at)
    assert order.actions(CUSTOMER, at=NOON) == (expected,)
    overdue = Action(trigger=Trigger.CANCEL, available=True)
    assert order.actions(CUSTOMER, at=order.expires_at) == (overdue,)


def test_a_customer_who_is_also_support_loses_nothing_when_the_window_closes() -> None:
    both = actor(Role.CUSTOMER, Role.SUPPORT)
    assert offers(confirmed(), both, at=NOON + HOUR)[Trigger.CANCEL].until is None


def test_production_says_what_it_is_waiting_for() -> None:
    order = confirmed()
    waits = [offers(order, OPERATOR, at=at)[Trigger.START_PRODUCTION] for at in (NOON + HOUR, NOON + DAY)]
    assert [wait.reason_code for wait in waits] == ["edit-window-open", "print-files-not-ready"]
    assert offers(with_files(order), OPERATOR, at=NOON + DAY)[Trigger.START_PRODUCTION].available


def test_when_every_parcel_has_arrived_there_is_nothing_to_deliver() -> None:
    order = IN_STATE[OrderStatus.PARTIALLY_SHIPPED]()
    order.deliver(SUPPORT, order.shipments[0].id, at=NOON + 2 * DAY)
    offer = offers(order, SUPPORT, at=NOON + 2 * DAY)[Trigger.DELIVER]
    assert (offer.available, offer.reason_code) == (False, "nothing-on-its-way")


@pytest.mark.parametrize("status", [OrderStatus.COMPLETED, OrderStatus.EXPIRED, OrderStatus.CANCELLED])
def test_an_order_at_its_end_offers_nothing(status: OrderStatus) -> None:
    order = IN_STATE[status]()
    for somebody in (*map(actor, PEOPLE), actor(Role.SYSTEM)):
        assert order.actions(somebody, at=NOON + 90 * DAY) == ()

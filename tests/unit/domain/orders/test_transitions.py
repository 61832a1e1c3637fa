"""The table of transitions: every row works, and whatever is not in it is refused."""

from __future__ import annotations

from datetime import datetime
from itertools import product

import pytest

from printapic.domain.actors import Role
from printapic.domain.orders.order import Order, TransitionDenied, TransitionRefused
from printapic.domain.orders.shipment import ShipmentNotFound
from printapic.domain.orders.status import TRANSITIONS, OrderStatus, Transition, Trigger, transition
from tests.unit.domain.orders.orders_at_work import (
    DAY,
    IN_STATE,
    NOON,
    SYSTEM_ONLY,
    TERMINAL,
    actor,
    parcel,
    pull,
    snapshot,
    with_files,
)

ROWS = [(row, role) for row in TRANSITIONS for role in sorted(row.roles)]
OUTSIDE = [
    (status, trigger, role)
    for status, trigger, role in product(OrderStatus, Trigger, Role)
    if not (trigger in SYSTEM_ONLY and role is not Role.SYSTEM)
    and ((row := transition(status, trigger)) is None or role not in row.roles)
]
WHO = """
awaiting_payment   confirm            system
awaiting_payment   expire             system
awaiting_payment   cancel             admin customer support
confirmed          cancel             admin customer support
confirmed          waive-edit-window  customer
confirmed          hold               admin operator support system
confirmed          start-production   operator system
on_hold            release            admin customer operator support system
on_hold            cancel             admin customer support
in_production      hold               operator
in_production      abort              admin
in_production      ship               operator
partially_shipped  ship               operator
partially_shipped  deliver            admin operator support system
shipped            deliver            admin operator support system
delivered          complete           system
"""


def test_the_table_says_who_may_do_what_as_the_shop_decided_it() -> None:
    decided = {(state, trigger): roles for state, trigger, *roles in map(str.split, WHO.strip().splitlines())}
    assert {(row.source, row.trigger): sorted(row.roles) for row in TRANSITIONS} == decided
    assert len(TRANSITIONS) == len(decided)


def test_every_state_can_be_reached_and_all_but_the_last_ones_can_be_left() -> None:
    assert {OrderStatus.AWAITING_PAYMENT} | {t for row in TRANSITIONS for t in row.targets} == set(
        OrderStatus
    )
    assert set(OrderStatus) - {row.source for row in TRANSITIONS} == TERMINAL


def test_what_only_the_system_does_takes_no_actor() -> None:
    """`confirm`, `expire` and `complete` have no parameter for one, so no other role can pull them."""
    assert {row.trigger for row in TRANSITIONS if row.roles == {Role.SYSTEM}} == SYSTEM_ONLY
    assert all(row.roles == {Role.SYSTEM} for row in TRANSITIONS if row.trigger in SYSTEM_ONLY)


@pytest.mark.parametrize("status", OrderStatus)
def test_the_orders_of_these_tests_are_in_the_states_they_claim(status: OrderStatus) -> None:
    order = IN_STATE[status]()
    assert order.status is status
    assert order.history[-1].target is status


@pytest.mark.parametrize(("row", "role"), ROWS, ids=lambda value: getattr(value, "trigger", value))
def test_every_row_leads_where_it_says_and_leaves_a_line_of_history(row: Transition, role: Role) -> None:
    order = with_files(IN_STATE[row.source]())
    before = order.history
    at = _right_moment(order, row.trigger)
    pull(order, row.trigger, actor(role), at=at)
    entry = order.history[-1]
    assert order.history[:-1] == before
    assert (entry.source, entry.trigger, entry.role, entry.at) == (row.source, row.trigger, role, at)
    assert entry.actor_id == actor(role).user_id
    assert entry.target is order.status
    assert order.status in row.targets
    assert order.updated_at == at


def _right_moment(order: Order, trigger: Trigger) -> datetime:
    """When the guards that look at the clock are content."""
    match trigger:
        case Trigger.EXPIRE | Trigger.START_PRODUCTION | Trigger.COMPLETE:
            return order.updated_at + 60 * DAY
        case _:
            return order.updated_at


@pytest.mark.parametrize(("status", "trigger", "role"), OUTSIDE)
def test_what_is_not_in_the_table_is_refused_and_changes_nothing(
    status: OrderStatus, trigger: Trigger, role: Role
) -> None:
    order = with_files(IN_STATE[status]())
    before = snapshot(order)
    if trigger is Trigger.DELIVER and status in {OrderStatus.DELIVERED, OrderStatus.COMPLETED}:
        pull(order, trigger, actor(role), at=NOON + 90 * DAY)  # repeated, so there is nothing to refuse
    elif trigger is Trigger.DELIVER and not order.shipments:
        with pytest.raises(ShipmentNotFound):
            pull(order, trigger, actor(role), at=NOON + 90 * DAY)
    elif transition(status, trigger) is None:
        with pytest.raises(TransitionRefused) as refused:
            pull(order, trigger, actor(role), at=NOON + 90 * DAY)
        assert refused.value.reason == "wrong-status"
        assert refused.value.details == {"trigger": trigger, "status": status, "reason": "wrong-status"}
    else:
        with pytest.raises(TransitionDenied) as denied:
            pull(order, trigger, actor(role), at=NOON + 90 * DAY)
        assert denied.value.details == {"trigger": trigger}
    assert snapshot(order) == before


def test_nobody_without_a_role_does_anything() -> None:
    for row in TRANSITIONS:
        if row.trigger not in SYSTEM_ONLY:
            with pytest.raises(TransitionDenied):
                pull(IN_STATE[row.source](), row.trigger, actor(), at=NOON + 90 * DAY)


def test_shipping_leads_to_the_state_that_the_parcels_amount_to() -> None:
    order = IN_STATE[OrderStatus.IN_PRODUCTION]()
    first, second = order.lines
    operator = actor(Role.OPERATOR)
    order.ship(operator, parcel(1, {first.id: 2}), at=NOON + DAY)
    order.ship(operator, parcel(2, {second.id: 2}), at=NOON + DAY)
    order.ship(operator, parcel(3, {second.id: 1}), at=NOON + DAY)
    states = [entry.target for entry in order.history if entry.trigger == Trigger.SHIP]
    assert states == ["partially_shipped", "partially_shipped", "shipped"]

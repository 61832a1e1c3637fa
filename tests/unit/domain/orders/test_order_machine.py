"""An order in the hands of everybody at once: whatever is tried, in whatever order, its story holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from printapic.domain.actors import SYSTEM, Actor, Role
from printapic.domain.errors import PrintAPicError
from printapic.domain.events import DomainEvent
from printapic.domain.orders.events import (
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderDelivered,
    OrderExpired,
    OrderHeld,
    OrderPlaced,
    OrderReleased,
    ParcelHandedOver,
    ProductionStarted,
)
from printapic.domain.orders.line import PrintFile
from printapic.domain.orders.order import HistoryEntry, Order
from printapic.domain.orders.shipment import ShipmentState
from printapic.domain.orders.status import HoldReason, OrderStatus, Trigger, transition
from tests.unit.domain.orders.orders_at_work import (
    ADMIN,
    CUSTOMER,
    DAY,
    HOUR,
    NOON,
    OPERATOR,
    SUPPORT,
    TERMINAL,
    line,
    money,
    parcel,
    placed,
    print_file,
    pull,
    snapshot,
)

ANYBODY = st.sampled_from([CUSTOMER, OPERATOR, SUPPORT, ADMIN, SYSTEM])
SECOND = timedelta(seconds=1)
TELLS: dict[str, type[DomainEvent]] = {
    "place": OrderPlaced,
    Trigger.CONFIRM: OrderConfirmed,
    Trigger.EXPIRE: OrderExpired,
    Trigger.CANCEL: OrderCancelled,
    Trigger.ABORT: OrderCancelled,
    Trigger.HOLD: OrderHeld,
    Trigger.RELEASE: OrderReleased,
    Trigger.START_PRODUCTION: ProductionStarted,
    Trigger.SHIP: ParcelHandedOver,
    Trigger.COMPLETE: OrderCompleted,
}
"""The event that tells of a step; a waived window and a parcel that is not the last tell of nothing."""


USUALLY = {
    OrderStatus.AWAITING_PAYMENT: (Trigger.CONFIRM, SYSTEM),
    OrderStatus.CONFIRMED: (Trigger.START_PRODUCTION, SYSTEM),
    OrderStatus.ON_HOLD: (Trigger.RELEASE, OPERATOR),
    OrderStatus.IN_PRODUCTION: (Trigger.SHIP, OPERATOR),
    OrderStatus.PARTIALLY_SHIPPED: (Trigger.SHIP, OPERATOR),
    OrderStatus.SHIPPED: (Trigger.DELIVER, SYSTEM),
    OrderStatus.DELIVERED: (Trigger.COMPLETE, SYSTEM),
}


class OrderInManyHands(RuleBasedStateMachine):
    """The model: which steps succeeded, what left in which parcel, and the first file of every line."""

    order: Order

    @initialize(quantities=st.lists(st.integers(1, 4), min_size=1, max_size=3))
    def place(self, quantities: list[int]) -> None:
        self.now: datetime = NOON
        self.order = placed([line(number, quantity=many) for number, many in enumerate(quantities)])
        self.promised = (self.order.lines, self.order.amounts, self.order.ship_to)
        self.steps: list[tuple[str, Role]] = [("place", Role.CUSTOMER)]
        self.left: Counter[object] = Counter()
        self.files: dict[object, PrintFile] = {}
        self.events: list[DomainEvent] = []

    @rule(wait=st.sampled_from([SECOND, HOUR, 2 * HOUR, DAY, 31 * DAY]))
    def time_passes(self, wait: timedelta) -> None:
        self.now += wait

    @rule(steps=st.integers(1, 4))
    def everybody_does_their_work(self, steps: int) -> None:
        """Chance alone hardly ever reaches a parcel: the order goes its usual way for a while."""
        for _ in range(steps):
            trigger, by = USUALLY.get(self.order.status, (None, SYSTEM))
            if trigger is Trigger.START_PRODUCTION:
                self.a_renderer_finishes("ab")
            self.now = max(self.now, self.order.edit_until or NOON, self.order.claims_until or NOON)
            if trigger is Trigger.SHIP:
                self._ship(by, 0, self.order.unshipped().get(self.order.lines[0].id, 0) or 1)
                self._ship(by, 9, 9)
            elif trigger:
                assert self._attempt(trigger, by)

    @rule(trigger=st.sampled_from(sorted(set(Trigger) - {Trigger.SHIP, Trigger.HOLD})), by=ANYBODY)
    def somebody_pulls(self, trigger: Trigger, by: Actor) -> None:
        self._attempt(trigger, by)

    @rule(data=st.data())
    def somebody_does_what_is_offered(self, data: st.DataObject) -> None:
        by = data.draw(ANYBODY)
        offered = [offer.trigger for offer in self.order.actions(by, at=self.now) if offer.available]
        if offered:
            trigger = data.draw(st.sampled_from(offered))
            if trigger is Trigger.SHIP:
                self._ship(by, 9, 9)
            else:
                assert self._attempt(trigger, by)

    @rule(reason=st.sampled_from(HoldReason), by=ANYBODY)
    def somebody_holds(self, reason: HoldReason, by: Actor) -> None:
        if self._attempt_with(lambda: self.order.hold(by, reason=reason, at=self.now)):
            self.steps.append((Trigger.HOLD, next(iter(by.roles))))
            assert self.order.hold_reason is reason
            assert self.order.history[-1].reason == reason

    @rule(minor=st.integers(0, 2000))
    def money_of_another_amount_arrives(self, minor: int) -> None:
        if money(minor) != self.order.total:
            assert not self._attempt_with(lambda: self.order.confirm(paid=money(minor), at=self.now))

    @rule(content=st.sampled_from(["ab", "cd"]))
    def a_renderer_finishes(self, content: str) -> None:
        for each in self.order.lines:
            self.files.setdefault(each.id, print_file(content))
            self.order.print_file_ready(each.id, print_file(content), at=self.now)

    @rule(position=st.integers(0, 2))
    def a_renderer_fails(self, position: int) -> None:
        chosen = self.order.lines[position % len(self.order.lines)]
        self.order.print_file_failed(chosen.id, "decoder-crashed", at=self.now)

    @rule(by=ANYBODY, position=st.integers(0, 2), quantity=st.integers(0, 9))
    def somebody_ships_something(self, by: Actor, position: int, quantity: int) -> None:
        self._ship(by, position, quantity)

    @precondition(lambda self: self.order.shipments)
    @rule(by=ANYBODY, position=st.integers(0, 5))
    def a_parcel_arrives(self, by: Actor, position: int) -> None:
        box = self.order.shipments[position % len(self.order.shipments)]
        repeated = box.state is ShipmentState.DELIVERED
        before = snapshot(self.order)
        went = self._attempt_with(lambda: self.order.deliver(by, box.id, at=self.now))
        if repeated:
            assert went
            assert snapshot(self.order) == before
        elif went:
            self.steps.append((Trigger.DELIVER, next(iter(by.roles))))

    def _ship(self, by: Actor, position: int, quantity: int) -> None:
        """`position` 9 ships all that is left."""
        if position == 9:
            items = self.order.unshipped()
        else:
            items = {self.order.lines[position % len(self.order.lines)].id: quantity}
        box = parcel(len(self.order.shipments), items, at=self.now)
        if self._attempt_with(lambda: self.order.ship(by, box, at=self.now)):
            self.left.update(items)
            self.steps.append((Trigger.SHIP, next(iter(by.roles))))

    def _attempt(self, trigger: Trigger, by: Actor) -> bool:
        system_only = {Trigger.CONFIRM, Trigger.EXPIRE, Trigger.COMPLETE}
        steps = len(self.order.history)
        went = self._attempt_with(lambda: pull(self.order, trigger, by, at=self.now))
        if went and len(self.order.history) > steps:
            self.steps.append((trigger, Role.SYSTEM if trigger in system_only else next(iter(by.roles))))
        return went

    def _attempt_with(self, act: Callable[[], None]) -> bool:
        before, ended = snapshot(self.order), self.order.status in TERMINAL
        try:
            act()
        except PrintAPicError:
            assert snapshot(self.order) == before
            return False
        assert not ended or snapshot(self.order) == before
        return True

    @invariant()
    def history_is_complete_and_chained(self) -> None:
        history = self.order.history
        assert [(entry.trigger, entry.role) for entry in history] == self.steps
        assert history[0].source is None
        assert history[-1].target is self.order.status
        assert all(one.target is next_.source and one.at <= next_.at for one, next_ in pairwise(history))
        assert all(_is_in_the_table(entry) for entry in history[1:])

    @invariant()
    def no_more_leaves_than_was_ordered(self) -> None:
        shipped: Counter[object] = Counter()
        for box in self.order.shipments:
            shipped.update({item.line_id: item.quantity for item in box.items})
        assert shipped == self.left
        rest = {each.id: each.quantity - shipped[each.id] for each in self.order.lines}
        assert min(rest.values()) >= 0
        assert self.order.unshipped() == {line_id: many for line_id, many in rest.items() if many}
        everything_left = {OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.COMPLETED}
        assert (not any(rest.values())) == (self.order.status in everything_left)
        arrived = all(box.state is ShipmentState.DELIVERED for box in self.order.shipments)
        assert self.order.status is not OrderStatus.DELIVERED or arrived

    @invariant()
    def events_tell_what_history_says(self) -> None:
        self.events += self.order.take_events()
        expected = [event for entry in self.order.history for event in _told(entry)]
        assert [(type(event), event.at) for event in self.events] == expected

    @invariant()
    def what_was_promised_stays(self) -> None:
        lines, amounts, ship_to = self.promised
        assert (self.order.amounts, self.order.ship_to, self.order.version) == (amounts, ship_to, 0)
        for before, now in zip(lines, self.order.lines, strict=True):
            assert (now.id, now.quantity, now.line_total) == (before.id, before.quantity, before.line_total)
            assert now.print_file == self.files.get(now.id)

    @invariant()
    def windows_and_holds_belong_to_states(self) -> None:
        status, steps = self.order.status, {trigger for trigger, _ in self.steps}
        assert (self.order.hold_reason is not None) == (status is OrderStatus.ON_HOLD)
        assert (self.order.edit_until is not None) == (Trigger.CONFIRM in steps)
        over = {OrderStatus.DELIVERED, OrderStatus.COMPLETED}
        assert (self.order.claims_until is not None) == (status in over)
        assert not {Trigger.ABORT, Trigger.SHIP} & steps or Trigger.START_PRODUCTION in steps


def _is_in_the_table(entry: HistoryEntry) -> bool:
    row = transition(entry.source, Trigger(entry.trigger)) if entry.source else None
    return row is not None and entry.target in row.targets and entry.role in row.roles


def _told(entry: HistoryEntry) -> list[tuple[type[DomainEvent], datetime]]:
    if entry.trigger == Trigger.DELIVER:
        return [(OrderDelivered, entry.at)] if entry.target is OrderStatus.DELIVERED else []
    return [(TELLS[entry.trigger], entry.at)] if entry.trigger in TELLS else []


TestAnOrderInManyHands = OrderInManyHands.TestCase
TestAnOrderInManyHands.settings = settings(max_examples=60, stateful_step_count=40)

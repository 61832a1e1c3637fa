"""Placing an order, and the guards on its way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.domain.actors import SYSTEM, Actor, Role
from printapic.domain.ids import LineId, UserId
from printapic.domain.money import Currency, CurrencyMismatch, Money
from printapic.domain.orders.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderHeld,
    OrderPlaced,
    OrderReleased,
    ProductionStarted,
)
from printapic.domain.orders.line import LineNotFound, PrintBlocked, PrintState, WarningsUnacknowledged
from printapic.domain.orders.order import (
    EDIT_WINDOW,
    PAYMENT_WINDOW,
    HistoryEntry,
    Order,
    OrderNotFound,
    TransitionDenied,
    TransitionRefused,
)
from printapic.domain.orders.status import CUSTOMER_HOLDS, HoldReason, OrderStatus, Trigger
from tests.unit.domain.orders.orders_at_work import (
    ADMIN,
    CUSTOMER,
    CUSTOMER_ID,
    DAY,
    EUR,
    HOUR,
    NOON,
    OPERATOR,
    SUPPORT,
    actor,
    amounts,
    completed,
    confirmed,
    expired,
    held,
    in_production,
    line,
    money,
    placed,
    print_file,
    snapshot,
    with_files,
)

SECOND = timedelta(seconds=1)


def reason_of(refused: pytest.ExceptionInfo[TransitionRefused]) -> str:
    return refused.value.reason


def test_a_placed_order_waits_a_day_for_its_payment() -> None:
    order = placed()
    assert (order.status, order.wants_payment) == (OrderStatus.AWAITING_PAYMENT, True)
    assert (order.created_at, order.updated_at, order.expires_at) == (NOON, NOON, NOON + PAYMENT_WINDOW)
    assert order.take_events() == (OrderPlaced(at=NOON, order_id=order.id, expires_at=order.expires_at),)
    assert order.history == (
        HistoryEntry(
            source=None,
            target=OrderStatus.AWAITING_PAYMENT,
            trigger="place",
            actor_id=CUSTOMER_ID,
            role=Role.CUSTOMER,
            at=NOON,
        ),
    )


def test_an_order_that_is_not_there_and_one_that_is_not_yours_are_missed_in_the_same_words() -> None:
    assert (OrderNotFound.code, OrderNotFound().details) == ("order-not-found", {})
    assert OrderNotFound().message == "There is no such order."


def test_events_are_handed_over_once() -> None:
    order = placed()
    assert len(order.take_events()) == 1
    assert order.take_events() == ()


def test_orders_are_the_same_when_their_ids_are_whatever_became_of_them() -> None:
    assert placed() == completed()
    assert len({placed(), completed()}) == 1


def test_an_order_has_a_line_and_each_of_them_once() -> None:
    with pytest.raises(ValueError, match="at least one line"):
        placed([], amounts=amounts([line()]))
    with pytest.raises(ValueError, match="each of them once"):
        placed([line(1), line(1)])


@pytest.mark.parametrize(
    "wrong", [{"line_total": money(57)}, {"quantity": 0, "line_total": money(0)}, {"unit_price": money(30)}]
)
def test_a_line_costs_its_unit_price_times_its_quantity(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="unit price times its quantity"):
        placed([attrs.evolve(line(), **wrong)])  # type: ignore[arg-type]


def test_amounts_that_do_not_add_up_are_refused() -> None:
    right = amounts([line()])
    with pytest.raises(ValueError, match="what its lines cost"):
        placed([line()], amounts=attrs.evolve(right, items=right.items + money(1)))
    with pytest.raises(ValueError, match="items and shipping, less the discount"):
        placed([line()], amounts=attrs.evolve(right, total=right.total - money(1)))
    with pytest.raises(CurrencyMismatch):
        placed([line()], amounts=attrs.evolve(right, total=Money.of("3.53", "USD")))


def test_a_discount_makes_the_total_smaller() -> None:
    order = placed([line()], amounts=amounts([line()], discount=100))
    assert order.total == money(58 + 295 - 100)
    assert order.amounts.currency == EUR


def test_a_photo_that_preflight_blocks_is_not_ordered() -> None:
    with pytest.raises(PrintBlocked) as refused:
        placed([line(1), line(2, blocks=["LOW_RESOLUTION"])])
    assert refused.value.details == {"line": 1, "findings": ["LOW_RESOLUTION"]}


def test_a_warning_that_the_customer_has_not_acknowledged_stops_the_order() -> None:
    doubtful = line(1, warnings=["LOW_RESOLUTION", "AUTO_CROP"])
    seen = doubtful.acknowledged(frozenset({"LOW_RESOLUTION", "AUTO_CROP", "MORE"}), position=0, at=NOON)
    assert placed([seen]).lines == (seen,)
    forgotten = attrs.evolve(seen, acknowledgements=seen.acknowledgements[:1])
    with pytest.raises(WarningsUnacknowledged) as refused:
        placed([forgotten])
    assert refused.value.details == {"line": 0, "warnings": ["AUTO_CROP"]}


def test_the_exact_payment_confirms_the_order_and_opens_the_edit_window() -> None:
    order = placed()
    order.take_events()
    order.confirm(paid=order.total, at=NOON + HOUR)
    assert (order.status, order.wants_payment) == (OrderStatus.CONFIRMED, False)
    until = NOON + HOUR + EDIT_WINDOW
    assert order.edit_until == until
    assert order.take_events() == (OrderConfirmed(at=NOON + HOUR, order_id=order.id, edit_until=until),)


@given(minor=st.integers(-10, 10**6), code=st.sampled_from(["EUR", "USD", "JPY"]))
def test_no_other_amount_and_no_other_currency_confirms_it(minor: int, code: str) -> None:
    order = placed()
    before = snapshot(order)
    paid = Money(minor, Currency.of(code))
    if paid == order.total:
        return
    with pytest.raises(TransitionRefused) as refused:
        order.confirm(paid=paid, at=NOON)
    assert reason_of(refused) == "amount-differs"
    assert snapshot(order) == before


def test_a_late_payment_still_confirms_an_order_that_has_not_expired_yet() -> None:
    order = placed()
    order.confirm(paid=order.total, at=order.expires_at + HOUR)
    assert order.status is OrderStatus.CONFIRMED


def test_a_payment_for_an_expired_order_is_refused_for_its_state_whatever_its_amount() -> None:
    for paid in (placed().total, money(1)):
        with pytest.raises(TransitionRefused) as refused:
            expired().confirm(paid=paid, at=NOON + 2 * DAY)
        assert reason_of(refused) == "wrong-status"


def test_an_order_does_not_expire_while_it_may_still_be_paid() -> None:
    order = placed()
    with pytest.raises(TransitionRefused) as refused:
        order.expire(at=order.expires_at - SECOND)
    assert reason_of(refused) == "payment-window-open"
    order.expire(at=order.expires_at)
    assert order.status is OrderStatus.EXPIRED


def test_a_cancellation_says_why_and_tells_the_others() -> None:
    order = placed()
    order.take_events()
    order.cancel(CUSTOMER, reason="too expensive", at=NOON + HOUR)
    assert order.history[-1].reason == "too expensive"
    assert order.take_events() == (OrderCancelled(at=NOON + HOUR, order_id=order.id),)


@pytest.mark.parametrize("make", [confirmed, held])
def test_a_paid_order_is_the_customers_to_cancel_until_the_edit_window_closes(
    make: Callable[[], Order],
) -> None:
    order = make()
    until = order.edit_until
    assert until is not None
    make().cancel(CUSTOMER, reason=None, at=until - SECOND)
    with pytest.raises(TransitionRefused) as refused:
        order.cancel(CUSTOMER, reason=None, at=until)
    assert reason_of(refused) == "edit-window-over"
    order.cancel(SUPPORT, reason="asked by telephone", at=until)
    assert order.status is OrderStatus.CANCELLED


@pytest.mark.parametrize("by", [SUPPORT, ADMIN])
def test_once_production_has_started_nobody_cancels_even_if_it_is_held_or_released(by: Actor) -> None:
    order = in_production()
    order.hold(OPERATOR, reason=HoldReason.MATERIAL, at=NOON + DAY)
    with pytest.raises(TransitionRefused) as refused:
        order.cancel(by, reason="too late", at=NOON + DAY)
    assert reason_of(refused) == "production-started"
    order.release(OPERATOR, at=NOON + DAY)
    with pytest.raises(TransitionRefused) as refused:
        order.cancel(by, reason="too late", at=NOON + DAY)
    assert reason_of(refused) == "production-started"


def test_an_order_in_production_is_given_up_by_an_admin_with_a_reason() -> None:
    order = in_production()
    order.take_events()
    order.abort(ADMIN, reason="printer on fire", at=NOON + DAY)
    assert (order.status, order.history[-1].reason) == (OrderStatus.CANCELLED, "printer on fire")
    assert order.take_events() == (OrderCancelled(at=NOON + DAY, order_id=order.id),)


def test_a_customer_in_a_hurry_gives_up_the_rest_of_the_edit_window() -> None:
    order = with_files(confirmed())
    with pytest.raises(TransitionRefused) as refused:
        order.start_production(OPERATOR, at=NOON + HOUR)
    assert reason_of(refused) == "edit-window-open"
    order.waive_edit_window(CUSTOMER, at=NOON + HOUR)
    assert order.edit_until == NOON + HOUR
    order.start_production(OPERATOR, at=NOON + HOUR)
    assert order.status is OrderStatus.IN_PRODUCTION


def test_an_edit_window_is_given_up_once() -> None:
    order = confirmed()
    order.waive_edit_window(CUSTOMER, at=NOON + HOUR)
    with pytest.raises(TransitionRefused) as refused:
        order.waive_edit_window(CUSTOMER, at=NOON + HOUR)
    assert reason_of(refused) == "edit-window-over"


def test_production_waits_for_the_last_print_file() -> None:
    order = confirmed()
    first, second = order.lines
    order.print_file_ready(first.id, print_file(), at=NOON + HOUR)
    order.print_file_failed(second.id, "decoder-crashed", at=NOON + HOUR)
    with pytest.raises(TransitionRefused) as refused:
        order.start_production(SYSTEM, at=NOON + DAY)
    assert reason_of(refused) == "print-files-not-ready"
    order.print_file_ready(second.id, print_file(), at=NOON + DAY)
    order.take_events()
    order.start_production(SYSTEM, at=NOON + DAY)
    assert order.take_events() == (ProductionStarted(at=NOON + DAY, order_id=order.id),)


def test_a_print_file_is_noted_with_its_line_and_without_a_step_in_history() -> None:
    order = confirmed()
    steps, later = len(order.history), NOON + 2 * HOUR
    order.print_file_ready(order.lines[1].id, print_file(), at=later)
    assert [each.print_state for each in order.lines] == [PrintState.PENDING, PrintState.READY]
    assert order.line(order.lines[1].id).print_file == print_file()
    assert (len(order.history), order.updated_at) == (steps, later)


def test_a_repeated_rendering_or_a_late_failure_changes_nothing() -> None:
    order = with_files(confirmed())
    before = snapshot(order)
    order.print_file_ready(order.lines[0].id, print_file("ef"), at=NOON + DAY)
    order.print_file_failed(order.lines[0].id, "out-of-memory", at=NOON + DAY)
    assert snapshot(order) == before


def test_a_line_of_another_order_is_not_found() -> None:
    stranger = LineId(UUID(int=5))
    with pytest.raises(LineNotFound):
        confirmed().line(stranger)
    with pytest.raises(LineNotFound):
        confirmed().print_file_ready(stranger, print_file(), at=NOON)
    with pytest.raises(LineNotFound):
        confirmed().print_file_failed(stranger, "x", at=NOON)


@pytest.mark.parametrize("reason", HoldReason)
def test_a_hold_remembers_its_reason_until_it_is_released(reason: HoldReason) -> None:
    order = confirmed()
    order.take_events()
    order.hold(SYSTEM, reason=reason, at=NOON + HOUR)
    assert (order.hold_reason, order.history[-1].reason) == (reason, reason.value)
    order.release(SYSTEM, at=NOON + DAY)
    assert (order.hold_reason, order.status) == (None, OrderStatus.CONFIRMED)
    assert order.take_events() == (
        OrderHeld(at=NOON + HOUR, order_id=order.id, reason=reason.value),
        OrderReleased(at=NOON + DAY, order_id=order.id),
    )


@pytest.mark.parametrize("reason", HoldReason)
def test_the_customer_releases_only_what_waits_for_the_customer(reason: HoldReason) -> None:
    order = held(reason)
    if reason in CUSTOMER_HOLDS:
        order.release(CUSTOMER, at=NOON + DAY)
        assert order.status is OrderStatus.CONFIRMED
    else:
        with pytest.raises(TransitionRefused) as refused:
            order.release(CUSTOMER, at=NOON + DAY)
        assert reason_of(refused) == "hold-not-yours"


def test_a_cancelled_order_is_no_longer_held() -> None:
    order = held(HoldReason.FRAUD_CHECK)
    order.cancel(SUPPORT, reason="fraud", at=NOON + DAY)
    assert order.hold_reason is None


def test_nobody_is_the_customer_of_somebody_elses_order() -> None:
    stranger = actor(Role.CUSTOMER, Role.OPERATOR, user_id=UserId(UUID(int=77)))
    order = confirmed()
    with pytest.raises(TransitionDenied):
        order.cancel(stranger, reason="mine", at=NOON + HOUR)
    assert {action.trigger for action in order.actions(stranger, at=NOON + HOUR)} == {
        Trigger.HOLD,
        Trigger.START_PRODUCTION,
    }


def test_history_names_the_role_that_opened_the_door() -> None:
    """Support cancelling an order of their own acts as a customer while a customer could."""
    colleague = actor(Role.CUSTOMER, Role.SUPPORT, Role.ADMIN)
    early, late = confirmed(), confirmed()
    early.cancel(colleague, reason=None, at=NOON + HOUR)
    late.cancel(colleague, reason=None, at=NOON + DAY)
    assert [order.history[-1].role for order in (early, late)] == [Role.CUSTOMER, Role.SUPPORT]


def test_the_claim_window_must_pass_before_an_order_is_complete() -> None:
    order = completed()
    assert order.claims_until is not None
    assert order.history[-1].at == order.claims_until


@pytest.mark.parametrize("field", ["created_at", "updated_at", "expires_at", "edit_until", "claims_until"])
def test_every_time_of_an_order_has_a_zone(field: str) -> None:
    order = confirmed()
    with pytest.raises(ValueError, match="must be an aware UTC time"):
        setattr(order, field, datetime(2026, 1, 1))  # noqa: DTZ001


def test_the_id_of_an_order_never_changes() -> None:
    with pytest.raises(attrs.exceptions.FrozenAttributeError):
        placed().id = placed().id

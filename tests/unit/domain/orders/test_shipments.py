"""Parcels: what may be in them, and what their way does to the order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.domain.actors import SYSTEM
from printapic.domain.ids import LineId, ShipmentId
from printapic.domain.orders.events import OrderDelivered, ParcelHandedOver
from printapic.domain.orders.order import CLAIM_WINDOW, Order, TransitionDenied, TransitionRefused
from printapic.domain.orders.shipment import (
    Shipment,
    ShipmentInvalid,
    ShipmentNotFound,
    ShipmentState,
    ShippedItem,
)
from printapic.domain.orders.status import OrderStatus
from tests.unit.domain.orders.orders_at_work import (
    CUSTOMER,
    DAY,
    NOON,
    OPERATOR,
    SUPPORT,
    completed,
    delivered,
    in_production,
    parcel,
    partially_shipped,
    shipped,
    snapshot,
)


def test_a_parcel_with_everything_ships_the_order() -> None:
    order = in_production()
    order.take_events()
    box = parcel(1, {order.lines[0].id: 2, order.lines[1].id: 3})
    order.ship(OPERATOR, box, at=NOON + DAY)
    assert (order.status, order.shipments, order.unshipped()) == (OrderStatus.SHIPPED, (box,), {})
    assert order.take_events() == (ParcelHandedOver(at=NOON + DAY, order_id=order.id, shipment_id=box.id),)


def test_a_parcel_with_a_part_leaves_the_rest_to_be_shipped() -> None:
    order = partially_shipped()
    first, second = order.lines
    assert order.status is OrderStatus.PARTIALLY_SHIPPED
    assert order.unshipped() == {first.id: 1, second.id: 3}


@pytest.mark.parametrize(
    ("items", "complaint"),
    [
        ((), "holds nothing"),
        ((("first", 1), ("first", 1)), "names a line twice"),
        ((("first", 3),), "not ordered or has left before"),
        ((("first", 0),), "not ordered or has left before"),
        ((("first", -1),), "not ordered or has left before"),
        ((("first", 1), ("stranger", 1)), "not ordered or has left before"),
    ],
)
def test_a_parcel_holds_what_was_ordered(items: tuple[tuple[str, int], ...], complaint: str) -> None:
    order = in_production()
    before = snapshot(order)
    lines = {"first": order.lines[0].id, "stranger": LineId(UUID(int=5))}
    box = attrs.evolve(parcel(1, {}), items=tuple(ShippedItem(lines[name], count) for name, count in items))
    with pytest.raises(ShipmentInvalid, match=complaint):
        order.ship(OPERATOR, box, at=NOON + DAY)
    assert snapshot(order) == before


def test_what_has_left_cannot_leave_again() -> None:
    order = partially_shipped()
    with pytest.raises(ShipmentInvalid, match="has left before"):
        order.ship(OPERATOR, parcel(2, {order.lines[0].id: 2}), at=NOON + DAY)
    with pytest.raises(ShipmentInvalid, match="has left before"):
        order.ship(OPERATOR, parcel(1, {order.lines[0].id: 1}), at=NOON + DAY)


def test_a_parcel_cannot_have_arrived_before_it_left() -> None:
    order = in_production()
    box = parcel(1, order.unshipped()).delivered(at=NOON)
    with pytest.raises(ShipmentInvalid, match="arrived before it left"):
        order.ship(OPERATOR, box, at=NOON + DAY)


def test_who_may_not_ship_does_not_learn_what_is_wrong_with_the_parcel() -> None:
    with pytest.raises(TransitionDenied):
        in_production().ship(SUPPORT, parcel(1, {}), at=NOON + DAY)


def test_the_last_parcel_to_arrive_delivers_the_order_and_opens_the_claim_window() -> None:
    order = partially_shipped()
    order.ship(OPERATOR, parcel(2, order.unshipped()), at=NOON + DAY)
    order.take_events()
    first, second = order.shipments
    order.deliver(SYSTEM, second.id, at=NOON + 2 * DAY)
    assert (order.status, order.claims_until, order.take_events()) == (OrderStatus.SHIPPED, None, ())
    order.deliver(SYSTEM, first.id, at=NOON + 3 * DAY)
    assert order.status is OrderStatus.DELIVERED
    until = NOON + 3 * DAY + CLAIM_WINDOW
    assert order.claims_until == until
    assert order.take_events() == (OrderDelivered(at=NOON + 3 * DAY, order_id=order.id, claims_until=until),)
    assert [each.delivered_at for each in order.shipments] == [NOON + 3 * DAY, NOON + 2 * DAY]


def test_an_order_is_not_delivered_while_something_has_not_left() -> None:
    order = partially_shipped()
    order.deliver(SUPPORT, order.shipments[0].id, at=NOON + 2 * DAY)
    order.ship(OPERATOR, parcel(2, order.unshipped()), at=NOON + 3 * DAY)
    order.deliver(SUPPORT, order.shipments[1].id, at=NOON + 4 * DAY)
    states = [entry.target for entry in order.history[-3:]]
    assert states == ["partially_shipped", "shipped", "delivered"]


@pytest.mark.parametrize("make", [delivered, completed])
def test_a_delivery_that_is_told_twice_changes_nothing(make: Callable[[], Order]) -> None:
    order = make()
    before = snapshot(order)
    order.deliver(SUPPORT, order.shipments[0].id, at=NOON + 90 * DAY)
    assert snapshot(order) == before


def test_a_customer_does_not_decide_that_a_parcel_arrived() -> None:
    order = shipped()
    with pytest.raises(TransitionDenied):
        order.deliver(CUSTOMER, order.shipments[0].id, at=NOON + 2 * DAY)


def test_a_parcel_of_another_order_is_not_found() -> None:
    with pytest.raises(ShipmentNotFound):
        shipped().deliver(SUPPORT, ShipmentId(UUID(int=5)), at=NOON + 2 * DAY)


def test_an_order_is_not_complete_while_the_customer_may_complain() -> None:
    order = delivered()
    assert order.claims_until is not None
    with pytest.raises(TransitionRefused) as refused:
        order.complete(at=order.claims_until - DAY)
    assert refused.value.reason == "claim-window-open"
    order.complete(at=order.claims_until)
    assert order.status is OrderStatus.COMPLETED


@given(sizes=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=8))
def test_however_it_is_packed_no_more_leaves_than_was_ordered(sizes: list[tuple[int, int]]) -> None:
    order = in_production()
    first, second = order.lines
    left = {first.id: 0, second.id: 0}
    for number, (a, b) in enumerate(sizes):
        items = {line_id: count for line_id, count in ((first.id, a), (second.id, b)) if count}
        fits = bool(items) and left[first.id] + a <= 2 and left[second.id] + b <= 3
        if fits:
            order.ship(OPERATOR, parcel(number, items), at=NOON + DAY)
            left[first.id] += a
            left[second.id] += b
        else:
            with pytest.raises((ShipmentInvalid, TransitionRefused)):
                order.ship(OPERATOR, parcel(number, items), at=NOON + DAY)
    rest = {first.id: 2 - left[first.id], second.id: 3 - left[second.id]}
    assert order.unshipped() == {line_id: count for line_id, count in rest.items() if count}
    assert (order.status is OrderStatus.SHIPPED) == (not order.unshipped())


@pytest.mark.parametrize(
    "url",
    ["https://track.example/p?id=1&lang=de#top", "https://TRACK.example:8443/", "https://track.example",
     "https://track.example/a%20b;c=d/(x)?q='1'+@2"],
)  # fmt: skip
def test_a_tracking_link_is_an_https_address(url: str) -> None:
    assert attrs.evolve(parcel(1, {}), tracking_url=url).tracking_url == url


@pytest.mark.parametrize(
    "url",
    ["", "http://track.example/", "javascript:alert(1)", "https://", "https:///x", "https:track.example",
     "https://user:secret@track.example/", "https://[::1", "https://track.example/a b", "//track.example",
     'https://track.example/"><script>', "https://track.example/\\evil", "https://track.example\n.evil/",
     "https://träck.example/", "https://track.example/" + "a" * 480],
)  # fmt: skip
def test_a_link_that_a_mail_should_not_carry_is_refused(url: str) -> None:
    with pytest.raises(ShipmentInvalid, match="https address"):
        attrs.evolve(parcel(1, {}), tracking_url=url)


@given(url=st.text(max_size=30) | st.text(max_size=30).map("https://".__add__))
def test_no_tracking_link_surprises_anybody(url: str) -> None:
    try:
        accepted = attrs.evolve(parcel(1, {}), tracking_url=url).tracking_url
    except ShipmentInvalid:
        return
    assert accepted == url
    parts = urlsplit(url)
    assert (parts.scheme, parts.username) == ("https", None)
    assert parts.hostname
    assert url.isascii()
    assert not set(url) & set(' "<>\\\n\t')


@pytest.mark.parametrize("field", ["carrier", "tracking_number"])
@pytest.mark.parametrize("text", ["", "  ", "a" * 81, "DHL\r\nBcc: x", "\u202edhl"])
def test_carrier_and_number_are_short_printable_words(field: str, text: str) -> None:
    with pytest.raises(ShipmentInvalid, match="empty, too long or not printable"):
        attrs.evolve(parcel(1, {}), **{field: text})  # type: ignore[arg-type]


def test_a_parcel_needs_no_tracking_but_a_time() -> None:
    box = Shipment(id=ShipmentId(UUID(int=1)), carrier="Post", items=(), handed_over_at=NOON)
    assert (box.tracking_number, box.tracking_url, box.state) == (None, None, ShipmentState.HANDED_OVER)
    with pytest.raises(ValueError, match="handed_over_at must be an aware UTC time"):
        attrs.evolve(box, handed_over_at=datetime(2026, 1, 1))  # noqa: DTZ001

"""How long invoices are kept, and what an order lets go of."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from printapic.domain.orders.invoice import keep_until
from printapic.domain.orders.status import OVER, OrderStatus
from tests import builders as b


@pytest.mark.parametrize(
    ("issued_at", "year"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), 2035),
        (datetime(2026, 12, 31, 9, 59, tzinfo=UTC), 2035),
        (datetime(2026, 12, 31, 10, 0, tzinfo=UTC), 2036),
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), 2036),
    ],
)
def test_eight_years_count_from_the_end_of_the_year_wherever_that_is(issued_at: datetime, year: int) -> None:
    assert keep_until(issued_at) == datetime(year, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("status", sorted(OVER))
def test_an_order_that_is_over_lets_go_of_its_customer_once(status: OrderStatus) -> None:
    order = b.an_order(status=status)
    assert order.forget()
    assert (order.ship_to.name, order.ship_to.line2, order.ship_to.country) == ("erased", None, "DE")
    assert {line.image_sha256 for line in order.lines} == {""}
    assert {line.print_file for line in order.lines} == {None}
    assert {(parcel.tracking_number, parcel.tracking_url) for parcel in order.shipments} == {(None, None)}
    assert {entry.reason for entry in order.history} == {None}
    assert not order.forget()


@pytest.mark.parametrize("status", sorted(set(OrderStatus) - OVER))
def test_an_order_that_goes_on_still_needs_its_address(status: OrderStatus) -> None:
    order = b.an_order(status=status)
    assert not order.forget()
    assert order.ship_to == b.an_address()

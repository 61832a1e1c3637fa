"""Periods at the ends of the calendar, where days can be neither added nor taken away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from printapic.application.payments.periods import EARLIEST, LATEST, PeriodInvalid
from tests.shop_floor import DAY, NOON, ShopFloor

FIRST = datetime.min.replace(tzinfo=UTC)
FIRST_IN_THE_EAST = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))
LAST = datetime.max.replace(tzinfo=UTC)
LAST_IN_THE_WEST = datetime.max.replace(tzinfo=timezone(-timedelta(hours=14)))
OUT_OF_IT = [
    (FIRST, None),
    (FIRST_IN_THE_EAST, NOON),
    (None, FIRST),
    (None, FIRST_IN_THE_EAST),
    (NOON, LAST),
    (None, LAST_IN_THE_WEST),
    (LAST - DAY, LAST),
    (EARLIEST - DAY, NOON),
    (NOON, LATEST + DAY),
]


@pytest.mark.parametrize(("since", "until"), OUT_OF_IT)
def test_the_books_are_compared_for_times_of_this_calendar(
    floor: ShopFloor, since: datetime | None, until: datetime | None
) -> None:
    with pytest.raises(PeriodInvalid):
        floor.shop.reconcile_payments(since=since, until=until)


@pytest.mark.parametrize(("since", "until"), OUT_OF_IT)
def test_the_log_is_read_for_times_of_this_calendar(
    floor: ShopFloor, since: datetime | None, until: datetime | None
) -> None:
    with pytest.raises(PeriodInvalid):
        floor.shop.read_transactions(since=since, until=until, limit=1)


def test_the_first_and_the_last_moment_of_it_are_taken(floor: ShopFloor) -> None:
    assert floor.shop.read_transactions(since=EARLIEST, until=LATEST, limit=1) == ()
    (report,) = floor.shop.reconcile_payments(since=NOON - DAY, until=LATEST)
    assert report.clean

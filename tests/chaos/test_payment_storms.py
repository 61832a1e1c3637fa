"""Hundreds of orders whose news come five times in any order, and a thousand on a line that loses answers."""

from __future__ import annotations

import os

import pytest

from printapic.domain.payments.status import PaymentStatus
from tests.integration.payments.conftest import (
    floor,
    make_side,
    manual_capture,
    postgres_database,
    side,
    sqlite_template,
    store,
)
from tests.integration.payments.floor import PRICE, Floor
from tests.integration.payments.storms import news_storm, pay_on_a_lossy_line

__all__ = ["floor", "make_side", "manual_capture", "postgres_database", "side", "sqlite_template", "store"]

STORMS = int(os.environ.get("PRINTAPIC_CHAOS_STORMS", "500"))
ORDERS = int(os.environ.get("PRINTAPIC_CHAOS_ORDERS", "1000"))
SEED = int(os.environ.get("PRINTAPIC_TEST_SEED", "1"))

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(3600)]


def test_w3_w4_all_news_five_times_in_any_order_lead_to_the_same_end(floor: Floor) -> None:
    ends = {news_storm(floor, SEED + number) for number in range(STORMS)}
    assert len(ends) == 1, ends
    assert set(floor.answers) == {200}


def test_u2_of_many_orders_on_a_line_that_loses_a_third_of_all_answers_each_is_paid_once(
    floor: Floor,
) -> None:
    pay_on_a_lossy_line(floor, orders=ORDERS, seed=SEED)
    statuses = {floor.payment(order).status for order in floor.orders}
    assert (len(floor.orders), statuses) == (ORDERS, {PaymentStatus.PAID})
    assert [line.amount for line in floor.provider.ledger()] == [PRICE] * ORDERS

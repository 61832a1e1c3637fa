"""The books as whoever keeps them reads them: the log page by page, balances, and every payment."""

from __future__ import annotations

from datetime import datetime

import pytest

from printapic.adapters.payments.simulated.checkout import DeskOrder
from printapic.application.payments import bookkeeping
from printapic.application.payments.bookkeeping import recorded_place
from printapic.application.payments.periods import PeriodInvalid
from printapic.application.ports.bookkeeping import JournalEntry, LogEntry, LogPosition
from printapic.domain.actors import Actor
from printapic.domain.payments.transaction import Transaction, TransactionType
from tests import builders as b
from tests.shop_floor import DAY, HOUR, MINUTE, NOON, ShopFloor, line


def exported(
    floor: ShopFloor, since: datetime = NOON - DAY, until: datetime = NOON + DAY
) -> list[Transaction]:
    entries = floor.shop.export_transactions(since=since, until=until)
    return [entry.transaction for entry in entries if isinstance(entry, LogEntry)]


def test_the_export_has_every_row_once_however_many_pages_it_takes(
    floor: ShopFloor, anna: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [
        floor.paid(anna, line(floor.upload(anna, number)), key=f"order-{number}") for number in range(3)
    ]
    whole = exported(floor)
    assert sorted(map(repr, whole)) == sorted(
        repr(row) for order in orders for row in floor.payment(order).transactions
    )
    for size in (1, 2, len(whole), len(whole) + 1):
        monkeypatch.setattr(bookkeeping, "_AT_ONCE", size)
        assert exported(floor) == whole


def test_the_export_of_a_time_goes_by_when_a_row_was_written(floor: ShopFloor, anna: Actor) -> None:
    order = floor.place(anna).order
    floor.press(floor.start(order))
    floor.clock.advance(HOUR / 2)
    floor.hear()
    first = exported(floor, NOON, NOON + HOUR / 2)
    rest = exported(floor, NOON + HOUR / 2, NOON + HOUR)
    assert [row.type for row in first] == [TransactionType.DUE]
    assert {row.type for row in rest} == {TransactionType.CAPTURE, TransactionType.FEE}
    assert {row.occurred_at for row in rest} == {NOON}


def test_a_page_goes_on_behind_the_last_entry(floor: ShopFloor, anna: Actor) -> None:
    floor.paid(anna)

    def page(after: LogPosition | None, limit: int) -> tuple[JournalEntry, ...]:
        return floor.shop.read_transactions(since=NOON, until=NOON + DAY, after=after, limit=limit)

    with floor.unit_of_work() as work:
        assert work.treasury.add(b.a_treasury_entry(recorded_at=NOON + MINUTE))
        assert work.treasury.add(b.a_treasury_entry(recorded_at=NOON + 2 * MINUTE, ref="po_2"))
        work.commit()
    whole = page(None, 9)
    assert len(whole) == 5
    for read in range(1, 5):
        first = page(None, read)
        assert (*first, *page(recorded_place(first[-1]), 9)) == whole


@pytest.mark.parametrize("until", [NOON, NOON - DAY])
def test_a_period_ends_after_it_begins(floor: ShopFloor, until: datetime) -> None:
    with pytest.raises(PeriodInvalid):
        floor.shop.export_transactions(since=NOON, until=until)


def test_all_balances_of_a_currency_are_zero_together(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    balances = {balance.account: balance.amount for balance in floor.shop.read_balances()}
    assert sum(amount.minor for amount in balances.values()) == 0
    assert balances["order_obligation"] == -order.total
    assert balances["psp_clearing:simulated"] == order.total - balances["psp_fees"]
    assert "order_receivable" not in balances


def test_staff_find_what_a_person_has_to_look_at(floor: ShopFloor, anna: Actor) -> None:
    paid = floor.paid(anna)
    odd = floor.place(anna, line(floor.upload(anna, 2)), key="order-2").order
    floor.press(floor.start(odd, key="pay-2"), desk=DeskOrder(amount_off=1))
    floor.hear()
    everything = [payment.order_id for payment in floor.shop.list_payments(limit=9)]
    waiting = floor.shop.list_payments(review=True, limit=9)
    assert everything == [odd.id, paid.id]
    assert [payment.order_id for payment in waiting] == [odd.id]
    (older,) = floor.shop.list_payments(before=waiting[0].id, limit=9)
    assert older.order_id == paid.id

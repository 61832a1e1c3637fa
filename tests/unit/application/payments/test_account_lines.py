"""What a provider's books tell of our account apart from payments: written down once, and never changed."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from printapic.application.payments import account_lines
from printapic.application.payments.reconciliation_run import SLACK, ProviderReport
from printapic.application.ports.bookkeeping import FindingQuery
from printapic.application.ports.payments import Movement, MovementKind
from printapic.domain.actors import Actor
from printapic.domain.money import Money
from printapic.domain.orders.order import Order
from printapic.domain.payments.finding import Finding, FindingKind, FindingState
from printapic.domain.payments.transaction import TransactionType
from printapic.domain.payments.treasury import TreasuryEntry, TreasuryType
from tests.shop_floor import DAY, NOON, ShopFloor, line, open_floor
from tests.unit.application.payments.odd_books import OddBooks, adding, extra

CLEARING = "psp_clearing:simulated"


@pytest.fixture
def floor() -> ShopFloor:
    opened = open_floor(gateway=OddBooks)
    opened.gateway.asked = []  # type: ignore[attr-defined]
    opened.clock.advance(10 * DAY)
    return opened


@pytest.fixture
def books(floor: ShopFloor) -> OddBooks:
    assert isinstance(floor.gateway, OddBooks)
    return floor.gateway


@pytest.fixture
def anna(floor: ShopFloor) -> Actor:
    return floor.customer()


@pytest.fixture
def order(floor: ShopFloor, anna: Actor) -> Order:
    """Paid, and everything about it is known; days later."""
    paid = floor.paid(anna, line(floor.upload(anna), quantity=20))
    floor.clock.advance(10 * DAY)
    return paid


def tells(books: OddBooks, *movements: Movement) -> None:
    books.rewrite = adding(*movements)


def reconcile(floor: ShopFloor) -> ProviderReport:
    (report,) = floor.shop.reconcile_payments()
    assert report.available
    return report


def treasury(floor: ShopFloor) -> list[TreasuryEntry]:
    """All of it, in the order in which it was written down."""
    entries = floor.shop.export_transactions(until=floor.clock.now() + DAY)
    return [entry for entry in entries if isinstance(entry, TreasuryEntry)]


def told(floor: ShopFloor) -> list[tuple[str, str, str]]:
    return [(entry.type.value, entry.ref, str(entry.amount)) for entry in treasury(floor)]


def balances(floor: ShopFloor) -> dict[str, str]:
    """Of the accounts that payments do not have, and of the provider's."""
    return {
        f"{balance.account} {balance.amount.currency.code}": balance.amount.amount
        for balance in floor.shop.read_balances()
        if balance.account != "order_obligation"
    }


def open_findings(floor: ShopFloor) -> list[Finding]:
    return list(floor.shop.list_findings(query=FindingQuery(state=FindingState.OPEN), limit=100))


def only(floor: ShopFloor) -> Finding:
    (finding,) = open_findings(floor)
    return finding


# What is written down


def test_what_no_payment_has_is_written_down_by_what_it_is(floor: ShopFloor, books: OddBooks) -> None:
    tells(
        books,
        extra(MovementKind.PAYOUT, "po_1", -5000),
        extra(MovementKind.PAYOUT_RETURNED, "po_2", 2000),
        extra(MovementKind.TOP_UP, "tu_1", 300),
        extra(MovementKind.FEE, "monthly", -900),
        extra(MovementKind.OTHER, "reserve", -70),
    )
    assert reconcile(floor).clean
    assert told(floor) == [
        ("payout", "line-po_1", "-50.00 EUR"),
        ("payout_returned", "line-po_2", "20.00 EUR"),
        ("top_up", "line-tu_1", "3.00 EUR"),
        ("account_fee", "line-monthly", "-9.00 EUR"),
        ("unexplained", "line-reserve", "-0.70 EUR"),
    ]
    assert [entry.about for entry in treasury(floor)] == ["po_1", "po_2", "tu_1", "monthly", "reserve"]
    assert {entry.occurred_at for entry in treasury(floor)} == {NOON + DAY}
    assert balances(floor) == {
        "bank_in_transit EUR": "27.00",
        f"{CLEARING} EUR": "-36.70",
        "psp_fees EUR": "9.00",
        "psp_unexplained:simulated EUR": "0.70",
    }


def test_a_line_that_names_nothing_but_itself_is_about_nothing(floor: ShopFloor, books: OddBooks) -> None:
    tells(books, extra(MovementKind.FEE, "monthly", -900, id="monthly"))
    reconcile(floor)
    (entry,) = treasury(floor)
    assert (entry.ref, entry.about) == ("monthly", None)


def test_a_conversion_is_two_lines_through_one_account(floor: ShopFloor, books: OddBooks) -> None:
    tells(
        books,
        extra(MovementKind.CONVERSION, "fx_1", -1000),
        extra(MovementKind.CONVERSION, "fx_2", amount=Money.of("10.80", "USD")),
    )
    assert reconcile(floor).clean
    assert told(floor) == [
        ("converted_from", "line-fx_1", "-10.00 EUR"),
        ("converted_into", "line-fx_2", "10.80 USD"),
    ]
    assert balances(floor) == {
        "fx_conversion EUR": "10.00",
        "fx_conversion USD": "-10.80",
        f"{CLEARING} EUR": "-10.00",
        f"{CLEARING} USD": "10.80",
    }


def test_a_fee_that_was_kept_of_a_payout_is_a_fee(floor: ShopFloor, books: OddBooks) -> None:
    tells(books, extra(MovementKind.PAYOUT, "po_1", -5000, fee=Money.of("0.25", "EUR")))
    assert reconcile(floor).clean
    assert told(floor) == [
        ("payout", "line-po_1", "-50.00 EUR"),
        ("kept_fee", "line-po_1", "-0.25 EUR"),
    ]
    assert balances(floor)[f"{CLEARING} EUR"] == "-50.25"


def test_a_line_that_moved_nothing_is_not_written_down(floor: ShopFloor, books: OddBooks) -> None:
    tells(books, extra(MovementKind.OTHER, "note", 0, fee=Money.of("0.00", "EUR")))
    assert reconcile(floor).other_lines == {MovementKind.OTHER: 1}
    assert treasury(floor) == []


def test_the_entries_of_an_export_are_never_added_to_a_time_that_is_over(
    floor: ShopFloor, books: OddBooks
) -> None:
    tells(books, extra(MovementKind.PAYOUT, "po_1", -5000))
    floor.clock.advance(5 * DAY)
    before = floor.clock.now()
    reconcile(floor)
    assert list(floor.shop.export_transactions(until=before)) == []
    assert [entry.recorded_at for entry in treasury(floor)] == [before]


# Once, and never changed


def test_the_same_lines_are_written_down_once_however_often_they_are_read(
    floor: ShopFloor, books: OddBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_lines, "_AT_ONCE", 2)
    tells(books, *(extra(MovementKind.PAYOUT, f"po_{number}", -5000) for number in range(5)))
    reconcile(floor)
    first = treasury(floor)
    floor.clock.advance(DAY)
    assert reconcile(floor).clean
    assert len(first) == 5
    assert treasury(floor) == first


def test_another_amount_later_is_a_difference_and_changes_nothing(floor: ShopFloor, books: OddBooks) -> None:
    tells(books, extra(MovementKind.PAYOUT, "po_1", -5000))
    reconcile(floor)
    tells(books, extra(MovementKind.PAYOUT, "po_1", -4000))
    assert reconcile(floor).found == {FindingKind.AMOUNT: 1}
    finding = only(floor)
    assert (finding.movement, finding.ref, finding.payment_id) == ("payout", "line-po_1", None)
    assert (finding.theirs, finding.ours) == (Money.of("-40.00", "EUR"), Money.of("-50.00", "EUR"))
    assert told(floor) == [("payout", "line-po_1", "-50.00 EUR")]
    tells(books, extra(MovementKind.PAYOUT, "po_1", -5000))
    report = reconcile(floor)
    assert (report.clean, report.closed) == (True, 1)


def test_a_fee_that_is_told_later_is_added(floor: ShopFloor, books: OddBooks) -> None:
    tells(books, extra(MovementKind.PAYOUT, "po_1", -5000))
    reconcile(floor)
    tells(books, extra(MovementKind.PAYOUT, "po_1", -5000, fee=Money.of("0.25", "EUR")))
    assert reconcile(floor).clean
    assert told(floor)[1:] == [("kept_fee", "line-po_1", "-0.25 EUR")]


def test_what_the_provider_tells_no_more_is_a_difference(floor: ShopFloor, books: OddBooks) -> None:
    tells(books, extra(MovementKind.PAYOUT, "po_1", -5000, fee=Money.of("0.25", "EUR")))
    reconcile(floor)
    tells(books, extra(MovementKind.PAYOUT, "po_1", -5000))
    assert reconcile(floor).found == {FindingKind.MISSING_THERE: 1}
    finding = only(floor)
    assert (finding.movement, finding.theirs, finding.ours) == (
        "kept_fee",
        None,
        Money.of("-0.25", "EUR"),
    )
    tells(books)
    assert reconcile(floor).found == {FindingKind.MISSING_THERE: 2}


def test_a_line_that_the_provider_moved_to_another_day_is_still_told(
    floor: ShopFloor, books: OddBooks
) -> None:
    payout = extra(MovementKind.PAYOUT, "po_1", -5000)
    tells(books, payout)
    reconcile(floor)
    tells(books, attrs.evolve(payout, occurred_at=payout.occurred_at + SLACK - timedelta(seconds=1)))
    assert reconcile(floor).clean
    assert len(treasury(floor)) == 1


def test_what_is_at_the_edge_of_the_period_is_looked_for_beyond_it(floor: ShopFloor, books: OddBooks) -> None:
    payout = extra(MovementKind.PAYOUT, "po_1", -5000)
    tells(books, payout)
    reconcile(floor)
    tells(books, attrs.evolve(payout, occurred_at=payout.occurred_at + DAY))
    (report,) = floor.shop.reconcile_payments(since=NOON, until=NOON + DAY + timedelta(seconds=1))
    assert report.clean
    tells(books)
    (report,) = floor.shop.reconcile_payments(since=NOON, until=NOON + DAY + timedelta(seconds=1))
    assert report.found == {FindingKind.MISSING_THERE: 1}


# Between payments and the account


def test_what_a_payment_brought_in_another_currency_is_converted(
    floor: ShopFloor, order: Order, books: OddBooks
) -> None:
    came, fee = floor.payment(order).log.captures()[0].amount, Money.of("0.40", "USD")
    assert came.currency.code == "EUR"
    got = Money(came.minor * 2, fee.currency)
    books.rewrite = lambda lines: (attrs.evolve(each, settled=got) for each in lines)
    assert reconcile(floor).clean
    assert [(entry.type, entry.amount) for entry in treasury(floor)] == [
        (TreasuryType.CONVERTED_FROM, -came),
        (TreasuryType.CONVERTED_INTO, got),
    ]
    kept = next(row for row in floor.payment(order).transactions if row.type is TransactionType.FEE)
    left = balances(floor)
    assert left[f"{CLEARING} USD"] == got.amount
    assert left[f"{CLEARING} EUR"] == (-kept.amount).amount
    floor.clock.advance(DAY)
    assert reconcile(floor).clean
    assert len(treasury(floor)) == 2


def test_money_that_goes_back_is_bought_with_ours(floor: ShopFloor, order: Order, books: OddBooks) -> None:
    floor.dashboard.refund(floor.payment(order).log.captures()[0].ref, Money.of("1.00", "EUR"))
    floor.hear()
    floor.clock.advance(DAY)
    paid = Money.of("-2.00", "USD")
    books.rewrite = lambda lines: (
        attrs.evolve(each, settled=paid if each.kind is MovementKind.REFUND else None) for each in lines
    )
    assert reconcile(floor).clean
    assert sorted((entry.type, str(entry.amount)) for entry in treasury(floor)) == [
        (TreasuryType.CONVERTED_FROM, "-2.00 USD"),
        (TreasuryType.CONVERTED_INTO, "1.00 EUR"),
    ]


def test_nothing_is_converted_of_which_both_sides_do_not_say_the_same(
    floor: ShopFloor, order: Order, books: OddBooks
) -> None:
    settled, wrong = Money.of("9.00", "USD"), Money.of("7.77", "EUR")
    books.rewrite = lambda lines: (attrs.evolve(each, settled=settled, amount=wrong) for each in lines)
    assert reconcile(floor).found == {FindingKind.AMOUNT: 1}
    assert treasury(floor) == []


def test_what_turns_out_to_be_a_payments_fee_is_taken_back(
    floor: ShopFloor, order: Order, books: OddBooks
) -> None:
    """A fee may be told before the payment that it is of is known to be ours."""
    fee = next(row for row in floor.payment(order).transactions if row.type is TransactionType.FEE)
    at = fee.occurred_at + DAY
    stranger = extra(MovementKind.FEE, "somebody's", -fee.amount.minor, id="line-1", occurred_at=at)
    tells(books, stranger)
    assert reconcile(floor).clean
    before = balances(floor)[f"{CLEARING} EUR"]

    def ours(lines: object) -> object:
        for each in lines:  # type: ignore[attr-defined]
            yield attrs.evolve(each, fee=None)
        yield attrs.evolve(stranger, ref=fee.ref)

    books.rewrite = ours  # type: ignore[assignment]
    for _ in range(2):
        floor.clock.advance(DAY)
        assert reconcile(floor).clean
    fees, claimed = treasury(floor)
    assert (claimed.type, claimed.ref, claimed.about) == (TreasuryType.CLAIMED, str(fees.id), "line-1")
    after = balances(floor)
    assert after["psp_fees EUR"] == fee.amount.amount
    assert Money.of(after[f"{CLEARING} EUR"], "EUR") == Money.of(before, "EUR") + fee.amount

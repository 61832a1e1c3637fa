"""Stripe's books, line by line."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from printapic.application.ports.payments import Movement, MovementKind, MovementsUnavailable
from printapic.domain.money import Currency, Money
from tests.unit.adapters.payments.stripe.wire import (
    BOOKS,
    NOON,
    NOON_S,
    PRICE,
    Json,
    Step,
    Wire,
    line,
    listing,
    refuses,
)

HOUR = timedelta(hours=1)


def movements(wire: Wire, *steps: Step, hours: int = 1) -> list[Movement]:
    wire.tell(BOOKS, *steps)
    return list(wire.gateway.movements(since=NOON, until=NOON + hours * HOUR))


def test_l1_a_line_tells_what_came_what_it_cost_and_what_it_is_about(wire: Wire) -> None:
    assert movements(wire, listing(line("txn_1", 1290, fee=44))) == [
        Movement(
            id="txn_1",
            ref="ch_1",
            kind=MovementKind.CAPTURE,
            amount=PRICE,
            fee=Money.of("0.44", "EUR"),
            occurred_at=NOON + timedelta(seconds=61),
        )
    ]
    assert wire.forms(BOOKS) == [
        {
            "created[gte]": str(NOON_S),
            "created[lt]": str(NOON_S + 3600),
            "limit": "100",
            "expand[0]": "data.source",
        }
    ]


@pytest.mark.parametrize(
    ("category", "source", "kind", "ref"),
    [
        ("charge", {"id": "ch_1", "amount": 1, "currency": "eur"}, MovementKind.CAPTURE, "ch_1"),
        ("charge", "py_1", MovementKind.CAPTURE, "py_1"),
        ("refund", "re_1", MovementKind.REFUND, "re_1"),
        ("refund_failure", "re_1", MovementKind.REFUND_RETURNED, "re_1"),
        ("dispute", "du_1", MovementKind.DISPUTE, "txn_1"),
        ("dispute_reversal", {"id": "du_1"}, MovementKind.DISPUTE_RETURNED, "txn_1"),
        ("payout", "po_1", MovementKind.PAYOUT, "po_1"),
        ("payout_reversal", "po_1", MovementKind.PAYOUT_RETURNED, "po_1"),
        ("fee", None, MovementKind.FEE, "txn_1"),
        ("network_cost", None, MovementKind.FEE, "txn_1"),
        ("tax", None, MovementKind.FEE, "txn_1"),
        ("topup", "tu_1", MovementKind.TOP_UP, "tu_1"),
        ("topup_reversal", "tu_1", MovementKind.TOP_UP, "tu_1"),
        ("risk_reserved_funds", None, MovementKind.OTHER, "txn_1"),
        ("charge_failure", "py_1", MovementKind.OTHER, "py_1"),
        ("something_new", None, MovementKind.OTHER, "txn_1"),
    ],
)
def test_l1_every_line_has_a_kind_and_the_ref_that_a_look_has_for_it(
    wire: Wire, category: str, source: Any, kind: MovementKind, ref: str
) -> None:
    (movement,) = movements(wire, listing(line("txn_1", -5, category, source)))
    assert (movement.kind, movement.ref, movement.amount) == (kind, ref, Money.of("-0.05", "EUR"))


def test_lines_come_the_oldest_first_through_all_pages(wire: Wire) -> None:
    made = [line(f"txn_{n}", n + 1, created=NOON_S + n) for n in reversed(range(250))]
    pages = listing(*made[:100], more=True), listing(*made[100:200], more=True), listing(*made[200:])
    assert [movement.amount.minor for movement in movements(wire, *pages)] == list(range(1, 251))
    assert [form.get("starting_after") for form in wire.forms(BOOKS)] == [None, "txn_150", "txn_50"]


def test_a_long_time_is_read_day_by_day_without_a_gap(wire: Wire) -> None:
    first, second, third = (line(f"txn_{n}", n, created=NOON_S + n * 86_000) for n in (1, 2, 3))
    found = movements(wire, listing(first), listing(second), listing(third), hours=60)
    assert [movement.id for movement in found] == ["txn_1", "txn_2", "txn_3"]
    asked = [(int(form["created[gte]"]), int(form["created[lt]"])) for form in wire.forms(BOOKS)]
    assert asked == [
        (NOON_S, NOON_S + 86_400),
        (NOON_S + 86_400, NOON_S + 172_800),
        (NOON_S + 172_800, NOON_S + 216_000),
    ]


def test_no_time_at_all_has_no_lines_and_asks_nothing(wire: Wire) -> None:
    assert movements(wire, listing(line("txn_1", 1)), hours=0) == []
    assert wire.requests == []


def test_fractions_of_a_second_are_neither_read_twice_nor_left_out(wire: Wire) -> None:
    middle = NOON + timedelta(milliseconds=1500)
    list(wire.gateway.movements(since=NOON, until=middle))
    list(wire.gateway.movements(since=middle, until=NOON + HOUR))
    first, second = wire.forms(BOOKS)
    assert first["created[lt]"] == second["created[gte]"] == str(NOON_S + 2)


@pytest.mark.parametrize(
    ("category", "amount", "source", "ours"),
    [
        ("charge", 1400, {"id": "ch_1", "amount": 1500, "amount_captured": 1290, "currency": "eur"}, 1290),
        ("refund", -217, {"id": "re_1", "amount": 200, "currency": "eur"}, -200),
    ],
)
def test_what_stripe_converted_is_told_in_the_customers_currency(
    wire: Wire, category: str, amount: int, source: Json, ours: int
) -> None:
    converted = line("txn_1", amount, category, source, currency="usd", exchange_rate=1.08, fee=70)
    (movement,) = movements(wire, listing(converted))
    assert movement.amount == Money(ours, PRICE.currency)
    assert movement.fee == Money.of("0.70", "USD")
    assert movement.settled == Money(amount, movement.fee.currency)


def test_lines_in_currencies_that_the_shop_does_not_trade_in_are_read(wire: Wire) -> None:
    foreign = line("txn_1", 1290, "charge", currency="hkd", fee=44)
    (movement,) = movements(wire, listing(foreign))
    assert (str(movement.amount), str(movement.fee)) == ("12.90 HKD", "0.44 HKD")


def test_a_dispute_is_told_as_the_look_tells_it_and_a_payout_as_the_bank_gets_it(wire: Wire) -> None:
    dispute = line("txn_1", -1400, "dispute", {"id": "du_1"}, currency="usd", exchange_rate=1.08)
    payout = line("txn_2", -900, "payout", {"id": "po_1"}, currency="usd", exchange_rate=1.08)
    told = movements(wire, listing(payout, dispute))
    assert [movement.amount for movement in told] == [Money.of("-14.00", "USD"), Money.of("-9.00", "USD")]
    assert [movement.settled for movement in told] == [None, None]


def test_a_payout_that_stripe_converted_says_both_amounts(wire: Wire) -> None:
    sent = {"id": "po_1", "amount": 900, "currency": "eur"}
    (payout,) = movements(
        wire, listing(line("txn_1", -972, "payout", sent, currency="usd", exchange_rate=0.93))
    )
    assert (payout.amount, payout.settled) == (Money.of("-9.00", "EUR"), Money.of("-9.72", "USD"))


def test_what_became_of_money_is_told_in_the_accounts_currency_whichever_that_is(wire: Wire) -> None:
    source = {"id": "ch_1", "amount": 1290, "currency": "eur"}
    converted = line("txn_1", 520000, "charge", source, currency="huf", exchange_rate=403.1)
    (movement,) = movements(wire, listing(converted))
    forint = Currency.known("HUF")
    assert (movement.amount, movement.settled) == (PRICE, Money(520_000, forint))
    assert movement.fee == Money.zero(forint)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("no"),
        httpx.ReadTimeout("no"),
        refuses(401),
        refuses(500),
        {"data": [{"id": "txn_1"}], "has_more": False},
        listing(line("txn_1", 1, currency="xts")),
        listing(line("txn_1", 1, currency="usd", exchange_rate=1.08)),
        listing(more=True),
    ],
    ids=str,
)
def test_l1_books_that_are_not_shown_whole_are_unavailable(wire: Wire, answer: Step) -> None:
    wire.tell(BOOKS, listing(line("txn_2", 1)), answer)
    found = wire.gateway.movements(since=NOON, until=NOON + 25 * HOUR)
    assert next(found).id == "txn_2"
    with pytest.raises(MovementsUnavailable) as unavailable:
        next(found)
    assert unavailable.value.__suppress_context__

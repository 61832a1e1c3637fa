"""PayPal's own books, and finding a checkout in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from printapic.application.ports.payments import (
    Done,
    Movement,
    MovementKind,
    MovementsUnavailable,
    NotSent,
    Rejected,
    Unknown,
)
from printapic.domain.money import Money
from tests.unit.adapters.payments.paypal.bodies import (
    ATTEMPT,
    AUTHORIZATION,
    CAPTURE,
    DISPUTE,
    DISPUTES,
    ORDER,
    ORDER_AT,
    PRICE,
    REFUND,
    Json,
    amount,
    authorization,
    capture,
    dispute,
    held,
    moved,
    order,
    paid,
)
from tests.unit.adapters.payments.paypal.line import NOON, Line, refuses, says

REPORT = "GET /v1/reporting/transactions"
DAY = timedelta(days=1)
SINCE, UNTIL = NOON - DAY, NOON - timedelta(hours=6)
AT = "2026-11-22T03:00:00+0000"


def row(code: str = "T0006", value: str = "12.90", **changed: Any) -> Json:
    info = {
        "transaction_id": CAPTURE,
        "transaction_event_code": code,
        "transaction_initiation_date": AT,
        "transaction_amount": amount(value),
        "transaction_status": "S",
        **changed,
    }
    return {"transaction_info": info}


def page(*rows: Json, of: int = 1, refreshed: str | None = "2026-11-22T11:00:00+0000") -> httpx.Response:
    body: Json = {"transaction_details": list(rows), "total_pages": of}
    return says(200, body if refreshed is None else {**body, "last_refreshed_datetime": refreshed})


@pytest.fixture
def line() -> Line:
    line = Line()
    line.tell(REPORT, page())
    line.tell(DISPUTES, says(200, {}))
    line.tell(ORDER_AT, says(200, paid()))
    return line


def moves(line: Line, since: datetime = SINCE, until: datetime = UNTIL) -> list[Movement]:
    return list(line.gateway.movements(since=since, until=until))


def told(line: Line, *rows: Json) -> list[tuple[MovementKind, str, str]]:
    line.tell(REPORT, page(*rows))
    return [(movement.kind, movement.ref, str(movement.amount)) for movement in moves(line)]


def test_l1_a_line_tells_what_came_and_what_was_kept(line: Line) -> None:
    line.tell(REPORT, page(row(fee_amount=amount("-0.64"), custom_field=ATTEMPT)))
    assert moves(line) == [
        Movement(
            id=CAPTURE,
            ref=CAPTURE,
            kind=MovementKind.CAPTURE,
            amount=PRICE,
            fee=Money.of("0.64", "EUR"),
            occurred_at=datetime(2026, 11, 22, 3, tzinfo=UTC),
        )
    ]
    (asked,) = line.sent(REPORT)
    assert dict(asked.url.params) == {
        "start_date": "2026-11-21T12:00:00Z",
        "end_date": "2026-11-22T06:00:00Z",
        "fields": "transaction_info",
        "balance_affecting_records_only": "Y",
        "page_size": "500",
        "page": "1",
    }


@pytest.mark.parametrize(
    ("code", "value", "kind"),
    [
        ("T0000", "1.00", MovementKind.CAPTURE),
        ("T0006", "1.00", MovementKind.CAPTURE),
        ("T0006", "-1.00", MovementKind.OTHER),
        ("T1107", "-1.00", MovementKind.REFUND),
        ("T1107", "1.00", MovementKind.REFUND_RETURNED),
        ("T1100", "1.00", MovementKind.REFUND_RETURNED),
        ("T1100", "-1.00", MovementKind.DISPUTE),
        ("T1106", "-1.00", MovementKind.DISPUTE),
        ("T1110", "-1.00", MovementKind.DISPUTE),
        ("T1111", "1.00", MovementKind.DISPUTE_RETURNED),
        ("T1201", "-1.00", MovementKind.DISPUTE),
        ("T1202", "1.00", MovementKind.DISPUTE_RETURNED),
        ("T0106", "-1.00", MovementKind.FEE),
        ("T1108", "1.00", MovementKind.FEE),
        ("T0200", "-1.00", MovementKind.CONVERSION),
        ("T0300", "1.00", MovementKind.TOP_UP),
        ("T1104", "-1.00", MovementKind.TOP_UP),
        ("T0400", "-1.00", MovementKind.PAYOUT),
        ("T1105", "1.00", MovementKind.OTHER),
        ("T1101", "1.00", MovementKind.PAYOUT_RETURNED),
        ("T1900", "1.00", MovementKind.OTHER),
        ("T9999", "-1.00", MovementKind.OTHER),
        ("", "-1.00", MovementKind.OTHER),
    ],
)
def test_l1_every_code_has_its_kind(line: Line, code: str, value: str, kind: MovementKind) -> None:
    ((seen, ref, _),) = told(line, row(code, value))
    assert (seen, ref) == (kind, CAPTURE)


def test_l1_only_lines_that_moved_money_count(line: Line) -> None:
    rows = [row(transaction_status=status, transaction_id=status) for status in "DPSV"]
    assert [ref for _, ref, _ in told(line, *rows)] == ["S", "V"]


def test_l1_a_refund_that_came_back_names_the_refund(line: Line) -> None:
    lines = told(
        line,
        row("T1107", "-2.00", transaction_id=REFUND, paypal_reference_id=CAPTURE),
        row("T1100", "2.00", transaction_id="RETURNED", paypal_reference_id=REFUND),
    )
    assert lines == [
        (MovementKind.REFUND, REFUND, "-2.00 EUR"),
        (MovementKind.REFUND_RETURNED, REFUND, "2.00 EUR"),
    ]


def disputed(line: Line) -> None:
    movements = [
        moved("DEBIT", at="2026-11-22T03:00:00Z"),
        moved("DEBIT", "16.00", at="2026-11-22T03:00:00Z", reason="CHARGEBACK_FEE"),
        moved("CREDIT", at="2026-11-22T04:00:00Z"),
        moved("DEBIT", at="2026-11-22T05:00:00Z"),
    ]
    line.tell(DISPUTES, says(200, {"items": [{"dispute_id": DISPUTE}]}))
    line.tell(f"GET /v1/customer/disputes/{DISPUTE}", says(200, dispute(money_movements=movements)))


def test_l1_disputed_money_is_called_as_the_dispute_calls_it(line: Line) -> None:
    disputed(line)
    about = {"paypal_reference_id": CAPTURE}
    lines = told(
        line,
        row("T1201", "-12.90", transaction_id="A", **about),
        row("T0106", "-16.00", transaction_id="B", **about),
        row("T1202", "12.90", transaction_id="C", **about),
        row(
            "T1201", "-12.90", transaction_id="D", transaction_initiation_date="2026-11-22T05:00:01Z", **about
        ),
        row("T1201", "-99.00", transaction_id="E", **about),
        row("T0106", "-99.00", transaction_id="F", **about),
        row("T1201", "-12.90", transaction_id="G"),
    )
    assert [(kind, ref) for kind, ref, _ in lines] == [
        (MovementKind.DISPUTE, f"{DISPUTE}:2026-11-22T03:00:00.000Z:DEBIT"),
        (MovementKind.FEE, f"{DISPUTE}:2026-11-22T03:00:00.000Z:DEBIT"),
        (MovementKind.DISPUTE_RETURNED, f"{DISPUTE}:2026-11-22T04:00:00.000Z:CREDIT"),
        (MovementKind.DISPUTE, "E"),
        (MovementKind.FEE, CAPTURE),
        (MovementKind.DISPUTE, "G"),
        (MovementKind.DISPUTE, f"{DISPUTE}:2026-11-22T05:00:00.000Z:DEBIT"),
    ]
    assert len(line.sent(DISPUTES)) == 1


def test_l1_all_pages_are_read_and_told_oldest_first(line: Line) -> None:
    line.tell(
        REPORT,
        page(row(transaction_id="B", transaction_initiation_date="2026-11-22T02:00:00Z"), of=2),
        page(
            row(transaction_id="C", transaction_initiation_date="2026-11-22T02:00:00Z"),
            row(transaction_id="A", transaction_initiation_date="2026-11-22T03:00:00+02:00"),
            of=2,
        ),
    )
    assert [movement.id for movement in moves(line)] == ["A", "B", "C"]
    assert [sent.url.params["page"] for sent in line.sent(REPORT)] == ["1", "2"]


def test_l1_a_long_time_is_asked_for_in_windows_of_31_days_without_gap_or_overlap(line: Line) -> None:
    edge = SINCE - 70 * DAY + 31 * DAY
    on_the_edge = row(transaction_initiation_date=edge.isoformat())
    line.tell(REPORT, page(on_the_edge))
    assert len(moves(line, since=SINCE - 70 * DAY)) == 1
    asked = [(sent.url.params["start_date"], sent.url.params["end_date"]) for sent in line.sent(REPORT)]
    assert asked == [
        ("2026-09-12T12:00:00Z", "2026-10-13T12:00:00Z"),
        ("2026-10-13T12:00:00Z", "2026-11-13T12:00:00Z"),
        ("2026-11-13T12:00:00Z", "2026-11-22T06:00:00Z"),
    ]


def test_l1_paypal_is_not_asked_for_a_time_that_has_not_come(line: Line) -> None:
    line.tell(REPORT, page(refreshed="2026-11-22T12:00:00Z"))
    assert moves(line, since=SINCE, until=NOON + 60 * DAY) == []
    assert [sent.url.params["end_date"] for sent in line.sent(REPORT)] == ["2026-11-22T12:00:00Z"]
    assert moves(line, since=NOON + DAY, until=NOON + 2 * DAY) == []
    assert len(line.sent(REPORT)) == 1


def test_l1_lines_outside_of_the_time_are_left_out(line: Line) -> None:
    times = ["2026-11-21T11:59:59Z", "2026-11-21T12:00:00Z", "2026-11-22T05:59:59Z", "2026-11-22T06:00:00Z"]
    line.tell(REPORT, page(*[row(transaction_initiation_date=time) for time in times]))
    assert [movement.occurred_at.isoformat()[:19] + "Z" for movement in moves(line)] == times[1:3]
    assert moves(line, since=UNTIL, until=UNTIL) == []


class Busy:
    """A report that shows at most two lines at once, as PayPal shows at most ten thousand."""

    def __init__(self, *seconds: int) -> None:
        self.times = [SINCE + timedelta(seconds=second) for second in seconds]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        begins, ends = (datetime.fromisoformat(request.url.params[f"{end}_date"]) for end in ("start", "end"))
        rows = [
            row(transaction_id=f"N{number}", transaction_initiation_date=time.isoformat())
            for number, time in enumerate(self.times)
            if begins <= time <= ends
        ]
        if len(rows) > 2:
            return says(400, {"name": "RESULTSET_TOO_LARGE"})
        return page(*rows)


def test_l1_a_window_of_too_many_lines_is_halved(line: Line) -> None:
    line.answers[REPORT] = Busy(0, 1, 2, 3, 4, 32_400, 64_799)
    assert [movement.id for movement in moves(line)] == [f"N{number}" for number in range(7)]


def test_l1_a_second_of_too_many_lines_is_not_passed_over(line: Line) -> None:
    line.answers[REPORT] = Busy(5, 5, 5)
    with pytest.raises(MovementsUnavailable):
        moves(line)


@pytest.mark.parametrize(
    "step",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("lost"),
        says(503),
        says(429),
        says(401),
        refuses("PERMISSION_DENIED", 403),
        says(404),
        says(200, b"{"),
        page(row(transaction_status="X")),
        page(row(value="1.005")),
        page(row(transaction_initiation_date="yesterday")),
        page({"transaction_info": {}}),
        page(of=1000),
    ],
)
def test_l1_books_that_cannot_be_read_prove_nothing(line: Line, step: httpx.Response | Exception) -> None:
    line.tell(REPORT, step)
    with pytest.raises(MovementsUnavailable):
        moves(line)


def test_l1_books_may_end_half_way(line: Line) -> None:
    line.tell(REPORT, page(row(transaction_initiation_date="2026-10-01T00:00:00Z")), says(503))
    movements = line.gateway.movements(since=SINCE - 60 * DAY, until=UNTIL)
    assert next(movements).ref == CAPTURE
    with pytest.raises(MovementsUnavailable):
        next(movements)


@pytest.mark.parametrize(
    ("refreshed", "until", "reached"),
    [
        ("2026-11-22T06:00:00+0000", UNTIL, True),
        ("2026-11-22T05:59:59+0000", UNTIL, False),
        ("2026-11-22T12:00:00+0000", NOON + DAY, True),
        ("2026-11-22T11:00:00+0000", NOON, False),
        (None, NOON - timedelta(hours=3), True),
        (None, NOON - timedelta(hours=2), False),
    ],
)
def test_l1_what_the_report_has_not_reached_yet_is_not_missing(
    line: Line, refreshed: str | None, until: datetime, reached: bool
) -> None:
    line.tell(REPORT, page(row(), refreshed=refreshed))
    if reached:
        assert len(moves(line, until=until)) == 1
    else:
        with pytest.raises(MovementsUnavailable):
            moves(line, until=until)


@pytest.mark.parametrize("code", ["T0006", "T1300"])
def test_i4_a_checkout_that_money_moved_for_is_found_by_our_reference(line: Line, code: str) -> None:
    ref = CAPTURE if code == "T0006" else AUTHORIZATION
    related = {"related_ids": {"order_id": ORDER}}
    line.tell(f"GET /v2/payments/captures/{CAPTURE}", says(200, capture(supplementary_data=related)))
    line.tell(
        f"GET /v2/payments/authorizations/{AUTHORIZATION}",
        says(200, authorization(supplementary_data=related)),
    )
    line.tell(ORDER_AT, says(200, paid() if code == "T0006" else held()))
    other = row("T1107", custom_field=ATTEMPT, transaction_id=REFUND)
    line.tell(
        REPORT, page(row(custom_field="another"), other, row(code, custom_field=ATTEMPT, transaction_id=ref))
    )
    outcome = line.gateway.find(our_reference=ATTEMPT, since=SINCE)
    assert isinstance(outcome, Done)
    assert outcome == line.gateway.fetch(ref=ORDER)
    assert line.sent(REPORT)[0].url.params["balance_affecting_records_only"] == "N"


def test_i4_nothing_is_known_until_the_report_is_complete(line: Line) -> None:
    def found(since: datetime) -> object:
        return line.gateway.find(our_reference=str(uuid4()), since=since)

    assert isinstance(found(NOON - timedelta(hours=3)), Done)
    assert found(NOON - timedelta(hours=3) + timedelta(seconds=1)) == Unknown(reason="index-incomplete")
    line.tell(REPORT, page(refreshed="2026-11-22T01:00:00+0000"))
    assert isinstance(found(NOON - timedelta(hours=4)), Unknown)
    assert isinstance(found(NOON - timedelta(hours=12)), Done)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (httpx.ConnectError("refused"), NotSent),
        (httpx.ReadTimeout("lost"), Unknown),
        (says(200, b"{"), Unknown),
        (says(401), Rejected),
    ],
)
def test_w6_a_search_that_fails_finds_neither_something_nor_nothing(
    line: Line, step: httpx.Response | Exception, expected: type[object]
) -> None:
    line.tell(REPORT, step)
    assert isinstance(line.gateway.find(our_reference=ATTEMPT, since=SINCE), expected)


def test_u5_a_report_that_names_another_checkout_is_not_believed(line: Line) -> None:
    line.tell(REPORT, page(row(custom_field=ATTEMPT, transaction_id=ORDER)))
    line.tell(ORDER_AT, says(200, order(custom_id="another")))
    outcome = line.gateway.find(our_reference=ATTEMPT, since=SINCE)
    assert outcome == Unknown(reason="unreadable-report")


def test_s1_no_movement_shows_the_payer(line: Line) -> None:
    line.tell(REPORT, page({**row(), "payer_info": {"email_address": "payer-canary@customer.test"}}))
    assert "canary" not in repr(moves(line))

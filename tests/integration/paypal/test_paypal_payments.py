"""The simulated PayPal once money is held or taken: captures of parts, refunds, disputes, the report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from printapic.application.ports.payments import MovementKind
from printapic.domain.money import Money
from printapic.domain.payments.snapshot import DisputeState, RefundState
from tests.providers.paypal.caller import PAYMENTS, Caller, amount, done, issue_of
from tests.providers.paypal.purchases import capture_in, captured, euros, held, news, status_of
from tests.providers.paypal.refusals import Refusal
from tests.providers.paypal.simulator import PayPalSimulator

DISPUTES, REPORT = "/v1/customer/disputes", "/v1/reporting/transactions"


def take(shop: Caller, authorization: str, value: str, *, final: bool = False, **more: Any) -> Any:
    body = {"amount": amount(value), "final_capture": final, **more}
    return shop.post(f"{PAYMENTS}/authorizations/{authorization}/capture", body)


def void(shop: Caller, authorization: str) -> Any:
    return shop.post(f"{PAYMENTS}/authorizations/{authorization}/void")


def authorization_of(shop: Caller, authorization: str) -> Any:
    return done(shop.get(f"{PAYMENTS}/authorizations/{authorization}"))


def lines(paypal: PayPalSimulator, shop: Caller, **query: str | int) -> list[Any]:
    """The report of the last day."""
    now = paypal.books.now()
    window = {
        "start_date": (now - timedelta(days=1)).isoformat(timespec="seconds"),
        "end_date": now.isoformat(timespec="seconds"),
    }
    report = done(shop.get(REPORT, **{**window, **query}))
    return [detail["transaction_info"] for detail in report.get("transaction_details", [])]


def test_h2_money_is_held_and_taken_in_parts(paypal: PayPalSimulator, shop: Caller) -> None:
    order, authorization = held(paypal, shop, "30.00")
    assert shop.order(order)["status"] == "COMPLETED"
    assert paypal.ledger() == []
    first = done(take(shop, authorization, "10.00"))
    assert (first["status"], first["final_capture"], first["amount"]) == ("COMPLETED", False, amount("10.00"))
    assert authorization_of(shop, authorization)["status"] == "PARTIALLY_CAPTURED"
    assert issue_of(take(shop, authorization, "20.01")) == (422, "MAX_CAPTURE_AMOUNT_EXCEEDED")
    second = done(take(shop, authorization, "5.00", final=True))
    assert second["supplementary_data"]["related_ids"] == {
        "order_id": order,
        "authorization_id": authorization,
    }
    assert authorization_of(shop, authorization)["status"] == "CAPTURED"
    assert issue_of(take(shop, authorization, "1.00")) == (422, "AUTHORIZATION_ALREADY_CAPTURED")
    assert issue_of(void(shop, authorization)) == (422, "PREVIOUSLY_CAPTURED")
    assert [line.amount for line in paypal.ledger()] == [euros("10.00"), euros("5.00")]


def test_h2_an_authorization_is_over_when_all_of_it_is_taken(paypal: PayPalSimulator, shop: Caller) -> None:
    _, authorization = held(paypal, shop, "30.00")
    whole = shop.post(f"{PAYMENTS}/authorizations/{authorization}/capture", {})
    assert done(whole)["amount"] == amount("30.00")
    assert authorization_of(shop, authorization)["status"] == "CAPTURED"


def test_an_order_is_authorized_once(paypal: PayPalSimulator, shop: Caller) -> None:
    order, _ = held(paypal, shop)
    assert issue_of(shop.authorize(order)) == (422, "ORDER_ALREADY_AUTHORIZED")


def test_what_was_given_back_cannot_be_taken(paypal: PayPalSimulator, shop: Caller) -> None:
    _, authorization = held(paypal, shop)
    assert done(void(shop, authorization))["status"] == "VOIDED"
    assert issue_of(void(shop, authorization)) == (422, "PREVIOUSLY_VOIDED")
    assert issue_of(take(shop, authorization, "1.00")) == (422, "AUTHORIZATION_VOIDED")
    assert news(paypal)[-1] == "PAYMENT.AUTHORIZATION.VOIDED"


@pytest.mark.parametrize("by_the_clock", [True, False])
def test_c3_a_bank_holds_money_for_twenty_nine_days(
    paypal: PayPalSimulator, shop: Caller, by_the_clock: bool
) -> None:
    order, authorization = held(paypal, shop)
    if by_the_clock:
        paypal.books.pass_time(timedelta(days=28, hours=23))
        shop.token()
        assert authorization_of(shop, authorization)["status"] == "CREATED"
        paypal.books.pass_time(timedelta(hours=1))
    else:
        paypal.expire(order)
    assert issue_of(take(shop, authorization, "1.00")) == (422, "AUTHORIZATION_EXPIRED")
    assert authorization_of(shop, authorization)["status"] == "VOIDED"
    assert news(paypal).count("PAYMENT.AUTHORIZATION.VOIDED") == 1


def test_c3_paypal_answers_for_held_money_three_days(paypal: PayPalSimulator, shop: Caller) -> None:
    order, authorization = held(paypal, shop, "30.00")
    paypal.spend_elsewhere(order)
    assert done(take(shop, authorization, "10.00"))["status"] == "COMPLETED"
    paypal.books.pass_time(timedelta(days=3))
    shop.token()
    refused = done(take(shop, authorization, "10.00", final=True))
    assert refused["status"] == "DECLINED"
    assert news(paypal)[-1] == "PAYMENT.CAPTURE.DECLINED"
    assert authorization_of(shop, authorization)["status"] == "PARTIALLY_CAPTURED"
    assert issue_of(shop.refund(refused["id"])) == (422, "REFUND_NOT_ALLOWED")
    assert len(paypal.ledger()) == 1


@pytest.mark.parametrize(("good", "status"), [(True, "CREATED"), (False, "DENIED")])
def test_h4_an_authorization_may_be_looked_at_for_days(
    paypal: PayPalSimulator, shop: Caller, good: bool, status: str
) -> None:
    order = shop.open("30.00", intent="AUTHORIZE")
    paypal.pay_slowly(order)
    (pending,) = done(shop.authorize(order))["purchase_units"][0]["payments"]["authorizations"]
    assert pending["status"] == "PENDING"
    paypal.bank_decides(order, good=good)
    assert authorization_of(shop, pending["id"])["status"] == status
    answer = take(shop, pending["id"], "30.00")
    assert answer.is_success is good
    if not good:
        assert issue_of(answer) == (422, "AUTHORIZATION_DENIED")


@pytest.mark.parametrize(
    ("body", "issue"),
    [
        ({"amount": amount("1.00", "USD")}, "AUTH_CAPTURE_CURRENCY_MISMATCH"),
        ({"amount": amount("0.00")}, "CANNOT_BE_ZERO_OR_NEGATIVE"),
        ({"amount": amount("1.001")}, "DECIMAL_PRECISION"),
        ({"amount": amount("1.50", "JPY")}, "DECIMALS_NOT_SUPPORTED"),
        ({"invoice_id": "taken"}, "DUPLICATE_INVOICE_ID"),
    ],
)
def test_a_capture_that_does_not_fit_is_refused(
    paypal: PayPalSimulator, shop: Caller, body: dict[str, Any], issue: str
) -> None:
    _, authorization = held(paypal, shop)
    done(take(shop, authorization, "1.00", invoice_id="taken"))
    answer = shop.post(f"{PAYMENTS}/authorizations/{authorization}/capture", body)
    assert issue_of(answer) == (422, issue)
    assert len(paypal.ledger()) == 1


def test_an_authorization_gives_at_most_ten_captures(paypal: PayPalSimulator, shop: Caller) -> None:
    _, authorization = held(paypal, shop)
    for _ in range(10):
        done(take(shop, authorization, "1.00"))
    assert issue_of(take(shop, authorization, "1.00")) == (422, "MAX_CAPTURE_COUNT_EXCEEDED")


def test_r1_refunds_of_parts_add_up_to_the_capture(paypal: PayPalSimulator, shop: Caller) -> None:
    order, capture = captured(paypal, shop, "12.90")
    first = done(shop.refund(capture, "2.00", custom_id="op-1", invoice_id="op-1", note_to_payer="Sorry"))
    assert (first["status"], first["custom_id"], first["note_to_payer"]) == ("COMPLETED", "op-1", "Sorry")
    assert status_of(shop, capture) == "PARTIALLY_REFUNDED"
    assert issue_of(shop.refund(capture, "10.91")) == (422, "REFUND_AMOUNT_EXCEEDED")
    rest = done(shop.refund(capture))
    assert rest["amount"] == amount("10.90")
    assert rest["seller_payable_breakdown"]["total_refunded_amount"] == amount("12.90")
    assert status_of(shop, capture) == "REFUNDED"
    assert issue_of(shop.refund(capture, "0.01")) == (422, "CAPTURE_FULLY_REFUNDED")
    shown = shop.order(order)["purchase_units"][0]["payments"]
    assert [refund["id"] for refund in shown["refunds"]] == [first["id"], rest["id"]]
    assert done(shop.get(f"{PAYMENTS}/refunds/{first['id']}"))["custom_id"] == "op-1"
    # PayPal keeps its fee.
    assert [line.fee for line in paypal.ledger()] == [euros("0.67"), None, None]


@pytest.mark.parametrize(
    ("value", "code", "issue"),
    [
        ("1.00", "USD", "REFUND_CAPTURE_CURRENCY_MISMATCH"),
        ("0.00", "EUR", "CANNOT_BE_ZERO_OR_NEGATIVE"),
        ("1.005", "EUR", "DECIMAL_PRECISION"),
        ("1.5", "JPY", "DECIMALS_NOT_SUPPORTED"),
    ],
)
def test_r2_a_refund_that_does_not_fit_is_refused(
    paypal: PayPalSimulator, shop: Caller, value: str, code: str, issue: str
) -> None:
    _, capture = captured(paypal, shop)
    assert issue_of(shop.refund(capture, value, code)) == (422, issue)
    assert len(paypal.ledger()) == 1


def test_a_refund_without_decimals(paypal: PayPalSimulator, shop: Caller) -> None:
    _, capture = captured(paypal, shop, "1290", "HUF")
    assert done(shop.refund(capture, "90", "HUF"))["amount"] == amount("90", "HUF")
    assert [line.amount.minor for line in paypal.ledger()] == [129_000, -9_000]
    assert [line["transaction_amount"]["value"] for line in lines(paypal, shop)] == ["1290", "-90"]


@pytest.mark.parametrize(
    ("state", "status", "left", "word"),
    [
        (RefundState.SUCCEEDED, "COMPLETED", "PARTIALLY_REFUNDED", "PAYMENT.CAPTURE.REFUNDED"),
        (RefundState.FAILED, "FAILED", "COMPLETED", "PAYMENT.REFUND.FAILED"),
        (RefundState.CANCELLED, "CANCELLED", "COMPLETED", "PAYMENT.REFUND.PENDING"),
    ],
)
def test_r3_a_refund_may_be_decided_later(
    paypal: PayPalSimulator, shop: Caller, state: RefundState, status: str, left: str, word: str
) -> None:
    _, capture = captured(paypal, shop)
    paypal.refunds_pend()
    refund = done(shop.refund(capture, "12.00"))
    assert refund["status"] == "PENDING"
    assert status_of(shop, capture) == "COMPLETED"
    assert issue_of(shop.refund(capture, "12.00")) == (422, "REFUND_AMOUNT_EXCEEDED")
    paypal.decide_refund(refund["id"], state)
    assert done(shop.get(f"{PAYMENTS}/refunds/{refund['id']}"))["status"] == status
    assert status_of(shop, capture) == left
    assert news(paypal)[-1] == word
    assert len(paypal.ledger()) == (2 if state is RefundState.SUCCEEDED else 1)


def test_r3_a_refund_that_fails_late_brings_its_money_back(paypal: PayPalSimulator, shop: Caller) -> None:
    _, capture = captured(paypal, shop)
    refund = paypal.refund(capture, euros("12.90"))
    paypal.decide_refund(refund, RefundState.FAILED)
    assert status_of(shop, capture) == "COMPLETED"
    assert [(line.kind, line.ref, line.amount) for line in paypal.ledger()][1:] == [
        (MovementKind.REFUND, refund, euros("-12.90")),
        (MovementKind.REFUND_RETURNED, refund, euros("12.90")),
    ]
    done(shop.refund(capture, "12.90"))


def test_r4_a_refund_made_in_the_dashboard_bears_no_name_of_ours(
    paypal: PayPalSimulator, shop: Caller
) -> None:
    order, capture = captured(paypal, shop)
    refund = paypal.refund(capture, euros("1.00"))
    (shown,) = shop.order(order)["purchase_units"][0]["payments"]["refunds"]
    assert shown["id"] == refund
    assert "custom_id" not in shown
    with pytest.raises(Refusal):
        paypal.refund(capture, euros("12.00"))


def dispute_of(shop: Caller, capture: str) -> Any:
    (summary,) = done(shop.get(DISPUTES, disputed_transaction_id=capture))["items"]
    assert "money_movements" not in summary
    return done(shop.get(f"{DISPUTES}/{summary['dispute_id']}"))


def test_d1_a_chargeback_takes_money_and_a_fee(paypal: PayPalSimulator, shop: Caller) -> None:
    _, capture = captured(paypal, shop)
    assert "items" not in done(shop.get(DISPUTES, disputed_transaction_id=capture))
    ref = paypal.dispute(capture, euros("12.90"))
    dispute = dispute_of(shop, capture)
    assert (dispute["dispute_id"], dispute["dispute_life_cycle_stage"]) == (ref, "CHARGEBACK")
    assert dispute["disputed_transactions"][0]["seller_transaction_id"] == capture
    moved = [(each["type"], each["reason"], each["amount"]) for each in dispute["money_movements"]]
    assert moved == [
        ("DEBIT", "DISPUTE_SETTLEMENT", amount("12.90")),
        ("DEBIT", "CHARGEBACK_FEE", amount("16.00")),
    ]
    at = dispute["money_movements"][0]["initiated_time"]
    assert [(line.kind, line.ref, line.amount) for line in paypal.ledger()][1:] == [
        (MovementKind.DISPUTE, f"{ref}:{at}:DEBIT", euros("-12.90")),
        (MovementKind.FEE, f"{ref}:{at}:DEBIT", euros("-16.00")),
    ]
    assert news(paypal)[-2:] == ["PAYMENT.CAPTURE.REVERSED", "CUSTOMER.DISPUTE.CREATED"]
    assert issue_of(shop.refund(capture)) == (422, "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK")


@pytest.mark.parametrize(
    ("state", "outcome", "ours"),
    [
        (DisputeState.WON, "RESOLVED_SELLER_FAVOUR", ["DEBIT", "DEBIT", "CREDIT"]),
        (DisputeState.LOST, "RESOLVED_BUYER_FAVOUR", ["DEBIT", "DEBIT"]),
    ],
)
def test_d1_who_wins_a_dispute_has_the_money(
    paypal: PayPalSimulator, shop: Caller, state: DisputeState, outcome: str, ours: list[str]
) -> None:
    _, capture = captured(paypal, shop)
    ref = paypal.dispute(capture, euros("12.90"))
    paypal.decide_dispute(ref, state)
    dispute = dispute_of(shop, capture)
    assert (dispute["status"], dispute["dispute_outcome"]) == ("RESOLVED", {"outcome_code": outcome})
    movements = [each for each in dispute["money_movements"] if each["affected_party"] == "SELLER"]
    assert [each["type"] for each in movements] == ours
    won = state is DisputeState.WON
    assert sum(line.amount.minor for line in paypal.ledger()) == (1290 if won else 0) - 1600
    assert news(paypal)[-1] == "CUSTOMER.DISPUTE.RESOLVED"
    assert shop.refund(capture).is_success is won


def test_d2_an_inquiry_asks_and_takes_nothing(paypal: PayPalSimulator, shop: Caller) -> None:
    _, capture = captured(paypal, shop)
    ref = paypal.dispute(capture, euros("12.90"), inquiry=True)
    dispute = dispute_of(shop, capture)
    assert dispute["dispute_life_cycle_stage"] == "INQUIRY"
    assert "money_movements" not in dispute
    assert len(paypal.ledger()) == 1
    assert issue_of(shop.refund(capture, "1.00")) == (422, "TRANSACTION_DISPUTED")
    paypal.decide_dispute(ref, DisputeState.OPEN)
    assert dispute_of(shop, capture)["dispute_life_cycle_stage"] == "CHARGEBACK"
    assert len(paypal.ledger()) == 3


def test_what_is_decided_stays_so(paypal: PayPalSimulator, shop: Caller) -> None:
    _, capture = captured(paypal, shop)
    dispute = paypal.dispute(capture, euros("1.00"))
    with pytest.raises(ValueError, match="already"):
        paypal.decide_dispute(dispute, DisputeState.OPEN)
    paypal.decide_dispute(dispute, DisputeState.WON)
    for state in (DisputeState.WON, DisputeState.LOST, DisputeState.OPEN, DisputeState.INQUIRY):
        with pytest.raises(ValueError, match=r"dispute|question"):
            paypal.decide_dispute(dispute, state)
    refund = paypal.refund(capture, euros("1.00"))
    with pytest.raises(ValueError, match="COMPLETED"):
        paypal.decide_refund(refund, RefundState.SUCCEEDED)
    assert len(paypal.ledger()) == 5


def test_the_list_of_disputes_has_pages(paypal: PayPalSimulator, shop: Caller) -> None:
    _, capture = captured(paypal, shop)
    refs = [paypal.dispute(capture, euros("1.00"), inquiry=True) for _ in range(3)]
    first = done(shop.get(DISPUTES, disputed_transaction_id=capture, page_size=2))
    (onward,) = [link["href"] for link in first["links"] if link["rel"] == "next"]
    token = onward.rpartition("next_page_token=")[2]
    second = done(shop.get(DISPUTES, disputed_transaction_id=capture, page_size=2, next_page_token=token))
    assert [each["dispute_id"] for page in (first, second) for each in page["items"]] == refs
    assert all(link["rel"] != "next" for link in second["links"])


def test_l1_the_report_tells_every_movement_of_the_books(paypal: PayPalSimulator, shop: Caller) -> None:
    order, capture = captured(paypal, shop)
    refund = done(shop.refund(capture, "2.00"))["id"]
    _, authorization = held(paypal, shop)
    taken = done(take(shop, authorization, "7.00"))["id"]
    dispute = paypal.dispute(taken, euros("7.00"))
    paypal.decide_dispute(dispute, DisputeState.WON)
    payout = paypal.payout(euros("3.00"))
    found = lines(paypal, shop)
    assert [(line["transaction_event_code"], line["transaction_amount"]["value"]) for line in found] == [
        ("T0006", "12.90"),
        ("T1107", "-2.00"),
        ("T0006", "7.00"),
        ("T1201", "-7.00"),
        ("T0106", "-16.00"),
        ("T1202", "7.00"),
        ("T0400", "-3.00"),
    ]
    assert [line["transaction_id"] for line in found] == [line.id for line in paypal.ledger()]
    assert (found[0]["transaction_id"], found[0]["fee_amount"]) == (capture, amount("-0.67"))
    assert (found[1]["transaction_id"], found[1]["paypal_reference_id"]) == (refund, capture)
    assert (found[2]["transaction_id"], found[2]["paypal_reference_id"]) == (taken, authorization)
    assert found[3]["paypal_reference_id"] == taken
    assert found[6]["transaction_id"] == payout
    assert found[0]["custom_field"] == shop.order(order)["purchase_units"][0]["custom_id"]
    everything = lines(paypal, shop, balance_affecting_records_only="N")
    assert [line["transaction_id"] for line in everything if line["transaction_status"] == "P"] == [
        authorization
    ]


def test_l1_payouts_come_back_and_money_is_converted(paypal: PayPalSimulator, shop: Caller) -> None:
    payout = paypal.payout(euros("3.00"))
    paypal.return_payout(payout)
    paypal.convert(euros("10.00"), Money.of("11.05", "USD"))
    told = [(line["transaction_event_code"], line["transaction_amount"]) for line in lines(paypal, shop)]
    assert told == [
        ("T0400", amount("-3.00")),
        ("T1101", amount("3.00")),
        ("T0200", amount("-10.00")),
        ("T0200", amount("11.05", "USD")),
    ]
    assert [line.kind for line in paypal.ledger()] == [
        MovementKind.PAYOUT,
        MovementKind.PAYOUT_RETURNED,
        MovementKind.CONVERSION,
        MovementKind.CONVERSION,
    ]


def test_l1_the_report_may_be_wrong(paypal: PayPalSimulator, shop: Caller) -> None:
    _, capture = captured(paypal, shop)
    paypal.misreport(capture, amount=euros("12.91"), fee=euros("0.70"))
    (line,) = lines(paypal, shop)
    assert (line["transaction_amount"], line["fee_amount"]) == (amount("12.91"), amount("-0.70"))
    paypal.misreport(capture, hide=True)
    assert lines(paypal, shop) == []
    assert [line.amount for line in paypal.ledger()] == [euros("12.90")]


def test_l1_the_report_comes_in_pages(paypal: PayPalSimulator, shop: Caller) -> None:
    sent = [paypal.payout(euros("1.00")) for _ in range(5)]
    pages = [lines(paypal, shop, page_size=2, page=page) for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert [line["transaction_id"] for page in pages for line in page] == sent


def test_l1_the_report_is_late(paypal: PayPalSimulator, shop: Caller) -> None:
    paypal.report_late(timedelta(hours=3))
    paypal.payout(euros("1.00"))
    assert lines(paypal, shop) == []
    paypal.books.pass_time(timedelta(hours=2, minutes=59))
    assert lines(paypal, shop) == []
    paypal.books.pass_time(timedelta(minutes=1, seconds=1))
    assert len(lines(paypal, shop)) == 1


@pytest.mark.parametrize(
    "window",
    [
        lambda now: {"start_date": now - timedelta(days=31, seconds=1), "end_date": now},
        lambda now: {"start_date": now, "end_date": now - timedelta(seconds=1)},
    ],
    ids=["more than 31 days", "backwards"],
)
def test_l1_a_window_has_at_most_thirty_one_days(
    paypal: PayPalSimulator, shop: Caller, window: Callable[[Any], dict[str, Any]]
) -> None:
    now = paypal.books.now().replace(microsecond=0)
    query = {name: at.isoformat() for name, at in window(now).items()}
    assert shop.get(REPORT, **query).status_code == 400


def test_a1_money_of_another_currency_is_booked_in_it(paypal: PayPalSimulator, shop: Caller) -> None:
    order = shop.open()
    paypal.pay(order, amount=Money.of("1500", "JPY"))
    capture = capture_in(done(shop.capture(order)))
    assert capture["seller_receivable_breakdown"]["paypal_fee"] == amount("77", "JPY")
    assert [line.amount for line in paypal.ledger()] == [Money.of("1500", "JPY")]

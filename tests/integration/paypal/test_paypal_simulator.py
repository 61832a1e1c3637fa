"""The simulated PayPal: every way through an order, held against PayPal's published contract."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest

from printapic.application.ports.payments import MovementKind
from printapic.domain.money import Money
from tests.providers.counter import PageClosed
from tests.providers.paypal.caller import ORDERS, PAYMENTS, Caller, amount, done, issue_of, order_request
from tests.providers.paypal.purchases import capture_in, captured, euros, held, links_of, news, status_of
from tests.providers.paypal.simulator import PayPalSimulator

THREADS = 20


def test_an_order_is_opened_approved_and_captured(paypal: PayPalSimulator, shop: Caller) -> None:
    answer = shop.post(ORDERS, order_request())
    opened = done(answer)
    assert (answer.status_code, opened["status"]) == (200, "PAYER_ACTION_REQUIRED")
    assert links_of(opened)["payer-action"] == f"https://www.paypal.com/checkoutnow?token={opened['id']}"
    paypal.pay(opened["id"])
    approved = shop.order(opened["id"])
    assert approved["status"] == "APPROVED"
    assert "payments" not in approved["purchase_units"][0]
    answer = shop.capture(opened["id"])
    assert answer.status_code == 201
    assert done(answer)["status"] == "COMPLETED"
    capture = capture_in(done(answer))
    assert (capture["status"], capture["amount"]) == ("COMPLETED", amount("12.90"))
    assert capture["seller_receivable_breakdown"] == {
        "gross_amount": amount("12.90"),
        "paypal_fee": amount("0.67"),
        "net_amount": amount("12.23"),
    }
    whole = done(shop.get(f"{PAYMENTS}/captures/{capture['id']}"))
    assert whole["supplementary_data"]["related_ids"] == {"order_id": opened["id"]}
    assert whole["custom_id"] == approved["purchase_units"][0]["custom_id"]
    assert news(paypal) == [
        "CHECKOUT.ORDER.APPROVED",
        "PAYMENT.CAPTURE.COMPLETED",
        "CHECKOUT.ORDER.COMPLETED",
    ]
    (line,) = paypal.ledger()
    assert (line.kind, line.ref, line.amount, line.fee) == (
        MovementKind.CAPTURE,
        capture["id"],
        euros("12.90"),
        euros("0.67"),
    )


def test_an_order_without_a_wallet_waits_at_an_approve_link(paypal: PayPalSimulator, shop: Caller) -> None:
    request = order_request()
    del request["payment_source"]
    answer = shop.post(ORDERS, request)
    assert (answer.status_code, done(answer)["status"]) == (201, "CREATED")
    assert "approve" in links_of(done(answer))
    paypal.pay(done(answer)["id"])
    assert done(shop.capture(done(answer)["id"]))["status"] == "COMPLETED"


def test_only_who_asks_for_a_representation_gets_ids_and_amounts(
    paypal: PayPalSimulator, shop: Caller, bare: Caller
) -> None:
    answer = done(bare.post(ORDERS, order_request(), prefer=None))
    assert set(answer) == {"id", "status", "links"}
    paypal.pay(answer["id"])
    assert set(done(bare.post(f"{ORDERS}/{answer['id']}/capture", prefer="minimal"))) == {
        "id",
        "status",
        "links",
    }
    capture = capture_in(shop.order(answer["id"]))["id"]
    refund = done(bare.post(f"{PAYMENTS}/captures/{capture}/refund", {}, prefer=None))
    assert set(refund) == {"id", "status", "links"}
    _, authorization = held(paypal, shop)
    answer = bare.post(f"{PAYMENTS}/authorizations/{authorization}/void", prefer=None)
    assert (answer.status_code, answer.content) == (204, b"")


def test_nothing_is_captured_that_nobody_approved(paypal: PayPalSimulator, shop: Caller) -> None:
    order = shop.open()
    assert issue_of(shop.capture(order)) == (422, "ORDER_NOT_APPROVED")
    paypal.cancel(order)
    assert issue_of(shop.capture(order)) == (422, "ORDER_NOT_APPROVED")
    assert issue_of(shop.authorize(order)) == (422, "ACTION_DOES_NOT_MATCH_INTENT")
    assert paypal.ledger() == []


def test_an_order_is_captured_once(paypal: PayPalSimulator, shop: Caller) -> None:
    order, capture = captured(paypal, shop)
    assert issue_of(shop.capture(order)) == (422, "ORDER_ALREADY_CAPTURED")
    assert capture_in(shop.order(order))["id"] == capture
    for press in (paypal.pay, paypal.decline, paypal.cancel, paypal.pay_slowly, paypal.challenge):
        with pytest.raises(PageClosed):
            press(order)


@pytest.mark.parametrize(
    ("press", "issue"), [("decline", "INSTRUMENT_DECLINED"), ("challenge", "PAYER_ACTION_REQUIRED")]
)
def test_h5_after_a_refused_capture_the_customer_may_choose_again(
    paypal: PayPalSimulator, shop: Caller, press: str, issue: str
) -> None:
    order = shop.open()
    getattr(paypal, press)(order)
    assert shop.order(order)["status"] == "APPROVED"
    key = str(uuid4())
    answer = shop.capture(order, key=key)
    assert issue_of(answer) == (422, issue)
    page = f"https://www.paypal.com/checkoutnow?token={order}"
    assert links_of(answer.json())["redirect"] == page
    sent_back = shop.order(order)
    assert sent_back["status"] == "PAYER_ACTION_REQUIRED"
    assert links_of(sent_back)["payer-action"] == page
    paypal.pay(order)
    # A refusal is not kept under the key.
    assert done(shop.capture(order, key=key))["status"] == "COMPLETED"


@pytest.mark.parametrize("press", ["decline", "challenge"])
def test_h3_h5_the_customer_may_change_their_mind_before_the_shop_asks(
    paypal: PayPalSimulator, shop: Caller, press: str
) -> None:
    order = shop.open()
    getattr(paypal, press)(order)
    paypal.pay(order)
    assert done(shop.capture(order))["status"] == "COMPLETED"


def test_h5_ten_cards_are_enough(paypal: PayPalSimulator, shop: Caller) -> None:
    order = shop.open()
    for _ in range(10):
        paypal.decline(order)
        assert issue_of(shop.capture(order)) == (422, "INSTRUMENT_DECLINED")
    paypal.decline(order)
    assert issue_of(shop.capture(order)) == (422, "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED")


def test_h5_paypal_may_refuse_for_good(paypal: PayPalSimulator, shop: Caller) -> None:
    order = shop.open()
    paypal.decline(order, for_good=True)
    assert issue_of(shop.capture(order)) == (422, "TRANSACTION_REFUSED")
    with pytest.raises(PageClosed):
        paypal.pay(order)


@pytest.mark.parametrize(
    ("good", "status", "word"), [(True, "COMPLETED", "COMPLETED"), (False, "DECLINED", "DENIED")]
)
def test_h4_a_cheque_takes_days_and_the_bank_decides(
    paypal: PayPalSimulator, shop: Caller, good: bool, status: str, word: str
) -> None:
    order = shop.open()
    paypal.pay_slowly(order)
    pending = capture_in(done(shop.capture(order)))
    assert (pending["status"], pending["status_details"]) == ("PENDING", {"reason": "ECHECK"})
    assert "seller_receivable_breakdown" not in pending
    assert issue_of(shop.refund(pending["id"])) == (422, "PENDING_CAPTURE")
    assert paypal.ledger() == []
    paypal.bank_decides(order, good=good)
    assert status_of(shop, pending["id"]) == status
    assert [line.amount for line in paypal.ledger()] == ([euros("12.90")] if good else [])
    assert news(paypal)[-1] == f"PAYMENT.CAPTURE.{word}"
    with pytest.raises(PageClosed):
        paypal.bank_decides(order, good=good)


def test_a1_another_amount_than_asked_may_come(paypal: PayPalSimulator, shop: Caller) -> None:
    order = shop.open("12.90")
    paypal.pay(order, amount=Money.of("9.00", "USD"))
    whole = done(shop.capture(order))
    assert whole["purchase_units"][0]["amount"] == amount("12.90")
    assert capture_in(whole)["amount"] == amount("9.00", "USD")


@pytest.mark.parametrize("approved", [False, True])
def test_c3_paypal_forgets_an_order_whose_time_is_over(
    paypal: PayPalSimulator, shop: Caller, approved: bool
) -> None:
    first, second = shop.open(), shop.open()
    if approved:
        paypal.pay(first)
        paypal.pay(second)
    paypal.expire(first)
    assert issue_of(shop.get(f"{ORDERS}/{first}")) == (404, "INVALID_RESOURCE_ID")
    assert issue_of(shop.capture(first)) == (404, "INVALID_RESOURCE_ID")
    assert issue_of(shop.authorize(first)) == (422, "ORDER_EXPIRED")
    with pytest.raises(PageClosed):
        paypal.pay(first)
    paypal.books.pass_time(timedelta(hours=2, minutes=59))
    shop.order(second)
    paypal.books.pass_time(timedelta(minutes=1))
    assert issue_of(shop.get(f"{ORDERS}/{second}")) == (404, "INVALID_RESOURCE_ID")


def test_an_approval_may_be_taken_back(paypal: PayPalSimulator, shop: Caller) -> None:
    order = shop.open()
    with pytest.raises(PageClosed):
        paypal.reverse_approval(order)
    paypal.pay(order)
    paypal.reverse_approval(order)
    assert shop.order(order)["status"] == "VOIDED"
    assert issue_of(shop.capture(order)) == (422, "ORDER_NOT_APPROVED")
    assert news(paypal)[-1] == "CHECKOUT.PAYMENT-APPROVAL.REVERSED"
    for press in (paypal.pay, paypal.reverse_approval):
        with pytest.raises(PageClosed):
            press(order)


def test_a_paid_order_is_kept_for_good(paypal: PayPalSimulator, shop: Caller) -> None:
    order, _ = captured(paypal, shop)
    paypal.expire(order)
    paypal.books.pass_time(timedelta(days=400))
    shop.token()
    assert shop.order(order)["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("price", "issue"),
    [
        (amount("12", "HUF"), None),
        (amount("12.00", "JPY"), None),
        (amount("12.50", "HUF"), (422, "DECIMAL_PRECISION")),
        (amount("12.5", "TWD"), (422, "DECIMAL_PRECISION")),
        (amount("0.01", "JPY"), (422, "DECIMAL_PRECISION")),
        (amount("12.905"), (422, "DECIMAL_PRECISION")),
        (amount("0.00"), (422, "CANNOT_BE_ZERO_OR_NEGATIVE")),
        (amount("-1.00"), (422, "CANNOT_BE_ZERO_OR_NEGATIVE")),
        (amount("1.00", "XTS"), (422, "INVALID_CURRENCY_CODE")),
    ],
)
def test_h6_amounts_are_read_as_paypal_reads_them(
    shop: Caller, price: dict[str, str], issue: tuple[int, str] | None
) -> None:
    answer = shop.post(ORDERS, order_request(price["value"], price["currency_code"]))
    if issue is None:
        opened = done(answer)
        assert opened["purchase_units"][0]["amount"]["value"] == "12"
    else:
        assert issue_of(answer) == issue


def test_i1_the_same_id_shows_the_first_order_as_it_is_now(paypal: PayPalSimulator, shop: Caller) -> None:
    key = str(uuid4())
    order = shop.open("12.90", key=key)
    paypal.pay(order)
    again = shop.post(ORDERS, order_request("99.00"), key=key)
    assert (again.status_code, done(again)["id"], done(again)["status"]) == (200, order, "APPROVED")
    assert done(again)["purchase_units"][0]["amount"] == amount("12.90")
    first = done(shop.capture(order, key=key))
    again = shop.capture(order, key=key)
    assert (again.status_code, capture_in(done(again))["id"]) == (200, capture_in(first)["id"])
    assert len(paypal.ledger()) == 1


def test_i2_the_same_id_never_serves_another_refund(paypal: PayPalSimulator, shop: Caller) -> None:
    _, capture = captured(paypal, shop)
    key = str(uuid4())
    first = done(shop.refund(capture, "2.00", key=key))
    assert done(shop.refund(capture, "3.00", key=key)) == first
    assert len(paypal.ledger()) == 2


def test_i4_ids_of_orders_are_kept_six_hours_and_of_payments_forty_five_days(
    paypal: PayPalSimulator, shop: Caller
) -> None:
    key = str(uuid4())
    _, capture = captured(paypal, shop)
    first = done(shop.refund(capture, "1.00", key=key))["id"]
    opened = shop.open(key=key)
    paypal.pay(opened)
    shop.capture(opened)
    paypal.books.pass_time(timedelta(hours=5, minutes=59))
    assert shop.open(key=key) == opened
    paypal.books.pass_time(timedelta(minutes=1))
    assert shop.open(key=key) != opened
    paypal.books.pass_time(timedelta(days=44, hours=17, minutes=59))
    shop.token()
    assert done(shop.refund(capture, "1.00", key=key))["id"] == first
    paypal.books.pass_time(timedelta(minutes=1))
    assert done(shop.refund(capture, "1.00", key=key))["id"] != first


def test_i1_twenty_at_once_with_one_id_have_one_effect(paypal: PayPalSimulator, shop: Caller) -> None:
    order = shop.open()
    paypal.pay(order)
    shop.token()
    key = str(uuid4())
    with ThreadPoolExecutor(THREADS) as threads:
        answers = list(threads.map(lambda _: shop.capture(order, key=key), range(THREADS)))
    refused = [answer for answer in answers if not answer.is_success]
    assert {issue_of(answer) for answer in refused} <= {(409, "PREVIOUS_REQUEST_IN_PROGRESS")}
    captures = {capture_in(answer.json())["id"] for answer in answers if answer.is_success}
    assert len(captures) == len(paypal.ledger()) == 1


def test_an_invoice_is_paid_once(paypal: PayPalSimulator, shop: Caller) -> None:
    orders = [shop.open(invoice_id="pay-1"), shop.open(invoice_id="pay-1", intent="AUTHORIZE")]
    for order in orders:
        paypal.pay(order)
    done(shop.capture(orders[0]))
    assert issue_of(shop.authorize(orders[1])) == (422, "DUPLICATE_INVOICE_ID")

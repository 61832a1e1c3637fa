"""The simulated Stripe keeps Stripe's contract and its state machines."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from printapic.application.ports.payments import MovementKind
from printapic.domain.money import Money
from printapic.domain.payments.snapshot import DisputeState, RefundState
from tests.providers.books import Json
from tests.providers.counter import Call, PageClosed, WireFault
from tests.providers.stripe.api import SESSIONS, StripeApi, checkout, done, look, refused
from tests.providers.stripe.balance import fee_of
from tests.providers.stripe.simulator import StripeSimulator


def eur(minor: int) -> Money:
    return Money.of(f"{minor // 100}.{minor % 100:02}", "EUR")


def opened(stripe: StripeSimulator, api: StripeApi, amount: int = 1290, **more: Any) -> str:
    return str(done(api.post(SESSIONS, **ask(stripe, amount, **more)))["id"])


def ask(stripe: StripeSimulator, amount: int = 1290, currency: str = "eur", **more: Any) -> Json:
    return {**checkout(stripe.books.now(), amount, currency), **more}


def held(stripe: StripeSimulator, api: StripeApi) -> tuple[str, str]:
    """An authorized session and its intent."""
    ref = opened(stripe, api, payment_intent_data={"capture_method": "manual"})
    stripe.pay(ref)
    return ref, look(api, ref)["payment_intent"]["id"]


def paid(stripe: StripeSimulator, api: StripeApi, amount: int = 1290) -> Json:
    """The charge of a paid session."""
    ref = opened(stripe, api, amount)
    stripe.pay(ref)
    charge: Json = look(api, ref)["payment_intent"]["latest_charge"]
    return charge


def news(stripe: StripeSimulator) -> list[str]:
    return [json.loads(body)["type"] for body, _ in stripe.raw_deliveries()]


def test_a_session_is_open_then_paid_and_says_every_amount(stripe: StripeSimulator, api: StripeApi) -> None:
    ref = opened(stripe, api)
    before = look(api, ref)
    assert (before["status"], before["payment_status"], before["payment_intent"]) == ("open", "unpaid", None)
    assert before["url"].startswith("https://checkout.stripe.com/")
    assert (before["amount_total"], before["currency"]) == (1290, "eur")
    stripe.pay(ref)
    after = look(api, ref)
    assert (after["status"], after["payment_status"], after["url"]) == ("complete", "paid", None)
    charge = after["payment_intent"]["latest_charge"]
    assert (after["payment_intent"]["status"], charge["status"], charge["amount_captured"]) == (
        "succeeded",
        "succeeded",
        1290,
    )
    line = charge["balance_transaction"]
    assert (line["amount"], line["fee"], line["net"]) == (1290, 43, 1247)
    assert news(stripe) == ["payment_intent.succeeded", "checkout.session.completed"]
    assert list(stripe.checkouts("attempt-1")) == [ref]


def test_only_what_was_asked_for_in_full_is_shown_in_full(stripe: StripeSimulator, api: StripeApi) -> None:
    ref = opened(stripe, api)
    stripe.pay(ref)
    intent_id = done(api.get(f"{SESSIONS}/{ref}"))["payment_intent"]
    assert intent_id.startswith("pi_")
    intent = done(api.get(f"/v1/payment_intents/{intent_id}", expand=["latest_charge"]))
    assert intent["latest_charge"]["balance_transaction"].startswith("txn_")
    items = done(api.get(f"{SESSIONS}/{ref}", expand=["line_items"]))["line_items"]["data"]
    assert [each["amount_total"] for each in items] == [1290]
    assert refused(api.get(f"{SESSIONS}/{ref}", expand=["amount_total"])) == (None, "expand")
    deep = "payment_intent.latest_charge.balance_transaction.source.payment_intent"
    assert refused(api.get(f"{SESSIONS}/{ref}", expand=[deep])) == (None, "expand")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"expires_at": 4_000_000_000}, (None, "expires_at")),
        ({"expires_at": 1}, (None, "expires_at")),
        ({"metadata": {"attempt": "x" * 501}}, (None, "metadata[attempt]")),
    ],
    ids=["expires too late", "expires too soon", "metadata too long"],
)
def test_a_session_that_cannot_be_is_not_made(
    stripe: StripeSimulator, api: StripeApi, change: Json, said: tuple[str | None, str]
) -> None:
    assert refused(api.post(SESSIONS, **ask(stripe, **change))) == said
    assert done(api.get(SESSIONS))["data"] == []


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "eur", "amount_too_small"),
        (49, "jpy", "amount_too_small"),
        (100_000_000, "eur", "amount_too_large"),
        (1000, "xts", None),
        (-5, "eur", "parameter_invalid_integer"),
    ],
)
def test_amounts_that_stripe_does_not_take(
    stripe: StripeSimulator, api: StripeApi, amount: int, currency: str, code: str | None
) -> None:
    assert refused(api.post(SESSIONS, **ask(stripe, amount, currency)))[0] == code


def test_yen_have_no_decimals(stripe: StripeSimulator, api: StripeApi) -> None:
    ref = str(done(api.post(SESSIONS, **ask(stripe, 1290, "jpy")))["id"])
    stripe.pay(ref)
    (line,) = stripe.ledger()
    assert (line.amount, line.fee) == (Money.of("1290", "JPY"), Money.of("43", "JPY"))


def test_after_a_decline_the_page_stays_open_for_another_card(
    stripe: StripeSimulator, api: StripeApi
) -> None:
    ref = opened(stripe, api)
    stripe.decline(ref)
    declined = look(api, ref)
    assert (declined["status"], declined["payment_intent"]["status"]) == ("open", "requires_payment_method")
    assert declined["payment_intent"]["last_payment_error"]["code"] == "card_declined"
    assert declined["payment_intent"]["latest_charge"]["status"] == "failed"
    stripe.cancel(ref)
    stripe.pay(ref)
    after = look(api, ref)
    assert after["payment_intent"]["id"] == declined["payment_intent"]["id"]
    assert after["payment_intent"]["last_payment_error"] is None
    charges = done(api.get("/v1/charges", payment_intent=after["payment_intent"]["id"]))["data"]
    assert [each["status"] for each in charges] == ["succeeded", "failed"]
    assert [line.kind for line in stripe.ledger()] == [MovementKind.CAPTURE]


def test_a_challenge_is_answered_by_paying(stripe: StripeSimulator, api: StripeApi) -> None:
    ref = opened(stripe, api)
    stripe.challenge(ref)
    assert look(api, ref)["payment_intent"]["status"] == "requires_action"
    stripe.pay(ref)
    assert look(api, ref)["payment_intent"]["status"] == "succeeded"
    assert news(stripe)[0] == "payment_intent.requires_action"


def test_a_slow_payment_waits_for_the_bank_and_is_paid(stripe: StripeSimulator, api: StripeApi) -> None:
    ref = opened(stripe, api)
    stripe.pay_slowly(ref)
    waiting = look(api, ref)
    assert (waiting["status"], waiting["payment_status"]) == ("complete", "unpaid")
    assert waiting["payment_intent"]["status"] == "processing"
    assert waiting["payment_intent"]["latest_charge"]["status"] == "pending"
    assert list(stripe.ledger()) == []
    stripe.bank_decides(ref, good=True)
    assert look(api, ref)["payment_status"] == "paid"
    assert [line.amount for line in stripe.ledger()] == [eur(1290)]
    assert news(stripe) == [
        "payment_intent.processing",
        "checkout.session.completed",
        "payment_intent.succeeded",
        "checkout.session.async_payment_succeeded",
    ]


def test_what_was_paid_slowly_is_refunded_as_such(stripe: StripeSimulator, api: StripeApi) -> None:
    ref = opened(stripe, api)
    stripe.pay_slowly(ref)
    stripe.bank_decides(ref, good=True)
    charge = look(api, ref)["payment_intent"]["latest_charge"]
    assert charge["id"].startswith("py_")
    refund = done(api.post("/v1/refunds", charge=charge["id"], expand=["balance_transaction"]))
    assert refund["id"].startswith("pyr_")
    lines = done(api.get("/v1/balance_transactions"))["data"]
    assert [(line["type"], line["reporting_category"]) for line in lines] == [
        ("payment_refund", "refund"),
        ("payment", "charge"),
    ]


def test_a_charge_captured_asynchronously_stands_in_the_books_an_hour_later(
    stripe: StripeSimulator, api: StripeApi
) -> None:
    ref = opened(stripe, api, payment_intent_data={"capture_method": "automatic_async"})
    stripe.pay(ref)
    charge = look(api, ref)["payment_intent"]["latest_charge"]
    assert (charge["captured"], charge["amount_captured"], charge["balance_transaction"]) == (
        True,
        1290,
        None,
    )
    assert list(stripe.ledger()) == []
    stripe.pass_time(timedelta(hours=1))
    line = look(api, ref)["payment_intent"]["latest_charge"]["balance_transaction"]
    assert (line["fee"], line["available_on"] - line["created"]) == (43, 2 * 24 * 3600)
    assert len(stripe.ledger()) == 1


def test_an_account_in_another_currency_converts_and_says_at_which_rate(
    stripe: StripeSimulator, api: StripeApi
) -> None:
    stripe.settle_in("usd", rate="1.1")
    charge = paid(stripe, api)
    line = charge["balance_transaction"]
    assert (charge["amount"], charge["currency"]) == (1290, "eur")
    assert (line["amount"], line["currency"], line["exchange_rate"]) == (1419, "usd", 1.1)
    assert (line["fee"], line["net"]) == (fee_of(1419), 1419 - fee_of(1419))
    stripe.dispute(charge["id"], eur(1000))
    assert [(each.amount, each.fee) for each in stripe.ledger()] == [
        (eur(1290), Money.of("0.45", "USD")),
        (Money.of("-11.00", "USD"), Money.of("20.00", "USD")),
    ]


def test_a_slow_payment_that_the_bank_refuses_leaves_nothing(stripe: StripeSimulator, api: StripeApi) -> None:
    ref = opened(stripe, api)
    stripe.pay_slowly(ref)
    stripe.bank_decides(ref, good=False)
    after = look(api, ref)
    assert (after["status"], after["payment_status"]) == ("complete", "unpaid")
    assert after["payment_intent"]["status"] == "requires_payment_method"
    assert list(stripe.ledger()) == []
    assert news(stripe)[-1] == "checkout.session.async_payment_failed"
    with pytest.raises(PageClosed):
        stripe.bank_decides(ref, good=True)
    with pytest.raises(PageClosed):
        stripe.pay(ref)


def test_a_page_of_cards_alone_offers_nothing_slow(stripe: StripeSimulator, api: StripeApi) -> None:
    for more in ({"payment_method_types": ["card"]}, {"payment_intent_data": {"capture_method": "manual"}}):
        with pytest.raises(PageClosed):
            stripe.pay_slowly(opened(stripe, api, **more))


def test_an_ended_page_takes_nothing_and_ends_once(stripe: StripeSimulator, api: StripeApi) -> None:
    ref = opened(stripe, api)
    stripe.decline(ref)
    ended = done(api.post(f"{SESSIONS}/{ref}/expire"))
    assert (ended["status"], ended["url"]) == ("expired", None)
    intent = done(api.get(f"/v1/payment_intents/{ended['payment_intent']}"))
    assert (intent["status"], intent["cancellation_reason"]) == ("canceled", "expired")
    refused(api.post(f"{SESSIONS}/{ref}/expire"))
    for press in (stripe.pay, stripe.decline, stripe.cancel, stripe.challenge, stripe.pay_slowly):
        with pytest.raises(PageClosed):
            press(ref)
    assert news(stripe)[1:] == ["payment_intent.canceled", "checkout.session.expired"]


def test_a_page_ends_by_itself_when_its_time_is_over(stripe: StripeSimulator, api: StripeApi) -> None:
    ref = opened(stripe, api)
    stripe.pass_time(timedelta(minutes=59))
    assert look(api, ref)["status"] == "open"
    stripe.pass_time(timedelta(minutes=1))
    with pytest.raises(PageClosed):
        stripe.pay(ref)
    assert look(api, ref)["status"] == "expired"
    assert news(stripe) == ["checkout.session.expired"]


def test_a_complete_page_cannot_be_ended(stripe: StripeSimulator, api: StripeApi) -> None:
    ref = opened(stripe, api)
    stripe.pay(ref)
    refused(api.post(f"{SESSIONS}/{ref}/expire"))
    assert look(api, ref)["payment_status"] == "paid"


def test_authorized_money_is_taken_once(stripe: StripeSimulator, api: StripeApi) -> None:
    ref, intent_id = held(stripe, api)
    before = look(api, ref)
    assert (before["status"], before["payment_status"]) == ("complete", "unpaid")
    assert before["payment_intent"]["amount_capturable"] == 1290
    assert before["payment_intent"]["latest_charge"]["captured"] is False
    assert before["payment_intent"]["latest_charge"]["payment_method_details"]["card"]["capture_before"]
    taken = done(api.post(f"/v1/payment_intents/{intent_id}/capture"))
    assert (taken["status"], taken["amount_received"]) == ("succeeded", 1290)
    assert look(api, ref)["payment_status"] == "paid"
    code, _ = refused(api.post(f"/v1/payment_intents/{intent_id}/capture"))
    assert code == "payment_intent_unexpected_state"
    assert len(stripe.ledger()) == 1
    assert done(api.get("/v1/refunds", payment_intent=intent_id))["data"] == []


def test_the_rest_of_a_partial_capture_is_released_and_looks_like_a_refund(
    stripe: StripeSimulator, api: StripeApi
) -> None:
    ref, intent_id = held(stripe, api)
    path = f"/v1/payment_intents/{intent_id}/capture"
    assert refused(api.post(path, amount_to_capture=1291)) == ("amount_too_large", "amount_to_capture")
    assert refused(api.post(path, amount_to_capture=0))[0] == "parameter_invalid_integer"
    assert refused(api.post(path, amount_to_capture=5, final_capture=False)) == (None, "final_capture")
    assert done(api.post(path, amount_to_capture=1000))["amount_received"] == 1000
    charge = look(api, ref)["payment_intent"]["latest_charge"]
    assert (charge["amount"], charge["amount_captured"], charge["amount_refunded"]) == (1290, 1000, 290)
    (release,) = done(api.get("/v1/refunds", charge=charge["id"]))["data"]
    assert (release["amount"], release["balance_transaction"]) == (290, None)
    assert [(line.amount, line.fee) for line in stripe.ledger()] == [(eur(1000), eur(39))]
    assert refused(api.post("/v1/refunds", charge=charge["id"], amount=1001)) == (None, "amount")
    assert done(api.post("/v1/refunds", charge=charge["id"]))["amount"] == 1000


def test_authorized_money_is_given_back(stripe: StripeSimulator, api: StripeApi) -> None:
    ref, intent_id = held(stripe, api)
    path = f"/v1/payment_intents/{intent_id}/cancel"
    gone = done(api.post(path, cancellation_reason="requested_by_customer"))
    assert (gone["status"], gone["cancellation_reason"]) == ("canceled", "requested_by_customer")
    assert refused(api.post(path))[0] == "payment_intent_unexpected_state"
    charge = look(api, ref)["payment_intent"]["latest_charge"]
    assert (charge["captured"], charge["refunded"], charge["balance_transaction"]) == (False, True, None)
    assert list(stripe.ledger()) == []
    assert refused(api.post(f"/v1/payment_intents/{intent_id}/capture"))[0] is not None
    with pytest.raises(PageClosed):
        stripe.expire(ref)


def test_the_intent_of_an_open_page_is_not_cancelled_behind_its_back(
    stripe: StripeSimulator, api: StripeApi
) -> None:
    ref = opened(stripe, api)
    stripe.challenge(ref)
    path = f"/v1/payment_intents/{look(api, ref)['payment_intent']['id']}/cancel"
    assert refused(api.post(path))[0] == "payment_intent_unexpected_state"
    stripe.pay(ref)
    assert refused(api.post(path))[0] == "payment_intent_unexpected_state"


@pytest.mark.parametrize("by_time", [True, False])
def test_an_authorization_expires(stripe: StripeSimulator, api: StripeApi, by_time: bool) -> None:
    ref, intent_id = held(stripe, api)
    if by_time:
        stripe.pass_time(timedelta(days=7))
    else:
        stripe.expire(ref)
    intent = done(api.get(f"/v1/payment_intents/{intent_id}"))
    assert (intent["status"], intent["cancellation_reason"]) == ("canceled", "automatic")
    (release,) = done(api.get("/v1/refunds", payment_intent=intent_id))["data"]
    assert release["reason"] == "expired_uncaptured_charge"
    assert {"charge.expired", "payment_intent.canceled"} <= set(news(stripe))


def test_refunds_add_up_to_what_came_and_no_further(stripe: StripeSimulator, api: StripeApi) -> None:
    charge = paid(stripe, api)
    first = done(
        api.post(
            "/v1/refunds", charge=charge["id"], amount=290, metadata={"operation": "op-1"}, reason="duplicate"
        )
    )
    assert (first["status"], first["amount"], first["metadata"]) == ("succeeded", 290, {"operation": "op-1"})
    rest = done(api.post("/v1/refunds", payment_intent=charge["payment_intent"]))
    assert rest["amount"] == 1000
    assert refused(api.post("/v1/refunds", charge=charge["id"], amount=1))[0] == "charge_already_refunded"
    after = done(api.get(f"/v1/charges/{charge['id']}", expand=["refunds.data.balance_transaction"]))
    assert (after["amount_refunded"], after["refunded"]) == (1290, True)
    assert [each["balance_transaction"]["amount"] for each in after["refunds"]["data"]] == [-1000, -290]
    assert [(line.kind, line.ref, line.amount) for line in stripe.ledger()][1:] == [
        (MovementKind.REFUND, first["id"], -eur(290)),
        (MovementKind.REFUND, rest["id"], -eur(1000)),
    ]
    assert news(stripe)[2:] == ["refund.created", "charge.refunded"] * 2


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_cannot_be_refunded(stripe: StripeSimulator, api: StripeApi, amount: int) -> None:
    charge = paid(stripe, api)
    answer = api.post("/v1/refunds", charge=charge["id"], amount=amount)
    assert refused(answer) == ("parameter_invalid_integer", "amount")


def test_what_was_never_taken_is_not_refunded(stripe: StripeSimulator, api: StripeApi) -> None:
    ref, intent_id = held(stripe, api)
    refused(api.post("/v1/refunds", payment_intent=intent_id))
    charge_id = look(api, ref)["payment_intent"]["latest_charge"]["id"]
    refused(api.post("/v1/refunds", charge=charge_id))
    refused(api.post("/v1/refunds", amount=5))
    assert refused(api.post("/v1/refunds", charge="ch_none"), 404) == ("resource_missing", "charge")


def test_a_pending_refund_moves_money_only_when_it_succeeds(stripe: StripeSimulator, api: StripeApi) -> None:
    charge = paid(stripe, api)
    stripe.refunds_pend()
    refund = done(api.post("/v1/refunds", charge=charge["id"], amount=500))
    assert (refund["status"], refund["balance_transaction"]) == ("pending", None)
    assert len(stripe.ledger()) == 1
    stripe.decide_refund(refund["id"], RefundState.SUCCEEDED)
    assert done(api.get(f"/v1/refunds/{refund['id']}"))["status"] == "succeeded"
    assert [line.amount for line in stripe.ledger()][1:] == [-eur(500)]
    stripe.refunds_pend(False)
    assert done(api.post("/v1/refunds", charge=charge["id"], amount=1))["status"] == "succeeded"
    assert "refund.updated" in news(stripe)


@pytest.mark.parametrize(
    ("state", "word"), [(RefundState.FAILED, "failed"), (RefundState.CANCELLED, "canceled")]
)
def test_a_pending_refund_that_fails_can_be_tried_again(
    stripe: StripeSimulator, api: StripeApi, state: RefundState, word: str
) -> None:
    charge = paid(stripe, api)
    stripe.refunds_pend()
    refund = done(api.post("/v1/refunds", charge=charge["id"]))
    stripe.decide_refund(refund["id"], state)
    assert done(api.get(f"/v1/refunds/{refund['id']}"))["status"] == word
    assert done(api.get(f"/v1/charges/{charge['id']}"))["amount_refunded"] == 0
    assert len(stripe.ledger()) == 1
    assert done(api.post("/v1/refunds", charge=charge["id"]))["amount"] == 1290


def test_a_refund_that_succeeded_may_still_come_back(stripe: StripeSimulator, api: StripeApi) -> None:
    charge = paid(stripe, api)
    refund_ref = stripe.refund(charge["id"], eur(300))
    stripe.decide_refund(refund_ref, RefundState.FAILED)
    refund = done(api.get(f"/v1/refunds/{refund_ref}", expand=["failure_balance_transaction"]))
    assert (refund["status"], refund["failure_balance_transaction"]["amount"]) == ("failed", 300)
    assert [(line.kind, line.amount) for line in stripe.ledger()][1:] == [
        (MovementKind.REFUND, -eur(300)),
        (MovementKind.REFUND_RETURNED, eur(300)),
    ]
    assert news(stripe)[-1] == "refund.failed"
    with pytest.raises(ValueError, match="cannot become"):
        stripe.decide_refund(refund_ref, RefundState.SUCCEEDED)


def test_the_dashboard_refunds_no_more_than_came(stripe: StripeSimulator, api: StripeApi) -> None:
    charge = paid(stripe, api)
    for amount in (eur(1291), Money.of("1.00", "USD")):
        with pytest.raises(ValueError, match="no more than came"):
            stripe.refund(charge["id"], amount)
    failed = stripe.refund(charge["payment_intent"], eur(1290), state=RefundState.FAILED)
    assert done(api.get(f"/v1/refunds/{failed}"))["status"] == "failed"


def test_a_dispute_takes_the_money_and_a_fee_and_brings_both_back_if_it_is_won(
    stripe: StripeSimulator, api: StripeApi
) -> None:
    charge = paid(stripe, api)
    ref = stripe.dispute(charge["id"], eur(1290))
    dispute = done(api.get(f"/v1/disputes/{ref}"))
    (line,) = dispute["balance_transactions"]
    assert (dispute["status"], line["amount"], line["fee"], line["source"]) == (
        "needs_response",
        -1290,
        2000,
        ref,
    )
    assert done(api.get(f"/v1/charges/{charge['id']}"))["disputed"] is True
    assert refused(api.post("/v1/refunds", charge=charge["id"]))[0] == "charge_disputed"
    stripe.decide_dispute(ref, DisputeState.OPEN)
    assert done(api.get(f"/v1/disputes/{ref}"))["status"] == "under_review"
    stripe.decide_dispute(ref, DisputeState.WON)
    (listed,) = done(api.get("/v1/disputes", payment_intent=charge["payment_intent"]))["data"]
    assert [each["amount"] for each in listed["balance_transactions"]] == [-1290, 1290]
    assert listed["status"] == "won"
    assert [(each.kind, each.amount, each.fee) for each in stripe.ledger()][1:] == [
        (MovementKind.DISPUTE, -eur(1290), eur(2000)),
        (MovementKind.DISPUTE_RETURNED, eur(1290), eur(-2000)),
    ]
    assert [each.ref for each in stripe.ledger()][1:] == [
        each["id"] for each in listed["balance_transactions"]
    ]
    assert news(stripe)[2:] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]


def test_a_lost_dispute_keeps_the_money(stripe: StripeSimulator, api: StripeApi) -> None:
    charge = paid(stripe, api)
    ref = stripe.dispute(charge["id"], eur(500))
    stripe.decide_dispute(ref, DisputeState.LOST)
    assert done(api.get(f"/v1/disputes/{ref}"))["status"] == "lost"
    assert len(stripe.ledger()) == 2
    with pytest.raises(ValueError, match="cannot become"):
        stripe.decide_dispute(ref, DisputeState.LOST)


def test_an_inquiry_takes_nothing_until_it_becomes_more(stripe: StripeSimulator, api: StripeApi) -> None:
    charge = paid(stripe, api)
    closed = stripe.dispute(charge["id"], eur(1290), inquiry=True)
    assert done(api.get(f"/v1/disputes/{closed}"))["status"] == "warning_needs_response"
    stripe.decide_dispute(closed, DisputeState.WON)
    assert done(api.get(f"/v1/disputes/{closed}"))["status"] == "warning_closed"
    assert len(stripe.ledger()) == 1
    graver = stripe.dispute(charge["id"], eur(1290), inquiry=True)
    stripe.decide_dispute(graver, DisputeState.INQUIRY)
    stripe.decide_dispute(graver, DisputeState.OPEN)
    assert done(api.get(f"/v1/disputes/{graver}"))["status"] == "needs_response"
    assert [line.kind for line in stripe.ledger()][1:] == [MovementKind.DISPUTE]


def test_fraud_is_warned_of_without_money(stripe: StripeSimulator, api: StripeApi) -> None:
    charge = paid(stripe, api)
    stripe.warn_of_fraud(charge["id"])
    body, _ = stripe.raw_deliveries()[-1]
    event = json.loads(body)
    assert event["type"] == "radar.early_fraud_warning.created"
    assert (event["data"]["object"]["charge"], len(stripe.ledger())) == (charge["id"], 1)


def test_a_payout_leaves_and_may_come_back(stripe: StripeSimulator, api: StripeApi) -> None:
    ref = stripe.payout(eur(900))
    payout = done(api.get(f"/v1/payouts/{ref}", expand=["balance_transaction"]))
    assert (payout["status"], payout["balance_transaction"]["amount"]) == ("paid", -900)
    stripe.payout_fails(ref)
    (listed,) = done(api.get("/v1/payouts", status="failed"))["data"]
    assert listed["id"] == ref
    assert [(line.kind, line.ref) for line in stripe.ledger()] == [
        (MovementKind.PAYOUT, ref),
        (MovementKind.PAYOUT_RETURNED, ref),
    ]
    assert news(stripe) == ["payout.paid", "payout.failed"]
    assert refused(api.get("/v1/balance_transactions", payout=ref)) == (None, "payout")
    with pytest.raises(ValueError, match="only a payout"):
        stripe.payout_fails(ref)


def test_another_amount_than_asked_is_taken_where_the_provider_errs(
    stripe: StripeSimulator, api: StripeApi
) -> None:
    ref = opened(stripe, api)
    stripe.pay(ref, amount=Money.of("1.00", "USD"))
    after = look(api, ref)
    assert (after["amount_total"], after["currency"]) == (1290, "eur")
    charge = after["payment_intent"]["latest_charge"]
    assert (charge["amount_captured"], charge["currency"]) == (100, "usd")


def test_balance_transactions_come_page_by_page_the_newest_first(
    stripe: StripeSimulator, api: StripeApi
) -> None:
    path = "/v1/balance_transactions"
    stripe.books.stand_still(stripe.books.now())
    charges = []
    for amount in range(101, 108):
        charges.append(paid(stripe, api, amount)["id"])
        stripe.pass_time(timedelta(seconds=10))
    first = done(api.get(path, limit=3, expand=["data.source"]))
    assert [each["source"]["id"] for each in first["data"]] == charges[:3:-1]
    assert first["has_more"] is True
    seen, after = [], first["data"][-1]["id"]
    while True:
        page = done(api.get(path, limit=3, starting_after=after))
        seen += [each["source"] for each in page["data"]]
        if not page["has_more"]:
            break
        after = page["data"][-1]["id"]
    assert seen == charges[3::-1]
    back = done(api.get(path, limit=2, ending_before=after))
    assert len(back["data"]) == 2
    newest = first["data"][0]
    bounds = {"gte": newest["created"] - 20, "lt": newest["created"]}
    assert [each["amount"] for each in done(api.get(path, created=bounds))["data"]] == [106, 105]
    assert [each["id"] for each in done(api.get(path, source=charges[-1]))["data"]] == [newest["id"]]
    assert done(api.get(path, type="payout"))["data"] == []
    assert newest["fee"] == fee_of(107)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"limit": 0}, 400),
        ({"limit": 101}, 400),
        ({"starting_after": "cs_none"}, 404),
        ({"starting_after": "a", "ending_before": "b"}, 400),
        ({"expand": ["payment_intent"]}, 400),
        ({"payment_intent": "pi_none"}, 404),
    ],
)
def test_lists_that_make_no_sense(api: StripeApi, query: Json, status: int) -> None:
    refused(api.get(SESSIONS, **query), status)


def test_sessions_are_listed_by_time_status_and_intent(stripe: StripeSimulator, api: StripeApi) -> None:
    first = opened(stripe, api)
    stripe.pass_time(timedelta(minutes=5))
    second = opened(stripe, api)
    stripe.pay(second)
    created = look(api, second)["created"]
    assert [each["id"] for each in done(api.get(SESSIONS))["data"]] == [second, first]
    assert [each["id"] for each in done(api.get(SESSIONS, created={"lt": created}))["data"]] == [first]
    assert [each["id"] for each in done(api.get(SESSIONS, status="complete"))["data"]] == [second]
    intent = look(api, second)["payment_intent"]["id"]
    assert [each["id"] for each in done(api.get(SESSIONS, payment_intent=intent))["data"]] == [second]


def test_events_can_be_looked_up(stripe: StripeSimulator, api: StripeApi) -> None:
    charge = paid(stripe, api)
    done(api.post("/v1/refunds", key="the key", charge=charge["id"]))
    (event,) = done(api.get("/v1/events", type="refund.created"))["data"]
    assert event["request"]["idempotency_key"] == "the key"
    assert done(api.get(f"/v1/events/{event['id']}")) == event
    assert refused(api.get("/v1/events/evt_none"), 404) == ("resource_missing", "id")


def test_a_complete_call_is_a_look(stripe: StripeSimulator, api: StripeApi) -> None:
    ref = opened(stripe, api)
    stripe.plan(Call.COMPLETE, 1, WireFault.TOO_MANY)
    answer = api.get(f"{SESSIONS}/{ref}")
    assert refused(answer, 429)[0] == "rate_limit"
    assert answer.headers["retry-after"] == "1"
    with pytest.raises(ValueError, match="no token"):
        stripe.plan(Call.TOKEN, 1, WireFault.DROP_BEFORE)

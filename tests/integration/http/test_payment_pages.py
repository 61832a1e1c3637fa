"""Paying: the hosted page, what goes wrong on it, and webhooks that nobody should believe."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from printapic.domain.actors import Role
from printapic.domain.ids import AttemptId, PaymentId
from printapic.domain.payments.snapshot import DisputeState
from tests import builders as b
from tests.integration.http.live_shop import LiveShop, Person
from tests.integration.http.problems import problem

WEBHOOKS = "/v1/webhooks/simulated"


def started(shop: LiveShop, who: Person) -> tuple[dict[str, Any], str]:
    """An order, and the page where it is to be paid."""
    order = shop.order(who)
    answer = shop.start_payment(who, order["id"])
    assert answer.status_code == 201, answer.text
    return order, str(answer.json()["redirect_url"])


def payment_of(shop: LiveShop, who: Person, order: dict[str, Any]) -> dict[str, Any]:
    [payment] = shop.call("GET", f"/v1/orders/{order['id']}/payments", who).json()["items"]
    return dict(payment)


def status_of(shop: LiveShop, who: Person, order: dict[str, Any]) -> str:
    return str(shop.call("GET", f"/v1/orders/{order['id']}", who).json()["status"])


def test_the_page_says_what_is_paid_and_asks_for_no_card(shop: LiveShop, anna: Person) -> None:
    order, url = started(shop, anna)
    page = shop.client.get(url)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert order["number"] in page.text
    assert order["total"]["amount"] in page.text
    assert "Test mode" in page.text
    fields = re.findall(r"<input [^>]*>", page.text)
    assert {re.findall(r'type="(\w+)"', field)[0] for field in fields} == {"hidden", "radio"}
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "script" not in page.text.lower()
    assert "http://" not in page.text.replace(shop.url, "")
    assert "https://" not in page.text
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("choice", "leads", "status"),
    [
        ("pay", "/back", "confirmed"),
        ("decline", "/back", "awaiting_payment"),
        ("cancel", "/basket", "awaiting_payment"),
    ],
)
def test_each_button_does_what_it_says(
    shop: LiveShop, anna: Person, choice: str, leads: str, status: str
) -> None:
    order, url = started(shop, anna)
    pressed = shop.press(url, choice)
    assert (pressed.status_code, pressed.headers["location"]) == (303, f"{shop.url}{leads}")
    assert status_of(shop, anna, order) == "awaiting_payment"
    shop.work()
    assert status_of(shop, anna, order) == status
    assert "<form" not in shop.client.get(url).text


def test_a_customer_who_returns_before_the_webhook_sees_the_payment(shop: LiveShop, anna: Person) -> None:
    order, url = started(shop, anna)
    shop.press(url, webhook="never")
    payment = payment_of(shop, anna, order)
    synced = shop.call("POST", f"/v1/payments/{payment['id']}/sync", anna)
    assert (synced.json()["status"], synced.json()["paid"]) == ("paid", order["total"])
    assert status_of(shop, anna, order) == "confirmed"


def test_a_webhook_that_comes_twice_pays_once(shop: LiveShop, anna: Person) -> None:
    order, url = started(shop, anna)
    shop.press(url, webhook="twice")
    shop.work()
    payment = payment_of(shop, anna, order)
    assert (payment["status"], payment["captured"]) == ("paid", order["total"])


@pytest.mark.parametrize("amount_off", ["-1", "1"])
def test_a_wrong_amount_confirms_nothing_and_waits_for_a_person(
    shop: LiveShop, anna: Person, amount_off: str
) -> None:
    order, url = started(shop, anna)
    shop.press(url, amount_off=amount_off)
    shop.work()
    payment = payment_of(shop, anna, order)
    assert payment["status"] == "needs_review"
    assert payment["paid"]["amount"] == "0.00"
    assert payment["captured"] != order["total"]
    assert status_of(shop, anna, order) == "awaiting_payment"
    path = f"/v1/payments/{payment['id']}"
    for seen in (
        payment,
        shop.call("GET", path, anna).json(),
        shop.call("POST", f"{path}/sync", anna).json(),
    ):
        assert (seen["status"], seen["disputed"]) == ("needs_review", False)
        assert not {"review_reasons", "disputes"} & set(seen)


def test_staff_see_why_money_is_contested_and_the_customer_that_it_is(shop: LiveShop, anna: Person) -> None:
    payment = payment_of(shop, anna, shop.paid(anna))
    dispute = b.a_dispute(
        attempt_id=AttemptId(UUID(payment["attempts"][0]["id"])),
        reason="made_with_stolen_card",
        state=DisputeState.OPEN,
    )
    with shop.container.unit_of_work()() as work:
        contested = work.payments.get(PaymentId(UUID(payment["id"])))
        contested.disputes = (dispute,)
        contested.review_reasons = ("warning:early-fraud-warning:made_with_stolen_card",)
        work.payments.save(contested)
        work.commit()
    clara = shop.person(Role.SUPPORT)
    path = f"/v1/payments/{payment['id']}"
    listed = shop.call("GET", "/v1/payments", clara, params={"review": "true", "limit": 100}).json()["items"]
    for seen in (
        shop.call("GET", path, clara).json(),
        *[each for each in listed if each["id"] == payment["id"]],
    ):
        (shown,) = seen["disputes"]
        assert (shown["ref"], shown["state"], shown["reason"]) == (
            dispute.ref,
            "open",
            "made_with_stolen_card",
        )
        assert shown["amount"] == {"amount": dispute.amount.amount, "currency": "EUR"}
        assert shown["opened_at"] == dispute.opened_at.isoformat().replace("+00:00", "Z")
        assert shown["evidence_due_at"] is not None
        assert seen["review_reasons"] == ["warning:early-fraud-warning:made_with_stolen_card"]
    assert any(each["id"] == payment["id"] for each in listed)
    mine = shop.call("GET", path, anna)
    assert mine.json()["disputed"] is True
    assert "stolen" not in mine.text
    assert dispute.ref not in mine.text


def test_a_press_that_another_site_makes_is_refused(shop: LiveShop, anna: Person) -> None:
    order, url = started(shop, anna)
    for token in ("", "x", "\xff"):
        answer = shop.client.post(url, data={"choice": "pay", "csrf_token": token})
        problem(answer, 403, "simulated-checkout-press-not-genuine")
    shop.work()
    assert status_of(shop, anna, order) == "awaiting_payment"


@pytest.mark.parametrize(
    "form",
    [
        {"choice": "steal"},
        {"choice": "pay", "webhook": "tomorrow"},
        {"choice": "pay", "late_by_s": "9" * 30},
        {"choice": "pay", "amount_off": "x"},
        {"choice": "pay"} | {f"field{number}": "x" for number in range(20)},
    ],
)
def test_a_press_of_no_button_of_the_page_is_refused(
    shop: LiveShop, anna: Person, form: dict[str, str]
) -> None:
    _, url = started(shop, anna)
    problem(shop.client.post(url, data=form), 422, "simulated-checkout-press-invalid")


def test_a_press_of_another_form_is_refused(shop: LiveShop, anna: Person) -> None:
    _, url = started(shop, anna)
    problem(shop.client.post(url, json={"choice": "pay"}), 415, "content-type-unsupported")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    problem(shop.client.post(url, content=b"x" * 5000, headers=headers), 413, "body-too-large")
    problem(
        shop.client.post(url, content=b"choice=\xff", headers=headers),
        422,
        "simulated-checkout-press-invalid",
    )


def test_a_button_works_once(shop: LiveShop, anna: Person) -> None:
    _, url = started(shop, anna)
    page = shop.client.get(url).text
    csrf = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    form = {"choice": "pay", "csrf_token": csrf}
    assert shop.client.post(url, data=form).status_code == 303
    problem(shop.client.post(url, data=form), 409, "simulated-checkout-finished")


def signed(shop: LiveShop, body: bytes, *, age_s: int = 0, secret: str | None = None) -> dict[str, str]:
    """The headers of a genuine delivery; of a forged one with another secret."""
    keys = shop.container.keyring()
    key = secret or keys.secret("simulated webhooks", keys.kids[0]).hex()
    at = int(time.time()) - age_s
    digest = hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Simulated-Signature": f"t={at},v1={digest}"}


def event(ref: str) -> bytes:
    return json.dumps(
        {
            "id": f"evt_{uuid4().hex}",
            "type": "checkout.completed",
            "livemode": False,
            "created": int(time.time()),
            "data": {"object": {"id": ref}},
        }
    ).encode()


def deliver(shop: LiveShop, body: bytes, headers: dict[str, str]) -> httpx.Response:
    return shop.client.post(WEBHOOKS, content=body, headers=headers)


def test_a_genuine_webhook_is_taken_once_however_often_it_comes(shop: LiveShop) -> None:
    body = event("sim_unheard_of")
    before = shop.traces()["rows"]
    for _ in range(3):
        answer = deliver(shop, body, signed(shop, body))
        assert (answer.status_code, answer.json()) == (200, {"received": True})
    after = shop.traces()["rows"]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert {table: after[table] - before[table] for table in after if after[table] != before[table]} == {
        "webhook_inbox": 1,
        "jobs": 1,
    }


def test_a_forged_altered_or_old_webhook_is_refused_and_leaves_nothing(shop: LiveShop) -> None:
    body = event("sim_unheard_of")
    forgeries = [
        (body, {}),
        (body, signed(shop, body, secret="guessed")),
        (body + b" ", signed(shop, body)),
        (body, signed(shop, body, age_s=301)),
        (body, signed(shop, body, age_s=-330)),
        (body, {"Simulated-Signature": "t=1,v1=" + "0" * 64}),
        (body, {"Simulated-Signature": "t=" + "9" * 400}),
        (b"\xff\x00", signed(shop, b"\xff\x00")),
        (b"[" * 1000, signed(shop, b"[" * 1000)),
    ]
    before = shop.traces()
    for content, headers in forgeries:
        problem(deliver(shop, content, headers), 400, "webhook-rejected")
    assert shop.traces() == before


def test_a_webhook_has_a_limit_and_an_addressee(shop: LiveShop) -> None:
    problem(deliver(shop, bytes((1 << 20) + 1), {}), 413, "body-too-large")
    problem(deliver(shop, bytes(1 << 20), {}), 400, "webhook-rejected")
    problem(shop.client.post("/v1/webhooks/unheard-of", content=b"{}"), 404, "webhook-not-configured")
    problem(shop.client.post("/v1/webhooks/%00", content=b"{}"), 404, "webhook-not-configured")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"provider": "cash"}, 422, "payment-provider-not-offered"),
        ({"return_url": "https://elsewhere.example/"}, 422, "return-url-not-allowed"),
        ({"cancel_url": "javascript:alert(1)"}, 422, "return-url-not-allowed"),
        ({"return_url": "http://127.0.0.1\u0000/"}, 422, "request-invalid"),
        ({"return_url": "http://127.0.0.1/ü"}, 422, "request-invalid"),
    ],
)
def test_a_payment_starts_only_at_our_provider_and_ends_only_at_our_pages(
    shop: LiveShop, anna: Person, changes: dict[str, str], status: int, code: str
) -> None:
    order = shop.order(anna)
    problem(shop.start_payment(anna, order["id"], **changes), status, code)
    assert shop.call("GET", f"/v1/orders/{order['id']}/payments", anna).json()["items"] == []


def test_a_payment_needs_an_idempotency_key(shop: LiveShop, anna: Person) -> None:
    path = f"/v1/orders/{shop.order(anna)['id']}/payments"
    body = {"provider": "simulated", "return_url": shop.url, "cancel_url": shop.url}
    problem(shop.call("POST", path, anna, json=body), 400, "idempotency-key-missing")


def test_an_order_that_is_paid_cannot_be_paid_again(shop: LiveShop, anna: Person) -> None:
    order = shop.paid(anna)
    answer = shop.start_payment(anna, order["id"])
    problem(answer, 409, "order-not-payable")


def test_the_log_of_money_is_for_staff(shop: LiveShop, anna: Person) -> None:
    order = shop.paid(anna)
    payment = payment_of(shop, anna, order)
    path = f"/v1/payments/{payment['id']}/transactions"
    problem(shop.call("GET", path, anna), 403, "permission-denied")
    due, row, fee = shop.call("GET", path, shop.person(Role.SUPPORT)).json()["items"]
    assert (due["type"], due["provider"], fee["type"]) == ("due", None, "fee")
    assert (row["type"], row["amount"], row["source"]) == ("capture", order["total"], "webhook")

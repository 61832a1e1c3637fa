"""Refunds and reviews over HTTP: who may, how much, and once."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from printapic.domain.actors import Role
from tests.integration.http.live_shop import LiveShop, Person
from tests.integration.http.problems import problem
from tests.integration.http.test_payment_pages import payment_of, started, status_of


@pytest.fixture
def clara(shop: LiveShop) -> Person:
    return shop.person(Role.SUPPORT)


def refund(
    shop: LiveShop, who: Person, payment: dict[str, Any], key: str = "", **body: Any
) -> httpx.Response:
    request = {"amount": {"amount": "1.00", "currency": "EUR"}, "reason": "A scratch"} | body
    headers = {"Idempotency-Key": key or uuid4().hex}
    return shop.call("POST", f"/v1/payments/{payment['id']}/refunds", who, json=request, headers=headers)


def test_r1_support_gives_some_money_back_and_the_customer_sees_it(
    shop: LiveShop, anna: Person, clara: Person
) -> None:
    order = shop.paid(anna)
    payment = payment_of(shop, anna, order)
    key = uuid4().hex
    asked = refund(shop, clara, payment, key)
    assert asked.status_code == 201, asked.text
    assert (asked.json()["state"], asked.json()["requested_by"]) == ("pending", str(clara.id))
    assert asked.headers["location"] == f"/v1/payments/{payment['id']}/refunds"
    again = refund(shop, clara, payment, key)
    assert (again.json(), again.headers["idempotency-replayed"]) == (asked.json(), "true")
    shop.work()
    [made] = shop.call("GET", asked.headers["location"], clara).json()["items"]
    assert (made["id"], made["state"]) == (asked.json()["id"], "succeeded")
    assert made["provider_request_id"].startswith("sim_req_")
    assert asked.json()["provider_request_id"] is None
    after = payment_of(shop, anna, order)
    assert (after["status"], after["refunded"]["amount"]) == ("partially_refunded", "1.00")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"amount": {"amount": "0.00", "currency": "EUR"}}, 409, "refund-too-large"),
        ({"amount": {"amount": "1.00", "currency": "USD"}}, 409, "refund-too-large"),
        ({"amount": {"amount": "1.00", "currency": "HKD"}}, 409, "refund-too-large"),
        ({"amount": {"amount": "1.00", "currency": "XTS"}}, 422, "currency-unsupported"),
        ({"amount": {"amount": "1", "currency": "EUR"}}, 422, "amount-invalid"),
        ({"amount": {"amount": "99.00", "currency": "EUR"}}, 409, "refund-too-large"),
        ({"amount": None}, 409, "refund-cancels-order"),
        ({"capture_ref": "elsewhere"}, 404, "payment-capture-not-found"),
        ({"reason": " "}, 422, "reason-needed"),
        ({"reason": ""}, 422, "request-invalid"),
        ({"amount": {"amount": "-1.00", "currency": "EUR"}}, 422, "request-invalid"),
        ({"to": "somebody else"}, 422, "request-invalid"),
    ],
)
def test_r2_what_cannot_be_refunded_is_refused_and_nothing_moves(
    shop: LiveShop, anna: Person, clara: Person, body: dict[str, Any], status: int, code: str
) -> None:
    payment = payment_of(shop, anna, shop.paid(anna))
    problem(refund(shop, clara, payment, **body), status, code)
    assert shop.call("GET", f"/v1/payments/{payment['id']}/refunds", clara).json()["items"] == []


def test_s3_customers_refund_nothing_and_support_only_up_to_the_limit(
    shop: LiveShop, anna: Person, clara: Person
) -> None:
    image = shop.upload(anna)
    line = shop.order_request(image["id"])["lines"][0] | {"quantity": 900}
    quote = {"lines": [{"sku": line["sku"], "quantity": 900}], "country": "DE"}
    quote |= {"shipping_method": "standard", "currency": "EUR"}
    price = shop.client.post("/v1/quotes", json=quote).json()
    body = shop.order_request(image["id"], lines=[line], quote_hash=price["quote_hash"])
    order = shop.place(anna, body).json()
    page = shop.start_payment(anna, order["id"]).json()["redirect_url"]
    shop.press(page)
    shop.work()
    payment = payment_of(shop, anna, order)
    much = {"amount": "100.01", "currency": "EUR"}
    problem(refund(shop, anna, payment), 403, "permission-denied")
    problem(refund(shop, clara, payment, amount=much), 403, "refund-above-limit")
    assert refund(shop, shop.person(Role.ADMIN), payment, amount=much).status_code == 201


def test_a_refund_needs_an_idempotency_key(shop: LiveShop, anna: Person, clara: Person) -> None:
    payment = payment_of(shop, anna, shop.paid(anna))
    answer = shop.call("POST", f"/v1/payments/{payment['id']}/refunds", clara, json={"reason": "x"})
    problem(answer, 400, "idempotency-key-missing")


def paid_wrong(shop: LiveShop, who: Person, off: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    order, page = started(shop, who)
    assert shop.press(page, amount_off=off).status_code == 303
    shop.work()
    payment = payment_of(shop, who, order)
    rows = shop.call("GET", f"/v1/payments/{payment['id']}/transactions", shop.person(Role.SUPPORT)).json()
    (capture,) = [row["ref"] for row in rows["items"] if row["type"] == "capture_parked"]
    return order, payment, capture


def test_a1_money_in_a_wrong_amount_waits_for_somebody_who_accepts_it(
    shop: LiveShop, anna: Person, clara: Person
) -> None:
    order, payment, capture = paid_wrong(shop, anna, "1")
    path = f"/v1/payments/{payment['id']}"
    for seen in (
        shop.call("GET", path, clara).json(),
        shop.call("POST", f"{path}/sync", clara).json(),
        payment_of(shop, clara, order),
    ):
        assert seen["review_reasons"] == [f"capture-amount:{capture}"]
    accepted = shop.call(
        "POST",
        f"/v1/payments/{payment['id']}/accepted-money",
        clara,
        json={"capture_ref": capture, "reason": "The customer agreed"},
    )
    assert accepted.status_code == 200, accepted.text
    assert accepted.json()["paid"] == order["total"]
    assert status_of(shop, anna, order) == "confirmed"


def test_a1_money_that_is_not_enough_cannot_be_accepted_and_its_review_ends_by_hand(
    shop: LiveShop, anna: Person, clara: Person
) -> None:
    order, payment, capture = paid_wrong(shop, anna, "-1")
    path = f"/v1/payments/{payment['id']}"
    body = {"capture_ref": capture, "reason": "The customer agreed"}
    problem(shop.call("POST", f"{path}/accepted-money", clara, json=body), 409, "parked-money-not-acceptable")
    resolve = {"review": f"capture-amount:{capture}", "reason": "Refunded and telephoned"}
    resolved = shop.call("POST", f"{path}/resolved-reviews", clara, json=resolve)
    assert (resolved.status_code, resolved.json()["review_reasons"]) == (200, [])
    again = shop.call("POST", f"{path}/resolved-reviews", clara, json=resolve)
    problem(again, 409, "payment-not-under-review")
    assert status_of(shop, anna, order) == "awaiting_payment"

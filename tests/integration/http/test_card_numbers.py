"""A card number that somebody writes where text is free is refused, and leaves no trace."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import LogCapture

from printapic.domain.actors import Role
from tests.integration.http.live_shop import SHIP_TO, LiveShop, Person
from tests.integration.http.problems import problem
from tests.integration.http.search import in_database, in_folder
from tests.integration.http.test_payment_pages import payment_of

PAN = "4000056655665556"
SPELLINGS = (PAN, "4000 0566 5566 5556", "4000-0566-5566-5556")
TRACKING = "4242424242424242"
"""Sixteen digits of a carrier, which pass the check of card numbers by chance."""


def traces(shop: LiveShop, *texts: str) -> Iterator[str]:
    """Where any of the texts stands in what the shop keeps."""
    engine = shop.container.engine()
    assert engine is not None
    for where, value in (*in_database(engine), *in_folder(shop.folder)):
        if any(text.encode() in value for text in texts):
            yield where


@pytest.mark.parametrize("written", SPELLINGS)
def test_what_a_customer_writes(shop: LiveShop, anna: Person, log: LogCapture, written: str) -> None:
    order = shop.order(anna)
    path = f"/v1/orders/{order['id']}"
    image = shop.upload(anna)["id"]
    there = written.replace(" ", "%20")
    answers = [
        (shop.place(anna, shop.order_request(image, ship_to=SHIP_TO | {"name": written})), "/ship_to/name"),
        (shop.place(anna, shop.order_request(image, ship_to=SHIP_TO | {"line2": written})), "/ship_to/line2"),
        (shop.place(anna, shop.order_request(image, voucher=written)), "/voucher"),
        (shop.start_payment(anna, order["id"], return_url=f"{shop.url}/?n={there}"), "/return_url"),
        (shop.start_payment(anna, order["id"], cancel_url=f"{shop.url}/{there}"), "/cancel_url"),
        (shop.call("POST", f"{path}/cancel", anna, json={"reason": f"wrong card {written}"}), "/reason"),
        (shop.call("PATCH", "/v1/users/me", anna, json={"name": written}), "/name"),
        (shop.client.post("/v1/users", json={"email": "a@example.com", "name": written}), "/name"),
    ]
    for answer, pointer in answers:
        body = problem(answer, 422, "card-number-refused")
        assert [fault["pointer"] for fault in body["errors"]] == [pointer]
        assert not any(text in answer.text for text in (written, PAN))
    assert list(traces(shop, PAN, written, there)) == []
    assert not any(text in str(log.entries) for text in (PAN, written, there))
    assert shop.call("GET", path, anna).json()["status"] == "awaiting_payment"


def test_a_key_that_is_a_card_number_claims_nothing(shop: LiveShop, anna: Person, log: LogCapture) -> None:
    request = shop.order_request(shop.upload(anna)["id"])
    answer = shop.place(anna, request, key=f"basket-{PAN}-1")
    problem(answer, 422, "card-number-refused")
    assert shop.place(anna, request, key=uuid4().hex).status_code == 201
    assert list(traces(shop, PAN)) == []
    assert PAN not in str(log.entries)


@pytest.mark.parametrize("written", SPELLINGS)
def test_what_staff_write(shop: LiveShop, anna: Person, log: LogCapture, written: str) -> None:
    clara = shop.person(Role.SUPPORT)
    payment = payment_of(shop, anna, shop.paid(anna))
    path = f"/v1/payments/{payment['id']}"
    asks: list[tuple[str, dict[str, Any]]] = [
        ("refunds", {"amount": {"amount": "1.00", "currency": "EUR"}}),
        ("accepted-money", {"capture_ref": "elsewhere"}),
        ("resolved-reviews", {"review": "refund-failed:elsewhere"}),
    ]
    for name, body in asks:
        asked = body | {"reason": f"Back to {written}, 12/28"}
        keyed = {"Idempotency-Key": secrets.token_hex(16)}
        answer = shop.call("POST", f"{path}/{name}", clara, json=asked, headers=keyed)
        problem(answer, 422, "card-number-refused")
    assert shop.call("GET", f"{path}/refunds", clara).json()["items"] == []
    assert list(traces(shop, PAN, written)) == []
    assert written not in str(log.entries)


def test_a_carriers_number_may_be_any(shop: LiveShop, anna: Person) -> None:
    operator = shop.person(Role.OPERATOR)
    path = f"/v1/orders/{shop.paid(anna)['id']}"
    shop.call("POST", f"{path}/waive-edit-window", anna)
    shop.work()
    if shop.call("GET", path, anna).json()["status"] == "confirmed":
        assert shop.call("POST", f"{path}/start-production", operator).status_code == 200
    url = f"https://dhl.example/track?id={TRACKING}"
    parcel = {"carrier": "DHL", "tracking_number": TRACKING, "tracking_url": url}
    shipped = shop.call("POST", f"{path}/shipments", operator, json=parcel)
    assert (shipped.status_code, shipped.json()["status"]) == (200, "shipped")
    named = parcel | {"carrier": TRACKING}
    problem(shop.call("POST", f"{path}/shipments", operator, json=named), 422, "card-number-refused")

"""Evidence over HTTP: for staff who may read payments, and nobody else."""

from __future__ import annotations

import pytest

from printapic.domain.actors import Role
from tests.integration.http.live_shop import LiveShop, Person


@pytest.fixture
def anna(shop: LiveShop) -> Person:
    return shop.person()


@pytest.fixture
def clara(shop: LiveShop) -> Person:
    return shop.person(Role.SUPPORT)


def test_staff_read_what_is_known_of_a_payment(shop: LiveShop, anna: Person, clara: Person) -> None:
    order = shop.paid(anna)
    [payment] = shop.call("GET", f"/v1/orders/{order['id']}/payments", anna).json()["items"]
    path = f"/v1/payments/{payment['id']}/evidence"
    answer = shop.call("GET", path, clara)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["order"]["number"], told["payment"]["status"]) == (order["number"], "paid")
    assert told["buyer"]["email"] == anna.email
    assert told["order"]["ship_to"]["name"]
    assert {login["address"] for login in told["sessions"]} == {"127.0.0.1"}
    assert [mail["template"] for mail in told["mails"]] == ["order-placed", "payment-received"]
    [printed] = told["prints"]
    assert printed["size"].endswith(" mm")
    assert [call["kind"] for call in told["calls"]] == ["open"]
    assert told["calls"][0]["provider_request_id"].startswith("sim_req_")
    assert [row["type"] for row in told["transactions"]][:2] == ["due", "capture"]
    assert (told["disputes"], told["refunds"], told["erased"]) == ([], [], [])
    assert answer.headers["cache-control"] == "no-store"
    assert shop.call("GET", path, anna).status_code == 403
    assert shop.call("GET", f"/v1/payments/{order['id']}/evidence", clara).status_code == 404

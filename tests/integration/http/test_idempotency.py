"""Orders, payments and batches under an Idempotency-Key: done once, answered alike."""

from __future__ import annotations

import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from printapic.adapters.persistence.sql.idempotency_tables import idempotency_keys
from printapic.domain.actors import Role
from tests.integration.http.live_shop import LiveShop, Person
from tests.integration.http.problems import problem

KEPT = ("content-type", "location", "etag")


def same(first: httpx.Response, again: httpx.Response) -> bool:
    """Whether the second answer is the first one, said to be so, for a request of its own."""
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    assert "idempotency-replayed" not in first.headers
    return (
        again.headers["idempotency-replayed"] == "true"
        and (again.status_code, again.content) == (first.status_code, first.content)
        and [again.headers.get(name) for name in KEPT] == [first.headers.get(name) for name in KEPT]
    )


def send(shop: LiveShop, who: Person, path: str, key: str, content: str | bytes) -> httpx.Response:
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    return shop.call("POST", path, who, content=content, headers=headers)


@pytest.fixture
def body(shop: LiveShop, anna: Person) -> dict[str, Any]:
    return shop.order_request(shop.upload(anna)["id"])


@pytest.fixture
def key() -> str:
    return secrets.token_hex(16)


def orders_of(shop: LiveShop, who: Person) -> int:
    return len(shop.call("GET", "/v1/orders", who).json()["items"])


def test_a_repeated_order_gets_the_first_answer_whatever_has_become_of_it(
    shop: LiveShop, anna: Person, body: dict[str, Any], key: str
) -> None:
    first = shop.place(anna, body, key)
    assert (first.status_code, first.json()["status"]) == (201, "awaiting_payment")
    assert first.headers["location"] == f"/v1/orders/{first.json()['id']}"
    assert same(first, shop.place(anna, body, key))
    shop.call("POST", f"/v1/orders/{first.json()['id']}/cancel", anna)
    assert same(first, shop.place(anna, body, key))
    assert orders_of(shop, anna) == 1


def test_an_answer_is_kept_for_a_day(shop: LiveShop, anna: Person, body: dict[str, Any], key: str) -> None:
    before = datetime.now(UTC)
    assert shop.place(anna, body, key).status_code == 201
    after = datetime.now(UTC)
    engine = shop.container.engine()
    assert engine is not None
    with engine.connect() as connection:
        wanted = select(idempotency_keys.c.expires_at).where(idempotency_keys.c.key == key)
        [expires_at] = connection.scalars(wanted)
    day, tick = timedelta(hours=24), timedelta(milliseconds=1)
    assert before + day - tick <= expires_at <= after + day + tick


def test_an_order_sent_many_times_at_once_is_placed_once_and_answered_alike(
    shop: LiveShop, anna: Person, body: dict[str, Any], key: str
) -> None:
    def insist(_: int) -> httpx.Response:
        while (answer := shop.place(anna, body, key)).status_code == 409:
            problem(answer, 409, "idempotency-in-flight")
            assert answer.headers["retry-after"] == "1"
            time.sleep(0.01)
        return answer

    with ThreadPoolExecutor(12) as senders:
        answers = list(senders.map(insist, range(24)))
    [first] = [answer for answer in answers if "idempotency-replayed" not in answer.headers]
    assert first.status_code == 201
    assert all(same(first, answer) for answer in answers if answer is not first)
    assert orders_of(shop, anna) == 1


def test_a_repeated_payment_gets_the_first_answer_though_it_was_paid_meanwhile(
    shop: LiveShop, anna: Person, key: str
) -> None:
    order = shop.order(anna)
    first = shop.start_payment(anna, order["id"], key)
    shop.press(first.json()["redirect_url"])
    shop.work()
    assert same(first, shop.start_payment(anna, order["id"], key))
    other = shop.start_payment(anna, order["id"], key, cancel_url=f"{shop.url}/elsewhere")
    problem(other, 422, "idempotency-key-reused")


def test_a_repeated_batch_takes_nothing_out_of_the_queue(shop: LiveShop, anna: Person, key: str) -> None:
    order, operator = shop.paid(anna), shop.person(Role.OPERATOR)
    shop.call("POST", f"/v1/orders/{order['id']}/waive-edit-window", anna)
    shop.work()
    shop.call("POST", f"/v1/orders/{order['id']}/start-production", operator)
    first, again = (
        shop.call("POST", "/v1/production/batches", operator, headers={"Idempotency-Key": key})
        for _ in range(2)
    )
    assert first.status_code == 201
    assert same(first, again)


def test_blanks_and_the_order_of_names_do_not_make_another_request(
    shop: LiveShop, anna: Person, body: dict[str, Any], key: str
) -> None:
    first = send(shop, anna, "/v1/orders", key, json.dumps(body))
    backwards = json.dumps({name: body[name] for name in reversed(body)}, indent=3)
    assert same(first, send(shop, anna, "/v1/orders", key, backwards))
    problem(
        send(shop, anna, "/v1/orders", key, json.dumps(body | {"currency": "GBP"})),
        422,
        "idempotency-key-reused",
    )
    assert orders_of(shop, anna) == 1


def test_a_key_is_its_senders_own_and_its_addresses_own(
    shop: LiveShop, anna: Person, bert: Person, body: dict[str, Any], key: str
) -> None:
    first, second = shop.place(anna, body, key), shop.order(anna)
    theirs = shop.place(bert, shop.order_request(shop.upload(bert)["id"]), key)
    assert theirs.json()["id"] != first.json()["id"]
    payments = [shop.start_payment(anna, order_id, key) for order_id in (first.json()["id"], second["id"])]
    assert [answer.status_code for answer in payments] == [201, 201]
    assert len({answer.json()["id"] for answer in payments}) == 2
    assert not any("idempotency-replayed" in answer.headers for answer in [theirs, *payments])


def test_an_answer_is_for_those_who_may_still_ask(
    shop: LiveShop, anna: Person, body: dict[str, Any], key: str
) -> None:
    first = shop.place(anna, body, key)
    nobody = shop.client.post("/v1/orders", json=body, headers={"Idempotency-Key": key})
    problem(nobody, 401, "unauthenticated")
    elsewhere = Person(anna.id, anna.email, shop.log_in(anna.email))
    shop.call("DELETE", "/v1/sessions/current", anna)
    problem(shop.place(anna, body, key), 401, "unauthenticated")
    assert same(first, shop.place(elsewhere, body, key))


def test_a_decided_refusal_is_repeated_too(
    shop: LiveShop, anna: Person, bert: Person, body: dict[str, Any], key: str
) -> None:
    order = shop.place(anna, body).json()
    first, again = (shop.start_payment(bert, order["id"], key) for _ in range(2))
    assert first.json()["code"] == "order-not-found"
    assert same(first, again)


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b'{"quote_hash": ', (400, "json-malformed")),
        (b"[" * 40 + b"]" * 40, (400, "json-too-deep")),
        (b"", (400, "body-missing")),
        (b'{"unknown": 1}', (422, "request-invalid")),
        (b" " * 100_000, (413, "body-too-large")),
    ],
)
def test_what_cannot_be_read_does_not_use_up_the_key(
    shop: LiveShop, anna: Person, body: dict[str, Any], content: bytes, refusal: tuple[int, str]
) -> None:
    key = secrets.token_hex(16)
    problem(send(shop, anna, "/v1/orders", key, content), *refusal)
    assert send(shop, anna, "/v1/orders", key, json.dumps(body)).status_code == 201


def test_a_key_that_nobody_asked_for_must_be_one_all_the_same(shop: LiveShop) -> None:
    operator = shop.person(Role.OPERATOR)
    answer = shop.call("POST", "/v1/production/batches", operator, headers={"Idempotency-Key": "short"})
    problem(answer, 400, "idempotency-key-invalid")


def test_who_is_forgotten_is_asked_anew_and_finds_what_was_done(
    shop: LiveShop, anna: Person, body: dict[str, Any], key: str
) -> None:
    """Once the answer is gone, as after a day, the order's own key still finds the order."""
    first = shop.place(anna, body, key)
    shop.container.idempotency_keys().forget(anna.id)
    again = shop.place(anna, body, key)
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    assert orders_of(shop, anna) == 1

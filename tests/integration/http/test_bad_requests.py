"""Requests that are refused, by what is wrong with them; none leaves a row behind."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from printapic.domain.catalogue.quote import QUOTE_LIFETIME, QuoteRequestLine, quote
from printapic.domain.ids import Sku
from printapic.domain.money import Currency
from tests.integration.http.live_shop import PASSWORD, LiveShop, Person
from tests.integration.http.problems import problem

JSON = {"Content-Type": "application/json"}

UNHEARD_OF = "01a20000-0000-7000-8000-000000000000"


@pytest.fixture
def image_id(shop: LiveShop, anna: Person) -> str:
    return str(shop.upload(anna)["id"])


@pytest.fixture(autouse=True)
def no_trace(shop: LiveShop, request: pytest.FixtureRequest) -> Iterator[None]:
    for fixture in ("anna", "bert", "image_id"):
        if fixture in request.fixturenames:
            request.getfixturevalue(fixture)
    before = shop.traces()
    yield
    assert shop.traces() == before


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "body-missing"),
        (b"{", 400, "json-malformed"),
        (b'{"email": "a@example.com", "password": "\xff"}', 400, "json-malformed"),
        (b'{"email": "a@example.com", "password": "\xed\xa0\x80"}', 400, "json-malformed"),
        (rb'{"email": "a@example.com", "password": "\ud800"}', 400, "json-malformed"),
        (b'\xef\xbb\xbf{"email": "a@example.com"}', 400, "json-malformed"),
        (b'{"email": NaN}', 400, "json-malformed"),
        (b'{"email": Infinity}', 400, "json-malformed"),
        (b'{"email": "a"} {"email": "b"}', 400, "json-malformed"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, 400, "json-too-deep"),
        (b"[" * 60_000, 400, "json-too-deep"),
        (b'{"email": "' + b"a" * 65_536 + b'"}', 413, "body-too-large"),
        (b"[]", 422, "request-invalid"),
        (b"null", 422, "request-invalid"),
        (b'{"password": "a password of many words"}', 422, "request-invalid"),
        (b'{"email": 1e999, "password": "x"}', 422, "request-invalid"),
        (b'{"email": 123456789012345678901234567890, "password": "x"}', 422, "request-invalid"),
        (rb'{"email": "a\u0000@example.com", "password": "x"}', 422, "request-invalid"),
        (b'{"email": "nobody", "password": "a password of many words"}', 422, "email-invalid"),
        (b'{"email": "a@example.com", "password": "short"}', 422, "password-too-short"),
    ],
)
def test_a_body_that_cannot_be_used_is_refused(shop: LiveShop, body: bytes, status: int, code: str) -> None:
    problem(shop.client.post("/v1/users", content=body, headers=JSON), status, code)


@pytest.mark.parametrize(
    ("field", "value", "pointer", "code"),
    [
        ("roles", ["admin"], "/roles", "field-unknown"),
        ("locale", "<script>", "/locale", "field-invalid"),
        ("name", "two\nlines", "/name", "field-invalid"),
        ("name", "", "/name", "field-invalid"),
        ("email", None, "/email", "field-invalid"),
        ("`; DROP TABLE", 1, "", "field-unknown"),
    ],
)
def test_a_field_that_is_not_as_declared_is_named_and_not_echoed(
    shop: LiveShop, field: str, value: object, pointer: str, code: str
) -> None:
    body = {"email": "a@example.com", "password": PASSWORD} | {field: value}
    answer = shop.client.post("/v1/users", json=body)
    [fault] = problem(answer, 422, "request-invalid")["errors"]
    assert (fault["pointer"], fault["code"]) == (pointer, code)
    assert "script" not in answer.text
    assert "DROP" not in answer.text


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/json; charset=latin-1",
        "application/msgpack",
        "application/json;;=",
        "\xff",
    ],
)
def test_a_body_of_another_type_is_refused(shop: LiveShop, content_type: str | None) -> None:
    headers = {b"Content-Type": content_type.encode("latin-1")} if content_type else {}
    answer = shop.client.post("/v1/users", content=b'{"email": "a"}', headers=headers)
    problem(answer, 415, "content-type-unsupported")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/images?limit=0",
        "/v1/images?limit=101",
        "/v1/images?limit=1e999",
        "/v1/images?limit=99999999999999999999",
        "/v1/images?limit=%00",
        "/v1/images?limit=%ff",
        "/v1/orders?status=unheard-of",
        "/v1/shipping-methods",
    ],
)
def test_a_parameter_that_is_not_as_declared_is_named(shop: LiveShop, anna: Person, path: str) -> None:
    [fault] = problem(shop.call("GET", path, anna), 422, "request-invalid")["errors"]
    assert fault["pointer"] in ("query/limit", "query/status", "query/country")


@pytest.mark.parametrize("cursor", ["x", "AAAA", "%ff", "____", "%00", "A" * 201, "=" * 22])
def test_a_cursor_that_no_page_gave_is_refused(shop: LiveShop, anna: Person, cursor: str) -> None:
    answer = shop.call("GET", f"/v1/orders?cursor={cursor}", anna)
    assert answer.status_code == 422
    assert answer.json()["code"] in ("cursor-invalid", "request-invalid")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/nothing", "route-not-found"),
        ("/v1/orders/not-an-id", "route-not-found"),
        ("/v1/orders/%00", "route-not-found"),
        ("/v1/products/%00", "product-not-found"),
        ("/v1/products/%ED%A0%80", "product-not-found"),
        ("/v1/products/%zz", "product-not-found"),
        (f"/v1/orders/{UNHEARD_OF}", "order-not-found"),
        (f"/v1/orders/{UNHEARD_OF}/history", "order-not-found"),
        (f"/v1/orders/{UNHEARD_OF}/payments", "order-not-found"),
        (f"/v1/payments/{UNHEARD_OF}", "payment-not-found"),
        (f"/v1/images/{UNHEARD_OF}", "image-not-found"),
        (f"/v1/images/{UNHEARD_OF}/renditions/web.jpg", "image-not-found"),
        (f"/v1/images/{UNHEARD_OF}/renditions/huge", "preset-not-found"),
        ("/simulated-checkout/unheard-of", "simulated-checkout-not-found"),
        ("/schema/unheard-of", "route-not-found"),
    ],
)
def test_what_is_not_there_is_not_found(shop: LiveShop, anna: Person, path: str, code: str) -> None:
    problem(shop.call("GET", path, anna), 404, code)


@pytest.mark.parametrize("status", ["null", "NULL", "null&status=null", "placed&status=null"])
def test_nothing_is_no_status_to_look_for(shop: LiveShop, anna: Person, status: str) -> None:
    refusal = problem(shop.call("GET", f"/v1/orders?status={status}", anna), 422, "request-invalid")
    assert refusal["errors"][0]["pointer"] == "query/status"


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/v1/orders"), ("DELETE", "/v1/orders"), ("GET", "/v1/quotes"), ("TRACE", "/v1/products")],
)
def test_a_method_that_an_address_does_not_know_is_refused(shop: LiveShop, method: str, path: str) -> None:
    answer = shop.client.request(method, path)
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"]


def test_an_order_needs_a_product_that_exists(shop: LiveShop, anna: Person, image_id: str) -> None:
    body = shop.order_request(image_id)
    body["lines"][0]["sku"] = "unheard-of"
    problem(shop.place(anna, body), 404, "product-not-found")


@pytest.mark.parametrize("path", ["/v1/quotes", "/v1/orders"])
def test_a_currency_is_one_that_the_shop_trades_in(
    shop: LiveShop, anna: Person, image_id: str, path: str
) -> None:
    for currency in ("XXX", "JPY", "eur", ""):
        body = shop.order_request(image_id, currency=currency)
        if path == "/v1/quotes":
            line = {"sku": "print-9x13-glossy", "quantity": 1}
            terms = {"country": "DE", "shipping_method": "standard", "currency": currency}
            body = {"lines": [line], **terms}
        key = {"Idempotency-Key": secrets.token_hex(16)}
        problem(shop.call("POST", path, anna, json=body, headers=key), 422, "currency-unsupported")


def test_a_quote_holds_for_its_own_currency_only(shop: LiveShop, anna: Person, image_id: str) -> None:
    answer = shop.place(anna, shop.order_request(image_id, currency="GBP"))
    assert problem(answer, 409, "quote-changed")["quote"]["total"]["currency"] == "GBP"


def test_an_altered_quote_is_answered_with_the_right_one(shop: LiveShop, anna: Person, image_id: str) -> None:
    body = shop.order_request(image_id)
    body["lines"][0]["quantity"] = 2
    offered = problem(shop.place(anna, body), 409, "quote-changed")["quote"]
    assert offered["lines"][0]["quantity"] == 2
    assert offered["quote_hash"] != body["quote_hash"]


def test_an_expired_quote_is_answered_with_a_new_one(shop: LiveShop, anna: Person, image_id: str) -> None:
    long_ago = quote(
        shop.shop.read_price_list(),
        [QuoteRequestLine(sku=Sku("print-9x13-glossy"), quantity=1)],
        country="DE",
        shipping_method="standard",
        currency=Currency.of("EUR"),
        expires_at=shop.container.clock().now() - timedelta(seconds=1),
    )
    body = shop.order_request(image_id, quote_hash=long_ago.quote_hash)
    offered = problem(shop.place(anna, body), 409, "quote-expired")["quote"]
    assert offered["quote_hash"] != long_ago.quote_hash
    assert offered["total"] == {"amount": long_ago.total.amount, "currency": "EUR"}


def test_a_quote_of_our_own_making_does_not_last_longer(shop: LiveShop, anna: Person, image_id: str) -> None:
    forged = quote(
        shop.shop.read_price_list(),
        [QuoteRequestLine(sku=Sku("print-9x13-glossy"), quantity=1)],
        country="DE",
        shipping_method="standard",
        currency=Currency.of("EUR"),
        expires_at=shop.container.clock().now() + QUOTE_LIFETIME * 2,
    )
    body = shop.order_request(image_id, quote_hash=forged.quote_hash)
    problem(shop.place(anna, body), 409, "quote-changed")


def test_a_photo_of_somebody_else_cannot_be_ordered(
    shop: LiveShop, bert: Person, anna: Person, image_id: str
) -> None:
    stranger = shop.place(bert, shop.order_request(image_id))
    unknown = shop.place(bert, shop.order_request(str(uuid4())))
    assert problem(stranger, 404, "image-not-found")["detail"] == unknown.json()["detail"]


@pytest.mark.parametrize(
    ("crop", "code"),
    [
        ({"x": 0.9, "y": 0, "width": 0.5, "height": 1}, "crop-invalid"),
        ({"x": "NaN", "y": 0, "width": 1, "height": 1}, "request-invalid"),
        ({"x": 0.1234567, "y": 0, "width": 0.5, "height": 0.5}, "crop-invalid"),
        ({"x": 0, "y": 0, "width": 0, "height": 1}, "crop-invalid"),
        ({"x": True, "y": 0, "width": 1, "height": 1}, "request-invalid"),
        ({"x": 0, "y": 0, "width": 1}, "request-invalid"),
    ],
)
def test_a_crop_lies_inside_the_photo(
    shop: LiveShop, anna: Person, image_id: str, crop: dict[str, Any], code: str
) -> None:
    body = shop.order_request(image_id)
    body["lines"][0]["crop"] = crop
    problem(shop.place(anna, body), 422, code)


@pytest.mark.parametrize(
    "quantity", ["1e999", "NaN", "-1", "0", "1.5", "1e3", "true", '"1"', "99999999999999999999"]
)
def test_a_quantity_is_a_sensible_whole_number(shop: LiveShop, quantity: str) -> None:
    text = json.dumps(
        {
            "lines": [{"sku": "print-9x13-glossy", "quantity": "here"}],
            "country": "DE",
            "shipping_method": "standard",
            "currency": "EUR",
        }
    ).replace('"here"', quantity)
    answer = shop.client.post("/v1/quotes", content=text.encode(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) in (
        (400, "json-malformed"),
        (422, "request-invalid"),
    )


def test_warnings_are_acknowledged_before_an_order(shop: LiveShop, anna: Person, image_id: str) -> None:
    body = shop.order_request(image_id)
    body["lines"][0]["acknowledged_warnings"] = []
    refusal = problem(shop.place(anna, body), 422, "warnings-unacknowledged")
    assert refusal["details"]["warnings"] == ["LOW_RESOLUTION"]


def test_what_would_look_bad_cannot_be_ordered(shop: LiveShop, anna: Person, image_id: str) -> None:
    body = shop.order_request(image_id, quote_hash=shop.quote("poster-70x100-satin")["quote_hash"])
    body["lines"][0]["sku"] = "poster-70x100-satin"
    problem(shop.place(anna, body), 422, "print-blocked")


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency-key-missing"),
        ("short", "idempotency-key-invalid"),
        ("x" * 256, "idempotency-key-invalid"),
        ("twenty characters and a blank", "idempotency-key-invalid"),
        ("\xff" * 30, "idempotency-key-invalid"),
    ],
)
def test_an_order_needs_a_proper_idempotency_key(
    shop: LiveShop, anna: Person, image_id: str, key: str | None, code: str
) -> None:
    headers = {"Idempotency-Key": key.encode("latin-1")} if key else {}
    body = shop.order_request(image_id)
    problem(shop.call("POST", "/v1/orders", anna, json=body, headers=headers), 400, code)


def test_two_idempotency_keys_are_one_too_many(shop: LiveShop, anna: Person, image_id: str) -> None:
    headers = [("Idempotency-Key", secrets.token_hex(16)) for _ in range(2)]
    answer = shop.client.post(
        "/v1/orders", json=shop.order_request(image_id), headers=[*anna.headers.items(), *headers]
    )
    problem(answer, 400, "idempotency-key-invalid")

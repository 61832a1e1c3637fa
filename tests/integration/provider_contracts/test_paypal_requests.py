"""What PayPal would not understand, or what we do not want to say to it, is refused."""

from __future__ import annotations

from typing import Any

import attrs
import httpx
import pytest

from tests.integration.provider_contracts.good_requests import PAYPAL, GoodRequest
from tests.integration.provider_contracts.spoiling import changed, leaves, objects, place, places, without
from tests.provider_contracts.contract import Contract
from tests.provider_contracts.rules import MOVING_MONEY

ORDER = PAYPAL[0]
VERIFY, TOKEN = PAYPAL[-2:]
WITH_BODY = [each for each in PAYPAL if each.json]
NOT_OURS = {"webhook_event"}


def breaches(contract: Contract, request: httpx.Request) -> list[str]:
    operation = contract.operation(request)
    assert operation is not None
    return contract.request_breaches(operation, request)


@pytest.mark.parametrize("request_", PAYPAL, ids=str)
def test_everything_that_the_adapter_may_say_is_understood(paypal: Contract, request_: GoodRequest) -> None:
    assert request_.breaches(paypal) == []


@pytest.mark.parametrize(
    ("where", "value", "says"),
    [
        ("intent", "SALE", "$.intent: 'SALE' is not one of"),
        ("purchase_units.0.amount.value", 12.9, "amount.value: 12.9 is not of type 'string'"),
        ("purchase_units.0.amount.value", "12,90", "amount.value: '12,90' does not match"),
        ("purchase_units.0.amount.currency_code", "euro", "currency_code: 'euro' is too long"),
        ("purchase_units.0.amount", None, "amount"),
        ("purchase_units", [], "purchase_units: [] "),
        ("purchase_units.0.custom_id", "c" * 128, "custom_id"),
        ("payment_source.paypal.experience_context.user_action", "PAY_LATER", "user_action"),
        ("payment_source.paypal.experience_context.locale", "german", "locale"),
        ("payment_source.paypal.colour", "red", "('colour' was unexpected)"),
    ],
)
def test_what_paypal_would_not_take_is_refused_with_the_place(
    paypal: Contract, where: str, value: Any, says: str
) -> None:
    [breach] = attrs.evolve(ORDER, json=changed(ORDER.json, place(where), value)).breaches(paypal)
    assert says in breach


@pytest.mark.parametrize("request_", WITH_BODY, ids=str)
def test_a_field_that_nobody_knows_is_refused_at_every_depth(paypal: Contract, request_: GoodRequest) -> None:
    spots = [at for at in objects(request_.json) if not NOT_OURS.intersection(at)]
    assert spots
    for at in spots:
        body = changed(request_.json, (*at, "colour"), "red")
        assert attrs.evolve(request_, json=body).breaches(paypal), at


def test_a_webhook_sent_back_to_be_verified_may_say_more_than_we_know(paypal: Contract) -> None:
    for at in objects(VERIFY.json["webhook_event"]):
        body = changed(VERIFY.json, ("webhook_event", *at, "colour"), {"red": 1})
        assert attrs.evolve(VERIFY, json=body).breaches(paypal) == [], at


@pytest.mark.parametrize("request_", WITH_BODY, ids=str)
def test_every_value_of_the_wrong_kind_is_refused(paypal: Contract, request_: GoodRequest) -> None:
    others: list[Any] = [True, 12.5, None, [], {}, ""]
    for at, value in places(request_.json):
        if "resource" in at:
            continue
        for new in others:
            if type(new) is not type(value) and (at or new is not None):
                body = changed(request_.json, at, new)
                assert attrs.evolve(request_, json=body).breaches(paypal), (at, new)


@pytest.mark.parametrize("request_", WITH_BODY, ids=str)
def test_every_text_of_ours_has_an_end(paypal: Contract, request_: GoodRequest) -> None:
    """PayPal's links are the exception: the schema of a URL knows no limit."""
    for at, value in leaves(request_.json):
        if isinstance(value, str) and not str(at[-1]).endswith("_url") and not NOT_OURS.intersection(at):
            body = changed(request_.json, at, "7" * 4001)
            assert attrs.evolve(request_, json=body).breaches(paypal), at


@pytest.mark.parametrize("request_", [each for each in PAYPAL if each.required], ids=str)
def test_what_is_required_has_to_be_there(paypal: Contract, request_: GoodRequest) -> None:
    for dotted in request_.required:
        name = "form" if request_.form else "json"
        body = without(getattr(request_, name), place(dotted))
        if body:
            [breach] = attrs.evolve(request_, **{name: body}).breaches(paypal)
            assert f"'{dotted.rpartition('.')[2]}' is a required property" in breach
        else:
            assert attrs.evolve(request_, **{name: body}).breaches(paypal) == ["no body"]


@pytest.mark.parametrize(
    "request_",
    [each for each in PAYPAL if each.method == "POST" and "PayPal-Request-Id" in each.headers][:5],
    ids=str,
)
def test_where_money_moves_a_request_id_and_a_whole_answer_are_asked_for(
    paypal: Contract, request_: GoodRequest
) -> None:
    assert str(paypal.operation(request_.built())) in MOVING_MONEY
    for header in ("PayPal-Request-Id", "Prefer", "Content-Type", "Authorization"):
        request = request_.built()
        del request.headers[header]
        found = breaches(paypal, request)
        assert any(header in each for each in found), header
    request = request_.built()
    request.headers["Prefer"] = "return=minimal"
    assert breaches(paypal, request) == ["header Prefer is not return=representation"]


def test_a_header_has_to_look_as_described(paypal: Contract) -> None:
    request = ORDER.built()
    request.headers["PayPal-Request-Id"] = "k" * 109
    [breach] = breaches(paypal, request)
    assert "PayPal-Request-Id" in breach
    assert "is too long" in breach


def test_an_operation_without_a_body_takes_none(paypal: Contract) -> None:
    void = next(each for each in PAYPAL if each.path.endswith("/void"))
    [breach] = attrs.evolve(void, json={"reason": "x"}).breaches(paypal)
    assert "allowed is none" in breach


def test_an_id_in_a_path_has_to_look_like_one(paypal: Contract) -> None:
    request = attrs.evolve(PAYPAL[6], path="/v2/checkout/orders/0198c0de-0000%2Fx")
    [breach] = request.breaches(paypal)
    assert "path $.id" in breach


def test_the_token_is_asked_for_with_client_credentials_only(paypal: Contract) -> None:
    [breach] = attrs.evolve(TOKEN, form={"grant_type": "password"}).breaches(paypal)
    assert "grant_type" in breach
    [breach] = attrs.evolve(TOKEN, form={"grant_type": "client_credentials", "x": "1"}).breaches(paypal)
    assert "'x' was unexpected" in breach
    bearer = attrs.evolve(TOKEN, headers={"Authorization": "Bearer x"})
    assert bearer.breaches(paypal) == ["header Authorization is not Basic ..."]


@pytest.mark.parametrize(
    "text",
    ['{"amount": NaN}', '{"note_to_payer": "a", "note_to_payer": "b"}', "{", "[1]x", "\ufeff{}"],
)
def test_a_body_is_strict_json(paypal: Contract, text: str) -> None:
    capture = PAYPAL[3]
    request = httpx.Request("POST", "http://x" + capture.path, content=text.encode(), headers=capture.headers)
    [breach] = breaches(paypal, request)
    assert breach.startswith("body: ")

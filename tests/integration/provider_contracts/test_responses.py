"""What the providers answer: their own examples pass, and nothing does that they would not say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.provider_contracts.good_requests import PAYPAL, STRIPE, GoodRequest
from tests.integration.provider_contracts.spoiling import changed, leaves, objects, without
from tests.provider_contracts import files
from tests.provider_contracts.contract import Contract
from tests.provider_contracts.document import Operation

UNKNOWN_FIELD = {
    ("POST /v2/checkout/orders", "order_request"),
    ("POST /v2/checkout/orders/{id}/confirm-payment-source", "confirm_order_request"),
}
SWAPPED = {
    ("POST /v1/customer/disputes/{id}/require-evidence", "escalate"),
    ("POST /v1/customer/disputes/{id}/escalate", "require_evidence"),
}
NEWER_THAN_THE_FILE = {
    "payment_intent": {"source"},
    "charge": {"source"},
    "refund": {"customer", "customer_account", "payment_method"},
}
OURS = ("checkout.session", "payment_intent", "charge", "refund", "dispute", "balance_transaction", "payout",
        "event")  # fmt: skip


@pytest.fixture(scope="session")
def fixtures(contracts: Path) -> dict[str, Any]:
    resources: dict[str, Any] = files.contract_json(contracts, files.STRIPE_FIXTURES)["resources"]
    return resources


def answered(contract: Contract, request: GoodRequest, status: int, body: Any = None) -> list[str]:
    operation = contract.operation(request.built())
    assert operation is not None
    response = httpx.Response(status) if body is None else httpx.Response(status, json=body)
    return contract.response_breaches(operation, response)


def examples(contract: Contract, folder: Path) -> Iterator[tuple[Operation, str, Any, bool]]:
    """Every example in PayPal's files: its operation, name and value, and whether it is a request."""
    for file in files.PAYPAL:
        paths = files.contract_json(folder, file)["paths"]
        for operation in contract.operations:
            raw = paths.get(operation.template, {}).get(operation.method.lower(), {})
            for part in (raw.get("requestBody", {}), *raw.get("responses", {}).values()):
                found = part.get("content", {}).get("application/json", {}).get("examples", {})
                for name, example in found.items():
                    yield operation, name, example["value"], part is raw.get("requestBody")


def test_twelve_of_paypals_sixteen_examples_keep_paypals_contract_and_four_are_known_not_to(
    paypal: Contract, contracts: Path
) -> None:
    accepted, refused = set(), {}
    for operation, name, value, sent in examples(paypal, contracts):
        schema = (operation.bodies if sent else operation.answers["201"])["application/json"]
        breaches = list(operation.schemas.breaches(value, schema, closed=sent))
        if breaches:
            refused[str(operation), name] = breaches
        else:
            accepted.add((str(operation), name))
    assert len(accepted) == 12
    assert refused.keys() == UNKNOWN_FIELD | SWAPPED
    for each in UNKNOWN_FIELD:
        assert "'payment_method_selected' was unexpected" in refused[each][0]


def test_two_examples_stand_at_each_others_place(paypal: Contract, contracts: Path) -> None:
    swapped = [each for each in examples(paypal, contracts) if (str(each[0]), each[1]) in SWAPPED]
    [(first, _, value_of_second, _), (second, _, value_of_first, _)] = swapped
    for operation, value in ((first, value_of_first), (second, value_of_second)):
        schema = operation.bodies["application/json"]
        assert list(operation.schemas.breaches(value, schema, closed=True)) == []


def test_stripes_own_fixtures_are_good_answers(stripe: Contract, fixtures: dict[str, Any]) -> None:
    schemas = stripe.operations[0].schemas
    for kind in OURS:
        assert list(schemas.component_breaches(fixtures[kind], kind)) == [], kind
        newer = set(fixtures[kind]) - set(schemas.components[kind]["properties"])
        assert newer == NEWER_THAN_THE_FILE.get(kind, set())


def test_answers_may_say_more_than_we_know_at_every_depth(stripe: Contract, fixtures: dict[str, Any]) -> None:
    session = fixtures["checkout.session"]
    for at in objects(session):
        if "metadata" not in at:
            more = changed(session, (*at, "brand_new"), {"a": 1})
            assert answered(stripe, STRIPE[0], 200, more) == [], at


def test_every_value_that_stripe_promises_is_held_to_its_type(
    stripe: Contract, fixtures: dict[str, Any]
) -> None:
    session = fixtures["checkout.session"]
    for at, value in leaves(session):
        if value is None:
            continue
        wrong: list[Any] = [value + 0.5, str(value)] if isinstance(value, int) else [7, ["x"]]
        for new in wrong:
            assert answered(stripe, STRIPE[0], 200, changed(session, at, new)), (at, new)


def test_every_member_that_stripe_promises_has_to_be_there(
    stripe: Contract, fixtures: dict[str, Any]
) -> None:
    session = fixtures["checkout.session"]
    required = stripe.operations[0].schemas.components["checkout.session"]["required"]
    for name in (*required, "amount_total", "currency", "client_reference_id", "payment_intent"):
        [breach] = answered(stripe, STRIPE[0], 200, without(session, (name,)))
        assert f"'{name}' is" in breach


def test_what_stripe_leaves_optional_is_demanded_however_deep_it_is(
    stripe: Contract, fixtures: dict[str, Any]
) -> None:
    intent = {**fixtures["payment_intent"], "latest_charge": fixtures["charge"]}
    session = {**fixtures["checkout.session"], "payment_intent": intent}
    assert answered(stripe, STRIPE[0], 200, session) == []
    for at in (("payment_intent", "amount_received"), ("payment_intent", "latest_charge", "payment_intent")):
        [breach] = answered(stripe, STRIPE[0], 200, without(session, at))
        assert breach == f"status 200, body $.{'.'.join(at[:-1])}: {at[-1]!r} is missing"
    refunds = {"object": "list", "data": [fixtures["refund"]], "has_more": False, "url": "/v1/refunds"}
    search = next(each for each in STRIPE if each.path.startswith("/v1/refunds?"))
    assert answered(stripe, search, 200, refunds) == []
    [breach] = answered(stripe, search, 200, without(refunds, ("data", 0, "status")))
    assert "data[0]: 'status' is missing" in breach


@pytest.mark.parametrize(
    ("where", "word"),
    [("status", "finished"), ("payment_status", "maybe"), ("object", "session"), ("currency", "EUR")],
)
def test_words_that_stripe_does_not_know_are_refused(
    stripe: Contract, fixtures: dict[str, Any], where: str, word: str
) -> None:
    [breach] = answered(stripe, STRIPE[0], 200, {**fixtures["checkout.session"], where: word})
    assert where in breach


@pytest.mark.parametrize("status", [100, 201, 204, 301, 302])
def test_only_errors_may_have_a_status_that_is_not_declared(stripe: Contract, status: int) -> None:
    [breach] = answered(stripe, STRIPE[0], status, {"error": {"type": "api_error"}})
    assert breach == f"status {status} is not declared; declared are 200, default"
    assert answered(stripe, STRIPE[0], 402, {"error": {"type": "card_error"}}) == []
    assert answered(stripe, STRIPE[0], 402, {"error": {"type": "bad_luck"}})
    assert answered(stripe, STRIPE[0], 500, {})


PRICE = {"currency_code": "EUR", "value": "12.90"}
CAPTURE = {"id": "2GG279541U471931P", "status": "COMPLETED", "amount": PRICE}
ORDER = {
    "id": "5O190127TN364715T",
    "status": "COMPLETED",
    "intent": "CAPTURE",
    "purchase_units": [
        {"reference_id": "default", "amount": PRICE, "payments": {"captures": [CAPTURE]}},
    ],
}
ERROR = {
    "name": "UNPROCESSABLE_ENTITY",
    "message": "The requested action could not be performed, semantically incorrect, or failed business "
    "validation.",
    "debug_id": "90957fca61718",
    "details": [{"issue": "ORDER_ALREADY_CAPTURED"}],
}


@pytest.mark.parametrize("status", [200, 201])
def test_a_whole_order_is_a_good_answer(paypal: Contract, status: int) -> None:
    assert answered(paypal, PAYPAL[1], status, ORDER) == []


def test_what_paypal_leaves_optional_is_demanded_all_the_same(paypal: Contract) -> None:
    for name in ("id", "status", "purchase_units"):
        assert answered(paypal, PAYPAL[1], 201, without(ORDER, (name,)))
    movement = ("purchase_units", 0, "payments", "captures", 0)
    for name in CAPTURE:
        [breach] = answered(paypal, PAYPAL[1], 201, without(ORDER, (*movement, name)))
        assert f"{name!r} is missing" in breach
    for name in CAPTURE:
        assert answered(paypal, PAYPAL[5], 201, without(CAPTURE, (name,)))
    dispute = next(each for each in PAYPAL if "disputes/" in each.path)
    assert answered(paypal, dispute, 200, {"dispute_id": "PP-D-1", "status": "OPEN"})


@pytest.mark.parametrize(
    ("where", "new"),
    [
        (("status",), "PAID"),
        (("purchase_units", 0, "amount", "value"), 12.9),
        (("purchase_units", 0, "payments", "captures", 0, "status"), "REVERSED"),
        (("purchase_units", 0, "payments", "captures", 0, "amount", "currency_code"), "EURO"),
        (("purchase_units",), {}),
    ],
)
def test_words_and_types_that_paypal_does_not_know_are_refused(
    paypal: Contract, where: tuple[str | int, ...], new: Any
) -> None:
    assert answered(paypal, PAYPAL[1], 201, changed(ORDER, where, new))


def test_errors_are_paypals_own(paypal: Contract) -> None:
    capture = PAYPAL[1]
    assert answered(paypal, capture, 422, ERROR) == []
    assert answered(paypal, capture, 422, {**ERROR, "details": [{"issue": "NO_SUCH_ISSUE"}]})
    assert answered(paypal, capture, 422, {"name": "INVALID_REQUEST"})
    assert answered(paypal, capture, 422, {"debug_id": "1"}) == [
        "status 422, body $: neither a name nor an error"
    ]
    assert answered(paypal, capture, 401, {"error": "invalid_token", "error_description": "expired"}) == []
    conflict = "The server has detected a conflict while processing this request."
    assert answered(paypal, capture, 409, {"name": "RESOURCE_CONFLICT", "message": conflict}) == []
    assert answered(paypal, capture, 409, {"name": "BUSY"})


def test_being_sent_away_is_a_good_answer_though_no_file_has_it(paypal: Contract) -> None:
    busy = {"name": "RATE_LIMIT_REACHED", "message": "Too many requests."}
    for request in PAYPAL[:-1]:
        assert answered(paypal, request, 429, busy) == []
        assert answered(paypal, request, 429, {})


def test_a_search_that_finds_nothing_is_a_good_answer(paypal: Contract) -> None:
    disputes, transactions = PAYPAL[10], PAYPAL[12]
    assert answered(paypal, disputes, 200, {"items": []}) == []
    nothing = {"transaction_details": [], "page": 1, "total_items": 0, "total_pages": 0}
    assert answered(paypal, transactions, 200, nothing) == []
    assert answered(paypal, transactions, 200, {"transaction_details": [{"transaction_info": 1}]})


def test_no_content_means_none(paypal: Contract) -> None:
    void = PAYPAL[4]
    assert answered(paypal, void, 204) == []
    assert answered(paypal, void, 204, {}) == ["status 204: a body where none is declared"]


def test_tokens_are_granted_and_refused_as_oauth_says(paypal: Contract) -> None:
    token = PAYPAL[-1]
    granted = {
        "access_token": "A21AA",
        "token_type": "Bearer",
        "expires_in": 32400,
        "scope": "x",
        "nonce": "y",
    }
    assert answered(paypal, token, 200, granted) == []
    for name in ("access_token", "token_type", "expires_in"):
        assert answered(paypal, token, 200, without(granted, (name,)))
    for name, new in (
        ("expires_in", "32400"),
        ("expires_in", 0),
        ("access_token", ""),
        ("token_type", "MAC"),
    ):
        assert answered(paypal, token, 200, {**granted, name: new})
    assert answered(paypal, token, 401, {"error": "invalid_client"}) == []
    assert answered(paypal, token, 401, {"name": "x"})


def test_signatures_are_verified_with_one_of_two_words(paypal: Contract) -> None:
    verify = PAYPAL[-2]
    for word in ("SUCCESS", "FAILURE"):
        assert answered(paypal, verify, 200, {"verification_status": word}) == []
    assert answered(paypal, verify, 200, {"verification_status": "MAYBE"})
    assert answered(paypal, verify, 200, {})

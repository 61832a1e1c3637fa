"""What Stripe would not understand, or what we do not want to say to it, is refused."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from tests.integration.provider_contracts.good_requests import STRIPE, GoodRequest
from tests.integration.provider_contracts.spoiling import changed, leaves, objects, place, without
from tests.provider_contracts.contract import Contract

CHECKOUT, REFUND, CANCEL = (
    next(each for each in STRIPE if each.path.endswith(end) and each.form)
    for end in ("sessions", "refunds", "cancel")
)
FREE = {"metadata"}


def spoilt(request: GoodRequest, dotted: str, value: Any) -> GoodRequest:
    return attrs.evolve(request, form=changed(request.form, place(dotted), value))


@pytest.mark.parametrize("request_", STRIPE, ids=str)
def test_everything_that_the_adapter_may_say_is_understood(stripe: Contract, request_: GoodRequest) -> None:
    assert request_.breaches(stripe) == []


@pytest.mark.parametrize(
    ("request_", "where", "value", "says"),
    [
        (CHECKOUT, "mode", "pay", "$.mode: 'pay' is not one of"),
        (CHECKOUT, "line_items.0.price_data.unit_amount", "12.90", "unit_amount: '12.90' is not of type"),
        (CHECKOUT, "line_items.0.price_data.unit_amount", "1290.0", "'1290.0' is not of type 'integer'"),
        (CHECKOUT, "line_items.0.price_data.unit_amount", "1e3", "'1e3' is not of type 'integer'"),
        (CHECKOUT, "line_items.0.price_data.unit_amount", "٣", "is not of type 'integer'"),
        (CHECKOUT, "line_items.0.price_data.unit_amount", "007", "'007' is not of type 'integer'"),
        (CHECKOUT, "line_items.0.price_data.currency", "EUR", "currency: 'EUR' is not a 'currency'"),
        (CHECKOUT, "line_items.0.qty", "1", "line_items[0]: Additional properties"),
        (CHECKOUT, "canceled_url", "https://shop.example", "('canceled_url' was unexpected)"),
        (CHECKOUT, "adaptive_pricing.enabled", "yes", "enabled: 'yes' is not of type 'boolean'"),
        (CHECKOUT, "expires_at", 1795430400000, "expires_at: 1795430400000 is not a 'unix-time'"),
        (CHECKOUT, "metadata.attempt", {"id": "1"}, "metadata"),
        (CHECKOUT, "line_items", "1", "line_items: '1' is not of type 'array'"),
        (CHECKOUT, "line_items", {"1": {"quantity": 1}}, "line_items"),
        (REFUND, "reason", "because", "reason: 'because' is not one of"),
        (REFUND, "currency", {"eur": "1"}, "currency"),
        (CANCEL, "cancellation_reason", "expired", "cancellation_reason: 'expired' is not one of"),
    ],
)
def test_what_stripe_would_not_take_is_refused_with_the_place(
    stripe: Contract, request_: GoodRequest, where: str, value: Any, says: str
) -> None:
    [breach] = spoilt(request_, where, value).breaches(stripe)
    assert says in breach


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?colour=red", "('colour' was unexpected)"),
        ("?created[since]=1767225600", "created"),
        ("?limit=many", "limit: 'many' is not of type 'integer'"),
        ("?limit=1&limit=2", "limit is given twice"),
        ("?created=1767225600&created[gt]=1", "both have a value"),
        ("?[x]=1", "cannot be read"),
        ("?limit", "query"),
    ],
)
def test_unknown_and_unreadable_queries_are_refused(stripe: Contract, query: str, says: str) -> None:
    request = attrs.evolve(STRIPE[0], method="GET", path=f"/v1/balance_transactions{query}", form=None)
    [breach] = request.breaches(stripe)
    assert says in breach


def test_a_search_has_to_say_what_for(stripe: Contract) -> None:
    request = attrs.evolve(STRIPE[0], method="GET", path="/v1/payment_intents/search?limit=1", form=None)
    assert request.breaches(stripe) == ["query $: 'query' is a required property"]


@pytest.mark.parametrize("request_", [each for each in STRIPE if each.form], ids=str)
def test_a_field_that_nobody_knows_is_refused_at_every_depth(stripe: Contract, request_: GoodRequest) -> None:
    spots = [at for at in objects(request_.form) if not FREE.intersection(at)]
    assert spots
    for at in spots:
        form = changed(request_.form, (*at, "colour"), "red")
        assert attrs.evolve(request_, form=form).breaches(stripe), at


@pytest.mark.parametrize("request_", [each for each in STRIPE if each.form], ids=str)
def test_every_value_of_the_wrong_kind_is_refused(stripe: Contract, request_: GoodRequest) -> None:
    for at, value in leaves(request_.form):
        wrong = [{"a": {"b": "c"}}, [["x"]]] if isinstance(value, str) else ["x", "1.5", "", {"a": "1"}]
        for new in wrong:
            form = changed(request_.form, at, new)
            assert attrs.evolve(request_, form=form).breaches(stripe), (at, new)


@pytest.mark.parametrize("request_", [each for each in STRIPE if each.form], ids=str)
def test_every_text_has_an_end(stripe: Contract, request_: GoodRequest) -> None:
    """Links and metadata are the exception: their schemas know no limit."""
    for at, value in leaves(request_.form):
        if isinstance(value, str) and not {"success_url", "cancel_url", *FREE}.intersection(at):
            form = changed(request_.form, at, "x" * 5001)
            assert attrs.evolve(request_, form=form).breaches(stripe), at


@pytest.mark.parametrize("request_", [each for each in STRIPE if each.required], ids=str)
def test_what_is_required_has_to_be_there(stripe: Contract, request_: GoodRequest) -> None:
    for dotted in request_.required:
        form = without(request_.form, place(dotted))
        [breach] = attrs.evolve(request_, form=form).breaches(stripe)
        assert f"'{dotted.rpartition('.')[2]}' is a required property" in breach


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Idempotency-Key", None),
        ("Idempotency-Key", "k" * 256),
        ("Stripe-Version", None),
        ("Stripe-Version", "2026-08-26.dahlia"),
        ("Authorization", None),
        ("Authorization", "Bearer "),
        ("Content-Type", "application/json"),
    ],
)
def test_every_post_goes_under_a_key_a_version_and_a_name(
    stripe: Contract, header: str, value: str | None
) -> None:
    request = REFUND.built()
    del request.headers[header]
    if value is not None:
        request.headers[header] = value
    operation = stripe.operation(request)
    assert operation is not None
    [breach] = stripe.request_breaches(operation, request)
    assert header in breach or "application/json" in breach


def test_a_get_needs_no_key_and_has_no_body(stripe: Contract) -> None:
    get = next(each for each in STRIPE if each.method == "GET")
    headers = {name: value for name, value in get.headers.items() if name != "Idempotency-Key"}
    assert attrs.evolve(get, headers=headers).breaches(stripe) == []
    [breach] = attrs.evolve(get, form={"expand": ["x"]}).breaches(stripe)
    assert "'expand' was unexpected" in breach


def test_a_literal_segment_beats_a_parameter(stripe: Contract) -> None:
    def asked(path: str) -> str:
        return str(stripe.operation(attrs.evolve(STRIPE[0], method="GET", path=path, form=None).built()))

    assert asked("/v1/payment_intents/search") == "GET /v1/payment_intents/search"
    assert asked("/v1/payment_intents/pi_1") == "GET /v1/payment_intents/{intent}"
    assert asked("/v1/payment_intents/") == "None"
    assert asked("/v1/payment_intents/pi_1/") == "None"

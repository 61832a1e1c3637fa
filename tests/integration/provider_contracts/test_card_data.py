"""No card number and no card object leaves the shop, whatever the provider would take."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.provider_contracts.good_requests import PAYPAL, STRIPE
from tests.integration.provider_contracts.spoiling import changed, place
from tests.provider_contracts.card_data import card_data
from tests.provider_contracts.contract import Contract

VISA = "4242424242424242"
CARD = {"number": VISA, "expiry": "2030-01", "security_code": "123"}


@pytest.mark.parametrize(
    "text",
    [VISA, "4242 4242 4242 4242", "4242-4242-4242-4242", f"paid by {VISA}.", f"pan{VISA}", "378282246310005",
     "3782 822463 10005", "6011000990139424", "30569309025904", "4000056655665556", "4222222222222"],
)  # fmt: skip
def test_card_numbers_are_found_wherever_they_hide(text: str) -> None:
    for hiding in (text, [text], {"note": [{"deep": text}]}, {text: "name"}):
        assert list(card_data(hiding))
        assert text not in "".join(card_data(hiding))


@pytest.mark.parametrize(
    "text",
    ["4242424242424241", "424242424242", "42424242424242424242", "0198c0de-0000-7000-8000-000000000000",
     "1290", "5O190127TN364715T", "2026-11-02T00:00:00Z", "a" * 40],
)  # fmt: skip
def test_other_digits_are_none(text: str) -> None:
    assert list(card_data({"note": text})) == []


@given(st.uuids())
def test_our_ids_never_look_like_a_card(value: Any) -> None:
    assert list(card_data([str(value), value.hex])) == []


@given(st.text(alphabet="0123456789", min_size=12, max_size=18))
def test_one_in_ten_last_digits_makes_a_card_number(start: str) -> None:
    assert sum(bool(list(card_data(start + last))) for last in "0123456789") == 1


@pytest.mark.parametrize(
    "body",
    [{"payment_source": {"card": {"name": "A"}}}, {"payment_method_data": {"card": {}}}, {"cvc": "123"},
     {"payment_source": {"apple_pay": {"decrypted_token": {"tokenized_card": {}}}}}],
)  # fmt: skip
def test_an_object_that_would_hold_a_card_is_none_of_ours(body: Any) -> None:
    assert list(card_data(body))


def test_card_data_that_the_contracts_allow_is_refused_all_the_same(
    stripe: Contract, paypal: Contract
) -> None:
    order = attrs.evolve(PAYPAL[0], json=changed(PAYPAL[0].json, place("payment_source.card"), CARD))
    assert [each.partition(": ")[2] for each in order.breaches(paypal)] == [
        "card data",
        "looks like a card number",
        "card data",
    ]
    note = changed(PAYPAL[5].json, place("note_to_payer"), VISA)
    assert len(attrs.evolve(PAYPAL[5], json=note).breaches(paypal)) == 1
    assert STRIPE[0].form
    metadata = {**STRIPE[0].form, "metadata": {"note": VISA}, "payment_intent_data": {}}
    assert len(attrs.evolve(STRIPE[0], form=metadata).breaches(stripe)) == 1
    for path in (f"/v1/refunds/{VISA}", f"/v1/refunds?charge={VISA}"):
        asked = attrs.evolve(STRIPE[0], method="GET", path=path, form=None)
        assert len(asked.breaches(stripe)) == 1


def test_a_webhook_sent_back_to_be_verified_is_paypals_own_text(paypal: Contract) -> None:
    verify = PAYPAL[-2]
    body = changed(verify.json, place("webhook_event.resource.note"), VISA)
    assert attrs.evolve(verify, json=body).breaches(paypal) == []
    body = changed(verify.json, place("transmission_id"), f"id-{VISA}")
    assert len(attrs.evolve(verify, json=body).breaches(paypal)) == 1

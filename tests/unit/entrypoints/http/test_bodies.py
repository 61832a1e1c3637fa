"""Reading JSON: what is refused, and how its place is named."""

from __future__ import annotations

import contextlib
import json
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printapic.entrypoints.http.api_keys import ApiKeyRequest
from printapic.entrypoints.http.bodies import (
    MAX_JSON_DEPTH,
    CardNumberRefused,
    Fault,
    JsonMalformed,
    JsonTooDeep,
    PlainText,
    PlainUrl,
    RequestBody,
    RequestInvalid,
    decode,
)
from printapic.entrypoints.http.card_numbers import holds_card_number


class Line(RequestBody, kw_only=True):
    quantity: Annotated[int, msgspec.Meta(ge=1)]
    note: PlainText | None = None
    photo: UUID | None = None
    parcel: str = ""

    any_digits: ClassVar[frozenset[str]] = frozenset({"parcel"})


class Basket(RequestBody, kw_only=True):
    lines: list[Line]
    back: PlainUrl = "https://shop.example"
    words: list[str] = msgspec.field(default_factory=list)
    labels: dict[str, str] = msgspec.field(default_factory=dict)


def fault_of(body: str) -> Fault:
    with pytest.raises(RequestInvalid) as refusal:
        decode(body.encode(), Basket)
    [fault] = refusal.value.faults
    return fault


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ("{}", "/lines", "field-missing"),
        ('{"lines": [{}]}', "/lines/0/quantity", "field-missing"),
        ('{"lines": [{"quantity": 1}, {"quantity": 0}]}', "/lines/1/quantity", "field-invalid"),
        ('{"lines": [], "colour": 1}', "/colour", "field-unknown"),
        ('{"lines": [{"quantity": 1, "size": 1}]}', "/lines/0/size", "field-unknown"),
        ('{"lines": [], "<b>": 1}', "", "field-unknown"),
        ('{"lines": [{"quantity": 1, "note": "a\\u0000"}]}', "/lines/0/note", "field-invalid"),
        ('{"lines": [{"quantity": 1, "note": "a\\n"}]}', "/lines/0/note", "field-invalid"),
        ('{"lines": [], "back": "https://a b"}', "/back", "field-invalid"),
        ('{"lines": [], "back": "https://a\\n"}', "/back", "field-invalid"),
        ("[]", "", "field-invalid"),
    ],
)
def test_the_wrong_place_is_named(body: str, pointer: str, code: str) -> None:
    fault = fault_of(body)
    assert (fault.pointer, fault.code) == (pointer, code)


def test_what_was_sent_is_not_echoed() -> None:
    for secret in ('{"lines": "hunter2"}', '{"hunter2 !": 1}', '{"lines": [], "back": "hunter2\\n"}'):
        assert "hunter2" not in repr(fault_of(secret))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"lines": [1]', b'{"lines": 1} x', b'{"lines": NaN}'])
def test_what_is_no_json_is_told_apart_from_what_is_wrong(body: bytes) -> None:
    with pytest.raises(JsonMalformed):
        decode(body, Basket)


def test_the_depth_has_a_limit_and_brackets_in_text_do_not_count() -> None:
    text = json.dumps({"lines": [], "back": "[" * 500 + '\\"'})
    assert decode(text.encode(), Basket).back.startswith("[[[")
    assert decode(b"[" * 31 + b"[]" + b"]" * 31, list) == json.loads("[" * 31 + "[]" + "]" * 31)
    with pytest.raises(JsonTooDeep):
        decode(b"[" * (MAX_JSON_DEPTH + 1) + b"]" * (MAX_JSON_DEPTH + 1), list)


def test_many_brackets_side_by_side_are_not_deep() -> None:
    lines = {"lines": [{"quantity": 1}] * 200}
    assert len(decode(json.dumps(lines).encode(), Basket).lines) == 200


VISA = "4242424242424242"


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({"back": f"https://a.example/?n={VISA}"}, ["/back"]),
        ({"words": ["one", f"two {VISA}"]}, ["/words/1"]),
        ({"labels": {"colour": "red", "note": VISA}}, ["/labels"]),
        ({"labels": {VISA: "red"}}, ["/labels"]),
        (
            {"lines": [{"quantity": 1}, {"quantity": 1, "note": VISA}], "words": [VISA]},
            ["/lines/1/note", "/words/0"],
        ),
        ({"lines": [{"quantity": 1, "note": "\\u0034" + VISA[1:]}]}, ["/lines/0/note"]),
    ],
)
def test_card_numbers_are_refused_by_their_place_and_never_repeated(
    fields: dict[str, object], pointers: list[str]
) -> None:
    body = json.dumps({"lines": []} | fields).replace("\\\\u", "\\u")
    with pytest.raises(CardNumberRefused) as refusal:
        decode(body.encode(), Basket)
    assert refusal.value.code == "card-number-refused"
    assert [fault.pointer for fault in refusal.value.faults] == pointers
    assert VISA not in f"{refusal.value!r} {refusal.value.details} {refusal.value.faults}"


def test_fields_whose_digits_are_somebody_elses_are_not_searched() -> None:
    line = {"quantity": 1, "parcel": VISA, "photo": "42424242-4242-4242-8242-424242424242"}
    assert decode(json.dumps({"lines": [line]}).encode(), Basket).lines[0].parcel == VISA


def test_a_network_of_digits_alone_is_a_network() -> None:
    assert holds_card_number("2001:4860:4860:8885"), "or there was nothing to leave out"
    key = {"name": "desk", "scopes": ["order:read"], "networks": ["2001:4860:4860:8885::/64"]}
    assert decode(json.dumps(key).encode(), ApiKeyRequest).networks == key["networks"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.one_of(_JSON.map(lambda value: json.dumps(value).encode()), st.binary(max_size=200)))
@settings(max_examples=300)
def test_no_body_whatever_breaks_the_reader(body: bytes) -> None:
    with contextlib.suppress(JsonMalformed, JsonTooDeep, RequestInvalid):
        assert isinstance(decode(body, Basket), Basket)

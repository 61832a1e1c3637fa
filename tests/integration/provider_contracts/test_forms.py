"""Nested forms: read as Stripe reads them, typed by the schema, and never believed to be more than text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.integration.provider_contracts.good_requests import form_text
from tests.provider_contracts.forms import NotAForm, parsed, typed
from tests.provider_contracts.schemas import Schemas

NAMES = st.text(alphabet="abcxyz_-. äß&=+%/#", min_size=1, max_size=6)
TEXTS = st.text(max_size=12)
TREES: st.SearchStrategy[Any] = st.dictionaries(
    NAMES,
    st.recursive(TEXTS, lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=3)),
    max_size=4,
)
SCHEMA = {
    "type": "object",
    "properties": {
        "amount": {"type": "integer"},
        "share": {"type": "number"},
        "final": {"type": "boolean"},
        "name": {"type": "string"},
        "lines": {"type": "array", "items": {"$ref": "#/components/schemas/line"}},
        "since": {
            "anyOf": [{"type": "object", "properties": {"gt": {"type": "integer"}}}, {"type": "integer"}]
        },
        "notes": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"enum": [""]}]},
        "free": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
}
SCHEMAS = Schemas("test", {"line": {"type": "object", "properties": {"count": {"type": "integer"}}}})


def read(text: str) -> Any:
    return typed(parsed(text), SCHEMA, SCHEMAS)


@settings(max_examples=40)
@given(TREES)
def test_what_is_written_is_read_again(tree: dict[str, Any]) -> None:
    assert parsed(form_text(tree)) == tree


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("amount=1290&name=12", {"amount": 1290, "name": "12"}),
        ("final=true&share=0.5", {"final": True, "share": 0.5}),
        ("amount=-1", {"amount": -1}),
        ("lines[0][count]=1&lines[1][count]=2", {"lines": [{"count": 1}, {"count": 2}]}),
        ("lines[][count]=1", {"lines": [{"count": 1}]}),
        ("notes[]=a&notes[]=b", {"notes": ["a", "b"]}),
        ("notes=", {"notes": ""}),
        ("since=7", {"since": 7}),
        ("since[gt]=7", {"since": {"gt": 7}}),
        ("free[a]=1&free[b]=x", {"free": {"a": 1, "b": "x"}}),
        ("name=a%26b%3D%C3%A4+%2B", {"name": "a&b=ä +"}),
    ],
)  # fmt: skip
def test_values_become_what_the_schema_says(text: str, value: Any) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    "text",
    ["12.5", "12.0", "1e3", "0x10", "007", "+1", " 1", "1_000", "--1", "", "true", "٣", "1,290", "9" * 5000],
)
def test_what_is_no_integer_stays_text_and_is_wrong(text: str) -> None:
    value = read(form_text({"amount": text}))
    assert value == {"amount": text}
    assert list(SCHEMAS.breaches(value, SCHEMA, closed=True))


@pytest.mark.parametrize("text", ["True", "1", "yes", "on", ""])
def test_what_is_no_truth_value_stays_text_and_is_wrong(text: str) -> None:
    assert list(SCHEMAS.breaches(read(f"final={text}"), SCHEMA, closed=True))


@pytest.mark.parametrize(
    "text", ["lines[1][count]=1", "lines[a][count]=1", "lines=1", "lines[1]=a&lines[0]=b"]
)
def test_what_does_not_count_from_nought_is_no_list(text: str) -> None:
    assert list(SCHEMAS.breaches(read(text), SCHEMA, closed=True))


@pytest.mark.parametrize(
    "text",
    ["amount", "amount=1&amount=2", "free=1&free[a]=2", "free[a]=1&free=2", "[a]=1", "a]=1", "a[=1", "a[b=1",
     "a[b]c=1", "a[[b]]=1", "=1", "a=%ff", "&a=1&", "a" + "[b]" * 21 + "=1"],
)  # fmt: skip
def test_what_is_no_form_is_refused(text: str) -> None:
    with pytest.raises(NotAForm):
        parsed(text)

"""Whatever is done to a price list, the reader answers in words: it reads it, or says what is wrong."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from printapic.adapters.catalogue.toml_price_list import TomlPriceListReader
from printapic.domain.catalogue.price_list import PriceList, PriceListInvalid
from tests.unit.adapters.catalogue.documents import SMALL

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def read(document: str) -> PriceList:
    return TomlPriceListReader().read(document, at=NOON)


JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=5) | st.dates()
    | st.sampled_from(["EUR", "DE", "*", "0.29", "standard", "1", "print", "-0.01"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)  # fmt: skip


def _places(value: object) -> list[tuple[Any, Any]]:
    """Every (container, key) of a document."""
    found: list[tuple[Any, Any]] = []
    children: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        children = [(value, key) for key in value]
    elif isinstance(value, list):
        children = [(value, index) for index in range(len(value))]
    for container, key in children:
        found += [(container, key), *_places(container[key])]
    return found


def _toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return str(value).lower().replace("snan", "nan").replace("infinity", "inf")
        case date():
            return value.isoformat()
        case dict():
            return (
                "{" + ", ".join(f"{_quoted(str(key))} = {_toml(each)}" for key, each in value.items()) + "}"
            )
        case list():
            return "[\n" + ",\n".join(map(_toml, value)) + "]"
    return _quoted(str(value))


def _quoted(text: str) -> str:
    plain = (c if c.isascii() and (c.isalnum() or c in " _.-*") else f"\\U{ord(c):08X}" for c in text)
    return f'"{"".join(plain)}"'


def _document(root: dict[Any, Any]) -> str:
    """Tables of the document stand in blocks; within them, everything is inline."""
    plain, blocks = [], []
    for key, value in root.items():
        name = _quoted(str(key))
        if isinstance(value, dict):
            blocks += [f"[{name}]", *_block(value)]
        elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            blocks += [line for each in value for line in (f"[[{name}]]", *_block(each))]
        else:
            plain.append(f"{name} = {_toml(value)}")
    return "\n".join(plain + blocks)


def _block(table: dict[Any, Any]) -> list[str]:
    return [f"{_quoted(str(key))} = {_toml(value)}" for key, value in table.items()]


def test_the_mutations_below_begin_with_a_document_that_is_read() -> None:
    assert read(_document(tomllib.loads(SMALL, parse_float=Decimal))) == read(SMALL)


def _replace(container: Any, key: Any, junk: Any) -> None:
    container[key] = junk


def _remove(container: Any, key: Any, junk: Any) -> None:
    del container[key]


def _rename(container: Any, key: Any, junk: Any) -> None:
    if isinstance(container, dict):
        container[str(junk)[:20]] = container.pop(key)
    else:
        container.append(copy.deepcopy(container[key]))


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_document_with_anything_changed_is_read_or_refused_in_words(data: st.DataObject) -> None:
    root = tomllib.loads(SMALL, parse_float=Decimal)
    for _ in range(data.draw(st.integers(1, 3))):
        if places := _places(root):
            container, key = data.draw(st.sampled_from(places))
            mutate: Callable[[Any, Any, Any], None] = data.draw(st.sampled_from([_replace, _remove, _rename]))
            mutate(container, key, data.draw(JUNK))
    _is_read_or_refused(_document(root))


@settings(max_examples=100)
@given(start=st.integers(0, len(SMALL)), length=st.integers(0, 40), junk=st.text(max_size=6))
def test_a_document_with_characters_lost_is_read_or_refused_in_words(
    start: int, length: int, junk: str
) -> None:
    _is_read_or_refused(SMALL[:start] + junk + SMALL[start + length :])


def _is_read_or_refused(document: str) -> None:
    outcome = _outcome(document)
    if isinstance(outcome, PriceListInvalid):
        assert outcome.message.isprintable()
    else:
        assert _outcome(document) == outcome


def _outcome(document: str) -> PriceList | PriceListInvalid:
    try:
        return read(document)
    except PriceListInvalid as refused:
        return refused

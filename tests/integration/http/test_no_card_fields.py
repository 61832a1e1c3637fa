"""The API has no place for card data: not a field, a parameter, a header or a form, neither way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import ROOT

CARD = re.compile(
    r"(^|_)(cards?|pan|cvc\d?|cvv\d?|csc|cav2?|cid|track\d?|track_data|magstripe|pin|pin_block|expiry|"
    r"exp_month|exp_year|cardholder|card_number|account_number|security_code|last4|last_four|brand|fingerprint|"
    r"payment_method_data|payment_source|iban)($|_)"
)


def names(node: Any, where: str = "#") -> Iterator[tuple[str, str]]:
    """Everything in the document that names a value which comes in or goes out, and where it stands."""
    if isinstance(node, list):
        for index, each in enumerate(node):
            yield from names(each, f"{where}/{index}")
    elif isinstance(node, dict):
        if "in" in node and isinstance(node.get("name"), str):
            yield where, node["name"]
        for key in ("properties", "patternProperties", "headers"):
            if isinstance(node.get(key), dict):
                yield from ((f"{where}/{key}", name) for name in node[key])
        for key, value in node.items():
            if key not in ("example", "examples"):
                yield from names(value, f"{where}/{key}")


def plain(name: str) -> str:
    """As snake case, whatever its case was."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


def taking_cards(document: dict[str, Any]) -> list[str]:
    found = [f"{where}: {name}" for where, name in names(document) if CARD.search(plain(name))]
    written = json.dumps(document).lower()
    found += [f"format {each}" for each in re.findall(r'"format": "([a-z-]*(?:card|pan)[a-z-]*)"', written)]
    return found


def test_no_field_of_the_api_is_one_of_a_card() -> None:
    document = json.loads((ROOT / "openapi.json").read_text())
    assert len(list(names(document))) > 200
    assert taking_cards(document) == []


@pytest.mark.parametrize(
    "place",
    [
        {"properties": {"card": {"type": "string"}}},
        {"properties": {"payment": {"properties": {"cardNumber": {"type": "string"}}}}},
        {"parameters": [{"in": "query", "name": "cvc", "schema": {}}]},
        {"headers": {"X-Card-Number": {}}},
        {"items": [{"properties": {"n": {"type": "string", "format": "credit-card"}}}]},
    ],
)
def test_one_would_be_found(place: dict[str, Any]) -> None:
    assert taking_cards({"paths": {"/v1/orders": {"post": place}}})


@pytest.mark.parametrize("name", ["discard", "company", "spanned", "postal_code", "tracking_number"])
def test_other_names_are_none(name: str) -> None:
    assert taking_cards({"properties": {name: {"type": "string"}}}) == []

"""OpenAPI 3.0's schemas as JSON Schema 2020-12: what becomes stricter, and what stays as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from tests.provider_contracts import files
from tests.provider_contracts.schemas import Schemas
from tests.provider_contracts.strict_validator import StrictValidator


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


MONEY = {"type": "object", "properties": {"value": {"type": "string"}}, "required": ["value"]}
COMPONENTS = {
    "money": MONEY,
    "anything": {},
    "priced": {
        "allOf": [{"$ref": "#/components/schemas/money"}, {"properties": {"note": {"type": "string"}}}]
    },
    "tree": {"type": "object", "properties": {"inner": {"$ref": "#/components/schemas/tree"}}},
}
SCHEMAS = Schemas("test", COMPONENTS)


def fits(value: Any, schema: dict[str, Any], *, closed: bool = False) -> bool:
    return not list(SCHEMAS.breaches(value, schema, closed=closed))


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "string", "nullable": True}, [None, "a"], [1]),
        ({"type": "string", "nullable": False}, ["a"], [None]),
        ({"type": "string", "enum": ["a"], "nullable": True}, [None, "a"], ["b"]),
        ({"anyOf": [ref("money")], "nullable": True}, [None, {"value": "1"}], ["a", {}]),
        ({"allOf": [ref("money")], "nullable": True}, [None, {"value": "1"}], ["a", {}]),
        ({"type": "integer"}, [0, -3], [1.0, 1.5, True, "1", None]),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, [1], [0, -1]),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": False}, [0], [-1]),
        ({"type": "integer", "maximum": 9, "exclusiveMaximum": True}, [8], [9]),
        ({"type": "integer", "exclusiveMaximum": 9}, [8], [9]),
        ({"type": "array", "items": ref("money"), "minItems": 1}, [[{"value": "1"}]], [[], [{}], {}]),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, [{"a": 1}], [{"a": "1"}]),
        ({"not": {"type": "string"}}, [1], ["a"]),
        ({"type": "string", "format": "date-time"}, ["2026-11-18T15:45:13Z", "2026-11-18T15:45:13.25+01:00"],
         ["2026-11-18T15:45:13", "2026-11-18", "now"]),
        ({"type": "integer", "format": "unix-time"}, [0, 1795430400], [1795430400000, -1]),
        ({"type": "string", "format": "decimal"}, ["12.5", "-1"], ["12,5", "1e3", ".5", ""]),
        ({"type": "string", "format": "currency"}, ["eur"], ["EUR", "euro", ""]),
        ({"type": "string", "readOnly": True, "description": "x"}, ["a"], [1]),
        ({}, [1, None, {"a": []}], []),
    ],
)  # fmt: skip
def test_schemas_mean_in_the_new_dialect_what_they_meant(
    schema: dict[str, Any], good: list[Any], bad: list[Any]
) -> None:
    assert [each for each in good if not fits(each, schema)] == []
    assert [each for each in bad if fits(each, schema)] == []


@pytest.mark.parametrize(
    ("schema", "good", "unknown"),
    [
        (MONEY, {"value": "1"}, {"value": "1", "x": 1}),
        (ref("money"), {"value": "1"}, {"value": "1", "x": 1}),
        (ref("priced"), {"value": "1", "note": "a"}, {"value": "1", "x": 1}),
        ({"allOf": [ref("priced"), {"properties": {"more": {}}}]}, {"value": "1", "note": "a", "more": 1},
         {"value": "1", "x": 1}),
        ({"anyOf": [ref("money"), {"enum": [""]}]}, {"value": "1"}, {"value": "1", "x": 1}),
        ({"oneOf": [ref("money"), {"type": "string"}]}, {"value": "1"}, {"value": "1", "x": 1}),
        ({"properties": {"kind": {}}, "anyOf": [ref("money"), {"type": "object"}]}, {"value": "1", "kind": 1},
         {"value": "1", "x": 1}),
        ({"type": "array", "items": MONEY}, [{"value": "1"}], [{"value": "1", "x": 1}]),
        ({"additionalProperties": MONEY}, {"a": {"value": "1"}}, {"a": {"value": "1", "x": 1}}),
        ({"properties": {"price": ref("money")}, "nullable": True}, {"price": {"value": "1"}},
         {"price": {"value": "1", "x": 1}}),
        (ref("tree"), {"inner": {"inner": {}}}, {"inner": {"inner": {"x": 1}}}),
    ],
)  # fmt: skip
def test_only_what_we_send_is_closed(schema: dict[str, Any], good: Any, unknown: Any) -> None:
    assert fits(good, schema, closed=True)
    assert not fits(unknown, schema, closed=True)
    assert fits(good, schema)
    assert fits(unknown, schema)


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"type": "object", "additionalProperties": True}])
def test_a_place_of_which_nothing_is_said_stays_open(schema: dict[str, Any]) -> None:
    assert fits({"whatever": [1]}, schema, closed=True)


def test_a_member_of_the_wrong_kind_is_told_before_it_is_called_unknown() -> None:
    schema = {"allOf": [ref("money"), {"properties": {"note": {}}}]}
    [breach] = SCHEMAS.breaches({"value": 12.9}, schema, closed=True)
    assert breach == "$.value: 12.9 is not of type 'string'"


def test_a_long_message_is_cut() -> None:
    [breach] = SCHEMAS.breaches("x" * 1000, {"maxLength": 5}, closed=False)
    assert len(breach) < 250
    assert breach.endswith("is too long")


ORDINARY = extend(  # type: ignore[no-untyped-call]  # the stubs forgot it
    StrictValidator, {name: Draft202012Validator.VALIDATORS[name] for name in ("properties", "anyOf")}
)
TYPES: list[Any] = [*"string integer number boolean null object array".split(), ["string", "null"]]
LIMITS: list[dict[str, Any]] = [
    {},
    {"maxLength": 2},
    {"enum": ["a", 1, None]},
    {"enum": [True, 0, {}]},
    {"minLength": 2},
]
TYPED: list[dict[str, Any]] = [{"type": kind} for kind in TYPES]
PLAIN: list[Any] = [{}, True, False, *LIMITS, *({**kind, **limit} for kind in TYPED for limit in LIMITS)]
VALUES: list[Any] = [None, True, False, 0, 1, 3, 0.0, 1.0, 1.5, "", "a", "ab", "abc", {}, [], {"a": 1}]


def test_the_short_cut_never_changes_the_verdict() -> None:
    """Whatever it may be taken for, jsonschema's own slow way says the same."""
    verdicts = set()
    for plain in PLAIN:
        schemas = [{"properties": {"at": plain}}, {"properties": {"at": {"anyOf": [plain, {"const": 3}]}}}]
        for schema in schemas:
            quick, slow = StrictValidator(schema), ORDINARY(schema)
            for value in VALUES:
                verdict = quick.is_valid({"at": value})
                assert verdict == slow.is_valid({"at": value}), (schema, value)
                verdicts.add(verdict)
    assert verdicts == {True, False}


@pytest.mark.parametrize("name", list(files.SHA256))
def test_the_files_are_the_ones_that_we_have_read(contracts: Path, name: str) -> None:
    assert files.contract_bytes(contracts, name)


def test_another_file_is_not_taken(contracts: Path, tmp_path: Path) -> None:
    other = tmp_path / files.PAYPAL_DISPUTES
    other.parent.mkdir()
    other.write_text(json.dumps(files.contract_json(contracts, files.PAYPAL_DISPUTES)))
    with pytest.raises(files.OtherFile, match=r"customer_disputes_v1\.json has SHA-256"):
        files.contract_json(tmp_path, files.PAYPAL_DISPUTES)

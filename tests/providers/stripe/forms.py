"""Stripe's parameters: `a[b][0][c]=v`, decoded and checked against what an endpoint takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from tests.providers.stripe.refusals import invalid

Read: TypeAlias = Callable[[str, Any], Any]
Spec: TypeAlias = Read | Mapping[str, Any] | list[Any]
_NAME = re.compile(r"(\w+)((?:\[[^\[\]]*\])*)", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,15}", re.ASCII)
MOST_METADATA, LONGEST_KEY, LONGEST_VALUE = 50, 40, 500


def decoded(text: str) -> dict[str, Any]:
    """The tree that a form or query spells. Raises `Refused` for names that are none."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        match = _NAME.fullmatch(name)
        if match is None:
            raise invalid(name, f"Invalid parameter name: {name}")
        place = tree
        steps = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        for step in steps[:-1]:
            # `a[]=v` means the next place of a list.
            place = place.setdefault(step or str(len(place)), {})
            if not isinstance(place, dict):
                raise invalid(name, f"Invalid parameter: {name} is a value and a hash")
        place[steps[-1] or str(len(place))] = value
    return tree


def read(tree: dict[str, Any], spec: Mapping[str, Spec], *, within: str = "") -> dict[str, Any]:
    """The values of a tree, as `spec` types them. Raises `Refused` for anything it does not know."""
    values: dict[str, Any] = {}
    for name, raw in tree.items():
        param = f"{within}[{name}]" if within else name
        if name not in spec:
            raise invalid(param, f"Received unknown parameter: {param}", "parameter_unknown")
        values[name] = _value(param, raw, spec[name])
    return values


def _value(param: str, raw: Any, spec: Spec) -> Any:
    if isinstance(spec, Mapping):
        if not isinstance(raw, dict):
            raise invalid(param, "Invalid hash")
        return read(raw, spec, within=param)
    if isinstance(spec, list):
        if not isinstance(raw, dict) or not all(place.isdigit() for place in raw):
            raise invalid(param, "Invalid array")
        places = sorted(raw.items(), key=lambda item: int(item[0]))
        return [_value(f"{param}[{place}]", value, spec[0]) for place, value in places]
    return spec(param, raw)


def text(param: str, raw: Any) -> str:
    if not isinstance(raw, str) or not raw:
        raise invalid(param, f"You passed an empty string for '{param}'.", "parameter_invalid_empty")
    if len(raw) > 5000:
        raise invalid(param, f"Invalid string: {param} is too long", "parameter_invalid_string")
    return raw


def upto(longest: int) -> Read:
    """A text of at most so many characters."""

    def read_text(param: str, raw: Any) -> str:
        if len(text(param, raw)) > longest:
            raise invalid(param, f"Invalid string: must be at most {longest} characters")
        return str(raw)

    return read_text


def integer(param: str, raw: Any) -> int:
    if not isinstance(raw, str) or not _INTEGER.fullmatch(raw):
        raise invalid(param, f"Invalid integer: {raw}", "parameter_invalid_integer")
    return int(raw)


def boolean(param: str, raw: Any) -> bool:
    if raw not in {"true", "false"}:
        raise invalid(param, f"Invalid boolean: {raw}")
    return bool(raw == "true")


def one_of(*words: str) -> Read:
    def read_word(param: str, raw: Any) -> str:
        if raw not in words:
            raise invalid(param, f"Invalid {param}: must be one of {', '.join(words)}")
        return str(raw)

    return read_word


def metadata(param: str, raw: Any) -> dict[str, str]:
    if not isinstance(raw, dict) or not all(isinstance(value, str) for value in raw.values()):
        raise invalid(param, "Invalid metadata: metadata must be a set of key-value pairs")
    if len(raw) > MOST_METADATA:
        raise invalid(param, f"You can specify up to {MOST_METADATA} keys.")
    for key, value in raw.items():
        if len(key) > LONGEST_KEY or len(value) > LONGEST_VALUE:
            raise invalid(f"{param}[{key}]", "Metadata keys have up to 40 characters, values up to 500.")
    return {key: value for key, value in raw.items() if value}


def moments(param: str, raw: Any) -> dict[str, int]:
    """A filter by time: a second, or a range of seconds."""
    if isinstance(raw, str):
        return {"gte": integer(param, raw), "lte": integer(param, raw)}
    if not isinstance(raw, dict) or not raw.keys() <= {"gt", "gte", "lt", "lte"}:
        raise invalid(param, "Invalid hash")
    return {bound: integer(f"{param}[{bound}]", value) for bound, value in raw.items()}

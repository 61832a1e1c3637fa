"""Taking a good value and spoiling it in one place, at every place there is."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Place: TypeAlias = tuple[str | int, ...]


def places(value: Any, at: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every place in a tree with what is there, the root first."""
    yield at, value
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from places(each, (*at, name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from places(each, (*at, index))


def leaves(value: Any) -> Iterator[tuple[Place, Any]]:
    return ((at, each) for at, each in places(value) if not isinstance(each, dict | list))


def objects(value: Any) -> Iterator[Place]:
    return (at for at, each in places(value) if isinstance(each, dict))


def changed(value: Any, at: Place, new: Any) -> Any:
    """A copy with something else there."""
    if not at:
        return new
    spoilt = copy.deepcopy(value)
    inside = _at(spoilt, at[:-1])
    inside[at[-1]] = new
    return spoilt


def without(value: Any, at: Place) -> Any:
    """A copy with nothing there."""
    spoilt = copy.deepcopy(value)
    del _at(spoilt, at[:-1])[at[-1]]
    return spoilt


def place(dotted: str) -> Place:
    return tuple(int(part) if part.isdigit() else part for part in dotted.split("."))


def _at(value: Any, at: Place) -> Any:
    for key in at:
        value = value[key]
    return value

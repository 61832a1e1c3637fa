"""Domain events, and the aggregate root that records them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import attrs


def aware_utc(instance: object, attribute: attrs.Attribute[Any], value: datetime | None) -> None:
    """An attrs validator: a time without a zone, or in another zone than UTC, is a bug and is refused."""
    if value is not None and value.utcoffset() != timedelta(0):
        raise ValueError(
            f"{type(instance).__name__}.{attribute.name} must be an aware UTC time, got {value!r}"
        )


@attrs.frozen(kw_only=True)
class DomainEvent:
    """Something that happened, in the past tense: ids and plain values only, never a secret."""

    at: datetime = attrs.field(validator=aware_utc)


@attrs.define(kw_only=True, eq=False)
class Aggregate:
    """A thing with an identity, a lifetime and a consistency boundary.

    Subclasses declare a frozen `id`. `version` counts the stored changes: a repository refuses to save
    an aggregate whose version is no longer the stored one. Recorded events leave with `take_events`.
    """

    version: int = 0
    _events: list[DomainEvent] = attrs.field(factory=list, init=False, repr=False)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and _identity(self) == _identity(other)

    def __hash__(self) -> int:
        return hash(_identity(self))

    def _record(self, event: DomainEvent) -> None:
        self._events.append(event)

    def take_events(self) -> tuple[DomainEvent, ...]:
        """Hand over the recorded events, in order, and forget them."""
        events = tuple(self._events)
        self._events.clear()
        return events


def _identity(aggregate: object) -> object:
    return getattr(aggregate, "id")  # noqa: B009 - every subclass declares it, each with its own type

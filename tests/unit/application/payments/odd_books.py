"""A provider whose books say what a test wants them to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import attrs

from printapic.adapters.payments.simulated.gateway import SimulatedGateway
from printapic.application.ports.payments import Capabilities, Movement, MovementKind, MovementsUnavailable
from printapic.domain.money import Money
from tests.shop_floor import DAY, HOUR, NOON

EUR = "EUR"
Rewrite = Callable[[Iterator[Movement]], Iterator[Movement]]


class OddBooks(SimulatedGateway):
    """A provider whose books can be spoiled, come late, or break off."""

    rewrite: Rewrite = staticmethod(lambda lines: lines)
    late_by = 0 * HOUR
    breaks_at: datetime | None = None
    asked: list[tuple[datetime, datetime]]

    def capabilities(self) -> Capabilities:
        return attrs.evolve(super().capabilities(), books_late_by=self.late_by)

    def movements(self, *, since: datetime, until: datetime) -> Iterator[Movement]:
        self.asked.append((since, until))
        for movement in self.rewrite(super().movements(since=NOON - 400 * DAY, until=NOON + 400 * DAY)):
            if self.breaks_at is not None and since <= self.breaks_at < until:
                raise MovementsUnavailable
            if since <= movement.occurred_at < until:
                yield movement


def extra(kind: MovementKind, ref: str, minor: int = 100, **fields: Any) -> Movement:
    return attrs.evolve(
        Movement(
            id=f"line-{ref}",
            ref=ref,
            kind=kind,
            amount=Money(minor, Money.of("1.00", EUR).currency),
            fee=None,
            occurred_at=NOON + DAY,
        ),
        **fields,
    )


def adding(*movements: Movement) -> Rewrite:
    def rewrite(lines: Iterator[Movement]) -> Iterator[Movement]:
        yield from lines
        yield from movements

    return rewrite

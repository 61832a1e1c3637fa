"""The table of what happens by itself fits to the events and to the use cases."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, get_type_hints
from uuid import UUID

import attrs
import pytest

import printapic.domain
from printapic.application.reactions import REACTIONS, Reaction, jobs_for
from printapic.application.shop import Shop
from printapic.domain.events import DomainEvent
from printapic.domain.images.events import ImageAccepted, ImageDeleted
from printapic.domain.orders.events import OrderCompleted, OrderHeld
from printapic.domain.payments.events import DisputeOpened, PaymentSucceeded
from printapic.domain.users.events import (
    ErasureRequested,
    UserErased,
    UserVerified,
)

UNANSWERED: dict[type[DomainEvent], str] = {
    DisputeOpened: "a person is asked to look, and the order waits, in the same transaction",
    ImageAccepted: "the photo is decoded, rendered and stored before it is accepted",
    ImageDeleted: "bytes are kept: an order may have been printed from them",
    OrderCompleted: "nothing is left to do, and nobody wants a mail about it",
    OrderHeld: "whoever holds an order talks to the customer",
    PaymentSucceeded: "the order is confirmed in the same transaction, which is answered",
    UserVerified: "whoever redeems the token sees that it worked",
}
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def events() -> Iterator[type[DomainEvent]]:
    for module in pkgutil.walk_packages(printapic.domain.__path__, "printapic.domain."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, DomainEvent) and value is not DomainEvent:
                yield value


def example(event: type[DomainEvent]) -> DomainEvent:
    """An event with a distinct value in every field."""
    hints = get_type_hints(event)
    values: dict[str, Any] = {}
    for number, field in enumerate(attrs.fields(event)):
        target = getattr(hints[field.name], "__supertype__", hints[field.name])
        made = {datetime: AT + timedelta(hours=number), UUID: UUID(int=number), str: field.name}
        values[field.name] = AT if field.name == "at" else made.get(target, ())
    return event(**values)


@cache
def use_cases() -> frozenset[Any]:
    """What a shop consists of."""
    hints = get_type_hints(Shop)
    return frozenset(hints[field.name] for field in attrs.fields(Shop))


def reactions() -> list[Any]:
    return [
        pytest.param(event, reaction, id=f"{event.__name__}-{reaction.use_case.__name__}")
        for event, row in REACTIONS.items()
        for reaction in row
    ]


def test_every_event_is_answered_or_left_unanswered_for_a_reason() -> None:
    known = set(events())
    assert len(known) >= 20
    assert set(REACTIONS) | set(UNANSWERED) == known
    assert not set(REACTIONS) & set(UNANSWERED)


@pytest.mark.parametrize("event", UNANSWERED)
def test_an_unanswered_event_makes_no_job(event: type[DomainEvent]) -> None:
    assert list(jobs_for(example(event))) == []


@pytest.mark.parametrize(("event", "reaction"), reactions())
def test_a_reaction_gives_its_use_case_exactly_the_arguments_it_asks_for(
    event: type[DomainEvent], reaction: Reaction
) -> None:
    assert reaction.use_case in use_cases()
    wanted = get_type_hints(reaction.use_case.__call__)
    del wanted["return"]
    job = reaction.job(example(event))
    assert job.name == reaction.use_case.__name__
    assert set(job.payload) == set(wanted)
    for name, value in job.payload.items():
        target = getattr(wanted[name], "__supertype__", wanted[name])
        assert isinstance(target, type)
        read = UUID(str(value)) if target is UUID else target(value)
        assert isinstance(read, Enum | UUID | str | int)
        if target is UUID:
            assert value == str(getattr(example(event), name))


@pytest.mark.parametrize(("event", "reaction"), reactions())
def test_a_reaction_is_due_when_it_happened_or_at_a_time_that_the_event_names(
    event: type[DomainEvent], reaction: Reaction
) -> None:
    happened = example(event)
    times = [value for value in attrs.asdict(happened).values() if isinstance(value, datetime)]
    due = reaction.job(happened).run_at
    in_minutes = {ErasureRequested: (1,), UserErased: (60, 5, 65)}.get(event, (5,))
    assert due in times or due in [AT + timedelta(minutes=count) for count in in_minutes]


def test_the_timers_are_these() -> None:
    delayed = {
        f"{event.__name__} -> {reaction.use_case.__name__}"
        for event, row in REACTIONS.items()
        for reaction in row
        if reaction.job(example(event)).run_at > AT
    }
    assert delayed == {
        "OrderPlaced -> ExpireOrder",
        "OrderConfirmed -> AdvanceOrder",
        "OrderDelivered -> CompleteOrder",
        "AttemptOpened -> PollPayment",
        "SecondFactorResetRequested -> FinishSecondFactorReset",
        "ErasureRequested -> EraseUser",
        "UserErased -> EraseImages",
        "UserErased -> EraseNotifications",
        "UserErased -> EraseOrders",
        "UserErased -> ErasePayments",
        "UserErased -> ShredErased",
    }


def test_calls_to_the_provider_about_one_payment_go_one_after_the_other() -> None:
    locks = {
        reaction.use_case.__name__: reaction.job(example(event)).lock
        for event, row in REACTIONS.items()
        for reaction in row
    }
    assert {name for name, lock in locks.items() if lock is not None} == {"ResolveOperation"}
    assert (locks["ResolveOperation"] or "").startswith("payment:")

"""Whatever is stored comes back as it was, field by field, and nobody holds an object of somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import attrs
import pytest

from printapic.application.ports.unit_of_work import UnitOfWork
from printapic.domain.images.image import ImageNotFound, ImageState
from printapic.domain.money import Money
from printapic.domain.orders.invoice import InvoiceNotFound
from printapic.domain.orders.order import OrderNotFound
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.finding import FindingNotFound
from printapic.domain.payments.payment import PaymentNotFound
from printapic.domain.users.api_key import ApiKeyNotFound
from printapic.domain.users.user import UserNotFound
from tests import builders as b
from tests.integration.stores import Store


@attrs.frozen
class Kind:
    """A kind of thing with a repository: how to build, add, find and change one."""

    name: str
    build: Callable[[], Any]
    add: Callable[[UnitOfWork, Any], object]
    find: Callable[[UnitOfWork, Any], Any]
    save: Callable[[UnitOfWork, Any], None] | None = None
    missing: type[Exception] | None = None


KINDS = [
    Kind(
        "user",
        b.another_customer,
        lambda w, x: w.users.add(x),
        lambda w, x: w.users.get(x.id),
        lambda w, x: w.users.save(x),
        UserNotFound,
    ),
    Kind(
        "registration",
        b.a_registration,
        lambda w, x: w.registrations.add(x),
        lambda w, x: w.registrations.get(x.id),
        lambda w, x: w.registrations.save(x),
    ),
    Kind(
        "session",
        b.a_session,
        lambda w, x: w.sessions.add(x),
        lambda w, x: w.sessions.get(x.id),
        lambda w, x: w.sessions.save(x),
    ),
    Kind(
        "account request",
        b.an_account_request,
        lambda w, x: w.account_requests.add(x),
        lambda w, x: w.account_requests.get(x.id),
        lambda w, x: w.account_requests.save(x),
    ),
    Kind(
        "second factor",
        b.a_second_factor,
        lambda w, x: w.second_factors.add(x),
        lambda w, x: w.second_factors.get(x.id),
        lambda w, x: w.second_factors.save(x),
    ),
    Kind(
        "api key",
        b.an_api_key,
        lambda w, x: w.api_keys.add(x),
        lambda w, x: w.api_keys.get(x.id),
        lambda w, x: w.api_keys.save(x),
        ApiKeyNotFound,
    ),
    Kind(
        "image",
        lambda: b.an_image(state=ImageState.PROCESSING),
        lambda w, x: w.images.add(x),
        lambda w, x: w.images.get(x.id),
        lambda w, x: w.images.save(x),
        ImageNotFound,
    ),
    Kind(
        "price list", b.a_price_list, lambda w, x: w.price_lists.add(x), lambda w, x: w.price_lists.current()
    ),
    Kind(
        "order",
        b.another_order,
        lambda w, x: w.orders.add(x),
        lambda w, x: w.orders.get(x.id),
        lambda w, x: w.orders.save(x),
        OrderNotFound,
    ),
    Kind("batch", b.a_batch, lambda w, x: w.batches.add(x), lambda w, x: w.batches.get(x.id)),
    Kind(
        "payment",
        b.a_payment,
        lambda w, x: w.payments.add(x),
        lambda w, x: w.payments.get(x.id),
        lambda w, x: w.payments.save(x),
        PaymentNotFound,
    ),
    Kind(
        "webhook",
        b.an_inbox_entry,
        lambda w, x: w.inbox.receive(x),
        lambda w, x: w.inbox.get(x.provider, x.livemode, x.event_id),
    ),
    Kind(
        "finding",
        b.a_finding,
        lambda w, x: (w.payments.add(b.a_payment(id=x.payment_id)), w.findings.report(x)),
        lambda w, x: w.findings.get(x.id),
        missing=FindingNotFound,
    ),
    Kind(
        "treasury entry",
        b.a_treasury_entry,
        lambda w, x: w.treasury.add(x),
        lambda w, x: next(
            iter(w.treasury.about(provider=x.provider, livemode=True, refs=frozenset({x.ref}))), None
        ),
    ),
    Kind(
        "retained invoice",
        b.a_retained_invoice,
        lambda w, x: w.invoices.add(x),
        lambda w, x: w.invoices.get(x.number),
        missing=InvoiceNotFound,
    ),
    Kind(
        "notification",
        b.a_notification,
        lambda w, x: w.notifications.add(x),
        lambda w, x: w.notifications.about(x.kind, x.subject_id),
        lambda w, x: w.notifications.save(x),
    ),
]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
every_aggregate = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.save is not None], ids=lambda kind: kind.name
)


@pytest.fixture
def shop(store: Store) -> Store:
    """A store that knows the customer and the order which everything else belongs to."""
    with store.units() as work:
        work.users.add(b.a_customer())
        work.orders.add(b.an_order())
        work.commit()
    return store


@every_kind
def test_the_builders_leave_no_field_at_its_default(kind: Kind) -> None:
    """Otherwise a forgotten field could come back as its default, and nobody would notice."""
    assert list(_at_default(kind.build())) == []


@every_kind
def test_every_field_comes_back(kind: Kind, shop: Store) -> None:
    stored = kind.build()
    with shop.units() as work:
        kind.add(work, stored)
        work.commit()
    with shop.units.reading() as work:
        assert _fields(kind.find(work, stored)) == _fields(stored)


@every_kind
def test_what_is_found_in_the_unit_that_added_it_is_complete_too(kind: Kind, shop: Store) -> None:
    stored = kind.build()
    with shop.units() as work:
        kind.add(work, stored)
        assert _fields(kind.find(work, stored)) == _fields(stored)


def test_an_order_with_all_its_parts_comes_back(shop: Store) -> None:
    with shop.units.reading() as work:
        found = work.orders.get(b.ORDER)
    expected = b.an_order(lines=found.lines, shipments=found.shipments)
    assert _fields(found) == _fields(expected)
    assert [line.crop is None for line in found.lines] == [False, True]
    assert [parcel.tracking_number is None for parcel in found.shipments] == [False, True]


@every_aggregate
def test_every_changed_field_is_saved(kind: Kind, shop: Store) -> None:
    stored = kind.build()
    with shop.units() as work:
        kind.add(work, stored)
        work.commit()
    with shop.units() as work:
        changed = kind.find(work, stored)
        _change_everything(changed)
        _save(kind, work, changed)
        work.commit()
    with shop.units.reading() as work:
        again = kind.find(work, changed)
    assert _fields(again) == _fields(changed)
    assert again.version == stored.version + 1


@every_aggregate
def test_a_thing_from_an_earlier_unit_is_saved_whole(kind: Kind, shop: Store) -> None:
    """The unit that saves it has never read it, and must still find out which parts changed."""
    stored = kind.build()
    with shop.units() as work:
        kind.add(work, stored)
        work.commit()
    with shop.units.reading() as work:
        changed = kind.find(work, stored)
    _change_everything(changed)
    with shop.units() as work:
        _save(kind, work, changed)
        work.commit()
    with shop.units.reading() as work:
        assert _fields(kind.find(work, changed)) == _fields(changed)


@every_aggregate
def test_a_thing_may_be_saved_twice_in_one_unit(kind: Kind, shop: Store) -> None:
    stored = kind.build()
    with shop.units() as work:
        kind.add(work, stored)
        for _ in range(2):
            _change_everything(stored)
            _save(kind, work, stored)
        work.commit()
    with shop.units.reading() as work:
        assert _fields(kind.find(work, stored)) == _fields(stored)


@every_kind
def test_what_was_never_stored_is_not_found(kind: Kind, shop: Store) -> None:
    with shop.units.reading() as work:
        if kind.missing is None:
            assert kind.find(work, kind.build()) is None
        else:
            with pytest.raises(kind.missing):
                kind.find(work, kind.build())


@every_aggregate
def test_loading_twice_gives_two_objects_and_changing_one_changes_nothing(kind: Kind, shop: Store) -> None:
    stored = kind.build()
    original = attrs.evolve(stored)
    with shop.units() as work:
        kind.add(work, stored)
        _change_everything(stored)
        found = kind.find(work, original)
        assert _fields(found) == _fields(original)
        _change_everything(found)
        assert _fields(kind.find(work, original)) == _fields(original)
        work.commit()
    with shop.units.reading() as work:
        assert _fields(kind.find(work, original)) == _fields(original)


def test_a_provider_finds_its_attempt_only_by_its_own_reference(shop: Store) -> None:
    payment = b.a_payment()
    attempt = payment.attempts[0]
    assert attempt.ref
    with shop.units() as work:
        work.payments.add(payment)
        assert work.payments.by_ref(attempt.provider, True, attempt.ref) == (payment.id, attempt.id)
        assert work.payments.by_ref(Provider.STRIPE, True, attempt.ref) is None
        assert work.payments.by_ref(attempt.provider, False, attempt.ref) is None
        assert work.payments.by_ref(attempt.provider, True, attempt.ref + "x") is None


def _save(kind: Kind, work: UnitOfWork, thing: Any) -> None:
    assert kind.save is not None
    kind.save(work, thing)


def _fields(thing: Any) -> dict[str, Any]:
    """All that a thing knows of itself, and how it is written: `==` takes text for a word of an enum."""
    names = [field.name for field in attrs.fields(type(thing)) if field.init]
    values = {name: getattr(thing, name) for name in names}
    return {**values, "written": {name: _written(values[name]) for name in names}}


def _written(value: Any) -> str:
    return str(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def _at_default(thing: Any, path: str = "") -> Iterator[str]:
    """Where a field, or a field of the first of several parts, has its default."""
    if isinstance(thing, tuple) and thing:
        yield from _at_default(thing[0], path)
    elif isinstance(thing, dict):
        for value in thing.values():
            yield from _at_default(value, path)
    elif attrs.has(type(thing)):
        for field in attrs.fields(type(thing)):
            value = getattr(thing, field.name)
            if field.init and field.default is not attrs.NOTHING and value == field.default:
                yield f"{path}.{field.name}"
            yield from _at_default(value, f"{path}.{field.name}")


def _words_like(words: frozenset[Any]) -> Iterable[Any]:
    kind: Any = type(next(iter(words)))
    return list(kind)


def _next_word(word: Enum) -> Enum:
    words = list(type(word).__members__.values())
    return words[(words.index(word) + 1) % len(words)]


IDENTITY = {"id", "version", "user_id", "owner_id", "order_id", "attempt_id"}
APPENDED = {"history": b.a_history_entry, "transactions": b.a_transaction}

CHANGES: dict[type, Callable[[Any], Any]] = {
    bool: lambda value: not value,
    Enum: _next_word,
    str: lambda text: text[:-1] + ("Y" if text.endswith("X") else "X"),
    int: lambda number: number + 1,
    Decimal: lambda number: number + 1,
    datetime: lambda moment: moment + timedelta(minutes=1),
    UUID: lambda _: b.new_id(),
    Money: lambda money: Money(money.minor + 1, money.currency),
    frozenset: lambda words: frozenset(_words_like(words)) - words,
    tuple: lambda parts: tuple(_another(part) for part in parts),
}
"""Enum before str, and bool before int: the first that fits is taken."""


def _change_everything(aggregate: Any) -> None:
    """Give every field that can change another value, in all its parts too; add to what only grows."""
    for field in attrs.fields(type(aggregate)):
        if not field.init or field.name in IDENTITY:
            continue
        value = getattr(aggregate, field.name)
        if field.name in APPENDED:
            setattr(aggregate, field.name, (*value, APPENDED[field.name]()))
        else:
            changed = _another(value)
            assert changed != value or value in (None, ()), field.name
            setattr(aggregate, field.name, changed)


def _another(value: Any) -> Any:
    """A different value of the same kind."""
    if value is None:
        return None
    for kind, change in CHANGES.items():
        if isinstance(value, kind):
            return change(value)
    names = [field.name for field in attrs.fields(type(value)) if field.name not in IDENTITY]
    return attrs.evolve(value, **{name: _another(getattr(value, name)) for name in names})

"""The state in memory, and the transaction that reads a frozen version of it and replaces it at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

import attrs

from printapic.application.ports.unit_of_work import ConcurrentUpdate, StorageUnavailable
from printapic.domain.errors import Conflict
from printapic.domain.events import Aggregate, DomainEvent

A = TypeVar("A", bound=Aggregate)
Tables = Mapping[str, Mapping[Hashable, Any]]

WRITER_PATIENCE_S = 5.0
"""How long a writer waits for the one before it; SQLite waits as long."""


class MemoryState:
    """What was committed. Nobody changes it: a commit puts another version in its place.

    `fail_with`, once set, is raised by everything that touches the state, as if the store were gone.
    """

    def __init__(self) -> None:
        self.fail_with: Exception | None = None
        self._tables: Tables = {}
        self._writer = threading.Lock()
        self._publishing = threading.Lock()

    def check(self) -> None:
        """Raise what `fail_with` says."""
        if self.fail_with is not None:
            raise self.fail_with

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer. Raises `StorageUnavailable` where the last one does not come to an end."""
        if not self._writer.acquire(timeout=WRITER_PATIENCE_S):
            raise StorageUnavailable
        try:
            yield
        finally:
            self._writer.release()

    def tables(self) -> Tables:
        """The version that was committed last."""
        with self._publishing:
            return self._tables

    def publish(self, tables: Tables, before: Callable[[], None]) -> None:
        """Replace everything; nobody sees the one without what `before` does, or the other way round."""
        with self._publishing:
            before()
            self._tables = tables


class MemoryTransaction:
    """One unit's view: the committed version as it was at the beginning, and what the unit changed.

    A table is copied when it is first written to; what is in it is frozen, or copied on its way in and
    out, so nobody holds an object that somebody else can change.
    """

    def __init__(self, state: MemoryState, *, writing: bool) -> None:
        self.events: list[DomainEvent] = []
        self._state = state
        self._writing = writing
        self._over = False
        self._failure: Exception | None = None
        self._tables = state.tables()
        self._changed: dict[str, dict[Hashable, Any]] = {}

    def check(self, *, writing: bool = False) -> None:
        """Raise `RuntimeError` for a unit that is over, or only reads; or whatever ails the store.

        A unit for which the store failed once is lost, though the store may be back.
        """
        if self._over:
            raise RuntimeError("this unit of work is over")
        if writing and not self._writing:
            raise RuntimeError("this unit of work only reads")
        self._failure = self._failure or self._state.fail_with
        if self._failure is not None:
            raise self._failure

    def commit(self, before: Callable[[], None]) -> None:
        """Make the changes visible together with what `before` does."""
        self.check(writing=True)
        self._state.publish({**self._tables, **self._changed}, before)
        self._over = True

    def end(self) -> None:
        """Nothing can be done with this unit any more."""
        self._over = True

    def table(self, name: str) -> Mapping[Hashable, Any]:
        """All rows of a table, as this unit sees them. They must not be handed out uncopied."""
        self.check()
        return self._changed.get(name, self._tables.get(name, {}))

    def put(self, name: str, key: Hashable, row: object) -> None:
        """Write a frozen row."""
        self.check(writing=True)
        if name not in self._changed:
            self._changed[name] = dict(self._tables.get(name, {}))
        self._changed[name][key] = row

    def find(self, name: str, key: Hashable) -> Any:
        """A copy of the aggregate with this key, or None."""
        found = self.table(name).get(key)
        return None if found is None else copy_of(found)

    def add(self, name: str, aggregate: A, key: Hashable, conflict: Conflict | None = None) -> None:
        """Store a new aggregate. Raises `conflict`, or `ConcurrentUpdate` where the key is taken."""
        self.check(writing=True)
        if conflict is not None:
            raise conflict
        if key in self.table(name):
            raise ConcurrentUpdate
        self.put(name, key, copy_of(aggregate))
        self.events.extend(aggregate.take_events())

    def save(self, name: str, aggregate: A, key: Hashable, conflict: Conflict | None = None) -> None:
        """Replace an aggregate. Raises `ConcurrentUpdate` for another version than the stored one."""
        self.check(writing=True)
        stored = self.table(name).get(key)
        if stored is None or stored.version != aggregate.version:
            raise ConcurrentUpdate
        if conflict is not None:
            raise conflict
        aggregate.version += 1
        self.put(name, key, copy_of(aggregate))
        self.events.extend(aggregate.take_events())

    def drop(self, name: str, unwanted: Callable[[Any], bool], *, limit: int | None = None) -> int:
        """Forget up to `limit` of the rows that are unwanted; how many that were."""
        self.check(writing=True)
        rows = self.table(name)
        gone = set(islice((key for key, row in rows.items() if unwanted(row)), limit))
        self._changed[name] = {key: row for key, row in rows.items() if key not in gone}
        return len(gone)

    def remove(self, name: str, aggregate: Aggregate, key: Hashable) -> None:
        """Forget an aggregate. Raises `ConcurrentUpdate` for another version than the stored one."""
        self.check(writing=True)
        stored = self.table(name).get(key)
        if stored is None or stored.version != aggregate.version:
            raise ConcurrentUpdate
        self._changed[name] = {k: row for k, row in self.table(name).items() if k != key}
        self.events.extend(aggregate.take_events())


def copy_of(aggregate: A) -> A:
    """Another object with the same state and no events; its parts are frozen and may be shared."""
    return attrs.evolve(aggregate)

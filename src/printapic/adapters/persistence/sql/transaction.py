"""One transaction: where statements run, drivers' errors become the shop's, and events are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

import psycopg
from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Executable,
    Insert,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from printapic.adapters.persistence.sql.constraints import conflict_from, conflict_with_stored
from printapic.application.ports.unit_of_work import ConcurrentUpdate, StorageUnavailable
from printapic.domain.events import Aggregate, DomainEvent

Values = Mapping[str, Any]
"""A row, by column name."""

_BUGS = (DataError, ProgrammingError, NotSupportedError)


@contextmanager
def shop_errors() -> Iterator[None]:
    """Translate what a database driver raises: a known constraint, or `StorageUnavailable`.

    Wrong SQL, unfit data and unknown constraints are bugs and pass through.
    """
    try:
        yield
    except IntegrityError as error:
        conflict = conflict_from(error)
        if conflict is None:
            raise
        raise conflict from error
    except _BUGS:
        raise
    except (DBAPIError, PoolExhausted, psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StorageUnavailable from error


class SqlTransaction:
    """Runs the statements of one unit of work and collects the events of what it saved.

    A statement that fails leaves PostgreSQL with a transaction that can only be rolled back, and whose
    COMMIT would look like a success. So the first failure is kept, and answers everything that follows.
    """

    def __init__(self, connection: Connection, *, writing: bool) -> None:
        self.connection = connection
        self.events: list[DomainEvent] = []
        self._writing = writing
        self._over = False
        self._failure: Exception | None = None

    @property
    def locking(self) -> bool:
        """Whether a row that is read has to be locked: SQLite has locked the whole file already."""
        return self._writing and self.connection.dialect.name == "postgresql"

    @contextmanager
    def guarded(self, *, writing: bool) -> Iterator[Connection]:
        """The connection, for one step. Raises `RuntimeError` for writing in a unit that only reads."""
        if self._over:
            raise RuntimeError("this unit of work is over")
        if writing and not self._writing:
            raise RuntimeError("this unit of work only reads")
        if self._failure is not None:
            raise self._failure
        try:
            with shop_errors():
                yield self.connection
        except Exception as failure:
            self._failure = failure
            raise

    def commit(self) -> None:
        """Make everything lasting. The outcome is unknown where it raises `StorageUnavailable`."""
        with self.guarded(writing=True) as connection:
            connection.commit()
        self._over = True

    def rows(self, statement: Executable, values: Values | None = None) -> list[Values]:
        """All rows, by column name. `values` are those of the statement's named parameters."""
        with self.guarded(writing=False) as connection:
            return [row._asdict() for row in connection.execute(statement, values)]

    def row(self, statement: Executable, values: Values | None = None) -> Values | None:
        """The first row, or None. `values` are those of the statement's named parameters."""
        with self.guarded(writing=False) as connection:
            row = connection.execute(statement, values).first()
        return None if row is None else row._asdict()

    def row_to_change(self, statement: Select[Any]) -> Values | None:
        """The first row, which nobody else may change until this unit, if it writes, is over."""
        return self.row(statement.with_for_update() if self.locking else statement)

    def rows_to_change(self, statement: Select[Any], values: Values | None = None) -> list[Values]:
        """All rows, which nobody else may change until this unit, if it writes, is over."""
        return self.rows(_locking(statement) if self.locking else statement, values)

    def write(
        self, statement: Executable, rows: Values | Sequence[Values] | None = None
    ) -> CursorResult[Any]:
        """Run a statement that changes something; with several `rows`, once for each."""
        with self.guarded(writing=True) as connection:
            return connection.execute(statement, rows)

    def remove_some(self, table: Table, condition: ColumnElement[bool], *, limit: int) -> int:
        """Delete up to `limit` of the rows for which the condition holds; how many that were."""
        key = tuple_(*table.primary_key.columns)
        chosen = select(*table.primary_key.columns).where(condition).limit(limit)
        return self.write(delete(table).where(key.in_(chosen))).rowcount

    def insert_new(self, table: Table, values: Values) -> bool:
        """Insert unless a unique rule is filled already: one statement, which two racers cannot both win."""
        return self.write(_insert_new(table, self.connection.dialect.name), values).rowcount == 1

    def add(self, table: Table, values: Values, aggregate: Aggregate) -> None:
        """Insert a new aggregate's own row. Raises the conflict that its constraint stands for.

        The unit of work can go on after that, because no statement failed.
        """
        if not self.insert_new(table, values):
            with self.guarded(writing=True) as connection:
                conflict = conflict_with_stored(connection, table, values)
            raise conflict
        self.events.extend(aggregate.take_events())

    def change(self, table: Table, values: Values, aggregate: Aggregate) -> None:
        """Update an aggregate's own row. Raises `ConcurrentUpdate` where it has another version by now."""
        statement: Update = (
            update(table)
            .where(table.c.id == values["id"], table.c.version == aggregate.version)
            .values({**values, "version": aggregate.version + 1})
        )
        if self.write(statement).rowcount != 1:
            raise ConcurrentUpdate
        aggregate.version += 1
        self.events.extend(aggregate.take_events())

    def change_parts(self, table: Table, old: Sequence[Values], new: Sequence[Values]) -> None:
        """Write those rows of an aggregate's parts, named by `id`, that differ from what is stored."""
        stored = {row["id"]: row for row in old}
        if gone := stored.keys() - {row["id"] for row in new}:
            self.write(delete(table).where(table.c.id.in_(gone)))
        if changed := [row for row in new if row["id"] in stored and stored[row["id"]] != row]:
            by_id = update(table).where(table.c.id == bindparam("id_of_row"))
            self.write(by_id, [{**row, "id_of_row": row["id"]} for row in changed])
        if added := [row for row in new if row["id"] not in stored]:
            self.append(table, added)

    def append(self, table: Table, rows: Sequence[Values]) -> None:
        """Insert rows, if there are any."""
        if rows:
            self.write(_insert(table), rows)


# SQLAlchemy remembers on a statement under which key its SQL is cached: one that is kept costs a fifth of a
# request less than one that is made anew each time.


@cache
def _insert(table: Table) -> Insert:
    return insert(table)


@cache
def _insert_new(table: Table, dialect: str) -> Insert:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)


@lru_cache(maxsize=100)
def _locking(statement: Select[Any]) -> Select[Any]:
    return statement.with_for_update()

"""Every store that units of work run on: what a test may ask of it, and how to make it fail for real."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import psycopg
from psycopg import sql
from sqlalchemy import Connection, Engine, event

from printapic.adapters.persistence.memory.idempotency import MemoryIdempotencyKeys
from printapic.adapters.persistence.memory.jobs import MemoryJobLedger
from printapic.adapters.persistence.memory.unit_of_work import MemoryUnitOfWorkFactory
from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.adapters.persistence.sql.idempotency import SqlIdempotencyKeys
from printapic.adapters.persistence.sql.jobs import SqlJobLedger, SqlJobQueue
from printapic.adapters.persistence.sql.migrate import migrate
from printapic.adapters.persistence.sql.tables import metadata
from printapic.adapters.persistence.sql.unit_of_work import SqlUnitOfWorkFactory
from printapic.application.ports.idempotency import IdempotencyKeys
from printapic.application.ports.jobs import Job, JobLedger
from printapic.application.ports.unit_of_work import StorageUnavailable, UnitOfWorkFactory
from printapic.domain.events import DomainEvent
from tests.servers.postgres import PostgresServer
from tests.shop_floor import notary

Outage: TypeAlias = Callable[[], AbstractContextManager[None]]


@attrs.define(eq=False)
class Wakings:
    """Counts how often a commit woke the worker."""

    count: int = 0

    def __call__(self) -> None:
        self.count += 1


@attrs.define(eq=False)
class Store:
    """Units of work, the ledger their jobs land in, and `outage`, during which all of the store is gone."""

    units: UnitOfWorkFactory
    ledger: JobLedger
    keys: IdempotencyKeys
    wakings: Wakings
    outage: Outage

    def jobs(self) -> list[str]:
        """The names of all committed jobs, in the order in which they were enqueued."""
        return [record.name for record in reversed(self.ledger.list(None, limit=1000))]


class Unanswerable(DomainEvent):
    """An event whose reaction is broken."""


def a_job_per_event(event_: DomainEvent) -> Iterable[Job]:
    """React to every event with one job that is named for it."""
    if isinstance(event_, Unanswerable):
        raise LookupError(event_)
    return [Job(name=type(event_).__name__, payload={}, run_at=event_.at)]


def memory_store() -> Store:
    ledger, keys, wakings = MemoryJobLedger(), MemoryIdempotencyKeys(), Wakings()
    units = MemoryUnitOfWorkFactory(a_job_per_event, ledger.add, wakings, notary())

    @contextmanager
    def outage() -> Iterator[None]:
        units.state.fail_with, ledger.broken, keys.broken = StorageUnavailable(), True, True
        try:
            yield
        finally:
            units.state.fail_with, ledger.broken, keys.broken = None, False, False

    return Store(units, ledger, keys, wakings, outage)


def sql_units(engine: Engine, on_commit: Callable[[], None] = lambda: None) -> SqlUnitOfWorkFactory:
    return SqlUnitOfWorkFactory(engine, a_job_per_event, SqlJobQueue, on_commit, notary())


def sql_store(engine: Engine, wakings: Wakings, outage: Outage) -> Store:
    units = sql_units(engine, wakings)
    return Store(units, SqlJobLedger(engine), SqlIdempotencyKeys(engine), wakings, outage)


@contextmanager
def sqlite_store(file: Path) -> Iterator[Store]:
    """Units of work on an SQLite file that was migrated before."""
    engine = sql_engine(f"sqlite:///{file}")
    outage = _sqlite_outage(engine)
    wakings = Wakings()
    try:
        yield sql_store(engine, wakings, outage)
    finally:
        engine.dispose()


@contextmanager
def postgres_store(server: PostgresServer, database: str) -> Iterator[Store]:
    """Units of work on a migrated PostgreSQL database, which is empty again afterwards.

    Emptying takes a few milliseconds; copying a database makes the server write a checkpoint.
    """
    engine, wakings = sql_engine(server.url(database)), Wakings()

    def outage() -> AbstractContextManager[None]:
        return _postgres_outage(server, database)

    try:
        yield sql_store(engine, wakings, outage)
    finally:
        engine.dispose()
        empty_database(server.url(database))


def copy_of_file(template: Path, folder: Path) -> Path:
    return Path(shutil.copy(template, folder / "shop.sqlite"))


def migrated_database(server: PostgresServer) -> str:
    """The name of a new PostgreSQL database with the schema of the migrations."""
    name = f"printapic_{secrets.token_hex(6)}"
    engine = sql_engine(server.create_database(name))
    migrate(engine)
    engine.dispose()
    return name


def empty_database(url: str) -> None:
    """End what a failed test left open; then delete all rows, in spite of triggers and foreign keys."""
    with psycopg.connect(url) as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        administrator.execute("SET LOCAL session_replication_role = replica")
        for table in metadata.tables:
            administrator.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))


def _sqlite_outage(engine: Engine) -> Outage:
    """SQLite refuses every statement, COMMIT too, on connections it has and on those it gets.

    A connection's authorizer is only set by the thread that uses it: another one would wait for SQLite's
    lock with Python's in hand, while SQLite asks the authorizer, which is Python. Nothing wakes those two.
    """
    refusing = False

    def refuse(*_: object) -> int:
        return sqlite3.SQLITE_DENY if refusing else sqlite3.SQLITE_OK

    def connected(connection: Any, _: object) -> None:
        connection.set_authorizer(refuse)

    def about_to_ask(connection: Connection, *_: object) -> None:
        if refusing:
            # Setting it again makes SQLite forget which statements it found allowed before.
            connected(connection.connection.driver_connection, None)

    event.listen(engine, "connect", connected)
    event.listen(engine, "before_cursor_execute", about_to_ask)
    event.listen(engine, "commit", about_to_ask)

    @contextmanager
    def outage() -> Iterator[None]:
        nonlocal refusing
        refusing = True
        try:
            yield
        finally:
            refusing = False

    return outage


@contextmanager
def _postgres_outage(server: PostgresServer, database: str) -> Iterator[None]:
    """PostgreSQL cuts every session of the database and lets nobody in."""
    let_in = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(server.url(), autocommit=True) as administrator:
        administrator.execute(let_in.format(sql.Identifier(database), sql.Literal(False)))
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
        )
        try:
            yield
        finally:
            administrator.execute(let_in.format(sql.Identifier(database), sql.Literal(True)))

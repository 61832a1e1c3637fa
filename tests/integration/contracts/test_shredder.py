"""What every shredder does: it takes nothing of what is kept, and may be asked again and again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest

from printapic.adapters.persistence.memory.shredding import MemoryShredder
from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.adapters.persistence.sql.shredding import SqlShredder
from printapic.application.ports.shredding import Shredder
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from tests import builders as b
from tests.integration.stores import copy_of_file, memory_store, postgres_store, sqlite_store
from tests.servers.postgres import PostgresServer


@attrs.frozen
class Archive:
    units: UnitOfWorkFactory
    shredder: Shredder


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    """An empty store of every kind, and who shreds in it."""
    with ExitStack() as stack:
        match request.param:
            case "memory":
                yield Archive(memory_store().units, MemoryShredder())
                return
            case "sqlite":
                file = copy_of_file(request.getfixturevalue("sqlite_template"), tmp_path)
                url, store = f"sqlite:///{file}", stack.enter_context(sqlite_store(file))
            case _:
                server: PostgresServer = request.getfixturevalue("postgres_server")
                database: str = request.getfixturevalue("postgres_database")
                url, store = server.url(database), stack.enter_context(postgres_store(server, database))
        engine = sql_engine(url)
        stack.callback(engine.dispose)
        yield Archive(store.units, SqlShredder(engine))


def test_what_is_kept_stays_and_what_was_deleted_is_gone(archive: Archive) -> None:
    kept, deleted = b.another_customer(), b.a_registration()
    with archive.units() as work:
        work.users.add(kept)
        work.registrations.add(deleted)
        work.commit()
    with archive.units() as work:
        work.registrations.forget(frozenset({deleted.id}))
        work.commit()
    for _ in range(2):
        archive.shredder.shred()
    with archive.units.reading() as work:
        assert work.users.get(kept.id).name == kept.name
        assert work.registrations.get(deleted.id) is None
    with archive.units() as work:
        work.users.add(b.another_customer())
        work.commit()


def test_where_there_are_no_copies_none_goes(archive: Archive) -> None:
    assert archive.shredder.drop_copies(older_than=datetime.now(UTC)) == 0

"""The stores that the suites of repositories and units of work run on, each test with an empty one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.stores import (
    Store,
    copy_of_file,
    memory_store,
    migrated_database,
    postgres_store,
    sqlite_store,
)
from tests.migrated import sqlite_copy
from tests.servers.postgres import PostgresServer


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, made once per worker."""
    return sqlite_copy(tmp_path_factory.mktemp("sqlite") / "template.sqlite")


@pytest.fixture(scope="session")
def postgres_database(postgres_server: PostgresServer) -> Iterator[str]:
    """A migrated PostgreSQL database, made once per worker."""
    name = migrated_database(postgres_server)
    yield name
    postgres_server.drop_database(name)


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of every kind."""
    match request.param:
        case "memory":
            yield memory_store()
        case "sqlite":
            file = copy_of_file(request.getfixturevalue("sqlite_template"), tmp_path)
            with sqlite_store(file) as store:
                yield store
        case "postgres":
            server = request.getfixturevalue("postgres_server")
            with postgres_store(server, request.getfixturevalue("postgres_database")) as store:
                yield store

"""Databases of both kinds: empty ones, and ones that the migrations have made ready."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from printapic.adapters.persistence.sql.engine import sql_engine
from tests.integration.stores import migrated_database
from tests.migrated import sqlite_copy
from tests.servers.postgres import PostgresServer

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shop.sqlite'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def empty(empty_url: str) -> Iterator[Engine]:
    """An empty database of each kind."""
    engine = sql_engine(empty_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> Iterator[str]:
    """A migrated PostgreSQL database that nobody opens, to be copied; made once per worker."""
    name = migrated_database(postgres_server)
    yield name
    postgres_server.drop_database(name)


@pytest.fixture
def postgres_copy(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """The URL of a migrated PostgreSQL database of this test's own."""
    with postgres_server.database(postgres_template) as url:
        yield url


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A migrated database of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{sqlite_copy(tmp_path / 'shop.sqlite')}"
    else:
        url = request.getfixturevalue("postgres_copy")
    engine = sql_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    """A migrated SQLite file that nobody has open."""
    return sqlite_copy(tmp_path / "shop.sqlite")


@pytest.fixture
def postgres(postgres_copy: str) -> Iterator[Engine]:
    """A migrated PostgreSQL database."""
    engine = sql_engine(postgres_copy)
    yield engine
    engine.dispose()

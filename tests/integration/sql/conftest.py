"""Databases of both kinds: empty ones, and ones that the migrations have made ready."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.adapters.persistence.sql.migrate import migrate

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


@pytest.fixture
def database(empty: Engine) -> Engine:
    """A migrated database of each kind."""
    migrate(empty)
    return empty


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    """A migrated SQLite file that nobody has open."""
    file = tmp_path / "shop.sqlite"
    engine = sql_engine(f"sqlite:///{file}")
    migrate(engine)
    engine.dispose()
    return file


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Engine]:
    """A migrated PostgreSQL database."""
    engine = sql_engine(postgres_url)
    migrate(engine)
    yield engine
    engine.dispose()

"""Fixtures: streets with any provider, and a shop on any database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from printapic.domain.payments.attempt import Provider
from tests.integration.payments.deaths import Street, street
from tests.integration.stores import copy_of_file, empty_database
from tests.servers.postgres import PostgresServer


def streets(*pairs: tuple[str, str]) -> Callable[..., Iterator[Street]]:
    """A fixture for every pair of provider and database."""
    marked = [
        pytest.param(pair, id="-".join(pair), marks=pytest.mark.postgres if "postgres" in pair else ())
        for pair in pairs
    ]

    @pytest.fixture(params=marked)
    def mortal_street(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Street]:
        provider, database = request.param
        with _empty(request, database, tmp_path) as url, street(tmp_path, Provider(provider), url) as mine:
            yield mine

    return mortal_street


@contextmanager
def _empty(request: pytest.FixtureRequest, database: str, folder: Path) -> Iterator[str]:
    """The URL of an empty migrated database."""
    if database == "sqlite":
        yield f"sqlite:///{copy_of_file(request.getfixturevalue('sqlite_template'), folder)}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.url(request.getfixturevalue("postgres_database"))
    yield url
    empty_database(url)

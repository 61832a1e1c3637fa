"""A database that refuses a statement: the client hears of a fault, and the log of no person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import LogCapture

from printapic.entrypoints.settings import PostgresStorage, Secret, SqliteStorage, Storage
from tests.integration.http.live_shop import LiveShop, live_shop
from tests.integration.http.problems import problem

CANARY = "canary-of-nobody"
REFUSING = {
    "sqlite": (
        "CREATE TRIGGER refuse BEFORE INSERT ON registrations"
        " BEGIN SELECT RAISE(ABORT, 'a rule of another release'); END"
    ),
    "postgresql": f"ALTER TABLE registrations ADD CONSTRAINT later CHECK (name = '{CANARY} the other')",
}
DRIVER_SAYS = {"sqlite": "IntegrityError", "postgresql": "CheckViolation"}


@pytest.fixture(params=["sqlite", "postgres"])
def own_shop(request: pytest.FixtureRequest, tmp_path: Path, log: LogCapture) -> Iterator[LiveShop]:
    storage: Storage = SqliteStorage(path=tmp_path / "shop.sqlite")
    if request.param == "postgres":
        storage = PostgresStorage(url=Secret(request.getfixturevalue("postgres_url")))
    with live_shop(tmp_path, storage=storage) as running:
        yield running


def test_what_somebody_sent_is_not_in_the_log_of_what_failed(own_shop: LiveShop, log: LogCapture) -> None:
    engine = own_shop.container.engine()
    assert engine is not None
    with engine.begin() as connection:
        connection.execute(text(REFUSING[engine.dialect.name]))
    body = {"email": f"{CANARY}@example.com", "password": "fifteen or more it has", "name": CANARY}
    problem(own_shop.client.post("/v1/users", json=body), 500, "internal-error")
    [told] = [entry for entry in log.entries if entry["event"] == "request failed"]
    assert (
        told["error"]
        == "IntegrityError from "
        + {"sqlite": "IntegrityError", "postgresql": "CheckViolation"}[engine.dialect.name]
    )
    assert any(place.startswith("printapic.application.users.registration:") for place in told["stack"])
    assert CANARY not in str(log.entries)
    log.entries.clear()

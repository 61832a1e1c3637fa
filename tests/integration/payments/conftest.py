"""Every provider on a real wire, every store, and a shop between them whose books are closed at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import httpx
import pytest
from sqlalchemy import Engine

from printapic.adapters.jobs.in_process import InProcessWorker
from printapic.adapters.persistence.memory.idempotency import MemoryIdempotencyKeys
from printapic.adapters.persistence.memory.jobs import MemoryJobLedger
from printapic.adapters.persistence.memory.unit_of_work import MemoryUnitOfWorkFactory
from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.adapters.persistence.sql.idempotency import SqlIdempotencyKeys
from printapic.adapters.persistence.sql.jobs import SqlJobLedger, SqlJobQueue
from printapic.adapters.persistence.sql.unit_of_work import SqlUnitOfWorkFactory
from printapic.application.reactions import jobs_for
from tests.integration.contracts.conftest import postgres_database, sqlite_template
from tests.integration.contracts.gateway_drivers import PayPalDriver, StripeDriver, Wrap
from tests.integration.payments.closing import all_is_done
from tests.integration.payments.floor import Backend, Floor, backend_clock
from tests.integration.payments.sides import Side, paypal_side, stripe_side
from tests.integration.stores import copy_of_file, empty_database
from tests.provider_contracts.contract import Contract
from tests.provider_contracts.transport import ContractTransport
from tests.shop_floor import notary

__all__ = ["postgres_database", "sqlite_template"]

UnderContract: TypeAlias = Callable[[httpx.BaseTransport, Contract], ContractTransport]
SIDES: dict[str, Callable[[Path, Wrap], Side]] = {
    "stripe": lambda folder, wrap: stripe_side(StripeDriver(folder, wrap)),
    "paypal": lambda folder, wrap: paypal_side(PayPalDriver(folder, wrap)),
}
CHOSEN_STORE = os.environ.get("PRINTAPIC_TEST_STORE")
"""Where `nox -s chaos` lets every scenario run: on one database, and then on the other."""
STORES = ["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
state_row = pytest.mark.parametrize("store", [CHOSEN_STORE] if CHOSEN_STORE else STORES, indirect=True)
"""For scenarios about state: `nox -s tests` runs them on every store, and all others in memory."""
ONLY_IN_CHAOS = {("stripe", "sqlite"), ("paypal", "postgres")}
"""Where nobody chose a store, each provider meets one database, and each database one provider."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the pairs that only chaos tries."""

    def wanted(item: pytest.Item) -> bool:
        chosen = item.callspec.params if hasattr(item, "callspec") else {}
        return (chosen.get("side"), chosen.get("store")) not in ONLY_IN_CHAOS

    if CHOSEN_STORE is None:
        items[:] = filter(wanted, items)


def memory_backend() -> Backend:
    clock, ledger = backend_clock(), MemoryJobLedger()
    worker = InProcessWorker(ledger, clock, jitter=lambda longest: longest)
    units = MemoryUnitOfWorkFactory(jobs_for, ledger.add, worker.wake, notary())
    return Backend(ledger, MemoryIdempotencyKeys(), units, worker, clock)


def sql_backend(engine: Engine) -> Backend:
    clock, ledger = backend_clock(), SqlJobLedger(engine)
    worker = InProcessWorker(ledger, clock, jitter=lambda longest: longest)
    units = SqlUnitOfWorkFactory(engine, jobs_for, SqlJobQueue, worker.wake, notary())
    return Backend(ledger, SqlIdempotencyKeys(engine), units, worker, clock, engine)


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """An empty shop's store: the usual one, unless the scenario is about state (`state_row`)."""
    match getattr(request, "param", CHOSEN_STORE):
        case "sqlite":
            file = copy_of_file(request.getfixturevalue("sqlite_template"), tmp_path)
            engine = sql_engine(f"sqlite:///{file}")
            yield sql_backend(engine)
            engine.dispose()
        case "postgres":
            server, name = (request.getfixturevalue(f"postgres_{each}") for each in ("server", "database"))
            engine = sql_engine(server.url(name))
            yield sql_backend(engine)
            engine.dispose()
            empty_database(server.url(name))
        case _:
            yield memory_backend()


SideMaker: TypeAlias = Callable[[str], Side]


@pytest.fixture
def make_side(
    request: pytest.FixtureRequest, tmp_path: Path, under_contract: UnderContract
) -> Iterator[SideMaker]:
    """Whatever goes over these wires, and all news at the end, is held against the published contracts."""
    made: list[tuple[Side, Contract]] = []

    def make(name: str) -> Side:
        contract: Contract = request.getfixturevalue(f"{name}_contract")
        side = SIDES[name](tmp_path, lambda inner: under_contract(inner, contract))
        made.append((side, contract))
        return side

    yield make
    for side, contract in made:
        news = side.simulator.raw_deliveries()
        side.close()
        for body, _ in news:
            contract.check_event(body)


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.contracts) for name in SIDES])
def side(request: pytest.FixtureRequest, make_side: SideMaker) -> Side:
    """Each provider."""
    return make_side(request.param)


@pytest.fixture
def manual_capture() -> bool:
    """Overridden where banks only hold the money until production starts."""
    return False


@pytest.fixture
def floor(side: Side, store: Backend, manual_capture: bool) -> Iterator[Floor]:
    """The shop. However a scenario went, at its end the books agree and nothing is undecided."""
    floor = Floor(store, [side], manual_capture=manual_capture)
    yield floor
    all_is_done(floor)

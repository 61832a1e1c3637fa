"""Threads that write to SQLite take turns, instead of asking again and again whether it is theirs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from printapic.adapters.persistence.sql.engine import TURN_S, sql_engine
from printapic.adapters.persistence.sql.jobs import SqlJobLedger, SqlJobQueue
from printapic.adapters.persistence.sql.unit_of_work import SqlUnitOfWorkFactory
from printapic.application.ports.jobs import Job
from printapic.application.ports.unit_of_work import StorageUnavailable
from tests import builders as b
from tests.shop_floor import notary

THREADS, TURNS = 8, 10


def test_writers_wait_for_each_other_even_where_sqlite_would_refuse_at_once(sqlite_file: Path) -> None:
    engine = sql_engine(f"sqlite:///{sqlite_file}", busy_timeout_s=0).execution_options(**{TURN_S: 30})
    units = SqlUnitOfWorkFactory(engine, lambda _: (), SqlJobQueue, lambda: None, notary())

    def write(name: int) -> None:
        for _ in range(TURNS):
            with units() as work:
                work.jobs.enqueue(Job(name=str(name), payload={}, run_at=b.NOON))
                work.commit()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write, range(THREADS)))
    assert len(SqlJobLedger(engine).list(None, limit=1000)) == THREADS * TURNS
    engine.dispose()


def test_a_turn_that_ended_badly_is_over_all_the_same(sqlite_file: Path) -> None:
    engine = sql_engine(f"sqlite:///{sqlite_file}", busy_timeout_s=0.05)
    units = SqlUnitOfWorkFactory(engine, lambda _: (), SqlJobQueue, lambda: None, notary())
    with pytest.raises(ZeroDivisionError), units():
        raise ZeroDivisionError
    with units(), pytest.raises(StorageUnavailable), units():
        pytest.fail("two were writing")
    with units() as work:
        work.commit()
    engine.dispose()

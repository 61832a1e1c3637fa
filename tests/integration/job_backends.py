"""Every way in which jobs are kept and run, behind one front, in this process and in others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path

import attrs

from printapic.adapters.jobs.in_process import InProcessWorker
from printapic.adapters.jobs.procrastinate import ProcrastinateJobQueue, ProcrastinateWorker
from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.adapters.persistence.sql.jobs import SqlJobLedger
from printapic.adapters.persistence.sql.unit_of_work import SqlUnitOfWorkFactory
from printapic.application.ports.clock import Clock
from printapic.application.ports.jobs import Job, JobLedger, JobWorker
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from tests.integration.stores import (
    _postgres_outage,
    a_job_per_event,
    memory_store,
    postgres_store,
    sqlite_store,
)
from tests.servers.postgres import PostgresServer
from tests.shop_floor import notary

PATIENCE = timedelta(seconds=30)
"""For how long a runner may be silent before its jobs are taken from it."""


@attrs.define(eq=False, kw_only=True)
class Backend:
    """Where jobs are kept: units of work that promise them, workers that run them.

    `make_worker` takes a clock, the number of jobs at a time, and the patience with silent runners.
    `url` is for runners in other processes; `outage` lasts while the store is gone.
    """

    kind: str
    url: str
    units: UnitOfWorkFactory
    make_worker: Callable[[Clock, int, timedelta], JobWorker]
    outage: Callable[[], AbstractContextManager[None]]

    def worker(self, clock: Clock, *, threads: int = 2, patience: timedelta = PATIENCE) -> JobWorker:
        return self.make_worker(clock, threads, patience)

    def promise(self, *jobs: Job) -> None:
        with self.units() as work:
            for job in jobs:
                work.jobs.enqueue(job)
            work.commit()


def leasing_worker(ledger: JobLedger) -> Callable[[Clock, int, timedelta], JobWorker]:
    def make(clock: Clock, threads: int, patience: timedelta) -> JobWorker:
        poll = timedelta(milliseconds=50)
        return InProcessWorker(ledger, clock, threads=threads, lease=patience, poll=poll, jitter=_all_of_it)

    return make


def procrastinate_worker(url: str) -> Callable[[Clock, int, timedelta], JobWorker]:
    def make(clock: Clock, threads: int, patience: timedelta) -> JobWorker:
        return ProcrastinateWorker(
            url, clock, concurrency=threads, heartbeat=patience / 3, stalled=patience, jitter=_all_of_it
        )

    return make


def make_worker_elsewhere(kind: str, url: str) -> Callable[[Clock, int, timedelta], JobWorker]:
    """How another process gets at the same jobs."""
    if kind == "procrastinate":
        return procrastinate_worker(url)
    return leasing_worker(SqlJobLedger(sql_engine(url)))


@contextmanager
def memory_backend() -> Iterator[Backend]:
    store = memory_store()
    make = leasing_worker(store.ledger)
    yield Backend(kind="memory", url="", units=store.units, make_worker=make, outage=store.outage)


@contextmanager
def sqlite_backend(file: Path) -> Iterator[Backend]:
    with sqlite_store(file) as store:
        yield Backend(
            kind="sqlite",
            url=f"sqlite:///{file}",
            units=store.units,
            make_worker=leasing_worker(store.ledger),
            outage=store.outage,
        )


@contextmanager
def lease_backend(server: PostgresServer, database: str) -> Iterator[Backend]:
    with postgres_store(server, database) as store:
        assert isinstance(store.units, SqlUnitOfWorkFactory)
        yield Backend(
            kind="postgres",
            url=store.units.engine.url.render_as_string(hide_password=False),
            units=store.units,
            make_worker=leasing_worker(store.ledger),
            outage=store.outage,
        )


@contextmanager
def procrastinate_backend(server: PostgresServer, template: str) -> Iterator[Backend]:
    with server.database(template) as url:
        engine = sql_engine(url)
        try:
            yield Backend(
                kind="procrastinate",
                url=url,
                units=SqlUnitOfWorkFactory(
                    engine, a_job_per_event, ProcrastinateJobQueue, lambda: None, notary()
                ),
                make_worker=procrastinate_worker(url),
                outage=lambda: _postgres_outage(server, str(engine.url.database)),
            )
        finally:
            engine.dispose()


def _all_of_it(longest: float) -> float:
    """No jitter, so that pauses can be foretold."""
    return longest

"""Where the shop keeps its state, and what works off its jobs.

Procrastinate is imported where it is chosen: it is slow to load.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import cast

from sqlalchemy import URL, Engine

from printapic.adapters.jobs.in_process import InProcessWorker
from printapic.adapters.persistence.memory.idempotency import MemoryIdempotencyKeys
from printapic.adapters.persistence.memory.jobs import MemoryJobLedger
from printapic.adapters.persistence.memory.shredding import MemoryShredder
from printapic.adapters.persistence.memory.unit_of_work import MemoryUnitOfWorkFactory
from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.adapters.persistence.sql.idempotency import SqlIdempotencyKeys
from printapic.adapters.persistence.sql.jobs import SqlJobLedger, SqlJobQueue
from printapic.adapters.persistence.sql.shredding import SqlShredder
from printapic.adapters.persistence.sql.unit_of_work import SqlUnitOfWorkFactory
from printapic.application.audit.sealing import Notary
from printapic.application.ports.clock import Clock
from printapic.application.ports.idempotency import IdempotencyKeys
from printapic.application.ports.jobs import JobLedger, JobWorker
from printapic.application.ports.shredding import Shredder
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.application.reactions import jobs_for
from printapic.entrypoints import settings as choices
from printapic.entrypoints.settings import Settings

LEASE = timedelta(seconds=10)
"""How long jobs of a killed process wait for another: short, since whoever waits for a mail is a person."""


def engine(settings: Settings, closing: ExitStack) -> Engine | None:
    """The database's connections; None where everything is in memory."""
    match settings.storage:
        case choices.SqliteStorage(path=path):
            path.parent.mkdir(parents=True, exist_ok=True)
            return _closed_by(closing, sql_engine(URL.create("sqlite", database=str(path))))
        case choices.PostgresStorage(url=url):
            return _closed_by(closing, sql_engine(url.reveal()))
        case choices.MemoryStorage():
            return None


def _closed_by(closing: ExitStack, engine: Engine) -> Engine:
    closing.callback(engine.dispose)
    return engine


def job_ledger(engine: Engine | None) -> JobLedger:
    return MemoryJobLedger() if engine is None else SqlJobLedger(engine)


def idempotency_keys(engine: Engine | None) -> IdempotencyKeys:
    return MemoryIdempotencyKeys() if engine is None else SqlIdempotencyKeys(engine)


def shredder(engine: Engine | None) -> Shredder:
    return MemoryShredder() if engine is None else SqlShredder(engine)


def worker(settings: Settings, ledger: JobLedger, clock: Clock) -> JobWorker:
    match settings.jobs:
        case choices.InProcessJobs(threads=threads):
            return InProcessWorker(ledger, clock, threads=threads, lease=LEASE)
        case choices.ProcrastinateJobs(threads=threads):
            from printapic.adapters.jobs.procrastinate import ProcrastinateWorker

            return ProcrastinateWorker(postgres_url(settings), clock, concurrency=threads)


def postgres_url(settings: Settings) -> str:
    if not isinstance(settings.storage, choices.PostgresStorage):
        raise choices.SettingsInvalid(["PRINTAPIC_JOBS=procrastinate needs PostgreSQL"])
    return settings.storage.url.reveal()


def unit_of_work(
    settings: Settings,
    engine: Engine | None,
    ledger: JobLedger,
    worker: Callable[[], JobWorker],
    notary: Notary,
) -> UnitOfWorkFactory:
    """`worker` is asked for only where it works in this process, and wants to be woken."""
    if isinstance(settings.jobs, choices.ProcrastinateJobs):
        from printapic.adapters.jobs.procrastinate import ProcrastinateJobQueue

        postgres_url(settings)
        return SqlUnitOfWorkFactory(
            cast(Engine, engine), jobs_for, ProcrastinateJobQueue, _nobody_to_wake, notary
        )
    wake = cast(InProcessWorker, worker()).wake
    if engine is None:
        return MemoryUnitOfWorkFactory(jobs_for, cast(MemoryJobLedger, ledger).add, wake, notary)
    return SqlUnitOfWorkFactory(engine, jobs_for, SqlJobQueue, wake, notary)


def _nobody_to_wake() -> None:
    """Procrastinate's workers are told by PostgreSQL itself."""

"""Jobs on PostgreSQL with Procrastinate: enqueued in our transactions, served by its worker.

The guards G1 to G12 of the design are answered here and in `procrastinate_tables`. Its worker alone
would leave the jobs of a killed process undone, run for ever what kills every worker, and stop for good
when PostgreSQL restarts.
"""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import psycopg
import structlog
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate import SyncPsycopgConnector as SyncConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.middleware import AsyncCallNext, WorkerMiddleware
from procrastinate.worker import Worker
from sqlalchemy import Connection

from printapic.adapters.jobs import procrastinate_tables as tables
from printapic.adapters.jobs.procrastinate_task import Retries, attempt, task_for
from printapic.adapters.jobs.procrastinate_watch import JobWatch
from printapic.adapters.jobs.retries import Jitter, described, full_jitter, origin, pause_after
from printapic.application.ports.clock import Clock
from printapic.application.ports.jobs import (
    MAX_ATTEMPTS,
    Job,
    JobHandler,
    JobQueue,
    JobRecord,
    JobState,
    JobWorker,
)
from printapic.application.ports.unit_of_work import StorageUnavailable

log = structlog.get_logger(__name__)

POLL_S = 1.0
_STOP_POLL_S = 0.05
_SERVED_WELL_S = 60.0
_LONGEST_PAUSE_S = 30.0
_DEFERRING = App(connector=SyncConnector())


class ProcrastinateJobQueue(JobQueue):
    """Defers jobs on the connection of a unit of work, and so if and when that commits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def enqueue(self, job: Job) -> None:
        """Promise a job. Raises `StorageUnavailable`."""
        deferrer = _DEFERRING.configure_task(
            tables.TASK,
            queue=tables.QUEUE,
            lock=job.lock,
            schedule_at=job.run_at,
            priority=tables.priority_at(job.run_at),
            connection=self._connection.connection.driver_connection,
        )
        try:
            deferrer.defer(**tables.arguments(job))
        except ConnectorException as error:
            if isinstance(error.__cause__, psycopg.OperationalError | psycopg.InterfaceError):
                raise StorageUnavailable from error
            raise


class ProcrastinateWorker(JobWorker):
    """Runs Procrastinate's worker with `concurrency` threads, starts it again when it ends, and reaps.

    `dsn` is a libpq URL. Leases are workers' heartbeats by the database's clock: one that was not heard
    of for `stalled` lost its jobs. `run` serves jobs by the database's clock too, because Procrastinate
    does; everything else, `run_due` included, goes by `clock`.
    """

    def __init__(
        self,
        dsn: str,
        clock: Clock,
        *,
        concurrency: int = 4,
        heartbeat: timedelta = timedelta(seconds=10),
        stalled: timedelta = timedelta(seconds=30),
        jitter: Jitter = full_jitter,
    ) -> None:
        self._dsn = dsn
        self._clock = clock
        self._concurrency = concurrency
        self._heartbeat = heartbeat
        self._stalled = stalled
        self._jitter = jitter

    def run(self, handle: JobHandler, stop: threading.Event) -> None:
        """Work until `stop` is set, whatever becomes of PostgreSQL meanwhile."""
        ends = 0
        with self._watch() as watch:
            while not stop.is_set():
                begun = time.monotonic()
                try:
                    asyncio.run(self._serve(handle, stop, watch))
                except Exception as error:
                    log.error("job worker ended", error=described(error), where=origin(error))
                ends = 1 if time.monotonic() - begun > _SERVED_WELL_S else ends + 1
                stop.wait(min(2.0 ** (ends - 1), _LONGEST_PAUSE_S))

    def run_due(self, handle: JobHandler) -> int:
        """Run what is due by the clock in the calling thread, longest due first."""
        runs = 0
        with tables.connected(self._dsn) as session, self._watch() as watch:
            worker = tables.register(session)
            watch.worker_id = lambda: worker
            watch.reap(session)
            while fetched := tables.claim(session, worker, self._clock.now()):
                self._run_one(session, fetched, handle)
                runs += 1
            tables.unregister(session, worker)
        return runs

    def list(self, state: JobState | None = None, *, limit: int = 100) -> tuple[JobRecord, ...]:
        """Jobs, newest first."""
        with tables.connected(self._dsn) as session:
            return tables.list_jobs(session, state, limit)

    def replay(self, job_id: str) -> None:
        """Make a dead job due now, with a fresh count of attempts."""
        with tables.connected(self._dsn) as session:
            tables.replay(session, job_id, self._clock.now())

    def _watch(self) -> JobWatch:
        return JobWatch(self._dsn, heartbeat=self._heartbeat, stalled=self._stalled)

    async def _serve(self, handle: JobHandler, stop: threading.Event, watch: JobWatch) -> None:
        """Run one worker until it ends by itself or `stop` is set; then its jobs in hand are finished."""
        # Besides the jobs, names are resolved in these threads when a connection is opened.
        pool = ThreadPoolExecutor(self._concurrency + 2, "printapic-job")
        asyncio.get_running_loop().set_default_executor(pool)
        serving = asyncio.ensure_future(self._work(handle, stop, watch))
        while not serving.done() and not stop.is_set():
            await asyncio.wait({serving}, timeout=_STOP_POLL_S)
        # Cancelled once, the worker stops in order; cancelled twice it would drop its jobs.
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving

    async def _work(self, handle: JobHandler, stop: threading.Event, watch: JobWatch) -> None:
        connector = PsycopgConnector(
            conninfo=self._dsn,
            min_size=1,
            max_size=self._concurrency + 2,
            timeout=5,
            kwargs={"connect_timeout": 2, "application_name": "printapic-jobs", "tcp_user_timeout": 5000},
        )
        app = App(connector=connector)
        retries = Retries(self._clock, self._jitter)
        app.task(name=tables.TASK, pass_context=True, retry=retries)(task_for(self._dsn, handle))
        async with app.open_async():
            worker = _HonestWorker(
                app,
                queues=[tables.QUEUE],
                name="printapic",
                concurrency=self._concurrency,
                fetch_job_polling_interval=POLL_S,
                delete_jobs="never",
                install_signal_handlers=False,
                update_heartbeat_interval=self._heartbeat.total_seconds(),
                stalled_worker_timeout=self._stalled.total_seconds(),
                worker_middleware=[_last_when_set(stop)],
            )
            watch.worker_id = lambda: worker.worker_id
            await worker.run()  # type: ignore[no-untyped-call]

    def _run_one(self, session: tables.Session, fetched: tables.Fetched, handle: JobHandler) -> None:
        error = attempt(fetched, handle)
        if error is None:
            tables.finish(session, fetched.id, status="succeeded")
            return
        tables.note(session, fetched.id, described(error))
        if fetched.attempts >= MAX_ATTEMPTS:
            tables.finish(session, fetched.id, status="failed")
        else:
            run_at = self._clock.now() + pause_after(fetched.attempts, self._jitter)
            tables.retry(session, fetched.id, run_at=run_at)
        if isinstance(error, KeyboardInterrupt):
            raise error


class _HonestWorker(Worker):
    """A worker that ends when it cannot write down what became of a job.

    Procrastinate's own goes on and keeps beating for a job that nobody runs any more, and whose lock
    nobody else will ever get. Ending gives up the job, and the reaper gives it to the next worker.
    """

    async def _persist_job_status(self, *args: Any, **named: Any) -> None:
        try:
            await super()._persist_job_status(*args, **named)
        except BaseException:
            self.stop()  # type: ignore[no-untyped-call]
            raise


def _last_when_set(stop: threading.Event) -> WorkerMiddleware:
    """Stop the worker before a job gives back its place, so that no other job takes it after `stop`."""

    async def run(call_next: AsyncCallNext, context: JobContext, worker: Worker) -> object:
        try:
            return await call_next()
        finally:
            if stop.is_set():
                worker.stop()  # type: ignore[no-untyped-call]

    return run

"""What only Procrastinate on a real PostgreSQL can get wrong."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import Engine

from printapic.adapters.jobs import procrastinate_tables as tables
from printapic.adapters.jobs.procrastinate import ProcrastinateJobQueue, ProcrastinateWorker
from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.adapters.system.clock import FixedClock, SystemClock
from printapic.application.ports.jobs import MAX_ATTEMPTS, Job, JobHandler, JobState
from printapic.application.ports.unit_of_work import StorageUnavailable
from tests.servers.postgres import PostgresProcess

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PATIENT_S = 60


@pytest.fixture
def database(postgres_url: str) -> str:
    tables.apply_schema(postgres_url)
    return postgres_url


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = sql_engine(database)
    yield engine
    engine.dispose()


def a_job(number: int = 0, *, run_at: datetime = NOON) -> Job:
    return Job(name="print", payload={"number": number}, run_at=run_at)


def promise(engine: Engine, *jobs: Job) -> None:
    with engine.begin() as connection:
        for job in jobs:
            ProcrastinateJobQueue(connection).enqueue(job)


@contextmanager
def running(worker: ProcrastinateWorker, handle: JobHandler) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(handle, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENT_S)
        assert not thread.is_alive()


def eventually(truth: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENT_S
    while True:
        with suppress(StorageUnavailable):
            if truth():
                return
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def test_the_schema_may_be_applied_by_many_at_once_and_again(postgres_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(tables.apply_schema, [postgres_url] * 4))
    tables.apply_schema(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute(
            "SELECT relname, reloptions FROM pg_class"
            " WHERE relname IN ('procrastinate_jobs', 'procrastinate_events') ORDER BY relname"
        ).fetchall()
    frequent = ["autovacuum_vacuum_scale_factor=0.01", "autovacuum_analyze_scale_factor=0.01"]
    assert rows == [("procrastinate_events", frequent), ("procrastinate_jobs", frequent)]


def test_what_was_kept_long_enough_is_swept_away(database: str, engine: Engine) -> None:
    def fail_the_second(job: Job) -> None:
        if job.payload["number"] == 2:
            raise ZeroDivisionError

    clock = FixedClock(NOON)
    promise(engine, a_job(1), a_job(2), a_job(3, run_at=NOON + timedelta(days=365)))
    worker = ProcrastinateWorker(database, clock, jitter=lambda longest: 0)
    worker.run_due(fail_the_second)

    def kept_after(days: int) -> list[object]:
        with tables.connected(database) as session:
            session.execute("UPDATE procrastinate_jobs SET scheduled_at = now() - %s", [timedelta(days=days)])
            session.execute("UPDATE procrastinate_events SET at = now() - %s", [timedelta(days=days)])
            tables.sweep(session)
        return [each.payload["number"] for each in worker.list()]

    assert kept_after(6) == [3, 2, 1]
    assert kept_after(8) == [3, 2]
    assert kept_after(89) == [3, 2]
    assert kept_after(91) == [3]


def test_a_reaper_leaves_alone_the_jobs_of_the_living(database: str, engine: Engine) -> None:
    promise(engine, a_job(1), a_job(2))
    with tables.connected(database) as session:
        living, lost = tables.register(session), tables.register(session)
        kept, orphan = tables.claim(session, living, NOON), tables.claim(session, lost, NOON)
        assert kept is not None
        assert orphan is not None
        session.execute(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 seconds' WHERE id = %s",
            [lost],
        )
        reaped = tables.reap(session, stalled=30 * SECOND, limit=8, error="Lost")
        assert reaped == {orphan.id: JobState.WAITING}
        assert tables.reap(session, stalled=30 * SECOND, limit=8, error="Lost") == {}
        tables.unregister(session, living)
        assert tables.reap(session, stalled=30 * SECOND, limit=1, error="Lost") == {kept.id: JobState.DEAD}


def test_jobs_are_served_in_the_order_of_their_times_far_into_the_future() -> None:
    moments = [datetime(year, 1, 1, tzinfo=UTC) for year in (1, 1970, 2019, 2026, 2027, 2087)]
    priorities = [tables.priority_at(moment) for moment in moments]
    assert priorities == sorted(priorities, reverse=True)
    assert all(-(2**31) <= each < 2**31 for each in priorities)
    assert tables.priority_at(NOON) > tables.priority_at(NOON + SECOND)


def test_the_library_does_not_log_what_a_job_carries_or_raises(
    database: str, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(job: Job) -> None:
        raise ValueError("Card 4111 of Ada")

    caplog.set_level(logging.WARNING)
    promise(engine, a_job(run_at=SystemClock().now()))
    with tables.connected(database) as session:
        session.execute("UPDATE procrastinate_jobs SET attempts = %s", [MAX_ATTEMPTS - 1])
    worker = ProcrastinateWorker(database, SystemClock())
    with running(worker, fail):
        eventually(lambda: len(worker.list(JobState.DEAD)) == 1)
    assert "4111" not in caplog.text
    assert "number" not in caplog.text


def test_a_worker_comes_back_after_postgres_crashed_and_loses_nothing(own_postgres: PostgresProcess) -> None:
    url = own_postgres.server.create_database("jobs")
    tables.apply_schema(url)
    engine, clock, ran = sql_engine(url), SystemClock(), list[object]()
    worker = ProcrastinateWorker(url, clock)
    promise(engine, a_job(1, run_at=clock.now()))
    with running(worker, lambda job: ran.append(job.payload["number"])):
        eventually(lambda: len(worker.list(JobState.DONE)) == 1)
        promise(engine, a_job(2, run_at=clock.now() + 2 * SECOND))
        own_postgres.restart_immediately()
        eventually(lambda: len(ran) == 2)
    engine.dispose()
    assert ran == [1, 2]


def test_a_job_whose_outcome_could_not_be_written_down_is_given_up_and_run_again(
    database: str, engine: Engine
) -> None:
    with tables.connected(database) as session:
        session.execute("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE 'the first outcome is lost'; END $$;
            CREATE TRIGGER refuse BEFORE UPDATE ON procrastinate_jobs FOR EACH ROW
            WHEN (NEW.status = 'succeeded' AND OLD.attempts = 0) EXECUTE FUNCTION refuse();
        """)
    ran: list[object] = []
    promise(engine, a_job(1, run_at=SystemClock().now()))
    worker = ProcrastinateWorker(database, SystemClock(), heartbeat=SECOND / 5)
    with running(worker, lambda job: ran.append(job.payload["number"])):
        eventually(lambda: len(worker.list(JobState.DONE)) == 1)
    assert ran == [1, 1]

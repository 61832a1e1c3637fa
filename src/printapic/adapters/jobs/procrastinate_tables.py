"""What we ask of Procrastinate's tables beyond what its own functions offer.

All statements lean on the schema of Procrastinate 3.10. Times of leases are the database's, those of
jobs come from our clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import attrs
import psycopg
from procrastinate.schema import SchemaManager
from procrastinate.sql import queries
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from printapic.application.ports.jobs import Job, JobNotFound, JobRecord, JobState
from printapic.application.ports.unit_of_work import StorageUnavailable

TASK = "printapic.job"
"""The one task: it carries the name and the payload of any job."""

QUEUE = "printapic"

DONE_KEPT_DAYS = 7
DEAD_KEPT_DAYS = 90
SWEEP_BATCH = 1000

Session = psycopg.Connection[DictRow]

_STATES = {
    "todo": JobState.WAITING,
    "doing": JobState.RUNNING,
    "succeeded": JobState.DONE,
    "failed": JobState.DEAD,
    "aborted": JobState.DEAD,
    "cancelled": JobState.DEAD,
}
_DEAD = [status for status, state in _STATES.items() if state is JobState.DEAD]
_SOMETHING_TO_DO = '{"type": "job_inserted", "job_id": 0}'
_EPOCH = 1_577_836_800
_INT4 = 2**31 - 1
_SCHEMA_LOCK, _REAPER_LOCK = 7_311_001, 7_311_002

_CLAIM = """
    UPDATE procrastinate_jobs
       SET status = 'doing', worker_id = %(worker)s
     WHERE id = (
           SELECT mine.id
             FROM procrastinate_jobs AS mine
            WHERE mine.status = 'todo'
              AND mine.task_name = %(task)s
              AND mine.scheduled_at <= %(at)s
              AND NOT EXISTS (
                  SELECT 1
                    FROM procrastinate_jobs AS other
                   WHERE other.lock = mine.lock
                     AND (other.status = 'doing'
                          OR other.status = 'todo'
                             AND (-other.priority, other.id) < (-mine.priority, mine.id)))
            ORDER BY mine.priority DESC, mine.id
            LIMIT 1 FOR UPDATE SKIP LOCKED)
 RETURNING id, args, lock, scheduled_at, attempts
"""

_REAP = """
    WITH orphan AS (
         SELECT job.id
           FROM procrastinate_jobs AS job
           LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
          WHERE job.status = 'doing'
            AND job.task_name = %(task)s
            AND (worker.id IS NULL OR worker.last_heartbeat < clock_timestamp() - %(stalled)s)
            FOR UPDATE OF job SKIP LOCKED)
    UPDATE procrastinate_jobs AS job
       SET status = CASE WHEN attempts + 1 >= %(limit)s THEN 'failed' ELSE 'todo'
                    END::procrastinate_job_status,
           attempts = attempts + 1,
           abort_requested = false,
           worker_id = NULL,
           args = args || jsonb_build_object('error', %(error)s::text)
      FROM orphan
     WHERE job.id = orphan.id
 RETURNING job.id, job.status
"""

_SWEEP = """
    DELETE FROM procrastinate_jobs
     WHERE id IN (
           SELECT job.id
             FROM procrastinate_jobs AS job
            WHERE job.status = ANY(%(statuses)s::procrastinate_job_status[])
              AND job.task_name = %(task)s
              AND job.scheduled_at < now() - %(kept)s
              AND NOT EXISTS (
                  SELECT 1
                    FROM procrastinate_events AS event
                   WHERE event.job_id = job.id
                     AND event.at >= now() - %(kept)s)
            ORDER BY job.id
            LIMIT %(batch)s)
"""


@attrs.frozen(kw_only=True)
class Fetched:
    """A job that a worker of ours has in hand. `attempts` counts this one."""

    id: int
    job: Job
    attempts: int


@contextmanager
def connected(dsn: str) -> Iterator[Session]:
    """Lend a connection on which every statement is a transaction of its own.

    Raises `StorageUnavailable` where PostgreSQL does not answer; no wait is longer than 5 s.
    """
    with storage_errors():
        session = psycopg.connect(
            dsn,
            autocommit=True,
            row_factory=dict_row,
            application_name="printapic-jobs",
            connect_timeout=2,
            options="-c statement_timeout=5000 -c lock_timeout=1000",
            tcp_user_timeout=5000,
        )
        with session:
            yield session


@contextmanager
def storage_errors() -> Iterator[None]:
    """Translate the errors of a driver that lost its server; wrong SQL is a bug and passes through."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StorageUnavailable from error


def apply_schema(dsn: str) -> None:
    """Create Procrastinate's tables where they are missing, and keep their statistics fresh.

    May be called at every start and by many processes at once. Without the lower thresholds vacuum
    and analyse come too late for a table that is all turnover, and claims take four times as long.
    """
    with connected(dsn) as session, session.transaction():
        session.execute("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")
        session.execute("SELECT pg_advisory_xact_lock(%s)", [_SCHEMA_LOCK])
        if session.execute("SELECT to_regclass('procrastinate_jobs') AS there").fetchall()[0]["there"]:
            return
        session.execute(SchemaManager.get_schema())
        for table in ("procrastinate_jobs", "procrastinate_events"):
            session.execute(
                sql.SQL(
                    "ALTER TABLE {} SET (autovacuum_vacuum_scale_factor = 0.01,"
                    " autovacuum_analyze_scale_factor = 0.01)"
                ).format(sql.Identifier(table))
            )


def arguments(job: Job) -> dict[str, Any]:
    """Return what the task is called with."""
    return {"name": job.name, "payload": dict(job.payload)}


def job_of(args: Mapping[str, Any], run_at: datetime, lock: str | None) -> Job:
    """Return the job that a task was called with."""
    return Job(name=args["name"], payload=args["payload"], run_at=run_at, lock=lock)


def priority_at(run_at: datetime) -> int:
    """Return a priority that makes Procrastinate serve jobs in the order in which they become due.

    By itself it serves them in the order in which they were stored, and within a lock it lets one
    that is to run tomorrow hold up one that is due now. Whole seconds, good until 2088.
    """
    return max(-_INT4, min(_INT4, _EPOCH - int(run_at.timestamp())))


def claim(session: Session, worker: int, at: datetime) -> Fetched | None:
    """Take the job that has been due longest by `at`, as Procrastinate does by the database's clock."""
    values = {"worker": worker, "task": TASK, "at": at}
    while True:
        try:
            row = session.execute(_CLAIM, values).fetchone()
        except psycopg.errors.UniqueViolation:
            continue  # its lock was taken a moment ago by somebody else
        if row is None:
            return None
        job = job_of(row["args"], row["scheduled_at"], row["lock"])
        return Fetched(id=row["id"], job=job, attempts=row["attempts"] + 1)


def finish(session: Session, job_id: int, *, status: str) -> None:
    """End a job as `succeeded` or `failed`."""
    values = {"job_id": job_id, "status": status, "delete_job": False}
    session.execute(queries["finish_job"], values)


def retry(session: Session, job_id: int, *, run_at: datetime) -> None:
    """Let a job wait for its next attempt."""
    values = {"new_priority": priority_at(run_at), "new_queue_name": None, "new_lock": None}
    session.execute(queries["retry_job"], {"job_id": job_id, "retry_at": run_at, **values})


def note(session: Session, job_id: int, error: str) -> None:
    """Keep the name of a job's last failure beside its arguments."""
    session.execute(
        "UPDATE procrastinate_jobs SET args = args || jsonb_build_object('error', %s::text) WHERE id = %s",
        [error, job_id],
    )


def register(session: Session) -> int:
    """Make a worker known and return its number."""
    (row,) = session.execute(queries["register_worker"]).fetchall()
    return int(row["worker_id"])


def unregister(session: Session, worker: int) -> None:
    """Forget a worker that has ended."""
    session.execute(queries["unregister_worker"], {"worker_id": worker})


def beat(session: Session, worker: int) -> None:
    """Say that a worker lives."""
    session.execute(queries["update_heartbeat"], {"worker_id": worker})


def reap(session: Session, *, stalled: timedelta, limit: int, error: str) -> dict[int, JobState]:
    """Take jobs from workers that were not heard of for `stalled`; bury those that used up `limit` attempts.

    One reaper works at a time, and asks for the orphans only when it has the lock: otherwise a second
    one could take a job that the first had given away from the worker that runs it.
    """
    with session.transaction():
        got = session.execute("SELECT pg_try_advisory_xact_lock(%s) AS got", [_REAPER_LOCK]).fetchone()
        if got is None or not got["got"]:
            return {}
        values = {"task": TASK, "stalled": stalled, "limit": limit, "error": error}
        reaped = {row["id"]: _STATES[row["status"]] for row in session.execute(_REAP, values)}
        if reaped:
            _wake_workers(session)
        return reaped


def sweep(session: Session) -> None:
    """Remove a batch of what was kept long enough."""
    for statuses, days in ((["succeeded"], DONE_KEPT_DAYS), (_DEAD, DEAD_KEPT_DAYS)):
        kept = timedelta(days=days)
        session.execute(_SWEEP, {"statuses": statuses, "kept": kept, "task": TASK, "batch": SWEEP_BATCH})


def list_jobs(session: Session, state: JobState | None, limit: int) -> tuple[JobRecord, ...]:
    """Return jobs, newest first."""
    statuses = [status for status, meant in _STATES.items() if state in {None, meant}]
    rows = session.execute(
        "SELECT id, args, status, attempts, scheduled_at FROM procrastinate_jobs"
        " WHERE task_name = %s AND status = ANY(%s::procrastinate_job_status[])"
        " ORDER BY id DESC LIMIT %s",
        [TASK, statuses, limit],
    )
    return tuple(_record(row) for row in rows)


def replay(session: Session, job_id: str, at: datetime) -> None:
    """Make a dead job wait from now on, its attempts forgotten. Raises `JobNotFound`."""
    number = int(job_id) if job_id.isdecimal() and len(job_id) < 19 else -1
    done = session.execute(
        "UPDATE procrastinate_jobs"
        " SET status = 'todo', attempts = 0, scheduled_at = %s, priority = %s, worker_id = NULL"
        " WHERE id = %s AND task_name = %s AND status = ANY(%s::procrastinate_job_status[])",
        [at, priority_at(at), number, TASK, _DEAD],
    )
    if done.rowcount != 1:
        raise JobNotFound
    _wake_workers(session)


def _wake_workers(session: Session) -> None:
    """Say what Procrastinate says of new jobs only: there is something to do."""
    session.execute("SELECT pg_notify(%s, %s)", [f"procrastinate_queue_v1#{QUEUE}", _SOMETHING_TO_DO])


def _record(row: DictRow) -> JobRecord:
    state = _STATES[row["status"]]
    return JobRecord(
        id=str(row["id"]),
        name=row["args"]["name"],
        payload=row["args"]["payload"],
        state=state,
        # Procrastinate counts an attempt when it ends, we when it begins.
        attempts=row["attempts"] + (state is JobState.RUNNING),
        run_at=row["scheduled_at"],
        error=row["args"].get("error"),
    )

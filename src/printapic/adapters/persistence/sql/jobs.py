"""Jobs in a table of leases, on SQLite or PostgreSQL."""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import attrs
from sqlalchemy import (
    Connection,
    Engine,
    Insert,
    Row,
    TextualSelect,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from printapic.adapters.persistence.sql.columns import UtcDateTime
from printapic.adapters.persistence.sql.database_clock import database_time
from printapic.adapters.persistence.sql.engine import reading_engine
from printapic.adapters.persistence.sql.tables import jobs
from printapic.adapters.persistence.sql.transaction import shop_errors
from printapic.application.ports.jobs import (
    Claim,
    Job,
    JobLedger,
    JobNotFound,
    JobQueue,
    JobRecord,
    JobState,
)
from printapic.application.ports.unit_of_work import StorageUnavailable

DONE_KEPT = timedelta(days=7)
DEAD_KEPT = timedelta(days=90)
SWEEP_BATCH = 1000
_SWEEP_EVERY = timedelta(hours=1)
_CLAIM_ATTEMPTS = 5

# The words of the states are spelt out because neither database uses a partial index for a parameter.
# A job waits for whoever holds its lock and for those who became due before it; a holder whose lease
# ended waits for nobody, or the two would wait for each other.
_CLAIM = """
    UPDATE jobs
       SET state = 'running', attempts = attempts + 1, leased_until = :until, token = :token
     WHERE id = (
           SELECT mine.id
             FROM jobs AS mine
            WHERE mine.state IN ('waiting', 'running')
              AND mine.run_at <= :at
              AND (mine.state = 'waiting' OR mine.leased_until <= :at)
              AND NOT EXISTS (
                  SELECT 1
                    FROM jobs AS other
                   WHERE other.lock = mine.lock
                     AND other.id <> mine.id
                     AND other.state IN ('waiting', 'running')
                     AND (other.state = 'running'
                          OR (mine.state = 'waiting'
                              AND (other.run_at, other.id) < (mine.run_at, mine.id))))
            ORDER BY mine.run_at, mine.id
            LIMIT 1{lock_row})
 RETURNING id, name, payload, run_at, lock, attempts
"""


class SqlJobQueue(JobQueue):
    """Stores jobs on the connection of a unit of work, and so if and when that commits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def enqueue(self, job: Job) -> None:
        """Promise a job. Raises what the driver raises; the unit of work translates it."""
        row = {
            "name": job.name,
            "payload": dict(job.payload),
            "run_at": job.run_at,
            "lock": job.lock,
            "state": JobState.WAITING,
            "attempts": 0,
        }
        self._connection.execute(_insert_job(self._connection.dialect.name), row)


@attrs.define(eq=False)
class SqlJobLedger(JobLedger):
    """Who has which job until when, in a table that any number of processes may share.

    A claim is one statement. On PostgreSQL claimers skip each other's rows, and should two take jobs
    with the same lock at the same moment, a unique index refuses the second; on SQLite there is one
    writer at a time. Done jobs are removed after 7 days and dead ones after 90, a batch an hour.
    """

    _engine: Engine
    _reading: Engine = attrs.field(init=False)
    _claim: TextualSelect = attrs.field(init=False)
    _swept_at: datetime | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._reading = reading_engine(self._engine)
        self._claim = _claim_on(self._engine.dialect.name)

    def claim(self, *, at: datetime, lease: timedelta) -> Claim | None:
        """Take the job that has been due longest and whose `lock` nobody holds."""
        for _ in range(_CLAIM_ATTEMPTS):
            token = secrets.token_hex(8)
            # The lock went to somebody else between looking and taking: there is another job to look at.
            with suppress(IntegrityError), shop_errors(), self._engine.begin() as connection:
                values = {"at": at, "until": at + lease, "token": token}
                row = connection.execute(self._claim, values).one_or_none()
                return _claimed(row, token) if row is not None else None
        return None

    def extend(self, claim: Claim, *, until: datetime) -> bool:
        """Move the end of the lease."""
        return self._write(claim, leased_until=until)

    def finish(self, claim: Claim, *, at: datetime) -> bool:
        """Keep as done, for a week; now and then remove what was kept long enough."""
        ours = self._leave(claim, JobState.DONE, finished_at=at)
        self._sweep(at)
        return ours

    def retry(self, claim: Claim, *, run_at: datetime, error: str) -> bool:
        """Let the job wait for its next attempt."""
        return self._leave(claim, JobState.WAITING, run_at=run_at, error=error)

    def bury(self, claim: Claim, *, at: datetime, error: str) -> bool:
        """Keep as dead, for 90 days."""
        return self._leave(claim, JobState.DEAD, finished_at=at, error=error)

    def next_due(self) -> datetime | None:
        """When the next waiting job, or the next lease that may end, is due."""
        due = case((jobs.c.state == JobState.RUNNING, jobs.c.leased_until), else_=jobs.c.run_at)
        statement = select(func.min(due, type_=UtcDateTime)).where(
            text("state IN ('waiting', 'running')"),
        )
        with shop_errors(), self._reading.connect() as connection:
            due_at: datetime | None = connection.scalar(statement)
        return due_at

    def list(self, state: JobState | None, *, limit: int) -> tuple[JobRecord, ...]:
        """Jobs, newest first."""
        statement = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
        if state is not None:
            statement = statement.where(jobs.c.state == state)
        with shop_errors(), self._reading.connect() as connection:
            return tuple(_record(row) for row in connection.execute(statement))

    def replay(self, job_id: str, *, at: datetime) -> None:
        """Make a dead job wait from now on, its attempts forgotten."""
        number = int(job_id) if job_id.isdecimal() and len(job_id) < 19 else -1
        statement = (
            update(jobs)
            .where(jobs.c.id == number, jobs.c.state == JobState.DEAD)
            .values(state=JobState.WAITING, attempts=0, run_at=at, finished_at=None)
        )
        with shop_errors(), self._engine.begin() as connection:
            if connection.execute(statement).rowcount != 1:
                raise JobNotFound

    def _leave(self, claim: Claim, state: JobState, **values: Any) -> bool:
        return self._write(claim, state=state, leased_until=None, token=None, **values)

    def _write(self, claim: Claim, **values: Any) -> bool:
        ours = and_(jobs.c.id == int(claim.id), jobs.c.state == JobState.RUNNING, jobs.c.token == claim.token)
        with shop_errors(), self._engine.begin() as connection:
            return connection.execute(update(jobs).where(ours).values(**values)).rowcount == 1

    def _sweep(self, at: datetime) -> None:
        """Remove what was kept long enough; it may fail, and then it is tried again in an hour."""
        if self._swept_at is not None and at < self._swept_at + _SWEEP_EVERY:
            return
        self._swept_at = at
        old = select(jobs.c.id).where(
            or_(
                and_(jobs.c.state == JobState.DONE, jobs.c.finished_at < at - DONE_KEPT),
                and_(jobs.c.state == JobState.DEAD, jobs.c.finished_at < at - DEAD_KEPT),
            )
        )
        batch = old.order_by(jobs.c.id).limit(SWEEP_BATCH)
        with suppress(StorageUnavailable), shop_errors(), self._engine.begin() as connection:
            connection.execute(delete(jobs).where(jobs.c.id.in_(batch)))


def _claim_on(dialect: str) -> TextualSelect:
    lock_row = " FOR UPDATE SKIP LOCKED" if dialect == "postgresql" else ""
    moments = (bindparam("at", type_=UtcDateTime), bindparam("until", type_=UtcDateTime))
    returned = (jobs.c.id, jobs.c.name, jobs.c.payload, jobs.c.run_at, jobs.c.lock, jobs.c.attempts)
    return text(_CLAIM.format(lock_row=lock_row)).bindparams(*moments).columns(*returned)


@cache
def _insert_job(dialect: str) -> Insert:
    """Kept, because SQLAlchemy remembers on a statement under which key its SQL is cached."""
    return insert(jobs).values(created_at=database_time(dialect))


def _claimed(row: Row[Any], token: str) -> Claim:
    job = Job(name=row.name, payload=row.payload, run_at=row.run_at, lock=row.lock)
    return Claim(id=str(row.id), job=job, attempts=row.attempts, token=token)


def _record(row: Row[Any]) -> JobRecord:
    return JobRecord(
        id=str(row.id),
        name=row.name,
        payload=row.payload,
        state=JobState(row.state),
        attempts=row.attempts,
        run_at=row.run_at,
        error=row.error,
    )

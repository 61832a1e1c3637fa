"""The one task that Procrastinate knows: it finds in its arguments which job it is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from procrastinate import BaseRetryStrategy, JobContext, RetryDecision
from procrastinate.jobs import Job as StoredJob

from printapic.adapters.jobs import procrastinate_tables as tables
from printapic.adapters.jobs.retries import Jitter, RunnerLost, described, pause_after, report
from printapic.application.ports.clock import Clock
from printapic.application.ports.jobs import MAX_ATTEMPTS, JobHandler
from printapic.application.ports.unit_of_work import StorageUnavailable


class Retries(BaseRetryStrategy):
    """When Procrastinate tries a failed job again: as every other worker of ours does."""

    def __init__(self, clock: Clock, jitter: Jitter) -> None:
        self._clock = clock
        self._jitter = jitter

    def get_retry_decision(self, *, exception: BaseException, job: StoredJob) -> RetryDecision | None:
        attempts = job.attempts + 1
        if attempts >= MAX_ATTEMPTS:
            return None
        run_at = self._clock.now() + pause_after(attempts, self._jitter)
        return RetryDecision(retry_at=run_at, priority=tables.priority_at(run_at))


class _JobFailed(Exception):
    """What Procrastinate is told of a failure: it logs what it is told, traceback and all."""


def task_for(dsn: str, handle: JobHandler) -> Callable[..., None]:
    """Return the one task, which finds in its arguments which job it is."""

    def run(context: JobContext, **args: Any) -> None:
        stored = context.job
        if stored.id is None or stored.scheduled_at is None:
            raise _JobFailed("a job that was never stored")
        job = tables.job_of(args, stored.scheduled_at, stored.lock)
        error = attempt(tables.Fetched(id=stored.id, job=job, attempts=stored.attempts + 1), handle)
        if error is None:
            return
        with suppress(StorageUnavailable), tables.connected(dsn) as session:
            tables.note(session, stored.id, described(error))
        raise _JobFailed(described(error)) from None

    return run


def attempt(fetched: tables.Fetched, handle: JobHandler) -> BaseException | None:
    """Run a job once and return what it raised, which is logged already."""
    try:
        if fetched.attempts > MAX_ATTEMPTS:
            raise RunnerLost
        handle(fetched.job)
    except BaseException as error:
        dead = fetched.attempts >= MAX_ATTEMPTS
        report(
            "job is dead" if dead else "job failed",
            job_id=str(fetched.id),
            name=fetched.job.name,
            attempts=fetched.attempts,
            error=error,
        )
        return error
    return None


def without_outcomes(record: logging.LogRecord) -> bool:
    """Keep Procrastinate from logging what we have logged already, with arguments and all."""
    return not str(getattr(record, "action", "")).startswith(("job_error", "job_aborted"))


logging.getLogger("procrastinate.worker").addFilter(without_outcomes)

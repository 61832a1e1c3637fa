"""The ledger of jobs in memory: for tests, and for trying things without a file."""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import attrs

from printapic.application.ports.jobs import Claim, Job, JobLedger, JobNotFound, JobRecord, JobState
from printapic.application.ports.unit_of_work import StorageUnavailable

DONE_KEPT = timedelta(days=7)
DEAD_KEPT = timedelta(days=90)
_SWEEP_EVERY = timedelta(hours=1)


@attrs.define(kw_only=True)
class _Entry:
    """A job and how it fares. `leased_until` and `token` mean something only while it runs."""

    number: int
    job: Job
    state: JobState = JobState.WAITING
    attempts: int = 0
    leased_until: datetime | None = None
    token: str | None = None
    error: str | None = None
    finished_at: datetime | None = None

    def is_due(self, at: datetime) -> bool:
        if self.leased_until is not None:
            return self.leased_until <= at
        return self.job.run_at <= at

    def leave(self, state: JobState, at: datetime) -> None:
        self.state, self.finished_at = state, at
        self.leased_until = self.token = None


@attrs.define(eq=False)
class MemoryJobLedger(JobLedger):
    """Who has which job until when, kept in this process. Safe to use from any thread.

    A unit of work collects its jobs and hands them to `add` when it commits. Done jobs are forgotten
    after 7 days, dead ones after 90. `broken` makes every method raise `StorageUnavailable`, so that
    what depends on the ledger can be seen coping without it.
    """

    broken: bool = False
    _live: dict[int, _Entry] = attrs.field(factory=dict, init=False, repr=False)
    _ended: dict[int, _Entry] = attrs.field(factory=dict, init=False, repr=False)
    _numbers: Iterator[int] = attrs.field(factory=lambda: itertools.count(1), init=False, repr=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False)
    _swept_at: datetime | None = attrs.field(default=None, init=False, repr=False)

    def add(self, job: Job) -> None:
        """Store a job that was committed; from now on it can be claimed."""
        with self._working():
            number = next(self._numbers)
            kept = attrs.evolve(job, payload=dict(job.payload))
            self._live[number] = _Entry(number=number, job=kept)

    def claim(self, *, at: datetime, lease: timedelta) -> Claim | None:
        with self._working():
            running = (entry for entry in self._live.values() if entry.state is JobState.RUNNING)
            holder = {entry.job.lock: entry for entry in running if entry.job.lock is not None}
            due = (
                entry
                for entry in self._live.values()
                # Where the holder's lease ended, the holder itself is due, and first in its line.
                if entry.is_due(at) and (entry.job.lock not in holder or holder[entry.job.lock] is entry)
            )
            entry = min(due, key=lambda each: (each.job.run_at, each.number), default=None)
            if entry is None:
                return None
            entry.state, entry.attempts = JobState.RUNNING, entry.attempts + 1
            entry.leased_until, entry.token = at + lease, secrets.token_hex(8)
            job = attrs.evolve(entry.job, payload=dict(entry.job.payload))
            return Claim(id=str(entry.number), job=job, attempts=entry.attempts, token=entry.token)

    def extend(self, claim: Claim, *, until: datetime) -> bool:
        with self._working():
            if entry := self._ours(claim):
                entry.leased_until = until
            return entry is not None

    def finish(self, claim: Claim, *, at: datetime) -> bool:
        with self._working():
            self._sweep(at)
            return self._end(claim, JobState.DONE, at)

    def retry(self, claim: Claim, *, run_at: datetime, error: str) -> bool:
        with self._working():
            if entry := self._ours(claim):
                entry.state, entry.error = JobState.WAITING, error
                entry.job = attrs.evolve(entry.job, run_at=run_at)
                entry.leased_until = entry.token = None
            return entry is not None

    def bury(self, claim: Claim, *, at: datetime, error: str) -> bool:
        with self._working():
            if entry := self._ours(claim):
                entry.error = error
            return self._end(claim, JobState.DEAD, at)

    def next_due(self) -> datetime | None:
        with self._working():
            return min(
                (entry.leased_until or entry.job.run_at for entry in self._live.values()), default=None
            )

    def list(self, state: JobState | None, *, limit: int) -> tuple[JobRecord, ...]:
        with self._working():
            entries = sorted((self._live | self._ended).values(), key=lambda each: -each.number)
            wanted = (entry for entry in entries if state is None or entry.state is state)
            return tuple(_record(entry) for entry in itertools.islice(wanted, limit))

    def replay(self, job_id: str, *, at: datetime) -> None:
        with self._working():
            entry = self._ended.get(int(job_id)) if job_id.isdecimal() else None
            if entry is None or entry.state is not JobState.DEAD:
                raise JobNotFound
            entry.state, entry.attempts, entry.finished_at = JobState.WAITING, 0, None
            entry.job = attrs.evolve(entry.job, run_at=at)
            self._live[entry.number] = self._ended.pop(entry.number)

    @contextmanager
    def _working(self) -> Iterator[None]:
        if self.broken:
            raise StorageUnavailable
        with self._lock:
            yield

    def _ours(self, claim: Claim) -> _Entry | None:
        entry = self._live.get(int(claim.id))
        return entry if entry is not None and entry.token == claim.token else None

    def _end(self, claim: Claim, state: JobState, at: datetime) -> bool:
        entry = self._ours(claim)
        if entry is None:
            return False
        entry.leave(state, at)
        self._ended[entry.number] = self._live.pop(entry.number)
        return True

    def _sweep(self, at: datetime) -> None:
        if self._swept_at is not None and at < self._swept_at + _SWEEP_EVERY:
            return
        self._swept_at = at
        kept = {JobState.DONE: DONE_KEPT, JobState.DEAD: DEAD_KEPT}
        for number, entry in tuple(self._ended.items()):
            if entry.finished_at is not None and entry.finished_at < at - kept[entry.state]:
                del self._ended[number]


def _record(entry: _Entry) -> JobRecord:
    return JobRecord(
        id=str(entry.number),
        name=entry.job.name,
        payload=dict(entry.job.payload),
        state=entry.state,
        attempts=entry.attempts,
        run_at=entry.job.run_at,
        error=entry.error,
    )

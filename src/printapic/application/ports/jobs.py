"""Jobs: what is to happen after a transaction, promised inside it."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import attrs

from printapic.domain.errors import NotFound
from printapic.domain.events import aware_utc

MAX_ATTEMPTS = 12
"""The growing pauses spread them over an hour and more: a mail server may be down that long."""


class JobNotFound(NotFound):
    code = "job-not-found"

    def __init__(self) -> None:
        super().__init__("There is no such dead job.")


@attrs.frozen(kw_only=True)
class Job:
    """A promise: run `name` with `payload` at `run_at` or soon after, at least once.

    `payload` holds ids and plain values only, never a secret or personal data. Jobs with the same
    `lock` run one after the other, in the order in which they became due.
    """

    name: str
    payload: Mapping[str, str | int | None]
    run_at: datetime = attrs.field(validator=aware_utc)
    lock: str | None = None


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


@attrs.frozen(kw_only=True)
class JobRecord:
    """What became of a job. `error` is the class and code of the last failure, never its text."""

    id: str
    name: str
    payload: Mapping[str, str | int | None]
    state: JobState
    attempts: int
    run_at: datetime
    error: str | None = None


class JobQueue(Protocol):
    """The jobs of a unit of work: stored when it commits, gone when it does not."""

    @abstractmethod
    def enqueue(self, job: Job) -> None: ...


JobHandler = Callable[[Job], None]
"""Does one job. Returning is success; whatever is raised is tried again."""


@attrs.frozen(kw_only=True)
class Claim:
    """A job in somebody's hands until the lease ends.

    `attempts` counts this one; `token` proves the claim.
    """

    id: str
    job: Job
    attempts: int
    token: str


class JobLedger(Protocol):
    """The store behind an in-process worker: who has which job until when.

    Every method is one short transaction. A method that takes a claim does nothing and returns False
    where the claim is no longer ours (its lease ended and somebody else took the job).
    """

    @abstractmethod
    def claim(self, *, at: datetime, lease: timedelta) -> Claim | None:
        """Take the job that has been due longest and whose `lock` nobody holds, counting the attempt.

        A running job whose lease ended is due again.
        """

    @abstractmethod
    def extend(self, claim: Claim, *, until: datetime) -> bool: ...

    @abstractmethod
    def finish(self, claim: Claim, *, at: datetime) -> bool: ...

    @abstractmethod
    def retry(self, claim: Claim, *, run_at: datetime, error: str) -> bool: ...

    @abstractmethod
    def bury(self, claim: Claim, *, at: datetime, error: str) -> bool:
        """Keep as dead."""

    @abstractmethod
    def next_due(self) -> datetime | None:
        """When the next waiting job, or the next lease that may end, is due."""

    @abstractmethod
    def list(self, state: JobState | None, *, limit: int) -> tuple[JobRecord, ...]: ...

    @abstractmethod
    def replay(self, job_id: str, *, at: datetime) -> None:
        """Raises `JobNotFound` unless the job is dead."""


class JobWorker(Protocol):
    """Runs jobs, each at least once, and none in two hands at a time while its runner lives.

    Attempts are counted when a job is taken, so one that kills its worker is not run for ever. A failed
    job is tried again after a growing, jittered pause; after `MAX_ATTEMPTS` it is kept as dead. A job
    whose runner was killed is taken up again by another.
    """

    @abstractmethod
    def run(self, handle: JobHandler, stop: threading.Event) -> None:
        """Work until `stop` is set; the job in hand is finished first."""

    @abstractmethod
    def run_due(self, handle: JobHandler) -> int:
        """Run what is due by the clock, including what that makes due, and return how many runs it took."""

    @abstractmethod
    def list(self, state: JobState | None = None, *, limit: int = 100) -> tuple[JobRecord, ...]:
        """Jobs, newest first. What is done may have been removed."""

    @abstractmethod
    def replay(self, job_id: str) -> None:
        """Make a dead job due now, with a fresh count of attempts. Raises `JobNotFound`."""

"""Jobs in threads of this process, over any ledger that many processes may share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import structlog
from tenacity import RetryError, Retrying, retry_if_exception_type, sleep_using_event
from tenacity import stop_after_delay as after_delay
from tenacity import stop_when_event_set as when_set
from tenacity import wait_random_exponential as growing

from printapic.adapters.jobs.leases import HeldLeases
from printapic.adapters.jobs.retries import (
    Jitter,
    RunnerLost,
    described,
    full_jitter,
    origin,
    pause_after,
    report,
)
from printapic.application.ports.clock import Clock
from printapic.application.ports.jobs import (
    MAX_ATTEMPTS,
    Claim,
    JobHandler,
    JobLedger,
    JobRecord,
    JobState,
    JobWorker,
)
from printapic.application.ports.unit_of_work import StorageUnavailable

log = structlog.get_logger(__name__)


class InProcessWorker(JobWorker):
    """Claims jobs from a ledger under a lease and runs up to `threads` of them at a time.

    A heartbeat thread extends the leases of the jobs in hand at a third of their length; when this
    process is killed they end, and whoever else shares the ledger takes the jobs up again. The ledger
    is asked when `wake` is called, when a job ends, when the next one falls due, and every `poll`.
    Processes that share a ledger must agree on the time to well within `lease`.

    A job may raise what it likes, `SystemExit` included: that fails the job, not its runner. Only
    `KeyboardInterrupt`, which is somebody at a terminal, also ends `run_due`.
    """

    def __init__(
        self,
        ledger: JobLedger,
        clock: Clock,
        *,
        threads: int = 2,
        lease: timedelta = timedelta(seconds=30),
        poll: timedelta = timedelta(seconds=1),
        jitter: Jitter = full_jitter,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._threads = threads
        self._lease = lease
        self._poll = poll
        self._jitter = jitter
        self._wake = threading.Event()

    def wake(self) -> None:
        """Look for jobs now: something was committed. Cheap; safe from any thread, running or not."""
        self._wake.set()

    def run(self, handle: JobHandler, stop: threading.Event) -> None:
        """Work until `stop` is set. An unavailable ledger is asked again every `poll`, for ever."""
        leases = HeldLeases(self._ledger, self._clock, self._lease)
        with leases.heartbeat(stop, self._wake), ThreadPoolExecutor(self._threads, "printapic-job") as pool:
            while not stop.is_set():
                self._wake.clear()
                if len(leases) >= self._threads:
                    self._wake.wait(self._poll.total_seconds())
                elif claim := self._next_claim(leases):
                    pool.submit(self._run_in_pool, claim, handle, leases, stop)
                else:
                    self._wake.wait(self._until_next())

    def run_due(self, handle: JobHandler) -> int:
        """Run what is due in the calling thread, longest due first. Raises `StorageUnavailable`."""
        runs, leases, over = 0, HeldLeases(self._ledger, self._clock, self._lease), threading.Event()
        with leases.heartbeat(over, over):
            try:
                while claim := leases.claim():
                    runs += self._run(claim, handle, over)
                    leases.let_go(claim)
            finally:
                over.set()
        return runs

    def list(self, state: JobState | None = None, *, limit: int = 100) -> tuple[JobRecord, ...]:
        return self._ledger.list(state, limit=limit)

    def replay(self, job_id: str) -> None:
        self._ledger.replay(job_id, at=self._clock.now())
        self.wake()

    def _next_claim(self, leases: HeldLeases) -> Claim | None:
        try:
            return leases.claim()
        except Exception as error:
            # Whatever ails the ledger, a runner that ended would leave every job undone.
            log.error("jobs cannot be claimed", error=described(error), where=origin(error))
            return None

    def _until_next(self) -> float:
        """Return seconds to wait: a job that is due already waits for a lock, not for the time."""
        longest = self._poll.total_seconds()
        try:
            due = self._ledger.next_due()
        except Exception:
            return longest
        rest = (due - self._clock.now()).total_seconds() if due is not None else longest
        return min(rest, longest) if rest > 0 else longest

    def _run_in_pool(
        self, claim: Claim, handle: JobHandler, leases: HeldLeases, stop: threading.Event
    ) -> None:
        try:
            self._run(claim, handle, stop)
        except BaseException as error:
            log.error("a job is left to its lease", job_id=claim.id, error=described(error))
            raise
        finally:
            leases.let_go(claim)
            self._wake.set()

    def _run(self, claim: Claim, handle: JobHandler, stop: threading.Event) -> bool:
        """Run one job and write down what became of it; return whether the handler was called."""
        if claim.attempts > MAX_ATTEMPTS:
            self._bury(claim, RunnerLost(), stop)
            return False
        try:
            handle(claim.job)
        except BaseException as error:
            self._fail(claim, error, stop)
            if isinstance(error, KeyboardInterrupt):
                raise
        else:
            self._settle(claim, lambda: self._ledger.finish(claim, at=self._clock.now()), stop)
        return True

    def _fail(self, claim: Claim, error: BaseException, stop: threading.Event) -> None:
        if claim.attempts >= MAX_ATTEMPTS:
            self._bury(claim, error, stop)
            return
        pause = pause_after(claim.attempts, self._jitter)
        _report("job failed", claim, error, pause=pause.total_seconds())
        run_at, what = self._clock.now() + pause, described(error)
        self._settle(claim, lambda: self._ledger.retry(claim, run_at=run_at, error=what), stop)

    def _bury(self, claim: Claim, error: BaseException, stop: threading.Event) -> None:
        _report("job is dead", claim, error)
        at, what = self._clock.now(), described(error)
        self._settle(claim, lambda: self._ledger.bury(claim, at=at, error=what), stop)

    def _settle(self, claim: Claim, write: Callable[[], bool], stop: threading.Event) -> None:
        """Write down an outcome, trying for as long as nobody else may have the job.

        Where it cannot be written the job runs again when its lease ends, as at-least-once allows.
        """
        lease = self._lease.total_seconds()
        attempts = Retrying(
            retry=retry_if_exception_type(StorageUnavailable),
            stop=after_delay(lease) | when_set(stop),
            wait=growing(multiplier=0.1, max=lease / 6),
            sleep=sleep_using_event(stop),
        )
        try:
            kept = attempts(write)
        except RetryError:
            log.warning("a job's outcome is lost", job_id=claim.id, job=claim.job.name)
        else:
            if not kept:
                log.warning("a job was taken over", job_id=claim.id, job=claim.job.name)


def _report(event: str, claim: Claim, error: BaseException, **more: object) -> None:
    report(event, job_id=claim.id, name=claim.job.name, attempts=claim.attempts, error=error, **more)

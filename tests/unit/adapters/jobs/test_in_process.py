"""The threads that run jobs: leases kept, outcomes written down, and no waiting for the next poll."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from printapic.adapters.jobs.in_process import InProcessWorker
from printapic.adapters.persistence.memory.jobs import MemoryJobLedger
from printapic.adapters.system.clock import FixedClock, SystemClock
from printapic.application.ports.jobs import MAX_ATTEMPTS, Job, JobHandler, JobState

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
LEASE = timedelta(seconds=30)
HOUR = timedelta(hours=1)
PATIENT_S = 30


@pytest.fixture
def ledger() -> MemoryJobLedger:
    return MemoryJobLedger()


def a_job(run_at: datetime = NOON) -> Job:
    return Job(name="print", payload={}, run_at=run_at)


@contextmanager
def running(worker: InProcessWorker, handle: JobHandler) -> Iterator[None]:
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
    while not truth():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


def test_a_woken_worker_does_not_wait_for_its_next_poll(ledger: MemoryJobLedger) -> None:
    worker, ran = InProcessWorker(ledger, SystemClock(), poll=HOUR), threading.Event()
    with running(worker, lambda job: ran.set()):
        ledger.add(a_job())
        worker.wake()
        assert ran.wait(PATIENT_S)


def test_a_worker_knows_when_the_next_job_falls_due(ledger: MemoryJobLedger) -> None:
    clock, ran = SystemClock(), threading.Event()
    ledger.add(a_job(clock.now() + timedelta(milliseconds=200)))
    with running(InProcessWorker(ledger, clock, poll=HOUR), lambda job: ran.set()):
        assert ran.wait(PATIENT_S)


def test_a_replayed_job_wakes_the_worker(ledger: MemoryJobLedger) -> None:
    clock, ran = SystemClock(), threading.Event()
    ledger.add(a_job())
    claim = ledger.claim(at=NOON, lease=LEASE)
    assert claim is not None
    ledger.bury(claim, at=NOON, error="Broken")
    worker = InProcessWorker(ledger, clock, poll=HOUR)
    with running(worker, lambda job: ran.set()):
        worker.replay(claim.id)
        assert ran.wait(PATIENT_S)


def test_no_more_jobs_are_taken_than_can_be_run(ledger: MemoryJobLedger) -> None:
    go_on = threading.Event()
    for _ in range(5):
        ledger.add(a_job())
    worker = InProcessWorker(ledger, SystemClock(), threads=2, poll=timedelta(milliseconds=5))
    with running(worker, lambda job: _wait(go_on)):
        eventually(lambda: len(worker.list(JobState.RUNNING)) == 2)
        time.sleep(0.05)
        assert len(worker.list(JobState.RUNNING)) == 2
        go_on.set()
        eventually(lambda: len(worker.list(JobState.DONE)) == 5)


def test_a_job_that_killed_its_runners_too_often_is_buried_without_running(ledger: MemoryJobLedger) -> None:
    clock = FixedClock(NOON)
    ledger.add(a_job())
    for _ in range(MAX_ATTEMPTS):
        assert ledger.claim(at=clock.now(), lease=LEASE) is not None
        clock.advance(LEASE)
    ran: list[Job] = []
    worker = InProcessWorker(ledger, clock)
    assert worker.run_due(ran.append) == 0
    (dead,) = worker.list(JobState.DEAD)
    assert (ran, dead.error) == ([], "RunnerLost runner-lost")


def test_an_outcome_is_written_down_once_the_ledger_is_back(ledger: MemoryJobLedger) -> None:
    def handle(job: Job) -> None:
        runs.append(job)
        ledger.broken = True

    runs: list[Job] = []
    ledger.add(a_job())
    worker = InProcessWorker(ledger, SystemClock())
    with running(worker, handle):
        eventually(lambda: bool(runs))
        ledger.broken = False
        eventually(lambda: len(worker.list(JobState.DONE)) == 1)
    assert len(runs) == 1


def test_a_worker_told_to_stop_does_not_wait_for_a_ledger_that_is_gone(ledger: MemoryJobLedger) -> None:
    def handle(job: Job) -> None:
        ledger.broken = True
        gone.set()

    gone = threading.Event()
    ledger.add(a_job())
    with running(InProcessWorker(ledger, SystemClock(), lease=HOUR), handle):
        assert gone.wait(PATIENT_S)
    ledger.broken = False
    assert [each.state for each in ledger.list(None, limit=2)] == [JobState.RUNNING]


def test_somebody_at_the_terminal_ends_the_run_and_the_job_is_tried_again(ledger: MemoryJobLedger) -> None:
    def interrupt(job: Job) -> None:
        raise KeyboardInterrupt

    ledger.add(a_job())
    worker = InProcessWorker(ledger, FixedClock(NOON))
    with pytest.raises(KeyboardInterrupt):
        worker.run_due(interrupt)
    assert [each.state for each in worker.list()] == [JobState.WAITING]


def test_a_finished_run_leaves_no_thread_behind(ledger: MemoryJobLedger) -> None:
    worker = InProcessWorker(ledger, FixedClock(NOON))
    for _ in range(20):
        worker.run_due(lambda job: None)
        assert not [each for each in threading.enumerate() if each.name == "printapic-job-heartbeat"]


def _wait(event: threading.Event) -> None:
    assert event.wait(PATIENT_S)

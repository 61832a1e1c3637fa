"""Running jobs: what every worker promises, wherever its jobs are kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from printapic.adapters.jobs.procrastinate_tables import apply_schema
from printapic.adapters.system.clock import FixedClock, SystemClock
from printapic.application.ports.jobs import (
    MAX_ATTEMPTS,
    Job,
    JobHandler,
    JobNotFound,
    JobRecord,
    JobState,
    JobWorker,
)
from printapic.application.ports.unit_of_work import StorageUnavailable
from printapic.domain.errors import Conflict
from tests.integration.job_backends import (
    Backend,
    lease_backend,
    memory_backend,
    procrastinate_backend,
    sqlite_backend,
)
from tests.integration.stores import copy_of_file, migrated_database
from tests.servers.postgres import PostgresServer

NOON = datetime(2026, 11, 2, 12, 0, 0, 123456, UTC)
SECOND = timedelta(seconds=1)
ROOT = Path(__file__).parent.parent.parent.parent
PATIENT_S = 60
POSTGRES = [pytest.param(kind, marks=pytest.mark.postgres) for kind in ("postgres", "procrastinate")]


class CardDeclined(Conflict):
    code = "card-declined"


@pytest.fixture(scope="session")
def procrastinate_template(postgres_server: PostgresServer) -> Iterator[str]:
    """A migrated database with Procrastinate's tables, made once per worker."""
    name = migrated_database(postgres_server)
    apply_schema(postgres_server.url(name))
    yield name
    postgres_server.drop_database(name)


@contextmanager
def backend_of(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Backend]:
    match kind:
        case "memory":
            with memory_backend() as backend:
                yield backend
        case "sqlite":
            file = copy_of_file(request.getfixturevalue("sqlite_template"), folder)
            with sqlite_backend(file) as backend:
                yield backend
        case "postgres":
            database = request.getfixturevalue("postgres_database")
            with lease_backend(request.getfixturevalue("postgres_server"), database) as backend:
                yield backend
        case _:
            template = request.getfixturevalue("procrastinate_template")
            with procrastinate_backend(request.getfixturevalue("postgres_server"), template) as backend:
                yield backend


@pytest.fixture(params=["memory", "sqlite", *POSTGRES])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    with backend_of(request.param, request, tmp_path) as backend:
        yield backend


@pytest.fixture(params=["sqlite", *POSTGRES])
def shared_backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """One that other processes can get at."""
    with backend_of(request.param, request, tmp_path) as backend:
        yield backend


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


def a_job(number: int = 0, *, name: str = "print", run_at: datetime = NOON, lock: str | None = None) -> Job:
    return Job(name=name, payload={"number": number}, run_at=run_at, lock=lock)


def numbers(worker: JobWorker) -> list[object]:
    """The jobs that are due, in the order in which they run."""
    ran: list[object] = []
    assert worker.run_due(lambda job: ran.append(job.payload["number"])) == len(ran)
    return ran


def only(worker: JobWorker) -> JobRecord:
    (record,) = worker.list(limit=2)
    return record


def eventually(truth: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENT_S
    while not truth():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


def all_done(worker: JobWorker) -> bool:
    return all(each.state is JobState.DONE for each in worker.list())


@contextmanager
def running(worker: JobWorker, handle: JobHandler) -> Iterator[threading.Event]:
    """A worker at work in a thread; the event stops it, and leaving waits until it has ended."""
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(handle, stop))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(PATIENT_S)
        assert not thread.is_alive()


@contextmanager
def runner_elsewhere(backend: Backend, patience_s: float, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A runner in another process that comes back whenever a job kills it; in the end it is killed."""
    log.touch()
    arguments = ["serve", backend.kind, backend.url, str(patience_s), str(log)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.job_runner", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_committed_job_runs_once_with_all_that_it_was_promised_with(
    backend: Backend, clock: FixedClock
) -> None:
    job = Job(name="mail.send", payload={"a": "ü%s'\"{}", "b": -1, "c": None}, run_at=NOON, lock="order:1")
    backend.promise(job)
    worker, ran = backend.worker(clock), list[Job]()
    assert worker.run_due(ran.append) == 1
    assert worker.run_due(ran.append) == 0
    assert ran == [job]
    record = only(worker)
    assert (record.name, record.payload, record.run_at) == (job.name, job.payload, job.run_at)
    assert (record.state, record.attempts, record.error) == (JobState.DONE, 1, None)


def test_a_job_of_a_unit_that_was_not_committed_never_runs(backend: Backend, clock: FixedClock) -> None:
    with backend.units() as work:
        work.jobs.enqueue(a_job(1))
    with suppress(CardDeclined), backend.units() as work:
        work.jobs.enqueue(a_job(2))
        raise CardDeclined("No.")
    assert numbers(backend.worker(clock)) == []
    assert backend.worker(clock).list() == ()


def test_jobs_run_in_the_order_in_which_they_become_due(backend: Backend, clock: FixedClock) -> None:
    backend.promise(
        a_job(1, run_at=NOON + 2 * SECOND), a_job(2), a_job(3, run_at=NOON - 5 * SECOND), a_job(4)
    )
    worker = backend.worker(clock)
    assert numbers(worker) == [3, 2, 4]
    clock.advance(2 * SECOND - timedelta(microseconds=1))
    assert numbers(worker) == []
    clock.advance(timedelta(microseconds=1))
    assert numbers(worker) == [1]


def test_what_a_job_makes_due_runs_in_the_same_go(backend: Backend, clock: FixedClock) -> None:
    def count_down(job: Job) -> None:
        number = job.payload["number"]
        assert isinstance(number, int)
        ran.append(number)
        if number:
            backend.promise(a_job(number - 1))

    ran: list[int] = []
    backend.promise(a_job(3))
    assert backend.worker(clock).run_due(count_down) == 4
    assert ran == [3, 2, 1, 0]


def test_a_failing_job_rests_longer_each_time_and_ends_dead(backend: Backend, clock: FixedClock) -> None:
    def fail(job: Job) -> None:
        raise CardDeclined("Card 4111 1111 1111 1111 of Ada was declined.")

    backend.promise(a_job())
    worker, pauses = backend.worker(clock), list[float]()
    with capture_logs() as logs:
        assert worker.run_due(fail) == 1
        while (record := only(worker)).state is JobState.WAITING:
            pause = record.run_at - clock.now()
            pauses.append(pause.total_seconds())
            clock.advance(pause - timedelta(microseconds=1))
            assert worker.run_due(fail) == 0
            clock.advance(timedelta(microseconds=1))
            assert worker.run_due(fail) == 1
    assert pauses == [min(5 * 2**failures, 3600) for failures in range(MAX_ATTEMPTS - 1)]
    assert (record.state, record.attempts) == (JobState.DEAD, MAX_ATTEMPTS)
    assert record.error == "CardDeclined card-declined"
    assert [each["attempts"] for each in logs] == list(range(1, MAX_ATTEMPTS + 1))
    assert {(each["job_id"], each["job"], each["code"]) for each in logs} == {
        (record.id, "print", "card-declined")
    }
    assert "4111" not in str(logs)
    clock.advance(timedelta(days=1))
    assert worker.run_due(fail) == 0


@pytest.mark.parametrize("error", [ZeroDivisionError("secret"), SystemExit("secret")], ids=["bug", "exit"])
def test_whatever_a_job_raises_fails_only_itself(
    backend: Backend, clock: FixedClock, error: BaseException
) -> None:
    def handle(job: Job) -> None:
        if job.payload["number"] == 1:
            raise error

    backend.promise(a_job(1), a_job(2))
    worker = backend.worker(clock)
    assert worker.run_due(handle) == 2
    neighbour, failed = worker.list()
    assert (neighbour.state, neighbour.error) == (JobState.DONE, None)
    assert (failed.state, failed.error) == (JobState.WAITING, type(error).__name__)


def test_a_dead_job_can_be_replayed_with_a_fresh_count(backend: Backend, clock: FixedClock) -> None:
    def fail(job: Job) -> None:
        raise CardDeclined("No.")

    backend.promise(a_job())
    worker = backend.worker(clock)
    for _ in range(MAX_ATTEMPTS):
        worker.run_due(fail)
        with_its_pause = only(worker).run_at
        clock.advance(max(with_its_pause - clock.now(), timedelta(0)))
    (dead,) = worker.list(JobState.DEAD)
    worker.replay(dead.id)
    assert worker.run_due(fail) == 1
    assert only(worker).attempts == 1
    with pytest.raises(JobNotFound):
        worker.replay(dead.id)
    clock.advance(5 * SECOND)
    assert numbers(worker) == [0]
    assert only(worker).state is JobState.DONE


@pytest.mark.parametrize("job_id", ["1", "2", "-1", "x", "", "٣", "9" * 30])
def test_only_a_dead_job_can_be_replayed(backend: Backend, clock: FixedClock, job_id: str) -> None:
    backend.promise(a_job())
    with pytest.raises(JobNotFound):
        backend.worker(clock).replay(job_id)


def test_while_a_failed_job_rests_the_next_with_its_lock_goes_on(backend: Backend, clock: FixedClock) -> None:
    def fail(job: Job) -> None:
        ran.append(job.payload["number"])
        if ran == [1]:
            raise CardDeclined("No.")

    ran: list[object] = []
    backend.promise(a_job(1, lock="order"), a_job(2, lock="order"))
    worker = backend.worker(clock)
    worker.run_due(fail)
    clock.advance(5 * SECOND)
    worker.run_due(fail)
    assert ran == [1, 2, 1]


def test_a_job_for_tomorrow_does_not_hold_up_its_lock_today(backend: Backend, clock: FixedClock) -> None:
    backend.promise(a_job(1, lock="order", run_at=NOON + timedelta(days=1)), a_job(2, lock="order"))
    assert numbers(backend.worker(clock)) == [2]


def test_jobs_are_listed_newest_first_by_state_and_not_beyond_the_limit(
    backend: Backend, clock: FixedClock
) -> None:
    backend.promise(*(a_job(number, run_at=NOON + number * SECOND) for number in range(4)))
    worker = backend.worker(clock)
    assert numbers(worker) == [0]
    assert [each.payload["number"] for each in worker.list(limit=2)] == [3, 2]
    assert [each.payload["number"] for each in worker.list(JobState.WAITING)] == [3, 2, 1]
    assert [each.payload["number"] for each in worker.list(JobState.DONE)] == [0]


def test_a_worker_says_so_when_the_store_is_gone(backend: Backend, clock: FixedClock) -> None:
    backend.promise(a_job())
    worker = backend.worker(clock)
    with backend.outage():
        for call in (worker.list, lambda: worker.replay("1"), lambda: worker.run_due(lambda job: None)):
            with pytest.raises(StorageUnavailable):
                call()
    assert numbers(worker) == [0]


def test_a_worker_outlives_an_outage_of_the_store(backend: Backend) -> None:
    worker, clock, ran = backend.worker(SystemClock()), SystemClock(), list[object]()
    with running(worker, lambda job: ran.append(job.payload["number"])):
        backend.promise(a_job(1, run_at=clock.now()))
        eventually(lambda: ran == [1] and all_done(worker))
        with backend.outage(), pytest.raises(StorageUnavailable):
            backend.promise(a_job(2, run_at=clock.now()))
        eventually(lambda: _promised(backend, a_job(3, run_at=clock.now())))
        eventually(lambda: ran == [1, 3])


def test_two_workers_run_every_job_once_and_those_with_one_lock_one_after_the_other(backend: Backend) -> None:
    busy, guard, ran = Counter[str | None](), threading.Lock(), list[int]()

    def handle(job: Job) -> None:
        with guard:
            busy[job.lock] += 1
            assert busy[job.lock] == 1
            number = job.payload["number"]
            assert isinstance(number, int)
            ran.append(number)
        time.sleep(0.001)
        with guard:
            busy[job.lock] -= 1

    now = SystemClock().now()
    backend.promise(*(a_job(number, lock=f"order:{number % 3}", run_at=now) for number in range(30)))
    worker, other = backend.worker(SystemClock()), backend.worker(SystemClock())
    with running(worker, handle), running(other, handle):
        eventually(lambda: all_done(worker))
    assert sorted(ran) == list(range(30))
    for lock in range(3):
        assert [number for number in ran if number % 3 == lock] == list(range(lock, 30, 3))
    assert {each.attempts for each in worker.list()} == {1}


def test_jobs_without_a_common_lock_run_at_the_same_time(backend: Backend) -> None:
    meeting = threading.Barrier(2)
    now = SystemClock().now()
    backend.promise(a_job(1, lock="a", run_at=now), a_job(2, lock="b", run_at=now))
    worker = backend.worker(SystemClock(), threads=2)

    def handle(job: Job) -> None:
        meeting.wait(PATIENT_S)

    with running(worker, handle):
        eventually(lambda: all_done(worker))


def test_a_stopping_worker_finishes_the_job_in_hand_and_begins_no_other(backend: Backend) -> None:
    begun, go_on, ran = threading.Event(), threading.Event(), list[object]()

    def handle(job: Job) -> None:
        begun.set()
        assert go_on.wait(PATIENT_S)
        ran.append(job.payload["number"])

    now = SystemClock().now()
    backend.promise(a_job(1, run_at=now), a_job(2, run_at=now))
    worker = backend.worker(SystemClock(), threads=1)
    with running(worker, handle) as stop:
        assert begun.wait(PATIENT_S)
        stop.set()
        go_on.set()
    assert ran == [1]
    assert [each.state for each in worker.list()] == [JobState.WAITING, JobState.DONE]


def test_a_worker_with_nothing_to_do_stops_when_told(backend: Backend) -> None:
    with running(backend.worker(SystemClock()), lambda job: None) as stop:
        stop.set()


def test_a_long_job_stays_in_one_hand_even_while_its_worker_is_stopping(backend: Backend) -> None:
    patience, begun, go_on, runs = timedelta(seconds=1.2), threading.Event(), threading.Event(), list[Job]()

    def handle(job: Job) -> None:
        runs.append(job)
        begun.set()
        go_on.wait(2)

    backend.promise(a_job(run_at=SystemClock().now()))
    worker, other = (backend.worker(SystemClock(), patience=patience) for _ in range(2))
    with running(worker, handle) as stop:
        assert begun.wait(PATIENT_S)
        stop.set()
        with running(other, handle):
            eventually(lambda: all_done(other))
    assert len(runs) == 1
    assert only(other).attempts == 1


def test_the_job_of_a_killed_runner_is_taken_up_by_another(shared_backend: Backend, tmp_path: Path) -> None:
    log = tmp_path / "runs"
    shared_backend.promise(a_job(7, name="endless", run_at=SystemClock().now()))
    with runner_elsewhere(shared_backend, 0.5, log):
        eventually(lambda: log.read_text() == "endless:7\n")
    ran: list[object] = []
    worker = shared_backend.worker(SystemClock(), patience=timedelta(seconds=0.5))
    assert only(worker).state is JobState.RUNNING
    with running(worker, lambda job: ran.append(job.payload["number"])):
        eventually(lambda: all_done(worker))
    assert ran == [7]
    assert only(worker).attempts == 2


@pytest.mark.chaos
def test_a_job_that_kills_its_runner_ends_dead_and_its_neighbours_run_once(
    shared_backend: Backend, tmp_path: Path
) -> None:
    log, now = tmp_path / "runs", SystemClock().now()
    shared_backend.promise(
        a_job(1, run_at=now), a_job(2, name="poison", run_at=now), a_job(3, run_at=now), a_job(4, run_at=now)
    )
    worker = shared_backend.worker(SystemClock())
    with runner_elsewhere(shared_backend, 0.2, log):
        eventually(lambda: {each.state for each in worker.list()} == {JobState.DONE, JobState.DEAD})
    runs = Counter(log.read_text().split())
    assert runs == {"print:1": 1, "poison:2": MAX_ATTEMPTS, "print:3": 1, "print:4": 1}
    (dead,) = worker.list(JobState.DEAD)
    assert (dead.name, dead.error) == ("poison", "RunnerLost runner-lost")


def _promised(backend: Backend, job: Job) -> bool:
    """Whether a job could be promised: after an outage each broken connection is refused once."""
    try:
        backend.promise(job)
    except StorageUnavailable:
        return False
    return True

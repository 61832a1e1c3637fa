"""Who has which job until when: what every ledger promises to those who run jobs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from printapic.application.ports.jobs import Claim, Job, JobLedger, JobNotFound, JobRecord, JobState
from printapic.application.ports.unit_of_work import StorageUnavailable
from tests.integration.stores import Store, copy_of_file, sqlite_store

NOON = datetime(2026, 11, 2, 12, 0, 0, 123456, UTC)
SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=30)
ROOT = Path(__file__).parent.parent.parent.parent


def a_job(number: int = 0, *, run_at: datetime = NOON, lock: str | None = None) -> Job:
    return Job(name="print", payload={"number": number}, run_at=run_at, lock=lock)


def promise(store: Store, *jobs: Job) -> JobLedger:
    with store.units() as work:
        for job in jobs:
            work.jobs.enqueue(job)
        work.commit()
    return store.ledger


def claimed(ledger: JobLedger, at: datetime = NOON) -> Claim:
    claim = ledger.claim(at=at, lease=LEASE)
    assert claim is not None
    return claim


def numbers(ledger: JobLedger, at: datetime = NOON) -> list[object]:
    """The jobs that can be claimed one after the other, each finished before the next."""
    found: list[object] = []
    while claim := ledger.claim(at=at, lease=LEASE):
        found.append(claim.job.payload["number"])
        assert ledger.finish(claim, at=at)
    return found


def only(ledger: JobLedger) -> JobRecord:
    (record,) = ledger.list(None, limit=2)
    return record


def test_a_claim_hands_over_the_job_as_it_was_promised(store: Store) -> None:
    job = Job(name="mail.send", payload={"a": "ü%s'\"{}", "b": -1, "c": None}, run_at=NOON, lock="order:1")
    claim = claimed(promise(store, job))
    assert claim.job == job
    assert claim.attempts == 1


def test_nothing_is_claimed_before_it_is_due(store: Store) -> None:
    ledger = promise(store, a_job(run_at=NOON + SECOND))
    assert ledger.claim(at=NOON, lease=LEASE) is None
    assert claimed(ledger, NOON + SECOND).job.run_at == NOON + SECOND


def test_the_job_that_has_been_due_longest_comes_first_and_the_older_of_two(store: Store) -> None:
    ledger = promise(
        store, a_job(1), a_job(2, run_at=NOON - SECOND), a_job(3), a_job(4, run_at=NOON - 2 * SECOND)
    )
    assert numbers(ledger) == [4, 2, 1, 3]


def test_a_claimed_job_is_nobody_elses_until_its_lease_ends(store: Store) -> None:
    ledger = promise(store, a_job())
    claimed(ledger)
    assert ledger.claim(at=NOON + LEASE - timedelta(microseconds=1), lease=LEASE) is None
    assert claimed(ledger, NOON + LEASE).attempts == 2


def test_an_extended_lease_ends_later(store: Store) -> None:
    ledger = promise(store, a_job())
    assert ledger.extend(claimed(ledger), until=NOON + 2 * LEASE)
    assert ledger.claim(at=NOON + LEASE, lease=LEASE) is None
    assert claimed(ledger, NOON + 2 * LEASE).attempts == 2


@pytest.mark.parametrize(
    "act",
    [
        lambda ledger, claim: ledger.extend(claim, until=NOON + 9 * LEASE),
        lambda ledger, claim: ledger.finish(claim, at=NOON),
        lambda ledger, claim: ledger.retry(claim, run_at=NOON, error="Lost"),
        lambda ledger, claim: ledger.bury(claim, at=NOON, error="Lost"),
    ],
    ids=["extend", "finish", "retry", "bury"],
)
def test_whoever_lost_a_job_can_do_nothing_to_it(
    store: Store, act: Callable[[JobLedger, Claim], bool]
) -> None:
    ledger = promise(store, a_job())
    late = claimed(ledger)
    owner = claimed(ledger, NOON + LEASE)
    before = only(ledger)
    assert not act(ledger, late)
    assert only(ledger) == before
    assert ledger.finish(owner, at=NOON + LEASE)
    assert not act(ledger, owner)
    assert only(ledger).state is JobState.DONE


def test_a_late_runner_whom_nobody_replaced_may_still_finish(store: Store) -> None:
    ledger = promise(store, a_job())
    assert ledger.finish(claimed(ledger), at=NOON + 5 * LEASE)
    assert only(ledger).state is JobState.DONE


def test_a_retried_job_waits_for_its_time_and_keeps_its_count(store: Store) -> None:
    ledger = promise(store, a_job())
    assert ledger.retry(claimed(ledger), run_at=NOON + SECOND, error="Declined card-declined")
    assert only(ledger).state is JobState.WAITING
    assert only(ledger).error == "Declined card-declined"
    assert ledger.claim(at=NOON, lease=LEASE) is None
    assert claimed(ledger, NOON + SECOND).attempts == 2


def test_a_buried_job_is_kept_and_not_run(store: Store) -> None:
    ledger = promise(store, a_job())
    assert ledger.bury(claimed(ledger), at=NOON, error="Broken")
    assert only(ledger).state is JobState.DEAD
    assert only(ledger).error == "Broken"
    assert ledger.claim(at=NOON + 9 * LEASE, lease=LEASE) is None


def test_a_replayed_job_begins_afresh(store: Store) -> None:
    ledger = promise(store, a_job())
    ledger.bury(claimed(ledger), at=NOON, error="Broken")
    ledger.replay(only(ledger).id, at=NOON + LEASE)
    assert ledger.claim(at=NOON, lease=LEASE) is None
    assert claimed(ledger, NOON + LEASE).attempts == 1


@pytest.mark.parametrize("job_id", ["1", "2", "0", "-1", "x", "", "٣", "9" * 30])
def test_only_a_dead_job_can_be_replayed(store: Store, job_id: str) -> None:
    ledger = promise(store, a_job())
    with pytest.raises(JobNotFound):
        ledger.replay(job_id, at=NOON)


def test_jobs_with_one_lock_run_one_after_the_other(store: Store) -> None:
    ledger = promise(store, a_job(1, lock="order"), a_job(2, lock="order"), a_job(3, lock="other"))
    first = claimed(ledger)
    assert claimed(ledger).job.payload["number"] == 3
    assert ledger.claim(at=NOON, lease=LEASE) is None
    assert ledger.finish(first, at=NOON)
    assert claimed(ledger).job.payload["number"] == 2


def test_who_comes_back_later_lets_the_next_with_its_lock_pass(store: Store) -> None:
    ledger = promise(store, a_job(1, lock="order"), a_job(2, lock="order"))
    ledger.retry(claimed(ledger), run_at=NOON + SECOND, error="Busy")
    assert numbers(ledger) == [2]
    assert numbers(ledger, NOON + SECOND) == [1]


def test_a_lock_whose_holder_is_gone_goes_to_the_holders_job_first(store: Store) -> None:
    ledger = promise(store, a_job(1, lock="order"), a_job(2, lock="order"))
    claimed(ledger)
    promise(store, a_job(3, lock="order", run_at=NOON - LEASE))
    assert ledger.claim(at=NOON, lease=LEASE) is None
    assert numbers(ledger, NOON + LEASE) == [1, 3, 2]


def test_the_next_moment_to_look_is_that_of_a_waiting_job_or_of_a_lease(store: Store) -> None:
    ledger = store.ledger
    assert ledger.next_due() is None
    promise(store, a_job(1), a_job(2, run_at=NOON + 2 * LEASE))
    assert ledger.next_due() == NOON
    claim = claimed(ledger)
    assert ledger.next_due() == NOON + LEASE
    ledger.finish(claim, at=NOON)
    assert ledger.next_due() == NOON + 2 * LEASE


def test_jobs_are_listed_newest_first_by_state_and_not_beyond_the_limit(store: Store) -> None:
    ledger = promise(store, *(a_job(number) for number in range(5)))
    ledger.finish(claimed(ledger), at=NOON)
    claimed(ledger)
    assert [each.payload["number"] for each in ledger.list(None, limit=3)] == [4, 3, 2]
    assert [each.payload["number"] for each in ledger.list(JobState.WAITING, limit=9)] == [4, 3, 2]
    assert [each.payload["number"] for each in ledger.list(JobState.RUNNING, limit=9)] == [1]
    assert [each.payload["number"] for each in ledger.list(JobState.DONE, limit=9)] == [0]


def test_done_jobs_are_kept_a_week_and_dead_ones_ninety_days(store: Store) -> None:
    ledger = promise(store, a_job(1), a_job(2))
    ledger.finish(claimed(ledger), at=NOON)
    ledger.bury(claimed(ledger), at=NOON, error="Broken")

    def kept_after(days: int) -> list[object]:
        at = NOON + timedelta(days=days)
        promise(store, a_job(9, run_at=at))
        ledger.finish(claimed(ledger, at), at=at)
        return [each.payload["number"] for each in ledger.list(None, limit=9) if each.payload["number"] != 9]

    assert kept_after(7) == [2, 1]
    assert kept_after(8) == [2]
    assert kept_after(90) == [2]
    assert kept_after(91) == []


def test_many_threads_claim_every_job_exactly_once(store: Store) -> None:
    ledger = promise(store, *(a_job(number, lock=f"order:{number % 7}") for number in range(60)))

    def work(_: int) -> list[str]:
        mine = []
        while any(each.state is not JobState.DONE for each in ledger.list(None, limit=60)):
            if claim := ledger.claim(at=NOON, lease=LEASE):
                mine.append(claim.id)
                assert ledger.finish(claim, at=NOON)
        return mine

    with ThreadPoolExecutor(6) as pool:
        runs = Counter(job for mine in pool.map(work, range(6)) for job in mine)
    assert len(runs) == 60
    assert set(runs.values()) == {1}


def test_a_lock_is_never_in_two_hands_however_many_reach_for_it(store: Store) -> None:
    ledger = promise(store, *(a_job(number, lock="order") for number in range(25)))
    holding, guard = 0, threading.Lock()
    order: list[object] = []

    def work(_: int) -> None:
        nonlocal holding
        while len(order) < 25:
            claim = ledger.claim(at=NOON, lease=LEASE)
            if claim is None:
                continue
            with guard:
                holding += 1
                assert holding == 1
                order.append(claim.job.payload["number"])
            with guard:
                holding -= 1
            assert ledger.finish(claim, at=NOON)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert order == list(range(25))


def test_every_method_says_so_when_the_store_is_gone(store: Store) -> None:
    ledger = promise(store, a_job(1), a_job(2))
    claim = claimed(ledger)
    calls: list[Callable[[], object]] = [
        lambda: ledger.claim(at=NOON, lease=LEASE),
        lambda: ledger.extend(claim, until=NOON),
        lambda: ledger.finish(claim, at=NOON),
        lambda: ledger.retry(claim, run_at=NOON, error="Lost"),
        lambda: ledger.bury(claim, at=NOON, error="Lost"),
        ledger.next_due,
        lambda: ledger.list(None, limit=1),
        lambda: ledger.replay("1", at=NOON),
    ]
    with store.outage():
        for call in calls:
            with pytest.raises(StorageUnavailable):
                call()


def test_what_is_read_can_be_changed_without_changing_what_is_kept(store: Store) -> None:
    payload: dict[str, str | int | None] = {"number": 1}
    ledger = promise(store, attrs.evolve(a_job(), payload=payload))
    payload["number"] = 2
    only(ledger).payload["number"] = 3  # type: ignore[index]
    assert claimed(ledger).job.payload == {"number": 1}


def test_eight_processes_share_one_sqlite_file_without_getting_in_each_others_way(
    sqlite_template: Path, tmp_path: Path
) -> None:
    file, log = copy_of_file(sqlite_template, tmp_path), tmp_path / "claims"
    with sqlite_store(file) as store:
        promise(store, *(a_job(number) for number in range(80)))
        command = [sys.executable, "-m", "tests.integration.job_runner"]
        done = subprocess.run(
            [*command, "claim", "8", f"sqlite:///{file}", "30", str(log)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert sorted(map(int, log.read_text().split())) == list(range(1, 81))
        assert len(store.ledger.list(JobState.DONE, limit=100)) == 80

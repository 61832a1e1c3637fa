"""A job that died is tried once more, and nobody replays one unseen."""

from __future__ import annotations

import pytest

from printapic.application.ports.audit import AuditQuery
from printapic.application.ports.jobs import JobNotFound, JobState
from printapic.application.ports.notifications import MailUnavailable
from printapic.application.ports.unit_of_work import StorageUnavailable
from printapic.domain.actors import Actor
from tests.shop_floor import HOUR, ShopFloor, user_of


@pytest.fixture
def dead(floor: ShopFloor, anna: Actor) -> str:
    """A job that no mail server would do."""
    floor.work()
    floor.mailer.failure = MailUnavailable()
    floor.shop.disable_user(user_id=user_of(anna), actor_id=None)
    for _ in range(20):
        floor.later(HOUR)
    floor.mailer.failure = None
    [job] = floor.worker.list(JobState.DEAD)
    return job.id


def entries(floor: ShopFloor) -> list[dict[str, str]]:
    with floor.unit_of_work.reading() as work:
        found = work.audit.page(AuditQuery(action="job.replay-requested"), before=None, limit=10)
    assert {(each.entry.stream, each.entry.actor_id, each.entry.subject_id) for each in found} <= {
        ("admin", None, None)
    }
    return [dict(each.entry.details) for each in found]


def test_a_replayed_job_runs_again_and_is_written_down(floor: ShopFloor, dead: str) -> None:
    floor.shop.replay_job(job_id=dead)
    floor.work()
    assert floor.dead() == []
    assert floor.mailer.mails[-1].content.subject == "Your account was closed"
    assert entries(floor) == [{"job": dead}]


@pytest.mark.parametrize("job_id", ["12345", "x" * 5000, ""])
def test_what_is_no_dead_job_is_refused(floor: ShopFloor, job_id: str) -> None:
    with pytest.raises(JobNotFound):
        floor.shop.replay_job(job_id=job_id)
    assert entries(floor) == [{"job": job_id[:40]}]


def test_nothing_runs_again_that_cannot_be_written_down(
    floor: ShopFloor, dead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr("printapic.adapters.persistence.memory.audit.MemoryAuditLog.append", refuse)
    with pytest.raises(StorageUnavailable):
        floor.shop.replay_job(job_id=dead)
    assert [job.id for job in floor.worker.list(JobState.DEAD)] == [dead]

"""On PostgreSQL the lock of a stream is held for the moment of the commit, not for the whole unit."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.application.ports.unit_of_work import StorageUnavailable
from printapic.domain.ids import UserId
from tests import builders as b
from tests.integration.stores import sql_units


@contextmanager
def stuck_in_commit(postgres: Engine) -> Iterator[None]:
    """Somebody has written their entry and has not committed it: their disk is slow."""
    written, go_on = threading.Event(), threading.Event()

    def wait(_: object) -> None:
        written.set()
        assert go_on.wait(30)

    own = sql_engine(postgres.url)
    event.listen(own, "commit", wait)

    def write() -> None:
        with sql_units(own)() as work:
            work.audit.append(b.an_audit_event(subject_id=UserId(b.new_id())))
            work.commit()

    thread = threading.Thread(target=write)
    thread.start()
    assert written.wait(30)
    try:
        yield
    finally:
        go_on.set()
        thread.join()
        own.dispose()


def numbers(postgres: Engine) -> list[int | None]:
    with sql_units(postgres).reading() as work:
        return [row.sequence for row in work.audit.chain("auth", since=None, limit=10)]


def test_a_unit_that_has_appended_and_goes_on_working_holds_nobody_up(postgres: Engine) -> None:
    units = sql_units(postgres)
    with units() as slow:
        slow.audit.append(b.an_audit_event(subject_id=UserId(b.new_id())))
        for _ in range(2):
            with units() as quick:
                quick.audit.append(b.an_audit_event(subject_id=UserId(b.new_id())))
                quick.commit()
        slow.commit()
    assert numbers(postgres) == [1, 2, 3]


def test_whoever_commits_waits_for_the_one_before_but_not_for_ever(postgres: Engine) -> None:
    units = sql_units(postgres)
    with stuck_in_commit(postgres), units() as work:
        work.audit.append(b.an_audit_event())
        with pytest.raises(StorageUnavailable):
            work.commit()
    with units() as work:
        work.audit.append(b.an_audit_event())
        work.commit()
    assert numbers(postgres) == [1, 2]

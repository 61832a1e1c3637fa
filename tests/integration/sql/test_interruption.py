"""Connections of requests whose time is up: taken away from them, and from nobody else."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, text

from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.adapters.persistence.sql.transaction import shop_errors
from printapic.application.ports import deadlines
from printapic.application.ports.deadlines import Deadline, DeadlineExceeded
from printapic.application.ports.unit_of_work import StorageUnavailable
from tests import builders as b
from tests.integration.stores import sql_units


def during(deadline: Deadline, work: Callable[[], Any]) -> Any:
    """Do it as a request does that has this deadline."""

    def begun() -> Any:
        deadlines.begin(deadline)
        return work()

    return contextvars.copy_context().run(begun)


def backend(engine: Engine) -> int:
    """Which process of the server answers on the next connection of the pool."""
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


@pytest.mark.parametrize("begin", [lambda units: units(), lambda units: units.reading()])
def test_a_thread_that_waits_for_the_database_is_woken(postgres: Engine, begin: Callable[..., Any]) -> None:
    deadline, waits = Deadline(), threading.Event()

    def wait() -> None:
        with begin(sql_units(postgres)) as work, shop_errors():
            waits.set()
            work.users._transaction.connection.execute(text("SET statement_timeout = 0; SELECT pg_sleep(60)"))

    with ThreadPoolExecutor(1) as threads:
        waiting: Future[None] = threads.submit(during, deadline, wait)
        assert waits.wait(10)
        deadline.expire()
        with pytest.raises(StorageUnavailable):
            waiting.result(30)
    with sql_units(postgres).reading() as work:
        assert work.users.by_email("nobody") is None


def test_what_was_not_committed_by_then_never_is(postgres: Engine) -> None:
    units, deadline = sql_units(postgres), Deadline()

    def write() -> None:
        with units() as work:
            work.users.add(b.a_customer())
            deadline.expire()
            work.commit()

    with pytest.raises(StorageUnavailable):
        during(deadline, write)
    with units.reading() as work:
        assert work.users.all(after=None, limit=1) == ()


def test_the_next_one_gets_a_connection_that_works(postgres: Engine) -> None:
    """A reader gives its connection back without asking the server: the pool must know all the same."""
    one, deadline = sql_engine(postgres.url, pool_size=1), Deadline()
    units = sql_units(one)

    def read() -> None:
        with units.reading() as work:
            assert work.users.all(after=None, limit=1) == ()
            deadline.expire()

    during(deadline, read)
    with units.reading() as work:
        assert work.users.all(after=None, limit=1) == ()
    one.dispose()


def test_a_connection_that_was_given_back_in_time_is_left_alone(postgres: Engine) -> None:
    one, deadline = sql_engine(postgres.url, pool_size=1), Deadline()
    first = during(deadline, lambda: backend(one))
    deadline.expire()
    assert backend(one) == first
    one.dispose()


def test_after_the_deadline_no_connection_is_taken(postgres: Engine) -> None:
    one, deadline = sql_engine(postgres.url, pool_size=1), Deadline()
    deadline.expire()
    for _ in range(3):
        with pytest.raises(DeadlineExceeded):
            during(deadline, lambda: backend(one))
    assert backend(one)
    one.dispose()


def test_the_connections_of_others_are_left_alone(postgres: Engine) -> None:
    units, late, in_time = sql_units(postgres), Deadline(), Deadline()

    def write() -> None:
        with units() as work:
            work.users.add(b.a_customer())
            late.expire()
            work.commit()

    def read() -> None:
        with units.reading() as work:
            during(in_time, write)
            with pytest.raises(StorageUnavailable):
                work.users.get(b.CUSTOMER)

    during(late, read)
    with units.reading() as work:
        assert work.users.get(b.CUSTOMER) == b.a_customer()

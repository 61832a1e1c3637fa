"""How the databases are opened: limits on every wait, nothing lost, and up again after a failure."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from printapic.adapters.persistence.sql.engine import POOL_SIZE, reading_engine, sql_engine
from printapic.adapters.persistence.sql.migrate import migrate
from printapic.application.ports.unit_of_work import StorageUnavailable
from printapic.domain.ids import SessionId
from tests import builders as b
from tests.integration.stores import sql_units
from tests.servers.postgres import PostgresProcess

ROOT = Path(__file__).parents[3]


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """What is sent to the database meanwhile, `BEGIN` left out."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def test_what_is_read_on_every_request_is_one_statement(database: Engine) -> None:
    units = sql_units(database)
    order, payment, image, session = b.an_order(), b.a_payment(), b.an_image(), b.a_session()
    with units() as work:
        work.users.add(b.a_customer())
        work.orders.add(order)
        work.payments.add(payment)
        work.images.add(image)
        work.sessions.add(session)
        work.price_lists.add(b.a_price_list())
        work.commit()
    with units.reading() as work:
        work.price_lists.current()
        for read in (
            lambda: work.orders.get(order.id),
            lambda: work.orders.by_key(order.user_id, order.idempotency_key),
            lambda: work.orders.page(owner_id=b.CUSTOMER, limit=20),
            lambda: work.payments.get(payment.id),
            lambda: work.payments.of_order(order.id),
            lambda: work.sessions.with_user(session.id),
            lambda: work.images.many(frozenset({image.id}), owner_id=b.CUSTOMER),
            work.price_lists.current,
        ):
            with statements(database) as sent:
                assert read()
            assert len(sent) == 1, sent


def test_only_what_changed_is_written(database: Engine) -> None:
    units = sql_units(database)
    order = b.another_order(lines=tuple(b.a_line() for _ in range(20)))
    with units() as work:
        work.users.add(b.a_customer())
        work.orders.add(order)
        work.commit()
    with units() as work:
        found = work.orders.get(order.id)
        found.history = (*found.history, b.a_history_entry())
        with statements(database) as sent:
            work.orders.save(found)
    assert [statement.split()[:2] for statement in sent] == [["UPDATE", "orders"], ["INSERT", "INTO"]]


def test_sqlite_is_opened_so_that_nothing_acknowledged_is_lost(sqlite_file: Path) -> None:
    engine = sql_engine(f"sqlite:///{sqlite_file}")
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    with engine.connect() as connection:
        for pragma, value in wanted.items():
            assert connection.execute(text(f"PRAGMA {pragma}")).scalar_one() == value
    engine.dispose()


def test_on_postgres_every_wait_has_its_limit(postgres: Engine) -> None:
    wanted = {
        "statement_timeout": "2500ms",
        "lock_timeout": "1s",
        "idle_in_transaction_session_timeout": "10s",
        "application_name": "printapic",
        "TimeZone": "UTC",
    }
    with postgres.connect() as connection:
        for name, value in wanted.items():
            assert connection.execute(text(f"SHOW {name}")).scalar_one() == value


def test_reading_on_postgres_is_one_transaction_per_statement_and_leaves_no_trace(postgres: Engine) -> None:
    one = sql_engine(postgres.url, pool_size=1)
    with reading_engine(one).connect() as connection:
        connection.execute(text("SELECT 1"))
        driver: Any = connection.connection.driver_connection
        assert driver.autocommit is True
        assert driver.info.transaction_status.name == "IDLE"
    with one.connect() as connection:
        again: Any = connection.connection.driver_connection
        assert again is driver
        assert again.autocommit is False
    one.dispose()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://root@localhost/shop"])
def test_what_cannot_hold_the_shop_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="SQLite"):
        sql_engine(url)


def test_a_pool_that_is_used_up_is_unavailable_and_then_is_not(database: Engine) -> None:
    small = sql_engine(database.url, pool_size=1, pool_timeout_s=0.05)
    units = sql_units(small)
    with units.reading(), pytest.raises(StorageUnavailable), units.reading():
        pytest.fail("there was a second connection")
    with units.reading() as work:
        assert work.users.by_email("nobody") is None
    small.dispose()


def test_a_writer_who_never_ends_makes_the_next_one_give_up(sqlite_file: Path) -> None:
    engine = sql_engine(f"sqlite:///{sqlite_file}", busy_timeout_s=0.05)
    units = sql_units(engine)
    with units() as work:
        work.users.add(b.a_customer())
        with pytest.raises(StorageUnavailable), units():
            pytest.fail("two were writing")
        with units.reading() as other:
            assert other.users.all(after=None, limit=1) == ()
        work.commit()
    with units() as work:
        assert work.users.get(b.CUSTOMER) == b.a_customer()
    engine.dispose()


def test_a_row_that_stays_locked_makes_the_next_one_give_up(postgres: Engine) -> None:
    units = sql_units(postgres)
    with units() as work:
        work.users.add(b.a_customer())
        work.commit()
    with units() as holder:
        holder.users.get(b.CUSTOMER)
        with units() as waiter, pytest.raises(StorageUnavailable):
            waiter.users.get(b.CUSTOMER)
        with units.reading() as reader:
            assert reader.users.get(b.CUSTOMER) == b.a_customer()


def test_the_pool_recovers_from_a_restart_with_one_failure_at_most(own_postgres: PostgresProcess) -> None:
    engine = sql_engine(own_postgres.server.url())
    assert engine.pool.size() == POOL_SIZE  # type: ignore[attr-defined]
    migrate(engine)
    units = sql_units(engine)
    with units() as work:
        work.users.add(b.a_customer())
        work.commit()
    with units.reading() as first, units.reading() as second, units.reading() as third:
        assert first.users.get(b.CUSTOMER) == second.users.get(b.CUSTOMER) == third.users.get(b.CUSTOMER)

    own_postgres.crash()
    for _ in range(3):
        with pytest.raises(StorageUnavailable), units.reading() as work:
            work.users.get(b.CUSTOMER)
    own_postgres.start()
    with units.reading() as work:
        assert work.users.get(b.CUSTOMER) == b.a_customer()

    with units.reading() as first, units.reading() as second, units.reading() as third:
        assert first.users.get(b.CUSTOMER) == second.users.get(b.CUSTOMER) == third.users.get(b.CUSTOMER)
    own_postgres.restart_immediately()
    failures = 0
    for _ in range(6):
        try:
            with units() as work:
                work.users.save(work.users.get(b.CUSTOMER))
                work.commit()
        except StorageUnavailable:
            failures += 1
    assert failures <= 1
    engine.dispose()


COUNT_UP = """
import sys
from uuid import UUID
from printapic.adapters.persistence.sql.engine import sql_engine
from tests.integration.stores import sql_units
units = sql_units(sql_engine(sys.argv[1]))
for _ in range(int(sys.argv[3])):
    with units() as work:
        session = work.sessions.get(UUID(sys.argv[2]))
        session.generation += 1
        work.sessions.save(session)
        work.commit()
    print(session.generation, flush=True)
"""


def counting(file: Path, session_id: SessionId, times: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", COUNT_UP, f"sqlite:///{file}", str(session_id), str(times)]
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def generation(file: Path, session_id: SessionId) -> int:
    engine = sql_engine(f"sqlite:///{file}")
    with sql_units(engine).reading() as work:
        session = work.sessions.get(session_id)
    engine.dispose()
    assert session
    return session.generation


@pytest.fixture
def session_id(sqlite_file: Path) -> SessionId:
    """A session that counts from zero."""
    engine = sql_engine(f"sqlite:///{sqlite_file}")
    session = b.a_session(generation=0)
    with sql_units(engine)() as work:
        work.users.add(b.a_customer())
        work.sessions.add(session)
        work.commit()
    engine.dispose()
    return session.id


def test_processes_that_write_one_sqlite_file_queue_up(sqlite_file: Path, session_id: SessionId) -> None:
    """Neither is told that the database is locked, and no update is lost."""
    processes = [counting(sqlite_file, session_id, 30) for _ in range(3)]
    errors = [process.communicate()[1] for process in processes]
    assert errors == ["", "", ""]
    assert generation(sqlite_file, session_id) == 90


def test_what_was_acknowledged_survives_a_killed_process(sqlite_file: Path, session_id: SessionId) -> None:
    process = counting(sqlite_file, session_id, 1_000_000)
    assert process.stdout
    acknowledged = [int(process.stdout.readline()) for _ in range(25)]
    process.kill()
    acknowledged += [int(line) for line in process.communicate()[0].splitlines() if line]
    assert generation(sqlite_file, session_id) in (acknowledged[-1], acknowledged[-1] + 1)

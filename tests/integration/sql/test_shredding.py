"""What was deleted is in no file of the database any more."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, event, insert, text, update

from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.adapters.persistence.sql.shredding import SqlShredder
from printapic.adapters.persistence.sql.tables import price_lists, users
from printapic.application.ports.unit_of_work import StorageUnavailable
from tests import builders as b
from tests.integration.stores import sql_units

NOW = datetime.now(UTC)


def files(file: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*")))


@pytest.fixture
def engine(sqlite_file: Path) -> Engine:
    return sql_engine(f"sqlite:///{sqlite_file}")


def test_no_byte_of_a_deleted_row_is_left(engine: Engine, sqlite_file: Path) -> None:
    """Many rows of uneven length, changed and moved about, so that pages split, merge and are freed."""
    names = [f"{secrets.token_hex(8)}{'n' * (number * 37 % 3000)}" for number in range(400)]
    people = [b.another_customer(name=name) for name in names]
    with sql_units(engine)() as work:
        for person in people:
            work.users.add(person)
        work.commit()
    with engine.begin() as connection:
        for person in people[::3]:
            connection.execute(update(users).where(users.c.id == person.id).values(name=f"{person.name}more"))
        connection.execute(delete(users).where(users.c.id.in_([person.id for person in people[1::2]])))
        connection.execute(update(users).values(name="nobody", email_address="none", password_hash="none"))
    assert any(name[:16].encode() in files(sqlite_file) for name in names)
    SqlShredder(engine).shred()
    left = files(sqlite_file)
    assert [name for name in names if name[:16].encode() in left] == []
    engine.dispose()


def test_somebody_who_reads_for_too_long_is_waited_for_another_time(sqlite_file: Path) -> None:
    engine = sql_engine(f"sqlite:///{sqlite_file}", busy_timeout_s=0.05)
    with engine.execution_options(sqlite_reading=True).connect() as reader:
        reader.begin()
        reader.execute(text("SELECT count(*) FROM users")).scalar_one()
        with sql_units(engine)() as work:
            work.users.add(b.a_customer())
            work.commit()
        with pytest.raises(StorageUnavailable):
            SqlShredder(engine).shred()
    SqlShredder(engine).shred()
    engine.dispose()


def test_copies_go_when_they_are_old(engine: Engine, sqlite_file: Path) -> None:
    old = [sqlite_file.with_name(f"{sqlite_file.name}{end}") for end in (".before-0002", ".copying")]
    young = sqlite_file.with_name(f"{sqlite_file.name}.before-0005")
    for copy in (*old, young):
        copy.write_text("a copy of everything")
    for copy in old:
        os.utime(copy, (0, 0))
    shredder = SqlShredder(engine)
    assert [shredder.drop_copies(older_than=NOW - timedelta(days=35)) for _ in range(2)] == [2, 0]
    assert young.exists()
    assert not any(copy.exists() for copy in old)
    engine.dispose()


@pytest.mark.postgres
def test_postgresql_looks_after_its_own_files(postgres: Engine) -> None:
    """Nothing is sent there: VACUUM FULL would stop the shop, and the log is not ours to cut."""
    said: list[str] = []
    event.listen(postgres, "before_cursor_execute", lambda *arguments: said.append(arguments[2]))
    with postgres.begin() as connection:
        connection.execute(insert(price_lists).values(version="1", loaded_at=b.NOON, document={"a": 1}))
    shredder = SqlShredder(postgres)
    shredder.shred()
    assert shredder.drop_copies(older_than=NOW) == 0
    assert len(said) == 1

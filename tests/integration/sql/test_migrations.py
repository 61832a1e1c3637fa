"""The migrations: they lead where `tables.py` says, there and back, one at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, func, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.adapters.persistence.sql.migrate import at_head, downgrade, migrate, pending, script
from printapic.adapters.persistence.sql.tables import metadata, price_lists
from printapic.application.ports.unit_of_work import StorageUnavailable
from printapic.domain.notifications.notification import NotificationKind
from printapic.domain.payments.payment import Payment
from printapic.domain.users.user import Locale
from tests import builders as b
from tests.integration.stores import sql_units

ALL = tuple(f"{number:04}" for number in range(1, 17))
APPEND_ONLY = (
    "audit_log",
    "ledger_postings",
    "order_history",
    "payment_transactions",
    "price_lists",
    "treasury_entries",
)


def shape(engine: Engine) -> dict[str, Any]:
    """Everything a database knows of its tables, the rules that comparing metadata leaves out included."""
    inspector = inspect(engine)
    ask: tuple[Callable[[str], Any], ...] = (
        inspector.get_columns,
        inspector.get_pk_constraint,
        inspector.get_foreign_keys,
        inspector.get_unique_constraints,
        inspector.get_check_constraints,
        inspector.get_indexes,
    )
    return {
        f"{table} {question.__name__}": sorted(map(written, answer))
        if isinstance(answer, list)
        else str(answer)
        for table in metadata.tables
        for question in ask
        for answer in [question(table)]
    }


def written(rule: dict[str, Any]) -> str:
    """A rule as text; conditions and types only have a readable `str`."""
    options = {name: str(value) for name, value in rule.get("dialect_options", {}).items()}
    return str({name: str(value) for name, value in {**rule, "dialect_options": options}.items()})


def test_the_migrations_make_what_the_tables_say(database: Engine) -> None:
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_migrations_make_the_same_rules_and_names_too(empty: Engine) -> None:
    metadata.create_all(empty)
    from_tables = shape(empty)
    metadata.drop_all(empty)
    migrate(empty)
    assert shape(empty) == from_tables


def test_every_migration_goes_up_and_down_and_up_again(empty: Engine) -> None:
    for number, revision in enumerate(ALL):
        before = ALL[number - 1] if number else "base"
        assert migrate(empty, revision) == (revision,)
        downgrade(empty, before)
        assert pending(empty)[0] == revision
        assert migrate(empty, revision) == (revision,)
    assert at_head(empty)
    downgrade(empty, "base")
    assert inspect(empty).get_table_names() == ["alembic_version"]
    assert migrate(empty) == ALL


def test_wishes_for_accounts_lose_their_password_and_come_back_with_none_that_opens(empty: Engine) -> None:
    migrate(empty)
    wish = b.a_registration()
    with sql_units(empty)() as work:
        work.registrations.add(wish)
        work.commit()
    downgrade(empty, "0006")
    with empty.begin() as connection:
        statement = text("SELECT password_hash FROM registrations")
        assert connection.execute(statement).scalars().all() == ["!"]
        connection.execute(text("UPDATE registrations SET password_hash = 'of a stranger'"))
    migrate(empty)
    with sql_units(empty).reading() as work:
        kept = work.registrations.get(wish.id)
        assert kept is not None
        assert (kept.email, kept.token_sha256) == (wish.email, wish.token_sha256)


def test_mails_that_an_older_release_does_not_know_go_and_the_others_stay(empty: Engine) -> None:
    migrate(empty)
    kinds = [NotificationKind.ROLES_CHANGED, NotificationKind.API_KEY_ISSUED, NotificationKind.SHIPPED]
    with sql_units(empty)() as work:
        work.users.add(b.a_customer())
        for kind in kinds:
            assert work.notifications.add(b.a_notification(kind=kind, user_id=b.CUSTOMER))
        work.commit()
    downgrade(empty, "0007")
    with empty.connect() as connection:
        assert connection.execute(text("SELECT kind FROM notifications")).scalars().all() == ["shipped"]
    migrate(empty)
    with sql_units(empty)() as work:
        again = b.a_notification(kind=NotificationKind.ACCOUNT_DISABLED, user_id=b.CUSTOMER)
        assert work.notifications.add(again)
        work.commit()


def test_pages_that_an_older_release_asked_for_are_in_the_language_of_their_customer(empty: Engine) -> None:
    migrate(empty)
    with sql_units(empty)() as work:
        work.users.add(b.a_customer(locale=Locale.DE))
        work.orders.add(b.an_order())
        work.payments.add(b.a_payment(attempts=(b.an_attempt(id=b.ATTEMPT, locale="en"),)))
        work.commit()
    downgrade(empty, "0015")
    migrate(empty)
    with empty.connect() as connection:
        assert connection.execute(text("SELECT locale FROM payment_attempts")).scalars().all() == ["de"]


def test_migrating_again_does_nothing(database: Engine) -> None:
    assert at_head(database)
    assert pending(database) == ()
    assert migrate(database) == ()


def test_of_many_who_migrate_at_once_one_does_it(empty_url: str) -> None:
    engines = [sql_engine(empty_url, pool_size=2) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        applied = sorted(pool.map(migrate, engines))
    assert applied == [(), (), (), ALL]
    assert all(at_head(engine) for engine in engines)
    for engine in engines:
        engine.dispose()


def test_a_database_of_a_later_release_is_left_alone(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert pending(database) == ()
    assert migrate(database) == ()
    assert not at_head(database)


def test_a_database_that_is_not_there_is_unavailable() -> None:
    engine = sql_engine("postgresql://nobody:x@127.0.0.1:1/nothing")
    for ask in (at_head, pending, migrate):
        with pytest.raises(StorageUnavailable):
            ask(engine)


def test_an_sqlite_file_with_something_in_it_is_copied_first(tmp_path: Path) -> None:
    file = tmp_path / "shop.sqlite"
    engine = sql_engine(f"sqlite:///{file}")
    migrate(engine, "0001")
    assert not list(tmp_path.glob("*.before-*"))
    with engine.begin() as connection:
        connection.execute(insert(price_lists).values(version="kept", loaded_at=b.NOON, document={"a": 1}))
    migrate(engine)
    copy = sql_engine(f"sqlite:///{tmp_path / 'shop.sqlite.before-0002'}")
    with copy.connect() as connection:
        assert connection.execute(select(price_lists.c.version)).scalars().all() == ["kept"]
    assert pending(copy) == ALL[1:]
    copy.dispose()
    engine.dispose()


def test_the_revisions_can_be_written_as_a_script() -> None:
    for url in ("postgresql+psycopg://", "sqlite://"):
        written = script(url)
        assert "CREATE TABLE orders" in written
        protected = re.findall(r"append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON (\w+)", written)
        assert set(protected) in (set(), set(APPEND_ONLY))


@pytest.fixture
def filled(database: Engine) -> Engine:
    """A row in every table that only grows."""
    payment: Payment = b.a_payment()
    with sql_units(database)() as work:
        work.users.add(b.a_customer())
        work.orders.add(b.an_order())
        work.payments.add(payment)
        work.treasury.add(b.a_treasury_entry())
        work.price_lists.add(b.a_price_list())
        work.audit.append(b.an_audit_event())
        work.commit()
    return database


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_database_refuses_to_change_what_only_grows(table: str, filled: Engine) -> None:
    column = {
        "audit_log": "request_id",
        "ledger_postings": "amount_minor",
        "order_history": "actor_id",
        "payment_transactions": "amount_minor",
        "price_lists": "version",
        "treasury_entries": "amount_minor",
    }[table]
    statements = [f"UPDATE {table} SET {column} = NULL", f"DELETE FROM {table}"]
    if filled.dialect.name == "postgresql":
        statements.append(f"TRUNCATE {table} CASCADE")
    for statement in statements:
        with pytest.raises(DBAPIError, match="append-only"), filled.begin() as connection:
            connection.execute(text(statement))
    with filled.connect() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() > 0


def counts(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def test_tables_that_are_copied_keep_their_rows_and_what_refers_to_them(filled: Engine) -> None:
    before = counts(filled)
    assert before["ledger_postings"]
    downgrade(filled, "0013")
    migrate(filled)
    assert counts(filled) == before
    with pytest.raises(IntegrityError), filled.begin() as connection:
        connection.execute(text("DELETE FROM payment_attempts"))


def test_a_revision_that_would_leave_rows_without_what_they_refer_to_changes_nothing(
    filled: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(config: Config, revision: str) -> None:
        connection = config.attributes["connection"]
        connection.execute(text("DELETE FROM payment_attempts"))

    monkeypatch.setattr(command, "downgrade", careless)
    before = counts(filled)
    with pytest.raises((RuntimeError, IntegrityError)):
        downgrade(filled, "0013")
    assert counts(filled) == before


def test_the_database_lets_the_reason_of_a_step_be_forgotten_and_nothing_else(filled: Engine) -> None:
    for change in ("reason = 'another'", "reason = NULL, role = 'admin'", "reason = NULL, actor_id = NULL"):
        with pytest.raises(DBAPIError, match="append-only"), filled.begin() as connection:
            connection.execute(text(f"UPDATE order_history SET {change}"))
    with filled.begin() as connection:
        connection.execute(text("UPDATE order_history SET reason = NULL"))
    with filled.connect() as connection:
        assert set(connection.execute(text("SELECT reason FROM order_history")).scalars()) == {None}

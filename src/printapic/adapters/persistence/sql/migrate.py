"""Bringing a database to the newest schema: one runner at a time, and for SQLite after a backup."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from printapic.adapters.persistence.sql.engine import reading_engine
from printapic.adapters.persistence.sql.transaction import shop_errors

HEAD = "head"
_LOCK_KEY = 0x70_72_69_6E_74
"""Names PostgreSQL's advisory lock: the letters "print"."""


def migrate(engine: Engine, revision: str = HEAD) -> tuple[str, ...]:
    """Upgrade to `revision` and return the revisions that were applied, oldest first.

    Everything happens in one transaction. Whoever comes second waits for the first and finds nothing to
    do. An SQLite file that holds something is copied beside itself first, to `<file>.before-<revision>`.
    Raises `StorageUnavailable`.
    """
    with _exclusive(engine):
        todo = pending(engine)
        if todo and engine.dialect.name == "sqlite":
            _back_up(engine, todo[0])
        if todo:
            with shop_errors(), _connected(engine) as connection:
                command.upgrade(_config(connection), revision)
        left = pending(engine)
        return tuple(each for each in todo if each not in left)


def downgrade(engine: Engine, revision: str) -> None:
    """Go back to `revision`, or to `base`: nothing. Raises `StorageUnavailable`."""
    with _exclusive(engine), shop_errors(), _connected(engine) as connection:
        command.downgrade(_config(connection), revision)


def pending(engine: Engine) -> tuple[str, ...]:
    """The revisions that this release has and the database has not, oldest first.

    None for a database that a later release has migrated: this one still runs on it.
    """
    current = _current(engine)
    script = ScriptDirectory.from_config(_config())
    revisions = [each.revision for each in script.walk_revisions("base", HEAD)][::-1]
    if current is None:
        return tuple(revisions)
    return tuple(revisions[revisions.index(current) + 1 :]) if current in revisions else ()


def at_head(engine: Engine) -> bool:
    """Whether the database has exactly the schema of this release. Raises `StorageUnavailable`."""
    return _current(engine) == ScriptDirectory.from_config(_config()).get_current_head()


def _current(engine: Engine) -> str | None:
    with shop_errors(), reading_engine(engine).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", "printapic.adapters.persistence.sql:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def script(url: str) -> str:
    """All revisions as the SQL of that URL's database, for people who review or run it themselves."""
    config = _config()
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    config.output_buffer = StringIO()
    command.upgrade(config, HEAD, sql=True)
    return config.output_buffer.getvalue()


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    """A connection that commits at the end. Raises `RuntimeError` for rows that refer to nothing then.

    SQLite changes a table by copying it and dropping the old one, whose rows others refer to: it must not
    look at that until all is done, which it can only be told between transactions.
    """
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
            connection.detach()
        yield connection
        lost = None
        if engine.dialect.name == "sqlite":
            lost = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if lost is not None:
            raise RuntimeError(f"rows of {lost[0]} refer to rows of {lost[2]} that are not there")
        connection.commit()


@contextmanager
def _exclusive(engine: Engine) -> Iterator[None]:
    if engine.dialect.name == "sqlite":
        with _file_lock(_file(engine)):
            yield
        return
    # A session lock on a connection of its own: it also ends when this process is killed.
    with shop_errors(), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET lock_timeout = 0")
        connection.exec_driver_sql("SET statement_timeout = '10min'")
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LOCK_KEY})")
        try:
            yield
        finally:
            connection.invalidate()


@contextmanager
def _file_lock(database: Path) -> Iterator[None]:
    """A lock beside the database, not on it: SQLite's own locks are lost when another handle closes it."""
    with database.with_name(f"{database.name}.migrating").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _back_up(engine: Engine, revision: str) -> None:
    """A consistent copy by SQLite's own means, others' uncommitted work left out; none of an empty file."""
    database = _file(engine)
    unfinished = database.with_name(f"{database.name}.copying")
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(unfinished)) as target:
        if source.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")
    if unfinished.stat().st_size:
        unfinished.replace(database.with_name(f"{database.name}.before-{revision}"))
    else:
        unfinished.unlink()


def _file(engine: Engine) -> Path:
    return Path(str(engine.url.database))

"""Connections: how SQLite and PostgreSQL are opened so that nothing waits for ever and nothing is lost."""

from __future__ import annotations

from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL

from printapic.adapters.persistence.sql.interruption import interrupt_late_requests

POOL_SIZE = 28
"""24 request threads and four for timers and workers (security-and-reliability.md, 2.3)."""

BUSY_TIMEOUT_S = 5
TURN_S = "sqlite_turn_s"
"""The execution option that says how long a thread waits for the threads that write before it."""
TURN = "sqlite_turn"
"""The execution option that holds the lock by which they take turns: one for all who share the engine."""

_READING = "sqlite_reading"
_POSTGRES_OPTIONS = {
    "statement_timeout": "2500ms",
    "lock_timeout": "1000ms",
    "idle_in_transaction_session_timeout": "10000ms",
    "TimeZone": "UTC",
}
# Not `synchronous=NORMAL`: that survives a killed process but may forget the last commits when the power
# fails, and an order whose payment was acknowledged is not to be forgotten.
_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # What was deleted is overwritten, as many builds of SQLite do anyway: a destroyed key has to be gone.
    # What lies in whole pages that were freed, or where a row was moved away, is left to `SqlShredder`.
    "PRAGMA secure_delete = FAST",
)


def sql_engine(
    url: str | URL,
    *,
    pool_size: int = POOL_SIZE,
    pool_timeout_s: float = 1,
    busy_timeout_s: float = BUSY_TIMEOUT_S,
    application_name: str = "printapic",
) -> Engine:
    """An engine for `sqlite:///file` or `postgresql://user:password@host/database`.

    No wait is unlimited: 1 s for a connection of the pool, 2 s to connect, 2.5 s for a statement, 1 s for
    a lock, 10 s idle in a transaction; 5 s for SQLite's write lock. Transactions on SQLite begin with
    `BEGIN IMMEDIATE`, so that two writers queue up instead of failing half way; see `reading_engine`.

    Raises `ValueError` for a URL of any other database, and for SQLite in memory: every connection
    would have a database of its own.
    """
    parsed = make_url(url)
    # Last in, first out: the few connections in use keep their prepared statements.
    pool = {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": pool_timeout_s,
        "pool_use_lifo": True,
    }
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed, pool, busy_timeout_s)
        case "postgresql":
            return _postgres(parsed, pool, application_name)
        case other:
            raise ValueError(f"PrintAPic keeps its state in SQLite or PostgreSQL, not in {other}")


def reading_engine(engine: Engine) -> Engine:
    """The same pool for those who only read.

    On PostgreSQL each statement is a transaction of its own, which saves a round trip to begin and one
    to end it. On SQLite a deferred transaction sees one state of the database and blocks nobody.
    """
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_READING: True})
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _postgres(url: URL, pool: dict[str, Any], application_name: str) -> Engine:
    given = url.query.get("options", "")
    options = [f"-c {name}={value}" for name, value in _POSTGRES_OPTIONS.items()]
    options += [given] if isinstance(given, str) else given
    # A connection that broke makes SQLAlchemy renew the whole pool, so after a restart each thread fails
    # once at most: the round trip of `pool_pre_ping` on every read would buy nothing more.
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        **pool,
        hide_parameters=True,
        connect_args={
            "connect_timeout": 2,
            "application_name": application_name,
            "options": " ".join(options).strip(),
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 2,
            "tcp_user_timeout": 3000,
        },
    )
    interrupt_late_requests(engine)
    return engine


def _sqlite(url: URL, pool: dict[str, Any], busy_timeout_s: float) -> Engine:
    if not url.database or url.database == ":memory:" or url.query.get("mode") == "memory":
        raise ValueError("SQLite needs a file; the memory adapter is there for what may vanish")
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        **pool,
        hide_parameters=True,
        # The driver must not begin transactions by itself: it would begin them deferred.
        connect_args={"timeout": busy_timeout_s, "isolation_level": None},
        execution_options={TURN_S: busy_timeout_s, TURN: Lock()},
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(driver_connection: Any, _: object) -> None:
    cursor = driver_connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

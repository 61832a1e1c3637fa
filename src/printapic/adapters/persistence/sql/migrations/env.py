"""How Alembic runs the revisions: on the connection that `migrate` hands over, or as a script of SQL."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from printapic.adapters.persistence.sql.tables import metadata

LOCK_TIMEOUT = "2s"
STATEMENT_TIMEOUT = "10min"


def _run_on(connection: Connection) -> None:
    # SQLite can alter hardly anything: there, Alembic copies the table into a new one.
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            # A migration that waits for a busy table makes everybody behind it wait too: better give up.
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
        context.run_migrations()


def _write_script() -> None:
    context.configure(
        url=context.config.get_main_option("sqlalchemy.url"), target_metadata=metadata, literal_binds=True
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    _write_script()
else:
    _run_on(context.config.attributes["connection"])

"""Tables that the database itself refuses to change. Used by revisions, so it only ever grows.

A trigger binds everybody who can write, the application's own account included.
"""

from __future__ import annotations

from alembic import op

_FUNCTION = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


def create_guard() -> None:
    """What PostgreSQL's triggers call; SQLite's need nothing."""
    if _on_postgres():
        op.execute(_FUNCTION)


def drop_guard() -> None:
    """The way back from `create_guard`."""
    if _on_postgres():
        op.execute("DROP FUNCTION refuse_change()")


def protect(*tables: str) -> None:
    """Refuse UPDATE and DELETE from now on, and on PostgreSQL TRUNCATE too."""
    for table in tables:
        if _on_postgres():
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
        else:
            _protect_in_sqlite(table)


def release(*tables: str) -> None:
    """Take the protection away again."""
    for table in tables:
        if _on_postgres():
            op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        else:
            op.execute(f"DROP TRIGGER {table}_no_update")
            op.execute(f"DROP TRIGGER {table}_no_delete")


def only_forget(table: str, column: str, *, kept: tuple[str, ...]) -> None:
    """As `protect`, but that `column` may be overwritten with NULL where all `kept` columns stay the same."""
    differs = " OR ".join(
        [f"NEW.{column} IS NOT NULL", *(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in kept)]
    )
    if _on_postgres():
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_only_forget BEFORE UPDATE ON {table} "
            f"FOR EACH ROW WHEN ({differs}) EXECUTE FUNCTION refuse_change()"
        )
    else:
        _refuse_in_sqlite(table, "delete")
        _refuse_in_sqlite(table, "update", when=differs.replace("IS DISTINCT FROM", "IS NOT"))


def release_forgetting(table: str) -> None:
    """The way back from `only_forget`."""
    release(table)
    if _on_postgres():
        op.execute(f"DROP TRIGGER {table}_only_forget ON {table}")


def _on_postgres() -> bool:
    return op.get_context().dialect.name == "postgresql"


def _protect_in_sqlite(table: str) -> None:
    for action in ("update", "delete"):
        _refuse_in_sqlite(table, action)


def _refuse_in_sqlite(table: str, action: str, *, when: str = "1") -> None:
    op.execute(
        f"CREATE TRIGGER {table}_no_{action} BEFORE {action.upper()} ON {table} WHEN {when} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )

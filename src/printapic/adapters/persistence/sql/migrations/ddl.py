"""What revisions say often. Frozen like them: a change here would change history."""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa
from alembic import op

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.Text()
AMOUNT: sa.DECIMAL[Decimal] = sa.DECIMAL(10, 2)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    """The primary key of a table."""
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"{table}_pkey"))


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    """Columns that together occur once."""
    return sa.UniqueConstraint(*columns, name=op.f(f"{table}_{'_'.join(columns)}_key"))


def foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    """A column that holds ids of another table."""
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"{table}_{column}_fkey"))


def words(table: str, column: str, allowed: str) -> sa.CheckConstraint:
    """A column that holds one of these words, which are parted by spaces."""
    listed = ", ".join(f"'{word}'" for word in allowed.split())
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"{table}_{column}_check"))


def index(name: str, table: str, *columns: str, unique: bool = False, where: str | None = None) -> None:
    """Create an index, of the rows `where` says."""
    condition = sa.text(where) if where else None
    op.create_index(name, table, columns, unique=unique, postgresql_where=condition, sqlite_where=condition)

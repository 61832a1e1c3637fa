"""What all tables have in common: names of constraints, and words instead of native enums.

Native enums survive a downgrade and break the next upgrade; text with a CHECK does neither.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, MetaData

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)


def one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    """A column that holds nothing but these words of the domain (or NULL, where it may)."""
    listed = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)

"""The time as the database has it: what leases are measured by, since processes' clocks differ."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import BindParameter, Function, bindparam, func
from sqlalchemy.sql.elements import ColumnElement

from printapic.adapters.persistence.sql.columns import UtcDateTime

_WIDTH = "%Y-%m-%d %H:%M:%f000"
"""SQLite: the one width in which times are kept there; its clock has milliseconds."""


def database_time(dialect: str) -> Function[Any]:
    """The present moment: on PostgreSQL not `now()`, which is when the transaction began."""
    if dialect == "sqlite":
        return func.strftime(_WIDTH, "now", type_=UtcDateTime)
    return func.clock_timestamp(type_=UtcDateTime)


def database_time_after(dialect: str, pause: str) -> ColumnElement[Any]:
    """The moment that lies the parameter `pause` ahead, which `as_pause` makes."""
    parameter: BindParameter[Any] = bindparam(pause)
    if dialect == "sqlite":
        return func.strftime(_WIDTH, "now", parameter, type_=UtcDateTime)
    return func.clock_timestamp(type_=UtcDateTime) + func.make_interval(0, 0, 0, 0, 0, 0, parameter)


def as_pause(dialect: str, length: timedelta) -> str | float:
    """The value of a parameter of `database_time_after`."""
    seconds = length.total_seconds()
    return f"{seconds:+.3f} seconds" if dialect == "sqlite" else seconds

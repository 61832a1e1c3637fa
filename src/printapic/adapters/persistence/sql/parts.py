"""Reading an aggregate with all its parts in one statement, without multiplying rows.

Each kind of part comes as one JSON array beside the aggregate's own row. Two joins would give every
combination of a line with a history row; three statements would be three round trips.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Boolean, Column, FunctionElement, Label, Table, Uuid, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator

from printapic.adapters.persistence.sql.transaction import Values

_DIALECT = sqlite.dialect()
_Reader = Callable[[Any], Any]


class _JsonArrays(FunctionElement[Any]):
    """All rows as an array of arrays."""

    type = JSON()
    inherit_cache = True


@compiles(_JsonArrays, "postgresql")
def _for_postgres(element: _JsonArrays, compiler: SQLCompiler, **how: Any) -> str:
    return f"json_agg(json_build_array({compiler.process(element.clauses, **how)}))"


@compiles(_JsonArrays, "sqlite")
def _for_sqlite(element: _JsonArrays, compiler: SQLCompiler, **how: Any) -> str:
    return f"json_group_array(json_array({compiler.process(element.clauses, **how)}))"


def parts(table: Table, parent: Column[Any], whole: Column[Any]) -> Label[Any]:
    """A column that holds all rows of `table` whose `parent` is `whole`; read it with `rows_of`."""
    arrays = select(_JsonArrays(*table.columns)).where(parent == whole)
    return arrays.scalar_subquery().label(table.name)


def rows_of(table: Table, row: Values) -> tuple[Values, ...]:
    """The rows that `parts` brought along, in the order of their positions."""
    columns = _columns(table)
    rows = [
        {
            name: value if value is None or read is None else read(value)
            for (name, read), value in zip(columns, values, strict=True)
        }
        for values in row[table.name] or ()
    ]
    return tuple(sorted(rows, key=itemgetter("position")))


@cache
def _columns(table: Table) -> tuple[tuple[str, _Reader | None], ...]:
    return tuple((name, _reader(column)) for name, column in table.columns.items())


def _reader(column: Column[Any]) -> _Reader | None:
    """How to read a value from JSON, which knows neither UUIDs nor times nor SQLite's booleans."""
    kind = column.type
    if isinstance(kind, TypeDecorator):
        return lambda value: kind.process_result_value(value, _DIALECT)
    if isinstance(kind, Uuid):
        return UUID
    return bool if isinstance(kind, Boolean) else None

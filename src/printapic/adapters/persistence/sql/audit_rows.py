"""Rows of the audit log, read with suspicion: what we did not write in this very spelling is no entry."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import type_coerce
from sqlalchemy.types import NullType

from printapic.adapters.persistence.sql.audit_tables import audit_log
from printapic.adapters.persistence.sql.transaction import Values
from printapic.domain.audit.entry import AuditEntry, DamagedEntry

_Reader = Callable[[Any], Any]
_FIELDS = tuple(field.name for field in attrs.fields(AuditEntry))
_IDS = ("actor_id", "subject_id", "session_id", "api_key_id")
_OPTIONAL_TEXTS = ("request_id", "network", "sealed")
_TEXTS = ("stream", "action", "key_id", "mac")
_to_json = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode

# As the driver gives them: a column type that chokes on one value would hide the whole page behind it.
AS_STORED = tuple(type_coerce(audit_log.c[name], NullType()).label(name) for name in _FIELDS)


def values_of(entry: AuditEntry) -> Values:
    """The row of an entry."""
    return {**attrs.asdict(entry, recurse=False), "details": _to_json(dict(entry.details))}


def entry_of(row: Values) -> AuditEntry | DamagedEntry:
    """The entry of a row that was selected by `AS_STORED`."""
    try:
        return AuditEntry(
            sequence=_number(row["sequence"]),
            at=_moment(row["at"]),
            details=_details(row["details"]),
            **_read(row, _TEXTS, _text),
            **_read(row, _OPTIONAL_TEXTS, _optional(_text)),
            **_read(row, _IDS, _optional(_id)),
        )
    except (TypeError, ValueError, RecursionError):
        number = row["sequence"]
        return DamagedEntry(stream=str(row["stream"]), sequence=number if isinstance(number, int) else None)


def _read(row: Values, names: Iterable[str], read: _Reader) -> dict[str, Any]:
    return {name: read(row[name]) for name in names}


def _optional(read: _Reader) -> _Reader:
    return lambda value: None if value is None else read(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int):
        raise TypeError(value)
    return value


def _id(value: Any) -> UUID:
    """PostgreSQL's own type, or the 32 hexadecimal digits that SQLite keeps."""
    if isinstance(value, UUID):
        return value
    found = UUID(hex=_text(value))
    if found.hex != value:
        raise ValueError(value)
    return found


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    found = datetime.fromisoformat(_text(value))
    if found.isoformat(" ", "microseconds") != value or found.tzinfo is not None:
        raise ValueError(value)
    return found.replace(tzinfo=UTC)


def _details(value: Any) -> dict[str, str]:
    found = json.loads(_text(value))
    if not isinstance(found, dict) or _to_json(found) != value:
        raise ValueError(value)
    return {name: _text(word) for name, word in found.items()}

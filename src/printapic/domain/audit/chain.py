"""The chain: how each entry of a stream seals itself together with everything before it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs

from printapic.domain.audit.entry import AuditEntry

GENESIS = "0" * 64
"""What stands before the first entry of a stream."""

Mac = Callable[[bytes, str], str]
"""The seal of a message under the key of a name, in hexadecimal digits. Raises `LookupError` without one."""

_VERSION = b"printapic audit entry 1"
_to_json = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_SEALED_FIELDS = tuple(field.name for field in attrs.fields(AuditEntry) if field.name != "mac")


@attrs.frozen(kw_only=True)
class ChainHead:
    """The newest entry of a stream. As no number is left out, `sequence` is also how many there are."""

    stream: str
    sequence: int = 0
    mac: str = GENESIS


def canonical(entry: AuditEntry, previous: str) -> bytes:
    """What is sealed: the seal before, and every field of the entry but its own seal.

    JSON with sorted names has one spelling for one entry; times have six decimals in UTC. The first line
    keeps these messages apart from others under the same key.
    """
    fields = {name: _plain(getattr(entry, name)) for name in _SEALED_FIELDS}
    return b"\n".join((_VERSION, previous.encode(), _to_json(fields).encode()))


def sealed(entry: AuditEntry, previous: str, mac: Mac) -> AuditEntry:
    """The entry with its seal, as the one after `previous`. Raises `LookupError`."""
    return attrs.evolve(entry, mac=mac(canonical(entry, previous), entry.key_id))


def follows(entry: AuditEntry, previous: str, mac: Mac) -> bool:
    """Whether the entry is genuine and stands where it belongs. Raises `LookupError` for its key."""
    return mac(canonical(entry, previous), entry.key_id) == entry.mac


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, int | str):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat(timespec="microseconds")
    return dict(value) if hasattr(value, "items") else str(value)

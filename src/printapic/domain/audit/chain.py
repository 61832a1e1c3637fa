"""The chain: how each entry of a stream seals itself together with everything before it."""

from __future__ import annotations

import json
from collections.abc import Callable
from uuid import UUID

import attrs

from printapic.domain.audit.entry import AuditEntry

GENESIS = "0" * 64
"""What stands before the first entry of a stream."""

Mac = Callable[[bytes, str], str]
"""The seal of a message under the key of a name, in hexadecimal digits. Raises `LookupError` without one."""

_VERSION = b"printapic audit entry 1"
_to_json = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


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
    fields = {
        "stream": entry.stream,
        "sequence": entry.sequence,
        "at": entry.at.isoformat(timespec="microseconds"),
        "action": entry.action,
        "actor_id": _plain(entry.actor_id),
        "subject_id": _plain(entry.subject_id),
        "session_id": _plain(entry.session_id),
        "api_key_id": _plain(entry.api_key_id),
        "request_id": entry.request_id,
        "network": entry.network,
        "sealed": entry.sealed,
        "details": dict(entry.details),
        "key_id": entry.key_id,
    }
    return b"\n".join((_VERSION, previous.encode(), _to_json(fields).encode()))


def sealed(entry: AuditEntry, previous: str, mac: Mac) -> AuditEntry:
    """The entry with its seal, as the one after `previous`. Raises `LookupError`."""
    return attrs.evolve(entry, mac=mac(canonical(entry, previous), entry.key_id))


def follows(entry: AuditEntry, previous: str, mac: Mac) -> bool:
    """Whether the entry is genuine and stands where it belongs. Raises `LookupError` for its key."""
    return mac(canonical(entry, previous), entry.key_id) == entry.mac


def _plain(identifier: UUID | None) -> str | None:
    return None if identifier is None else str(identifier)

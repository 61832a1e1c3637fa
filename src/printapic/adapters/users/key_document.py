"""How a ring is written down: JSON, in a file of its owner's alone.

    {
      "format": 2,
      "development": true,
      "keys": [
        {"kid": "k1", "state": "retiring", "created_at": "...Z", "signs_since": "...Z", "signs_until": "...Z",
         "key": "<32 random bytes, base64url>"},
        {"kid": "k2", "state": "active", ...},
        {"kid": "k3", "state": "next", ...}
      ]
    }

The first form, without lives, is read as well: `{"active": "k2", "keys": {"k1": "...", "k2": "..."}}`.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime

import msgspec

from printapic.adapters.users.keyring import KeyLife, KeyRing, KeyRingUnusable
from printapic.application.ports.keys import KeyState

_STORED = {state.value: state for state in KeyState if state is not KeyState.RETIRED}


class _Key(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    kid: str
    state: str
    created_at: datetime | None = None
    signs_since: datetime | None = None
    signs_until: datetime | None = None
    key: str = ""


class _Ring(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    keys: list[_Key]
    development: bool = False


class _FirstForm(msgspec.Struct, forbid_unknown_fields=True):
    active: str
    keys: dict[str, str]


def parse(text: str) -> KeyRing:
    """Read either form. Raises `KeyRingUnusable`, for a name given twice as well."""
    try:
        document = json.loads(text, object_pairs_hook=_no_name_twice)
        if isinstance(document, dict) and "active" in document:
            return _first_form(msgspec.convert(document, _FirstForm))
        return _ring(msgspec.convert(document, _Ring))
    except (ValueError, OverflowError, RecursionError):
        # The library's message may quote what it found, keys included.
        raise KeyRingUnusable('it is not of the form {"format": 2, "keys": [...]}') from None


def write(ring: KeyRing) -> str:
    """The form that `parse` reads. Holds the keys themselves: for the key file only."""
    keys = [
        _Key(
            kid=kid,
            state=life.state.value,
            created_at=life.created_at,
            signs_since=life.signs_since,
            signs_until=life.signs_until,
            key=base64.urlsafe_b64encode(key).decode().rstrip("="),
        )
        for kid, key, life in ring.entries()
    ]
    plain = msgspec.to_builtins(_Ring(format=2, development=ring.development, keys=keys))
    return json.dumps(plain, indent=2) + "\n"


def _first_form(document: _FirstForm) -> KeyRing:
    keys = {kid: _decoded(key) for kid, key in document.keys.items()}
    return KeyRing(active=document.active, keys=keys)


def _ring(document: _Ring) -> KeyRing:
    if document.format != 2:
        raise KeyRingUnusable("it has a form of a newer release")
    if len({entry.kid for entry in document.keys}) != len(document.keys):
        raise KeyRingUnusable("two keys have the same name")
    return KeyRing(
        active=next((entry.kid for entry in document.keys if entry.state == KeyState.ACTIVE), ""),
        keys={entry.kid: _decoded(entry.key) for entry in document.keys},
        lives={entry.kid: _life(entry) for entry in document.keys},
        development=document.development,
    )


def _life(entry: _Key) -> KeyLife:
    if entry.state not in _STORED:
        raise KeyRingUnusable("a key's state is next, active, retiring or revoked")
    return KeyLife(
        state=_STORED[entry.state],
        created_at=_utc(entry.created_at),
        signs_since=_utc(entry.signs_since),
        signs_until=_utc(entry.signs_until),
    )


def _utc(time: datetime | None) -> datetime | None:
    if time is None:
        return None
    if time.tzinfo is None:
        raise KeyRingUnusable("a time has no zone")
    return time.astimezone(UTC)


def _no_name_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) != len(pairs):
        raise KeyRingUnusable("a name is there twice")
    return dict(pairs)


def _decoded(key: str) -> bytes:
    try:
        return base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise KeyRingUnusable("a key is not base64url") from None

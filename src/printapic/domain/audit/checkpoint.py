"""Checkpoints: where each chain ended at a moment, sealed, to be kept outside the database.

A chain alone proves nothing about a tail that was cut off, nor about a log that was rewritten as a whole.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import attrs

from printapic.domain.audit.chain import ChainHead, Mac
from printapic.domain.events import aware_utc

_VERSION = b"printapic audit checkpoint 1\n"
_to_json = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class CheckpointForged(ValueError):
    """This is not what the shop wrote."""


@attrs.frozen(kw_only=True)
class AuditCheckpoint:
    """The end of every stream's chain at a moment; a stream that is not named was empty."""

    at: datetime = attrs.field(validator=aware_utc)
    heads: tuple[ChainHead, ...]

    def written(self, key_id: str, mac: Mac) -> str:
        """One line of JSON with its seal. Raises `LookupError`."""
        fields = {
            "at": self.at.isoformat(timespec="microseconds"),
            "heads": [attrs.asdict(head) for head in self.heads],
            "key_id": key_id,
        }
        return _to_json({**fields, "mac": mac(_message(fields), key_id)})

    @classmethod
    def read(cls, text: str, mac: Mac) -> AuditCheckpoint:
        """What `written` wrote. Raises `CheckpointForged`, and `LookupError` for a key that is not there."""
        try:
            fields = json.loads(text)
            given, key_id = str(fields.pop("mac")), str(fields["key_id"])
            heads = tuple(ChainHead(**head) for head in fields["heads"])
            checkpoint = cls(at=datetime.fromisoformat(fields["at"]), heads=heads)
            message = _message(fields)
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError):
            raise CheckpointForged("it has another form") from None
        if mac(message, key_id) != given:
            raise CheckpointForged("its seal does not fit")
        return checkpoint


def _message(fields: dict[str, Any]) -> bytes:
    """What is sealed. The first line keeps it apart from entries, which are sealed under the same key."""
    return _VERSION + _to_json(fields).encode()

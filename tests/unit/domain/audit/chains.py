"""Chains as the shop would make them, and hands that change them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

import attrs

from printapic.domain.audit.chain import GENESIS, sealed
from printapic.domain.audit.entry import AuditEntry
from tests import builders as b

KEYS = {"k1": b"one key", "k2": b"another key"}


def mac(message: bytes, key_id: str) -> str:
    return hmac.new(KEYS[key_id], message, hashlib.sha256).hexdigest()


def entry(number: int, key_id: str = "k1") -> AuditEntry:
    return AuditEntry(
        stream="auth",
        sequence=number,
        at=b.minutes(number),
        action="session.started",
        actor_id=b.new_id(),
        subject_id=b.new_id(),
        session_id=None,
        api_key_id=None,
        request_id=f"req-{number}",
        network=None,
        sealed="sealed",
        details={"n": str(number)},
        key_id=key_id,
        mac="",
    )


def chained(entries: Sequence[AuditEntry], previous: str = GENESIS) -> list[AuditEntry]:
    made = []
    for each in entries:
        made.append(sealed(each, previous, mac))
        previous = made[-1].mac
    return made


def a_chain(length: int = 6) -> list[AuditEntry]:
    return chained([entry(number) for number in range(1, length + 1)])


def numbered(entries: Sequence[AuditEntry]) -> list[AuditEntry]:
    return [attrs.evolve(each, sequence=number) for number, each in enumerate(entries, 1)]


def forged(number: int) -> AuditEntry:
    return attrs.evolve(entry(number), mac="f" * 64)

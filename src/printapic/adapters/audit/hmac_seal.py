"""Seals of the audit log: HMAC-SHA256 (RFC 2104) under the key ring."""

from __future__ import annotations

import hmac

from printapic.application.ports.audit import AuditSeal, UnknownSealKey
from printapic.application.ports.keys import Secrets

_PURPOSE = "audit log"


class HmacAuditSeal(AuditSeal):
    """Seals under the ring's active key, and knows seals of every key that was ever in the ring.

    Retired and revoked keys count too: entries stay as they were sealed, and what somebody seals anew under
    a key that leaked is found out by the checkpoints.
    """

    def __init__(self, keys: Secrets) -> None:
        self._keys = keys

    @property
    def key_id(self) -> str:
        return self._keys.active

    def mac(self, message: bytes, key_id: str) -> str:
        try:
            key = self._keys.secret(_PURPOSE, key_id)
        except KeyError:
            raise UnknownSealKey(key_id) from None
        return hmac.digest(key, message, "sha256").hex()

"""Seals of the audit log: HMAC-SHA256 (RFC 2104) under the key ring."""

from __future__ import annotations

import hmac
from typing import Protocol

from printapic.application.ports.audit import AuditSeal, UnknownSealKey

_PURPOSE = "audit log"


class SealingKeys(Protocol):
    """What this adapter asks of the key ring."""

    @property
    def active(self) -> str:
        """The name of the key that makes new things."""

    def secret(self, purpose: str, kid: str | None = None) -> bytes:
        """32 bytes for one purpose, under the key named. Raises `KeyError`."""


class HmacAuditSeal(AuditSeal):
    """Seals under the ring's active key; asks the ring anew each time, since keys change while we run."""

    def __init__(self, keys: SealingKeys) -> None:
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

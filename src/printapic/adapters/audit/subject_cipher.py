"""Personal data under a key of its subject: AES-256-GCM, the key wrapped by the ring."""

from __future__ import annotations

import base64
import os

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from printapic.application.ports.audit import SubjectCipher
from printapic.application.ports.secrets import SealBroken, Sealer
from printapic.domain.ids import UserId

log = structlog.get_logger(__name__)
_NONCE_BYTES = 12


class AesGcmSubjectCipher(SubjectCipher):
    """Data keys of 256 bits, wrapped by a `Sealer` in the name of their user.

    The nonce is 96 random bits (NIST SP 800-38D, section 8.2.2), good for 2**32 texts of one subject; the
    user is the associated data, so that no text can be passed off as another subject's.
    """

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def new_key(self, user_id: UserId) -> str:
        return self._sealer.seal(AESGCM.generate_key(256), context=_context(user_id))

    def encrypt(self, plain: bytes, *, user_id: UserId, wrapped_key: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        box = self._box(user_id, wrapped_key).encrypt(nonce, plain, user_id.bytes)
        return base64.b64encode(nonce + box).decode()

    def decrypt(self, sealed: str, *, user_id: UserId, wrapped_key: str) -> bytes:
        box = self._box(user_id, wrapped_key)
        try:
            raw = base64.b64decode(sealed, validate=True)
            return box.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], user_id.bytes)
        except (ValueError, InvalidTag):
            raise SealBroken("it was changed, or is another subject's") from None

    def _box(self, user_id: UserId, wrapped_key: str) -> AESGCM:
        try:
            return AESGCM(self._sealer.unseal(wrapped_key, context=_context(user_id)))
        except SealBroken as broken:
            log.error("a subject's data key cannot be unwrapped", user_id=str(user_id), reason=str(broken))
            raise


def _context(user_id: UserId) -> str:
    return f"subject key of {user_id}"
